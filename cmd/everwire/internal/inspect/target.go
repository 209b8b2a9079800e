package inspect

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/idna"
	"golang.org/x/net/proxy"

	"github.com/everwire/everwire/websocket"
)

// A target is where connections go, and how.
type target struct {
	url     *url.URL
	secure  bool
	host    string // in ASCII
	address string // host:port
	opts    *websocket.DialOptions
}

// newTarget makes a target of a ws or wss URL, as dialer.URL returns it. Of opts it heeds TLSConfig, DialContext, Proxy,
// ProxyTLSConfig, HandshakeTimeout and Header.
func newTarget(text string, opts *websocket.DialOptions) (*target, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	if opts == nil {
		opts = &websocket.DialOptions{}
	}
	t := &target{url: u, host: u.Hostname(), opts: opts}
	if !isASCII(t.host) {
		if t.host, err = idna.Lookup.ToASCII(t.host); err != nil {
			return nil, fmt.Errorf("the URL's host is no name: %w", err)
		}
		u.Host = strings.Replace(u.Host, u.Hostname(), t.host, 1)
	}
	port := ""
	switch u.Scheme {
	case "ws":
		port = "80"
	case "wss":
		t.secure, port = true, "443"
	default:
		return nil, fmt.Errorf("a URL of scheme %q cannot be gone to here; it begins with ws:// or wss://", u.Scheme)
	}
	t.address = net.JoinHostPort(t.host, cmp.Or(u.Port(), port))
	return t, nil
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 127 })
}

// name is the URL without what is secret.
func (t *target) name() string {
	u := *t.url
	u.User, u.RawQuery = nil, ""
	return u.String()
}

// dial opens a stream to the target, through a proxy where the options say so, up to TLS. Its error is a
// *websocket.HandshakeError.
func (t *target) dial(ctx context.Context) (net.Conn, error) {
	if timeout := t.timeout(); timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	nc, err := t.stream(ctx)
	var made *websocket.HandshakeError
	if err != nil && !errors.As(err, &made) {
		return nil, failed(fmt.Sprintf("cannot connect to %s: %v", t.address, err), err)
	}
	return nc, err
}

// timeout is how long opening a handshake may take; 0 means any time.
func (t *target) timeout() time.Duration {
	return max(cmp.Or(t.opts.HandshakeTimeout, 30*time.Second), 0)
}

func (t *target) stream(ctx context.Context) (net.Conn, error) {
	p, err := t.proxy(ctx)
	if err != nil {
		return nil, err
	}
	dial := t.opts.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	var nc net.Conn
	if p == nil {
		nc, err = dial(ctx, "tcp", t.address)
	} else {
		nc, err = t.through(ctx, dial, p)
	}
	if err == nil && t.secure {
		nc, err = over(ctx, nc, t.opts.TLSConfig, t.host)
	}
	return nc, err
}

// proxy returns the proxy to go through, nil for none.
func (t *target) proxy(ctx context.Context) (*url.URL, error) {
	choose := t.opts.Proxy
	if choose == nil && t.opts.DialContext == nil {
		choose = websocket.ProxyFromEnvironment
	}
	if choose == nil {
		return nil, nil
	}
	u := *t.url
	u.User, u.Scheme = nil, map[bool]string{false: "http", true: "https"}[t.secure]
	return choose((&http.Request{URL: &u, Header: http.Header{}}).WithContext(ctx))
}

