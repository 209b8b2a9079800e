package sidebyside

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// good are the header fields of a handshake that is in order.
var good = []string{
	"Host: example.com", "Upgrade: websocket", "Connection: keep-alive, Upgrade",
	"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + key,
}

// but returns good with fields replaced, or taken out where there is no value.
func but(fields ...string) []string {
	changed := slices.Clone(good)
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ":")
		changed = slices.DeleteFunc(changed, func(g string) bool { return strings.HasPrefix(g, name+":") })
		if value != "" {
			changed = append(changed, f)
		}
	}
	return changed
}

func TestUpgrade(t *testing.T) {
	for _, tt := range []struct {
		name   string
		method string
		fields []string
		u      upgrader
		header http.Header
	}{
		{name: "in order", fields: good},
		{name: "a page or a health check", fields: []string{"Host: x"}},
		{name: "no Upgrade", fields: but("Upgrade:")},
		{name: "no Connection", fields: but("Connection: close")},
		{name: "another version", fields: but("Sec-WebSocket-Version: 8")},
		{name: "no key", fields: but("Sec-WebSocket-Key:")},
		{name: "a short key", fields: but("Sec-WebSocket-Key: YWJj")},
		{name: "POST", method: "POST", fields: good},
		{name: "its own origin", fields: but("Origin: http://EXAMPLE.com")},
		{name: "its own origin by TLS", fields: but("Origin: https://example.com")},
		{name: "another origin", fields: but("Origin: http://evil.example")},
		{name: "another port", fields: but("Origin: http://example.com:81")},
		{name: "the null origin", fields: but("Origin: null")},
		{name: "CheckOrigin says yes", fields: but("Origin: http://evil.example"),
			u: upgrader{CheckOrigin: func(*http.Request) bool { return true }}},
		{name: "CheckOrigin says yes to null", fields: but("Origin: null"),
			u: upgrader{CheckOrigin: func(*http.Request) bool { return true }}},
		{name: "CheckOrigin says yes to what is no origin", fields: but("Origin: what?"),
			u: upgrader{CheckOrigin: func(*http.Request) bool { return true }}},
		{name: "CheckOrigin says no", fields: good,
			u: upgrader{CheckOrigin: func(*http.Request) bool { return false }}},
		{name: "a subprotocol, by the server's preference", fields: but("Sec-WebSocket-Protocol: a, b, c"),
			u: upgrader{Subprotocols: []string{"x", "c", "b"}}},
		{name: "no subprotocol in common", fields: but("Sec-WebSocket-Protocol: a"),
			u: upgrader{Subprotocols: []string{"b"}}},
		{name: "a subprotocol in the header", fields: but("Sec-WebSocket-Protocol: a, b"),
			header: http.Header{"Sec-Websocket-Protocol": {"b"}}},
		{name: "a subprotocol in the header and none spoken", fields: but("Sec-WebSocket-Protocol: a, b"),
			u: upgrader{Subprotocols: []string{}}, header: http.Header{"Sec-Websocket-Protocol": {"b"}}},
		{name: "cookies", fields: good, header: http.Header{"Set-Cookie": {"a=1", "b=2"}}},
		{name: "an extension in the header", fields: good, header: http.Header{"Sec-Websocket-Extensions": {"x"}}},
		{name: "an answer of the program's", fields: []string{"Host: x"}, u: upgrader{
			Error: func(w http.ResponseWriter, r *http.Request, status int, reason error) {
				w.Header().Set("X-Error", "mine")
				w.WriteHeader(http.StatusTeapot)
			},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			compare(t, nil, func(t *testing.T, p *pkg, log *transcript) {
				done := make(chan struct{})
				srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					defer close(done)
					log.add("asked %t, offered %q", p.asked(r), p.offered(r))
					c, err := p.upgrade(tt.u, w, r, tt.header)
					log.add("upgrade: %s", p.say(err))
					if err == nil {
						log.add("subprotocol %q", c.Subprotocol())
						c.Close()
					}
				}))
				defer srv.Close()
				resp := ask(t, srv.Listener.Addr().String(), tt.method, tt.fields)
				<-done
				log.add("%d %q %q %q", resp.StatusCode, resp.Header.Get("Sec-WebSocket-Protocol"), resp.Header["Set-Cookie"],
					resp.Header.Get("X-Error"))
				log.add("%q", resp.Header.Get("Sec-WebSocket-Accept"))
			})
		})
	}
}

// ask sends a request and reads the answer.
func ask(t *testing.T, addr, method string, fields []string) *http.Response {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(patience))
	if method == "" {
		method = "GET"
	}
	nc.Write([]byte(method + " / HTTP/1.1\r\n" + strings.Join(fields, "\r\n") + "\r\n\r\n"))
	resp, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func TestUpgradeWithoutHijacker(t *testing.T) {
	compare(t, nil, func(t *testing.T, p *pkg, log *transcript) {
		r := httptest.NewRequest("GET", "/", nil)
		for _, f := range good {
			name, value, _ := strings.Cut(f, ": ")
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		_, err := p.upgrade(upgrader{}, w, r, nil)
		log.add("%s, %d", p.say(err), w.Code)
		w = httptest.NewRecorder()
		_, err = p.upgrade1(w, r, nil)
		log.add("deprecated: %s, %d %q", p.say(err), w.Code, w.Body)
	})
}

func TestDeprecatedUpgradeLooksAtNoOrigin(t *testing.T) {
	compare(t, nil, func(t *testing.T, p *pkg, log *transcript) {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if c, err := p.upgrade1(w, r, nil); err == nil {
				c.Close()
			}
		}))
		defer srv.Close()
		log.add("%d", ask(t, srv.Listener.Addr().String(), "", but("Origin: http://evil.example")).StatusCode)
	})
}

// wrapped is a ResponseWriter as a middleware makes them. Ours looks behind it.
type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestUpgradeBehindAMiddleware(t *testing.T) {
	compare(t, map[string]string{"500": "101"}, func(t *testing.T, p *pkg, log *transcript) {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if c, err := p.upgrade(upgrader{}, wrapped{w}, r, nil); err == nil {
				c.Close()
			}
		}))
		defer srv.Close()
		log.add("%d", ask(t, srv.Listener.Addr().String(), "", good).StatusCode)
	})
}

func TestErrorIsToldTheReason(t *testing.T) {
	compare(t, nil, func(t *testing.T, p *pkg, log *transcript) {
		var told error
		u := upgrader{Error: func(_ http.ResponseWriter, _ *http.Request, status int, reason error) {
			told = reason
			log.add("%d %s", status, p.say(reason))
		}}
		_, err := p.upgrade(u, httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), nil)
		log.add("%t %t", err == told, strings.HasPrefix(err.Error(), "websocket: "))
	})
}
