package websocket_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

// A server that restarts, on the network there is. Its new listener may get another port: the client is told.
func TestReconnectingOutlivesAServersRestart(t *testing.T) {
	j := newJournal()
	var address atomic.Value
	start := func(run int) *websocket.Server {
		srv := &websocket.Server{}
		srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
			s.OnMessage(func(_ *websocket.Socket, m websocket.Message) { j.note(fmt.Sprintf("server %d got %s", run, m.Text())) })
		})
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		address.Store(ln.Addr().String())
		served := make(chan struct{})
		go func() {
			defer close(served)
			srv.Serve(ln)
		}()
		t.Cleanup(func() {
			srv.Close()
			<-served
		})
		return srv
	}
	srv := start(1)
	ended := make(chan struct{})
	rs, err := websocket.Reconnecting("ws://restarting.example/", &websocket.ReconnectOptions{
		Dial: websocket.DialOptions{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address.Load().(string))
		}},
		Backoff: websocket.Backoff{First: time.Millisecond, Max: 20 * time.Millisecond},
	}, func(rs *websocket.ReconnectingSocket) {
		j.follow(rs)
		rs.OnEnd(func(*websocket.ReconnectingSocket, error) { close(ended) })
	})
	must(t, err)
	t.Cleanup(rs.Terminate)
	must(t, rs.SendText("one"))
	j.waitFor(t, "server 1 got one")

	must(t, srv.Shutdown(t.Context()))
	j.waitFor(t, "close 1001")
	must(t, rs.SendText("two")) // nobody is there
	start(2)
	j.waitFor(t, "server 2 got two")

	must(t, rs.SendText("three"))
	must(t, rs.Close(websocket.CloseNormal, ""))
	within(t, "the end", ended)
	entries := slices.DeleteFunc(j.now(), func(e string) bool { return e == "error" || strings.HasPrefix(e, "reconnecting") })
	equal(t, "events", entries, []string{"open", "server 1 got one", "close 1001 final=false", "open", "server 2 got two",
		"server 2 got three", "close 1000 final=true", "end <nil>"})
}
