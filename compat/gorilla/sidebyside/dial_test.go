package sidebyside

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// answering is a server that says what it was asked and agrees to the handshake.
func answering(t *testing.T, log *transcript, start func(*httptest.Server)) *httptest.Server {
	return serving(t, start, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Cookie") != "" {
			log.add("Cookie %q", r.Header["Cookie"])
		}
		log.add("%s %s X %q Protocol %q Origin %q", r.Method, r.RequestURI, r.Header.Get("X-Mine"),
			r.Header.Get("Sec-WebSocket-Protocol"), r.Header.Get("Origin"))
		if !strings.HasPrefix(r.Host, "127.0.0.1:") {
			log.add("Host %q", r.Host)
		}
		c, err := packages[0].upgrade(upgrader{Subprotocols: []string{"b"}, CheckOrigin: func(*http.Request) bool { return true }},
			w, r, http.Header{"X-Answer": {"yes"}, "Set-Cookie": {"a=1"}})
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		if typ, data, err := c.ReadMessage(); err == nil {
			c.WriteMessage(typ, data)
		}
	})
}

func serving(t *testing.T, start func(*httptest.Server), h http.HandlerFunc) *httptest.Server {
	srv := httptest.NewUnstartedServer(h)
	start(srv)
	t.Cleanup(srv.Close)
	return srv
}

// dialed notes what came of dialing, and talks over it.
func dialed(p *pkg, log *transcript, c conn, resp *http.Response, err error) {
	log.add("dial: %s", p.say(err))
	if resp != nil {
		body, err := io.ReadAll(resp.Body)
		log.add("%d %q %q %d octets %s", resp.StatusCode, resp.Header.Get("X-Answer"), resp.Header.Get("Sec-WebSocket-Protocol"), len(body), p.say(err))
	}
	if c != nil {
		defer c.Close()
		c.WriteMessage(textMessage, []byte("talk"))
		_, data, err := c.ReadMessage()
		log.add("%q %s, subprotocol %q", data, p.say(err), c.Subprotocol())
	}
}

func TestDial(t *testing.T) {
	for _, tt := range []struct {
		name   string
		d      dialer
		path   string
		header http.Header
	}{
		{name: "nothing asked for"},
		{name: "a path and a query", path: "a%20b?c=d&e"},
		{name: "a fragment", path: "x#fragment"},
		{name: "header fields", header: http.Header{"X-Mine": {"m"}, "Origin": {"http://o.example"}, "Host": {"h.example"}, "Cookie": {"c=1"}}},
		{name: "subprotocols", d: dialer{Subprotocols: []string{"a", "b"}}},
		{name: "subprotocols in the header", header: http.Header{"Sec-Websocket-Protocol": {"b, c"}}},
		{name: "a field of the handshake's own", header: http.Header{"Upgrade": {"x"}}},
		{name: "an extension", header: http.Header{"Sec-Websocket-Extensions": {"x"}}},
		{name: "subprotocols twice", header: http.Header{"Sec-Websocket-Protocol": {"x"}}, d: dialer{Subprotocols: []string{"b"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			compare(t, nil, func(t *testing.T, p *pkg, log *transcript) {
				srv := answering(t, log, (*httptest.Server).Start)
				c, resp, err := p.dial(t.Context(), tt.d, "ws"+strings.TrimPrefix(srv.URL, "http")+"/"+tt.path, tt.header)
				dialed(p, log, c, resp, err)
			})
		})
	}
}

func TestDialIsRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
	}{
		{"with a short text", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "go away", http.StatusUnauthorized) }},
		{"with a long one", func(w http.ResponseWriter, r *http.Request) { w.Write(make([]byte, 5000)) }},
		{"by a redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }},
		{"by an answer for another key", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Upgrade", "websocket")
			w.Header().Set("Connection", "Upgrade")
			w.Header().Set("Sec-WebSocket-Accept", "x")
			w.WriteHeader(http.StatusSwitchingProtocols)
		}},
		{"by no answer", func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			compare(t, nil, func(t *testing.T, p *pkg, log *transcript) {
				srv := serving(t, (*httptest.Server).Start, tt.answer)
				c, resp, err := p.dial(t.Context(), dialer{}, "ws"+strings.TrimPrefix(srv.URL, "http"), nil)
				dialed(p, log, c, resp, err)
			})
		})
	}
}

func TestDialsURL(t *testing.T) {
	for _, u := range []string{"http://127.0.0.1:1/", "127.0.0.1:1", "", "ws://user:secret@127.0.0.1:1/", "ws://[::1", "ftp://x/"} {
		t.Run(u, func(t *testing.T) {
			compare(t, nil, func(t *testing.T, p *pkg, log *transcript) {
				d := dialer{NetDial: func(string, string) (net.Conn, error) {
					log.add("connecting")
					return nil, errProgram
				}}
				_, resp, err := p.dial(t.Context(), d, u, nil)
				log.add("%t %t", err != nil, resp == nil)
			})
		})
	}
}

