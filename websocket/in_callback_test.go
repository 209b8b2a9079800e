package websocket_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

func TestShutdownInsideACallbackIsErrInCallback(t *testing.T) {
	for _, row := range []struct {
		name   string
		listen func(s *websocket.Socket, f func())
	}{
		{"OnConnection", func(_ *websocket.Socket, f func()) { f() }},
		{"OnOpen", func(s *websocket.Socket, f func()) { s.OnOpen(func(*websocket.Socket) { f() }) }},
		{"OnMessage", func(s *websocket.Socket, f func()) { s.OnMessage(func(*websocket.Socket, websocket.Message) { f() }) }},
		{"OnPing", func(s *websocket.Socket, f func()) { s.OnPing(func(*websocket.Socket, []byte) { f() }) }},
		{"OnClose", func(s *websocket.Socket, f func()) {
			s.OnClose(func(*websocket.Socket, websocket.CloseEvent) { f() })
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			srv := &websocket.Server{}
			results := make(chan error, 2)
			srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
				row.listen(s, func() { results <- srv.Shutdown(context.Background()) })
			})
			ln := wstest.Listen()
			go srv.Serve(ln)
			closed := make(chan struct{})
			_, err := websocket.New("ws://in.memory/", &websocket.DialOptions{DialContext: ln.Dial}, func(c *websocket.Socket) {
				c.OnOpen(func(c *websocket.Socket) {
					c.Ping(nil)
					c.SendText("x")
					if row.name == "OnClose" {
						c.Close(websocket.CloseNormal, "")
					}
				})
				c.OnClose(func(*websocket.Socket, websocket.CloseEvent) { close(closed) })
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := <-results; !errors.Is(err, websocket.ErrInCallback) {
				t.Errorf("Shutdown returned %v", err)
			}
			if err := srv.Shutdown(context.Background()); err != nil {
				t.Errorf("Shutdown from elsewhere returned %v", err)
			}
			<-closed
		})
	}
}
