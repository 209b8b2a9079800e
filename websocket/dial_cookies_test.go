package websocket_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// jarOf is a jar that has a cookie for each of some URLs, or several ("a=1; b=2").
func jarOf(t *testing.T, cookies map[string]string) http.CookieJar {
	jar, err := cookiejar.New(nil)
	must(t, err)
	for site, line := range cookies {
		parsed, err := http.ParseCookie(line)
		must(t, err)
		jar.SetCookies(mustURL(site), parsed)
	}
	return jar
}

func TestCookiesOfTheJarAreSent(t *testing.T) {
	server, trusting := trusted("site.com")
	secure := &http.Cookie{Name: "s", Value: "1", Secure: true}
	for _, row := range []struct {
		name, url string
		given     []string
		want      []string
	}{
		{"none", "ws://other.com/", nil, nil},
		{"one", "ws://site.com/", nil, []string{"a=1"}},
		{"by the path", "ws://site.com/chat/x", nil, []string{"b=2; a=1"}},
		{"behind the program's", "ws://site.com/", []string{"c=3"}, []string{"c=3; a=1"}},
		{"in one line", "ws://site.com/", []string{"c=3", "d=4"}, []string{"c=3; d=4; a=1"}},
		{"only the program's", "ws://other.com/", []string{"c=3"}, []string{"c=3"}},
		{"wss", "wss://site.com/", nil, []string{"a=1; s=1"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			jar := jarOf(t, map[string]string{"http://site.com/": "a=1", "http://third.com": "x=y"})
			jar.SetCookies(mustURL("http://site.com/"), []*http.Cookie{{Name: "b", Value: "2", Path: "/chat"}})
			jar.SetCookies(mustURL("https://site.com/"), []*http.Cookie{secure})
			w, requests := newWorld(), make(chan *http.Request, 1)
			w.echoes(t, "site.com:80", nil, requests)
			w.echoes(t, "other.com:80", nil, requests)
			w.echoes(t, "site.com:443", server, requests)
			w.opts.Jar, w.opts.TLSConfig, w.opts.Header = jar, trusting, http.Header{}
			for _, line := range row.given {
				w.opts.Header.Add("Cookie", line)
			}
			dialAndEcho(t, row.url, &w.opts)
			r := <-requests
			equal(t, "Cookie", r.Header["Cookie"], row.want)
			equal(t, "the program's header afterwards", w.opts.Header["Cookie"], row.given)
		})
	}
}

func TestCookiesOfEveryAnswerAreKept(t *testing.T) {
	for _, row := range []struct {
		name   string
		answer func(net.Conn, *http.Request)
	}{
		{"101", func(nc net.Conn, r *http.Request) {
			io.WriteString(nc, switching(r)+"Set-Cookie: a=1\r\nSet-Cookie: b=2; Path=/\r\n\r\n")
		}},
		{"a refusal", says("HTTP/1.1 401 X\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2; Path=/\r\nContent-Length: 0\r\n\r\n")},
		{"a bad 101", says("HTTP/1.1 101 X\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2; Path=/\r\n\r\n")},
		{"a redirect", says("HTTP/1.1 302 X\r\nLocation: ws://other.com\r\nSet-Cookie: a=1\r\n" +
			"Set-Cookie: b=2; Path=/\r\nContent-Length: 0\r\n\r\n")},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld()
			jar := jarOf(t, nil)
			w.answers(t, "site.com:80", row.answer)
			w.opts.Jar = jar
			if c, err := websocket.Dial(context.Background(), "ws://site.com/chat/x", &w.opts); err == nil {
				c.Terminate()
			}
			equal(t, "cookies for the path", len(jar.Cookies(mustURL("http://site.com/chat/y"))), 2)
			equal(t, "cookies for the host", len(jar.Cookies(mustURL("http://site.com/"))), 1)
			equal(t, "cookies for another", len(jar.Cookies(mustURL("http://other.com/"))), 0)
		})
	}
}

func TestAProxysAnswerSetsNoCookies(t *testing.T) {
	w := newWorld()
	jar := jarOf(t, map[string]string{"http://site.com": "a=1"})
	w.answers(t, "proxy.com:80", func(nc net.Conn, r *http.Request) {
		equal(t, "Cookie that the proxy sees", r.Header["Cookie"], nil)
		says("HTTP/1.1 403 X\r\nSet-Cookie: b=2; Path=/\r\nContent-Length: 0\r\n\r\n")(nc, r)
	})
	w.opts.Jar, w.opts.Proxy = jar, http.ProxyURL(mustURL("http://proxy.com"))
	w.wantRefused(t, "ws://site.com", "403")
	equal(t, "cookies", fmt.Sprint(jar.Cookies(mustURL("http://site.com"))), "[a=1]")
}

func TestARedirectsCookiesGoWhereTheyBelong(t *testing.T) {
	w, asked := newWorld(), 0
	requests := make(chan *http.Request, 1)
	w.answers(t, "a.com:80", func(nc net.Conn, r *http.Request) {
		if asked++; asked == 1 {
			equal(t, "Cookie at first", r.Header["Cookie"], []string{"a=1"})
			says("HTTP/1.1 302 X\r\nLocation: /login\r\nSet-Cookie: session=x; Path=/\r\nContent-Length: 0\r\n\r\n")(nc, r)
			return
		}
		equal(t, "Cookie after the redirect", r.Header["Cookie"], []string{"a=1; session=x"})
		sends("302 X", "ws://b.com/")(nc, r)
	})
	w.echoes(t, "b.com:80", nil, requests)
	w.opts.Jar = jarOf(t, map[string]string{"http://a.com": "a=1", "http://b.com": "b=2"})
	w.opts.Redirects = 2
	dialAndEcho(t, "ws://a.com", &w.opts)
	equal(t, "Cookie for the other host", (<-requests).Header["Cookie"], []string{"b=2"})
}

// strictJar fails the test if it is asked.
type strictJar struct{ t *testing.T }

func (j strictJar) Cookies(u *url.URL) []*http.Cookie {
	j.t.Errorf("asked for %v", u)
	return nil
}

func (j strictJar) SetCookies(u *url.URL, _ []*http.Cookie) { j.t.Errorf("given some of %v", u) }

func TestUnixDomainSocketsHaveNoCookies(t *testing.T) {
	w := newWorld()
	w.answers(t, "/run/ws", says("HTTP/1.1 401 X\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n"))
	w.opts.Jar = strictJar{t}
	w.wantRefused(t, "ws+unix:///run/ws", "401")
}

// oneCookie is a jar that has the same for all.
type oneCookie http.Cookie

func (j *oneCookie) Cookies(*url.URL) []*http.Cookie     { return []*http.Cookie{(*http.Cookie)(j)} }
func (j *oneCookie) SetCookies(*url.URL, []*http.Cookie) {}

func TestAJarsCookieCannotBeginALine(t *testing.T) {
	w, requests := newWorld(), make(chan *http.Request, 1)
	w.echoes(t, "site.com:80", nil, requests)
	w.opts.Jar = &oneCookie{Name: "a\r\nX-B", Value: "1"}
	dialAndEcho(t, "ws://site.com", &w.opts)
	r := <-requests
	if r.Header["X-B"] != nil || len(r.Header["Cookie"]) != 1 {
		t.Errorf("the server got %v", r.Header)
	}
}
