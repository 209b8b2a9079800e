package deploy

import (
	"testing"

	"github.com/everwire/everwire/websocket"
)

// TestReload: nginx and HAProxy leave the connections that there are to their old processes, until those have
// waited long enough; Caddy closes them.
func TestReload(t *testing.T) {
	const url = "wss://ws.example.com/"
	t.Run("keeps connections", func(t *testing.T) {
		for _, sw := range []*software{nginx, haproxy} {
			t.Run(sw.name, func(t *testing.T) {
				sw.find(t)
				p := sw.front(t, newSite(t, behavior{}).addresses())
				c := p.dial(t, url, websocket.DialOptions{})
				wantEcho(t, c, websocket.Text, "before")
				sw.reload(t, p)
				wantEcho(t, c, websocket.Text, "after")
				wantEcho(t, p.dial(t, url, websocket.DialOptions{}), websocket.Text, "by the new process")
			})
		}
	})
	t.Run("but not for ever", func(t *testing.T) {
		for _, test := range []struct {
			sw      *software
			shorter change
		}{
			{nginx, change{"worker_shutdown_timeout 10m", "worker_shutdown_timeout 1s"}},
			{haproxy, change{"hard-stop-after 10m", "hard-stop-after 1s"}},
		} {
			t.Run(test.sw.name, func(t *testing.T) {
				test.sw.find(t)
				s := newSite(t, behavior{})
				p := test.sw.front(t, s.addresses(), test.shorter)
				c := p.dial(t, url, websocket.DialOptions{})
				g := s.next(t)
				test.sw.reload(t, p)
				wantEnd(t, c, websocket.CloseAbnormal, "")
				g.wantClosed(t, lost)
			})
		}
	})
	t.Run("caddy says goodbye", func(t *testing.T) {
		caddy.find(t)
		s := newSite(t, behavior{})
		p := caddy.front(t, s.addresses())
		v := p.visit(t, url, websocket.DialOptions{}, nil)
		g := s.next(t)
		caddy.reload(t, p)
		// Caddy 2.6 does not mask what it says to the server, whose answer to that may be at the client before Caddy's own word.
		if e := await(t, "the client's close event", v.closed); e.Code != websocket.CloseGoingAway && e.Code != websocket.CloseProtocolError {
			t.Errorf("the client's end was closed by %+v", e)
		}
		await(t, "the server's close event", g.closed) // with 1001 of a Caddy that masks, else 1006
		wantEcho(t, p.dial(t, url, websocket.DialOptions{}), websocket.Text, "by the new configuration")
	})
}
