package wstest_test

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

func TestSocketsAreConnected(t *testing.T) {
	heard := make(chan string, 2)
	listen := func(name string) func(*websocket.Socket) {
		return func(s *websocket.Socket) {
			s.OnMessage(func(_ *websocket.Socket, m websocket.Message) { heard <- name + " hears " + m.Text() })
		}
	}
	opts := &wstest.PairOptions{}
	opts.Accept.Subprotocols, opts.Dial.Subprotocols = []string{"soap"}, []string{"soap"}
	s, c := wstest.Sockets(t, opts, listen("server"), listen("client"))
	for _, end := range []*websocket.Socket{s, c} {
		if end.ReadyState() != websocket.Open || end.Subprotocol() != "soap" {
			t.Errorf("state %v, subprotocol %q", end.ReadyState(), end.Subprotocol())
		}
	}
	s.SendText("you")
	if got := <-heard; got != "client hears you" {
		t.Error(got)
	}
	c.SendText("me")
	if got := <-heard; got != "server hears me" {
		t.Error(got)
	}
}

func TestConnsAreConnected(t *testing.T) {
	s, c := wstest.Conns(t, nil)
	for _, dir := range []struct{ from, to *websocket.Conn }{{s, c}, {c, s}} {
		if err := dir.from.Write(t.Context(), websocket.Text, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		if _, data, err := dir.to.Read(t.Context()); err != nil || string(data) != "hello" {
			t.Errorf("read %q, %v", data, err)
		}
	}
}

func TestPairsWorkInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := wstest.Conns(t, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		start := time.Now()
		if _, _, err := c.Read(ctx); err != context.DeadlineExceeded || time.Since(start) != 20*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		wstest.Sockets(t, nil, nil, nil)
	})
}

func TestPairStreamsCanBeWrapped(t *testing.T) {
	var server, client *wstest.FaultyConn
	wrap := func(f **wstest.FaultyConn) func(net.Conn) net.Conn {
		return func(nc net.Conn) net.Conn {
			*f = wstest.Faulty(nc)
			(*f).Reads().Split(1)
			return *f
		}
	}
	s, c := wstest.Conns(t, &wstest.PairOptions{Server: wrap(&server), Client: wrap(&client)})
	if err := s.Write(t.Context(), websocket.Binary, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if _, data, err := c.Read(t.Context()); err != nil || len(data) != 100 {
		t.Errorf("%d octets, %v", len(data), err)
	}
	if sent, got := server.Writes().Bytes(), client.Reads().Bytes(); sent != got || sent < 102 {
		t.Errorf("%d octets went out, %d came in", sent, got)
	}
}

func ExampleSockets() {
	_ = func(t *testing.T) { // a test of yours
		closed := make(chan websocket.CloseEvent, 1)
		server, _ := wstest.Sockets(t, nil, nil, func(client *websocket.Socket) {
			client.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) { closed <- e })
		})
		server.Close(4000, "enough")
		if e := <-closed; e.Code != 4000 || !e.WasClean {
			t.Errorf("closed with %v", e)
		}
	}
}
