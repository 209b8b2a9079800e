package deploy

import (
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/everwire/everwire/websocket"
)

func TestWebSocketsGoByHostAndPath(t *testing.T) {
	anyway(t, behavior{}, func(t *testing.T, s *site, p *proxy, url string) {
		scheme := url[:len(url)-len("ws.example.com/")]
		for _, test := range []struct {
			name, where string
			asked       string // what our server is asked for; "" if it must not be
		}{
			{"subdomain", "ws.example.com/", "/"},
			{"subdomain with a path", "ws.example.com/a%20b/c?d=e%2Ff&g", "/a%20b/c?d=e%2Ff&g"},
			{"path", "www.example.com/ws", "/ws"},
			{"path with a query", "www.example.com/ws?token=1", "/ws?token=1"},
			{"other path", "www.example.com/wsx", ""},
			{"website", "www.example.com/", ""},
		} {
			t.Run(test.name, func(t *testing.T) {
				if test.asked == "" {
					if status := p.refused(t, scheme+test.where, websocket.DialOptions{}); status != http.StatusOK {
						t.Errorf("status %d, want the website's 200", status)
					}
					return
				}
				wantEcho(t, p.dial(t, scheme+test.where, websocket.DialOptions{}), websocket.Text, "hello")
				if got := s.next(t).request.RequestURI; got != test.asked {
					t.Errorf("the server was asked for %s, want %s", got, test.asked)
				}
			})
		}
	})
}

func TestPagesGoByHostAndPath(t *testing.T) {
	anyway(t, behavior{}, func(t *testing.T, s *site, p *proxy, url string) {
		scheme := map[bool]string{true: "https://", false: "http://"}[url[:4] == "wss:"]
		browser := p.browser(t)
		for _, test := range []struct {
			name, where, body string
			status            int
		}{
			{"our page", "ws.example.com/page", "the page of ws.example.com", 200},
			{"our endpoint", "ws.example.com/", "", 426},
			{"our endpoint by path", "www.example.com/ws", "", 426},
			{"website", "www.example.com/", "the website", 200},
			{"website's other path", "www.example.com/page", "the website", 200},
		} {
			t.Run(test.name, func(t *testing.T) {
				answer, err := browser.Get(scheme + test.where)
				if err != nil {
					t.Fatal(err)
				}
				defer answer.Body.Close()
				body, _ := io.ReadAll(answer.Body)
				if answer.StatusCode != test.status || string(body) != test.body {
					t.Errorf("%s %q, want %d %q", answer.Status, body, test.status, test.body)
				}
			})
		}
	})
}

func TestUnknownHostsGetNothing(t *testing.T) {
	behindEach(t, func(t *testing.T, sw *software) {
		p := sw.front(t, newSite(t, behavior{}).addresses())
		if status := p.refused(t, "ws://other.example/ws", websocket.DialOptions{}); status != 421 {
			t.Errorf("status %d, want 421", status)
		}
	})
}

func TestServersShareConnections(t *testing.T) {
	behindEach(t, func(t *testing.T, sw *software) {
		s := newSite(t, behavior{})
		p := sw.front(t, s.addresses())
		for range 10 {
			wantEcho(t, p.dial(t, "ws://ws.example.com/", websocket.DialOptions{}), websocket.Text, "hello")
		}
		for i, srv := range s.servers {
			if n := srv.websocket.Clients().Len(); n != 5 {
				t.Errorf("server %d has %d connections of 10", i, n)
			}
		}
	})
}

// TestServerIsGone: who comes is sent to the other one, and sees nothing of it.
func TestServerIsGone(t *testing.T) {
	behindEach(t, func(t *testing.T, sw *software) {
		s := newSite(t, behavior{})
		p := sw.front(t, s.addresses())
		c := p.dial(t, "ws://ws.example.com/", websocket.DialOptions{})
		gone := s.next(t).server
		gone.kill()
		wantEnd(t, c, websocket.CloseAbnormal, "")
		for range 6 {
			c := p.dial(t, "ws://ws.example.com/", websocket.DialOptions{})
			wantEcho(t, c, websocket.Text, "hello")
		}
	})
}

// TestRefusalsPass with all that the server says.
func TestRefusalsPass(t *testing.T) {
	refuse := func(r *http.Request, answer http.Header) error {
		answer.Set("X-Why", "because")
		return websocket.Refuse(http.StatusUnauthorized, "log in first")
	}
	anyway(t, behavior{options: websocket.AcceptOptions{OnRequest: refuse}},
		func(t *testing.T, _ *site, p *proxy, url string) {
			_, err := websocket.Dial(t.Context(), url, p.options(t, websocket.DialOptions{}))
			var refusal *websocket.HandshakeError
			if !errors.As(err, &refusal) || refusal.Response == nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(refusal.Response.Body)
			if r := refusal.Response; r.StatusCode != 401 || r.Header.Get("X-Why") != "because" || string(body) != "log in first\n" {
				t.Errorf("%s, %v, %q", r.Status, r.Header, body)
			}
		})
}
