package deploy

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

// TestOriginIsJudgedByTheHostAsked: both pass as the client sent them.
func TestOriginIsJudgedByTheHostAsked(t *testing.T) {
	anyway(t, behavior{}, func(t *testing.T, s *site, p *proxy, url string) {
		page := strings.TrimSuffix("http"+strings.TrimPrefix(url, "ws"), "/")
		for _, test := range []struct {
			name, host, origin string
			welcome            bool
		}{
			{"the same host", "ws.example.com", page, true},
			{"the same host and port", "ws.example.com:8765", page + ":8765", true},
			{"another port", "ws.example.com:8765", page, false},
			{"another host", "ws.example.com", "https://evil.example", false},
			{"the website's pages", "ws.example.com", "https://www.example.com", false},
			{"the upstream's address", "ws.example.com", "http://" + s.servers[0].address(), false},
		} {
			t.Run(test.name, func(t *testing.T) {
				opts := websocket.DialOptions{Header: http.Header{"Host": {test.host}, "Origin": {test.origin}}}
				if !test.welcome {
					if status := p.refused(t, url, opts); status != http.StatusForbidden {
						t.Fatalf("status %d, want 403", status)
					}
					return
				}
				wantEcho(t, p.dial(t, url, opts), websocket.Text, "hello")
				r := s.next(t).request
				if r.Host != test.host || r.Header.Get("Origin") != test.origin {
					t.Errorf("the server got Host %q and Origin %q", r.Host, r.Header.Get("Origin"))
				}
			})
		}
	})
}

// TestClientsAddressIsTheProxysWord: what a client claims of itself does not pass.
func TestClientsAddressIsTheProxysWord(t *testing.T) {
	claim := http.Header{
		"X-Forwarded-For": {"192.0.2.66", "192.0.2.67"}, "Forwarded": {"for=192.0.2.66"}, "X-Real-Ip": {"192.0.2.66"},
		"X-Forwarded-Proto": {"gopher"}, "X-Forwarded-Host": {"evil.example"},
	}
	anyway(t, behavior{}, func(t *testing.T, s *site, p *proxy, url string) {
		proto := map[bool]string{false: "http", true: "https"}[strings.HasPrefix(url, "wss:")]
		for _, test := range []struct {
			name   string
			header http.Header
		}{{"claimed nothing", nil}, {"claimed another", claim}} {
			t.Run(test.name, func(t *testing.T) {
				p.dial(t, url, websocket.DialOptions{Header: test.header})
				g := s.next(t)
				if got := g.ClientAddr().String(); got != home {
					t.Errorf("to our server the client is %s, want %s", got, home)
				}
				got := g.request.Header
				for field, want := range map[string]string{
					"X-Forwarded-For": home, "X-Real-Ip": home, "X-Forwarded-Proto": proto,
				} {
					if lines := got[field]; len(lines) != 1 || lines[0] != want {
						t.Errorf("%s: %q, want %q", field, lines, want)
					}
				}
				want := "for=" + home + ";proto=" + proto
				if sw := p.software; sw == caddy {
					want = ""
				}
				if lines := got["Forwarded"]; strings.Join(lines, "\n") != want {
					t.Errorf("Forwarded: %q, want %q", lines, want)
				}
				if strings.Contains(fmt.Sprint(got), "192.0.2.6") || strings.Contains(fmt.Sprint(got), "evil") {
					t.Errorf("a claim passed: %v", got)
				}
			})
		}
	})
}

// TestClientsAddressMayBeIPv6, which has another form in Forwarded.
func TestClientsAddressMayBeIPv6(t *testing.T) {
	ln, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no IPv6: ", err)
	}
	ln.Close()
	behindEach(t, func(t *testing.T, sw *software) {
		s := newSite(t, behavior{})
		p := sw.frontOn(t, "::1", s.addresses())
		p.dial(t, "ws://ws.example.com/", websocket.DialOptions{})
		g := s.next(t)
		if got := g.ClientAddr().String(); got != "::1" {
			t.Errorf("to our server the client is %s, want ::1", got)
		}
		if got := g.request.Header.Get("Forwarded"); sw != caddy && got != `for="[::1]";proto=http` {
			t.Errorf("Forwarded: %q", got)
		}
	})
}

