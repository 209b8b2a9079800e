package dialer

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

func TestJarIsSentAndKept(t *testing.T) {
	sent := make(chan string, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent <- r.Header.Get("Cookie")
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "2", HttpOnly: true, MaxAge: 3600})
		http.SetCookie(w, &http.Cookie{Name: "old", MaxAge: -1})
		http.SetCookie(w, &http.Cookie{Name: "theirs", Value: "3", Domain: "example.com"})
		http.Error(w, "", http.StatusForbidden)
	}))
	defer srv.Close()
	name := file(t, "# Netscape HTTP Cookie File\n"+
		"127.0.0.1\tFALSE\t/\tFALSE\t0\told\t1\n"+
		"127.0.0.1\tFALSE\t/\tFALSE\t1\texpired\t1\n"+
		"192.0.2.1\tFALSE\t/\tTRUE\t0\tsecure\t1\n"+
		".example.org\tTRUE\t/a\tTRUE\t4000000000\tfar\tx y\n")
	for _, want := range []string{"old=1", "session=2"} {
		f, err := parse(t, "--cookie-jar", name)
		if err != nil {
			t.Fatal(err)
		}
		o, err := f.Options()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := websocket.Dial(t.Context(), srv.URL, o); err == nil {
			t.Fatal("it let us in")
		}
		if got := <-sent; got != want {
			t.Errorf("the cookies %q were sent, want %q", got, want)
		}
	}
	kept, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"#HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t", "\tsession\t2\n",
		"192.0.2.1\tFALSE\t/\tTRUE\t0\tsecure\t1\n", ".example.org\tTRUE\t/a\tTRUE\t4000000000\tfar\tx y\n"} {
		if !strings.Contains(string(kept), line) {
			t.Errorf("%q is not in\n%s", line, kept)
		}
	}
	for _, gone := range []string{"old", "expired", "theirs"} {
		if strings.Contains(string(kept), gone) {
			t.Errorf("%q is in\n%s", gone, kept)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(name), "*")); len(left) != 1 {
		t.Errorf("there are %q, want the jar alone", left)
	}
}

func TestJarKeepsWhomACookieIsFor(t *testing.T) {
	name := filepath.Join(t.TempDir(), "jar")
	j, err := openJar(name)
	if err != nil {
		t.Fatal(err)
	}
	at, _ := url.Parse("https://ws.example.com/a/b")
	j.SetCookies(at, []*http.Cookie{
		{Name: "host", Value: "1"}, {Name: "domain", Value: "2", Domain: "Example.com", Path: "/"}, {Name: "suffix", Value: "3", Domain: "com"},
	})
	again, err := openJar(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ url, want string }{
		{"https://ws.example.com/a/c", "host=1; domain=2"},
		{"https://ws.example.com/", "domain=2"},
		{"https://example.com/a", "domain=2"},
		{"https://other.com/", ""},
	} {
		u, _ := url.Parse(tt.url)
		r := http.Request{Header: http.Header{}}
		for _, c := range again.Cookies(u) {
			r.AddCookie(c)
		}
		if got := r.Header.Get("Cookie"); got != tt.want {
			t.Errorf("for %s %q, want %q", tt.url, got, tt.want)
		}
	}
}

// FuzzJar sees that what is read of a file is written so that it is read again the same.
func FuzzJar(f *testing.F) {
	f.Add([]byte("a\tFALSE\t/\tFALSE\t0\tb\tc\n"))
	f.Add([]byte("#HttpOnly_.a\tTRUE\t/\tTRUE\t99\tb\t\n\n# x\n"))
	f.Add([]byte("a\tb"))
	f.Fuzz(func(t *testing.T, text []byte) {
		cookies, err := parseJar(text)
		if err != nil {
			return
		}
		written := formatJar(cookies)
		again, err := parseJar(written)
		if err != nil || !bytes.Equal(formatJar(again), written) {
			t.Errorf("%q was read as %v, written as %q, and read as %v, %v", text, cookies, written, again, err)
		}
	})
}