// through has a proxy connect to the target.
func (t *target) through(ctx context.Context, dial func(context.Context, string, string) (net.Conn, error), p *url.URL) (net.Conn, error) {
	port, ask := "80", t.askHTTP
	switch p.Scheme {
	case "https":
		port = "443"
	case "socks5", "socks5h":
		port, ask = "1080", t.askSOCKS
	}
	address := net.JoinHostPort(p.Hostname(), cmp.Or(p.Port(), port))
	name := cmp.Or(p.Scheme, "http") + "://" + address
	nc, err := dial(ctx, "tcp", address)
	if err == nil && p.Scheme == "https" {
		nc, err = over(ctx, nc, t.opts.ProxyTLSConfig, p.Hostname())
	}
	if err != nil {
		return nil, failed(fmt.Sprintf("cannot connect to the proxy %s: %v", name, err), err)
	}
	stop := context.AfterFunc(ctx, func() { nc.SetDeadline(time.Unix(1, 0)) })
	err = ask(nc, p)
	if !stop() {
		err = ctx.Err()
	}
	if err != nil {
		nc.Close()
		return nil, failed(fmt.Sprintf("the proxy %s did not connect to %s: %v", name, t.address, err), err)
	}
	return nc, nil
}

// failed makes an error as websocket.Dial does, which dialer.Explain knows.
func failed(reason string, err error) error {
	return &websocket.HandshakeError{Reason: reason, Err: err}
}

// askHTTP asks by CONNECT (RFC 9110 §9.3.6).
func (t *target) askHTTP(nc net.Conn, p *url.URL) error {
	request := "CONNECT " + t.address + " HTTP/1.1\r\nHost: " + t.address + "\r\n"
	if p.User != nil {
		password, _ := p.User.Password()
		request += "Proxy-Authorization: " + basic(p.User.Username(), password) + "\r\n"
	}
	if _, err := io.WriteString(nc, request+"\r\n"); err != nil {
		return err
	}
	asked := &http.Request{Method: http.MethodConnect}
	answer, err := http.ReadResponse(bufio.NewReader(&singly{io.LimitReader(nc, 64<<10)}), asked)
	if err == nil && answer.StatusCode/100 != 2 {
		err = errors.New("it answered " + answer.Status)
	}
	return err
}

// askSOCKS asks by SOCKS 5 (RFC 1928).
func (t *target) askSOCKS(nc net.Conn, p *url.URL) error {
	var auth *proxy.Auth
	if p.User != nil {
		password, _ := p.User.Password()
		auth = &proxy.Auth{User: p.User.Username(), Password: password}
	}
	client, err := proxy.SOCKS5("tcp", p.Host, auth, already{nc})
	if err == nil {
		_, err = client.Dial("tcp", t.address)
	}
	return err
}

// already dials what is dialed, which SOCKS then wraps: that wrapping is not used, since it hides CloseWrite.
type already struct{ net.Conn }

func (a already) Dial(string, string) (net.Conn, error) { return a.Conn, nil }

// singly reads an octet at a time, so that nothing behind an answer is read.
type singly struct{ io.Reader }

func (s *singly) Read(b []byte) (int, error) { return s.Reader.Read(b[:min(1, len(b))]) }

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// over puts TLS on a stream, and closes it if it cannot.
func over(ctx context.Context, nc net.Conn, config *tls.Config, host string) (net.Conn, error) {
	if config = config.Clone(); config == nil {
		config = &tls.Config{}
	}
	config.ServerName = cmp.Or(config.ServerName, host)
	config.NextProtos = []string{"http/1.1"}
	secured := tls.Client(nc, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		nc.Close()
		return nil, err
	}
	return secured, nil
}

// join returns the path and query to ask the target for, of what the proxy was asked for: the URL's path, and the
// request's behind it; the queries one after the other.
func (t *target) join(asked string) string {
	path, query, _ := strings.Cut(asked, "?")
	base := t.url.EscapedPath()
	switch {
	case path == "/" || path == "":
		path = cmp.Or(base, "/")
	case base != "" && base != "/":
		path = strings.TrimSuffix(base, "/") + "/" + strings.TrimPrefix(path, "/")
	}
	if t.url.RawQuery != "" {
		query = strings.TrimSuffix(t.url.RawQuery+"&"+query, "&")
	}
	if query != "" {
		path += "?" + query
	}
	return path
}
