package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// A place is a server in memory, and the options of a client that knows the way to it. It works in a bubble.
type place struct {
	opts  websocket.ReconnectOptions
	down  atomic.Bool  // nobody answers there
	dials atomic.Int32 // so far
	wrap  func(n int32, nc net.Conn) net.Conn
}

var errDown = errors.New("nobody is there")

// newPlace has each request served by a handler that is told its number, from 1 on.
func newPlace(t *testing.T, serve func(n int32, w http.ResponseWriter, r *http.Request), pipe ...wstest.Option) *place {
	p := &place{}
	ln := wstest.Listen(pipe...)
	var requests atomic.Int32
	hs := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serve(requests.Add(1), w, r)
	})}
	go hs.Serve(ln)
	t.Cleanup(func() { hs.Close() })
	p.opts.Dial.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		n := p.dials.Add(1)
		if p.down.Load() {
			return nil, errDown
		}
		nc, err := ln.Dial(ctx, network, address)
		if err == nil && p.wrap != nil {
			nc = p.wrap(n, nc)
		}
		return nc, err
	}
	return p
}

// sockets is what newPlace serves where each request becomes a Socket.
func sockets(t *testing.T, setup func(n int32, s *websocket.Socket)) func(int32, http.ResponseWriter, *http.Request) {
	return func(n int32, w http.ResponseWriter, r *http.Request) {
		s, err := websocket.Upgrade(w, r, nil, func(s *websocket.Socket) { setup(n, s) })
		if err == nil {
			t.Cleanup(s.Terminate)
		}
	}
}

// connect makes a ReconnectingSocket to the place for the length of a test.
func (p *place) connect(t *testing.T, setup func(*websocket.ReconnectingSocket)) *websocket.ReconnectingSocket {
	t.Helper()
	ended := make(chan struct{})
	rs, err := websocket.Reconnecting("ws://x/", &p.opts, func(rs *websocket.ReconnectingSocket) {
		if setup != nil {
			setup(rs)
		}
		rs.OnEnd(func(*websocket.ReconnectingSocket, error) { close(ended) })
	})
	must(t, err)
	t.Cleanup(func() {
		rs.Terminate()
		<-ended
	})
	return rs
}

// follow writes down the events of a ReconnectingSocket.
func (j *journal) follow(rs *websocket.ReconnectingSocket) {
	rs.OnOpen(func(*websocket.ReconnectingSocket, *websocket.Socket) { j.note("open") })
	rs.OnMessage(func(_ *websocket.ReconnectingSocket, m websocket.Message) { j.note("message " + short(m.Text())) })
	rs.OnError(func(*websocket.ReconnectingSocket, error) { j.note("error") })
	rs.OnClose(func(_ *websocket.ReconnectingSocket, e websocket.CloseEvent, next websocket.Reconnect) {
		j.note(fmt.Sprintf("close %d final=%v", e.Code, next.Final))
	})
	rs.OnReconnecting(func(_ *websocket.ReconnectingSocket, next websocket.Reconnect) {
		j.note(fmt.Sprint("reconnecting ", next.Attempt))
	})
	rs.OnDrop(func(_ *websocket.ReconnectingSocket, d websocket.Drop) {
		j.note(fmt.Sprintf("drop %s: %v", short(d.Message.Text()), d.Reason))
	})
	rs.OnEnd(func(_ *websocket.ReconnectingSocket, reason error) { j.note(fmt.Sprintf("end %v", reason)) })
}

// bubble runs a test on a clock of its own. It fails if a goroutine is left behind.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}
