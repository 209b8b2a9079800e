package websocket_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// badJar is a jar whose methods do as the test says.
type badJar struct{ cookies, set func() }

func (j badJar) Cookies(*url.URL) []*http.Cookie     { j.cookies(); return nil }
func (j badJar) SetCookies(*url.URL, []*http.Cookie) { j.set() }

// badFunctions are the functions that a program gives in its options, each made to call f.
var badFunctions = map[string]func(o *websocket.DialOptions, f func()){
	"DialContext": func(o *websocket.DialOptions, f func()) {
		o.DialContext = func(context.Context, string, string) (net.Conn, error) { f(); return nil, errors.New("no") }
	},
	"Proxy": func(o *websocket.DialOptions, f func()) {
		o.Proxy = func(*http.Request) (*url.URL, error) { f(); return nil, nil }
	},
	"Jar.Cookies":    func(o *websocket.DialOptions, f func()) { o.Jar = badJar{f, func() {}} },
	"Jar.SetCookies": func(o *websocket.DialOptions, f func()) { o.Jar = badJar{func() {}, f} },
	"OnResponse":     func(o *websocket.DialOptions, f func()) { o.OnResponse = func(*http.Response) { f() } },
	"VerifyConnection": func(o *websocket.DialOptions, f func()) {
		o.TLSConfig = o.TLSConfig.Clone()
		o.TLSConfig.VerifyConnection = func(tls.ConnectionState) error { f(); return nil }
	},
}

// badWorld has a server for wss://site.com whose answer sets a cookie.
func badWorld(t *testing.T) *world {
	server, trusting := trusted("site.com")
	w := newWorld()
	echo := echoing(&websocket.AcceptOptions{OnRequest: func(_ *http.Request, answer http.Header) error {
		answer.Set("Set-Cookie", "a=1")
		return nil
	}}, nil)
	w.serve(t, "site.com:443", server, echo)
	w.opts.TLSConfig = trusting
	return w
}

func TestAPanicOfAFunctionInDialOptions(t *testing.T) {
	for name, set := range badFunctions {
		t.Run(name, func(t *testing.T) {
			w := badWorld(t)
			set(&w.opts, func() { panic("oops") })
			func() {
				defer func() { equal(t, "what Dial panics with", recover(), any("oops")) }()
				websocket.Dial(context.Background(), "wss://site.com", &w.opts)
			}()
			equal(t, "open streams", w.open.Load(), 0)

			j, failure := newJournal(), make(chan error, 1)
			_, err := websocket.New("wss://site.com", &w.opts, func(s *websocket.Socket) {
				j.listen(s)
				s.OnError(func(_ *websocket.Socket, err error) { failure <- err })
			})
			must(t, err)
			equal(t, "events", j.waitClose(t), []string{"error", `close 1006 "" clean=false`})
			var p *websocket.PanicError
			if err := <-failure; !errors.As(err, &p) || p.Value != "oops" {
				t.Errorf("the error event has %v", err)
			}
			equal(t, "open streams", w.open.Load(), 0)
		})
	}
}

func TestAFunctionInDialOptionsThatEndsItsGoroutine(t *testing.T) {
	for name, set := range badFunctions {
		t.Run(name, func(t *testing.T) {
			w, j := badWorld(t), newJournal()
			set(&w.opts, runtime.Goexit)
			_, err := websocket.New("wss://site.com", &w.opts, j.listen)
			must(t, err)
			equal(t, "events", j.waitClose(t), []string{"error", `close 1006 "" clean=false`})
			equal(t, "open streams", w.open.Load(), 0)
		})
	}
}