func TestLongHeadersAreRefused(t *testing.T) {
	anyway(t, behavior{}, func(t *testing.T, s *site, p *proxy, url string) {
		cookie := func(octets int) websocket.DialOptions {
			return websocket.DialOptions{Header: http.Header{"Cookie": {"a=" + strings.Repeat("b", octets)}}}
		}
		p.dial(t, url, cookie(6<<10))
		if got := len(s.next(t).request.Header.Get("Cookie")); got != 2+6<<10 {
			t.Errorf("a cookie of 6 KiB came as one of %d octets", got)
		}
		c, err := websocket.Dial(t.Context(), url, p.options(t, cookie(40<<10)))
		if err == nil {
			c.Terminate()
			t.Fatal("a cookie of 40 KiB passed")
		}
		var refusal *websocket.HandshakeError
		if !errors.As(err, &refusal) || refusal.Response == nil {
			return // the proxy has closed before all was written
		}
		status := refusal.Response.StatusCode
		if status != http.StatusBadRequest && status != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("40 KiB: status %d, want 400 or 431", status)
		}
	})
}

// TestSlowHeadersAreCut before our server hears of them.
func TestSlowHeadersAreCut(t *testing.T) {
	shorter := map[*software]change{
		nginx:   {"client_header_timeout 10s", "client_header_timeout 1s"},
		haproxy: {"timeout http-request 10s", "timeout http-request 1s"},
		caddy:   {"read_header 10s", "read_header 1s"},
	}
	behindEach(t, func(t *testing.T, sw *software) {
		p := sw.front(t, newSite(t, behavior{}).addresses(), shorter[sw])
		since := time.Now() // before the proxy can have begun to wait
		nc, err := net.Dial("tcp", p.http)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		nc.SetDeadline(time.Now().Add(patience))
		io.WriteString(nc, "GET / HTTP/1.1\r\nHost: ws.example.com\r\nUpgrade: webs")
		answer, err := io.ReadAll(nc)
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(since); took < 900*time.Millisecond {
			t.Errorf("it was cut after %v, want 1s", took)
		}
		if len(answer) > 0 && !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") && !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") {
			t.Errorf("the answer is %q", answer)
		}
	})
}

// TestHandshakesPerAddressAreLimited, and so are connections.
func TestHandshakesPerAddressAreLimited(t *testing.T) {
	for _, test := range []struct {
		name    string
		sw      *software
		changes []change
		allowed int
	}{
		{"nginx/handshakes", nginx, []change{{"rate=20r/s", "rate=1r/m"}, {"burst=100", "burst=2"}}, 3},
		{"nginx/connections", nginx, []change{{"limit_conn connections 200", "limit_conn connections 3"}}, 3},
		{"haproxy/handshakes", haproxy, []change{{"sc_http_req_rate(0) gt 200", "sc_http_req_rate(0) gt 3"}}, 3},
		{"haproxy/connections", haproxy, []change{{"sc_conn_cur(0) gt 200", "sc_conn_cur(0) gt 3"}}, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.sw.find(t)
			s := newSite(t, behavior{})
			p := test.sw.front(t, s.addresses(), test.changes...)
			for range test.allowed {
				p.dial(t, "ws://ws.example.com/", websocket.DialOptions{})
			}
			if status := p.refused(t, "ws://ws.example.com/", websocket.DialOptions{}); status != 429 {
				t.Errorf("status %d, want 429", status)
			}
			// The website is not meant.
			answer, err := p.browser(t).Get("http://www.example.com/")
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				t.Errorf("the website answers %s", answer.Status)
			}
		})
	}
}

// TestOtherUpgradesDoNotPass to the servers, because they would lead past the proxy's rules.
func TestOtherUpgradesDoNotPass(t *testing.T) {
	for _, sw := range []*software{nginx, haproxy} {
		t.Run(sw.name, func(t *testing.T) {
			sw.find(t)
			s := newSite(t, behavior{})
			p := sw.front(t, s.addresses())
			r, err := http.NewRequest(http.MethodGet, "http://ws.example.com/upgrade", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Upgrade", "h2c")
			r.Header.Set("Connection", "Upgrade")
			answer, err := p.browser(t).Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			body, _ := io.ReadAll(answer.Body)
			if answer.StatusCode != http.StatusBadRequest && string(body) != `Upgrade "", Connection ""` {
				t.Errorf("%s: %s", answer.Status, body)
			}
		})
	}
}

// TestProxyProtocolIsNotForEverybody: on the ordinary ports it is no request.
func TestProxyProtocolIsNotForEverybody(t *testing.T) {
	behindEach(t, func(t *testing.T, sw *software) {
		p := sw.front(t, newSite(t, behavior{}).addresses())
		nc, err := net.Dial("tcp", p.http)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		io.WriteString(nc, "PROXY TCP4 192.0.2.66 127.0.0.1 1 80\r\nGET /page HTTP/1.1\r\nHost: ws.example.com\r\n\r\n")
		answer, err := http.ReadResponse(bufio.NewReader(nc), nil)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusBadRequest {
			t.Errorf("%s, want 400", answer.Status)
		}
	})
}
