package dialer

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/everwire/everwire/websocket"
)

func (f *Flags) cookiesKept(o *websocket.DialOptions) error {
	if f.cookieJar == "" {
		return nil
	}
	j, err := openJar(f.cookieJar)
	if err != nil {
		return fmt.Errorf("--cookie-jar: %w", err)
	}
	o.Jar = j
	return nil
}

// A jar keeps cookies in a file, in the format of Netscape that curl, wget and browsers' extensions read and write:
// one on each line, of seven fields with tabs between them. Which cookie is for whom is judged by net/http/cookiejar.
type jar struct {
	file  string
	judge *cookiejar.Jar

	mu   sync.Mutex
	kept map[cookieKey]cookie
}

// A cookieKey is what makes two cookies the same one (RFC 6265 §5.3, 11).
type cookieKey struct{ domain, path, name string }

// A cookie is a line of the file.
type cookie struct {
	cookieKey
	subdomains bool // also for hosts below the domain
	secure     bool
	httpOnly   bool
	expires    time.Time // zero: the session's end, which a file does not know
	value      string
}

// openJar reads the file, which need not be there yet.
func openJar(file string) (*jar, error) {
	judge, err := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
	if err != nil {
		return nil, err
	}
	j := &jar{file: file, judge: judge, kept: map[cookieKey]cookie{}}
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	cookies, err := parseJar(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	now := time.Now()
	for _, c := range cookies {
		if c.expires.IsZero() || c.expires.After(now) {
			j.judge.SetCookies(c.where(), []*http.Cookie{c.http()})
			j.kept[c.cookieKey] = c
		}
	}
	return j, nil
}

// Cookies returns those for a URL.
func (j *jar) Cookies(u *url.URL) []*http.Cookie { return j.judge.Cookies(u) }

// SetCookies keeps what an answer has set, and writes the file anew.
func (j *jar) SetCookies(u *url.URL, set []*http.Cookie) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.judge.SetCookies(u, set)
	for _, h := range set {
		c := fromHTTP(u, h)
		if j.took(c) {
			j.kept[c.cookieKey] = c
		} else {
			delete(j.kept, c.cookieKey)
		}
	}
	if err := j.write(); err != nil {
		slog.Warn("The cookies could not be kept", "error", err)
	}
}

// took reports whether a cookie that was just set is there: it may have been for somebody else's domain, or taken
// back.
func (j *jar) took(c cookie) bool {
	return slices.ContainsFunc(j.judge.Cookies(c.where()), func(h *http.Cookie) bool {
		return h.Name == c.name && h.Value == c.value
	})
}

// write replaces the file in one step, so that a reader never sees half of it. Only its user may read it.
func (j *jar) write() error {
	cookies := make([]cookie, 0, len(j.kept))
	for _, c := range j.kept {
		cookies = append(cookies, c)
	}
	slices.SortFunc(cookies, func(a, b cookie) int {
		return cmp.Or(cmp.Compare(a.domain, b.domain), cmp.Compare(a.path, b.path), cmp.Compare(a.name, b.name))
	})
	f, err := os.CreateTemp(filepath.Dir(j.file), filepath.Base(j.file)+".*") // with mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(formatJar(cookies))
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), j.file)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// where is a URL that the cookie is for.
func (c *cookie) where() *url.URL { return &url.URL{Scheme: "https", Host: c.domain, Path: c.path} }

func (c *cookie) http() *http.Cookie {
	h := &http.Cookie{Name: c.name, Value: c.value, Path: c.path, Secure: c.secure, HttpOnly: c.httpOnly, Expires: c.expires}
	if c.subdomains {
		h.Domain = c.domain
	}
	return h
}

func fromHTTP(u *url.URL, h *http.Cookie) cookie {
	c := cookie{
		cookieKey: cookieKey{domain: strings.ToLower(strings.TrimPrefix(h.Domain, ".")), path: h.Path, name: h.Name},
		secure:    h.Secure, httpOnly: h.HttpOnly, expires: h.Expires, value: h.Value,
	}
	if h.MaxAge > 0 { // which goes before Expires
		c.expires = time.Now().Add(time.Duration(h.MaxAge) * time.Second)
	}
	c.subdomains = c.domain != ""
	if !c.subdomains {
		c.domain = u.Hostname()
	}
	if !strings.HasPrefix(c.path, "/") { // RFC 6265 §5.1.4
		c.path = u.Path[:max(strings.LastIndexByte(u.Path, '/'), 0)]
		if c.path == "" {
			c.path = "/"
		}
	}
	return c
}

const (
	jarHeader      = "# Netscape HTTP Cookie File\n# Written by everwire.\n\n"
	httpOnlyPrefix = "#HttpOnly_"
)

// parseJar reads a file of cookies. Errors name the line, and repeat nothing of it.
func parseJar(text []byte) ([]cookie, error) {
	var cookies []cookie
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, len(text)+1)
	for n := 1; lines.Scan(); n++ {
		line, httpOnly := strings.CutPrefix(lines.Text(), httpOnlyPrefix)
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		part := strings.Split(line, "\t")
		if len(part) != 7 {
			return nil, fmt.Errorf("line %d is no cookie in Netscape's format: it needs seven fields with tabs between them", n)
		}
		expires, err := strconv.ParseInt(part[4], 10, 64)
		if err != nil || part[0] == "" || part[5] == "" {
			return nil, fmt.Errorf("line %d is no cookie in Netscape's format", n)
		}
		c := cookie{
			cookieKey:  cookieKey{strings.ToLower(strings.TrimPrefix(part[0], ".")), part[2], part[5]},
			subdomains: part[1] == "TRUE", secure: part[3] == "TRUE", httpOnly: httpOnly, value: part[6],
		}
		if expires > 0 {
			c.expires = time.Unix(expires, 0)
		}
		cookies = append(cookies, c)
	}
	return cookies, nil
}

func formatJar(cookies []cookie) []byte {
	b := []byte(jarHeader)
	word := map[bool]string{true: "TRUE", false: "FALSE"}
	for _, c := range cookies {
		prefix, dot, expires := "", "", int64(0)
		if c.httpOnly {
			prefix = httpOnlyPrefix
		}
		if c.subdomains {
			dot = "."
		}
		if !c.expires.IsZero() {
			expires = c.expires.Unix()
		}
		b = fmt.Appendf(b, "%s%s%s\t%s\t%s\t%s\t%d\t%s\t%s\n",
			prefix, dot, c.domain, word[c.subdomains], c.path, word[c.secure], expires, c.name, c.value)
	}
	return b
}