func TestDialsTimeouts(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close() // nobody accepts
	compare(t, nil, func(t *testing.T, p *pkg, log *transcript) {
		_, _, err := p.dial(t.Context(), dialer{HandshakeTimeout: 20 * time.Millisecond}, "ws://"+ln.Addr().String(), nil)
		log.add("%s", p.say(err))
	})
	compare(t, nil, func(t *testing.T, p *pkg, log *transcript) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, _, err := p.dial(ctx, dialer{}, "ws://"+ln.Addr().String(), nil)
		log.add("%s", p.say(err))
	})
}

func TestDialsOwnFunctions(t *testing.T) {
	compare(t, nil, func(t *testing.T, p *pkg, log *transcript) {
		srv := answering(t, log, (*httptest.Server).Start)
		to := func(network, addr string) (net.Conn, error) {
			log.add("%s %s", network, addr)
			return net.Dial(network, srv.Listener.Addr().String())
		}
		c, resp, err := p.dial(t.Context(), dialer{NetDial: to}, "ws://example.com", nil)
		dialed(p, log, c, resp, err)
		c, resp, err = p.dial(t.Context(), dialer{NetDial: func(string, string) (net.Conn, error) { return nil, errProgram }}, "ws://example.com", nil)
		log.add("%t %t", errors.Is(err, errProgram), resp == nil && c == nil)
	})
}

func TestNetDialTLSContext(t *testing.T) {
	compare(t, nil, func(t *testing.T, p *pkg, log *transcript) {
		srv := answering(t, log, (*httptest.Server).StartTLS)
		jar, _ := cookiejar.New(nil)
		at := &url.URL{Scheme: "https", Host: "example.com"}
		jar.SetCookies(at, []*http.Cookie{{Name: "secure", Value: "1", Secure: true}})
		d := dialer{Jar: jar, NetDialTLSContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			log.add("%s %s", network, addr)
			return tls.Dial(network, srv.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
		}}
		c, resp, err := p.dial(t.Context(), d, "wss://example.com/x", nil)
		if c != nil {
			_, ok := c.NetConn().(*tls.Conn)
			log.add("TLS %t", ok)
		}
		dialed(p, log, c, resp, err)
		log.add("%v", jar.Cookies(at))
	})
}

func TestJar(t *testing.T) {
	compare(t, nil, func(t *testing.T, p *pkg, log *transcript) {
		srv := answering(t, log, (*httptest.Server).Start)
		jar, _ := cookiejar.New(nil)
		for range 2 {
			c, resp, err := p.dial(t.Context(), dialer{Jar: jar}, "ws"+strings.TrimPrefix(srv.URL, "http"), nil)
			dialed(p, log, c, resp, err)
		}
	})
}

func TestProxy(t *testing.T) {
	compare(t, nil, func(t *testing.T, p *pkg, log *transcript) {
		srv := answering(t, log, (*httptest.Server).Start)
		through := serving(t, (*httptest.Server).Start, func(w http.ResponseWriter, r *http.Request) {
			log.add("%s %s, %q", r.Method, r.Host, r.Header.Get("Proxy-Authorization"))
			if r.Host == "refused.example:80" {
				http.Error(w, "no", http.StatusForbidden)
				return
			}
			tunnel(t, w, srv.Listener.Addr().String())
		})
		d := dialer{Proxy: func(r *http.Request) (*url.URL, error) {
			log.add("proxy for %s", r.URL)
			return url.Parse("http://me:secret@" + through.Listener.Addr().String())
		}}
		c, resp, err := p.dial(t.Context(), d, "ws://example.com/p", nil)
		dialed(p, log, c, resp, err)
		c, resp, err = p.dial(t.Context(), d, "ws://refused.example/p", nil)
		dialed(p, log, c, resp, err)
		d.Proxy = func(*http.Request) (*url.URL, error) { return nil, errProgram }
		_, _, err = p.dial(t.Context(), d, "ws://example.com/p", nil)
		log.add("%t", errors.Is(err, errProgram))
	})
}

// tunnel is what a proxy does once it agrees to CONNECT.
func tunnel(t *testing.T, w http.ResponseWriter, to string) {
	in, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	defer in.Close()
	out, err := net.Dial("tcp", to)
	if err != nil {
		t.Error(err)
		return
	}
	fmt.Fprint(in, "HTTP/1.1 200 OK\r\n\r\n")
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(out, in)
		out.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(in, out)
	in.(*net.TCPConn).CloseWrite()
	<-done
	out.Close()
}

func TestNewClient(t *testing.T) {
	compare(t, nil, func(t *testing.T, p *pkg, log *transcript) {
		srv := answering(t, log, (*httptest.Server).Start)
		nc, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		c, resp, err := p.client(nc, &url.URL{Scheme: "ws", Host: "example.com", Path: "/n"}, http.Header{"X-Mine": {"m"}})
		if c != nil {
			log.add("%t", c.NetConn() == nc)
		}
		dialed(p, log, c, resp, err)
	})
}
