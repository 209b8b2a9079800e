package hub_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/internal/leak"
	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

func TestMain(m *testing.M) { leak.VerifyTestMain(m) }

// newHub makes a Hub that is closed at the end of the test.
func newHub(t testing.TB, opts *hub.Options) *hub.Hub {
	t.Helper()
	h := hub.New(opts)
	t.Cleanup(func() { h.Close(context.Background()) })
	return h
}

// A client is a socket of a Hub's process, and what has come at its other end.
type client struct {
	*websocket.Socket
	got    chan string
	closed chan websocket.CloseEvent // the other end's close event
	gone   chan struct{}             // closed with this end's, when it has left its rooms
	far    *websocket.Socket
}

func newClient(t testing.TB, opts *wstest.PairOptions) *client {
	t.Helper()
	c := &client{got: make(chan string, 10_000), closed: make(chan websocket.CloseEvent, 1), gone: make(chan struct{})}
	c.Socket, c.far = wstest.Sockets(t, opts, func(s *websocket.Socket) {
		s.OnClose(func(*websocket.Socket, websocket.CloseEvent) { close(c.gone) })
	}, func(s *websocket.Socket) {
		s.OnMessage(func(_ *websocket.Socket, m websocket.Message) { c.got <- m.Text() })
		s.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) { c.closed <- e })
	})
	return c
}

// wait fails the test unless these messages come next.
func (c *client) wait(t testing.TB, want ...string) {
	t.Helper()
	for _, w := range want {
		if got := <-c.got; got != w {
			t.Fatalf("got %q, want %q", got, w)
		}
	}
}

func text(s string) hub.Message { return hub.Message{Data: []byte(s)} }

func publish(t testing.TB, h *hub.Hub, room, s string, opts ...hub.PublishOption) hub.Position {
	t.Helper()
	p, err := h.Publish(t.Context(), room, text(s), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func history(n int) func(string) hub.RoomOptions {
	return func(string) hub.RoomOptions { return hub.RoomOptions{History: hub.History{Messages: n}} }
}

func TestAfterClose(t *testing.T) {
	h := hub.New(&hub.Options{Room: func(string) hub.RoomOptions {
		return hub.RoomOptions{Presence: true, History: hub.History{Messages: 3}}
	}})
	c := newClient(t, nil)
	left := make(chan string, 1)
	h.OnLeave(func(_ *websocket.Socket, room string) { left <- room })
	must(t, h.Join(c.Socket, "r"))
	must(t, h.Close(t.Context()))
	if room := <-left; room != "r" {
		t.Errorf("left %q", room)
	}
	if c.ReadyState() != websocket.Open || h.Len("r") != 0 {
		t.Errorf("%v, %d members", c.ReadyState(), h.Len("r"))
	}
	calls := map[string]func() error{
		"Join":    func() error { return h.Join(c.Socket, "r") },
		"Publish": func() error { _, err := h.Publish(t.Context(), "r", text("x")); return err },
		"History": func() error { _, err := h.History(t.Context(), "r", hub.Position{}, 1); return err },
		"Present": func() error { _, err := h.Present(t.Context(), "r"); return err },
		"Subscribe": func() error {
			_, err := h.Subscribe("r", func(*hub.Message) {})
			return err
		},
		"Close": func() error { return h.Close(t.Context()) },
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, hub.ErrClosed) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if s := h.Stats(); s.Rooms != 0 || s.Memberships != 0 || s.TailOctets != 0 {
		t.Errorf("%+v", s)
	}
}

// Close while sockets join: nobody is left in a room.
func TestCloseWhileSocketsJoin(t *testing.T) {
	for range 20 {
		h := hub.New(&hub.Options{Room: func(name string) hub.RoomOptions { return hub.RoomOptions{Ordered: name == "1"} }})
		var clients []*client
		for range 4 {
			clients = append(clients, newClient(t, nil))
		}
		var work sync.WaitGroup
		for _, c := range clients {
			work.Go(func() {
				for i := range 100 {
					h.Join(c.Socket, fmt.Sprint(i%10))
				}
			})
		}
		must(t, h.Close(t.Context()))
		work.Wait()
		if s := h.Stats(); s.Rooms != 0 || s.Memberships != 0 {
			t.Fatalf("%+v", s)
		}
	}
}

// Who becomes a member when Close has looked at the room already is taken out of it.
func TestCloseBetweenEnteringAndJoining(t *testing.T) {
	h := hub.New(nil)
	_, err := h.JoinWith(t.Context(), newClient(t, nil).Socket, "r", hub.JoinOptions{Joined: func(*websocket.Socket, hub.Joined) {
		must(t, h.Close(t.Context()))
	}})
	if s := h.Stats(); err != hub.ErrClosed || s.Rooms != 0 || s.Memberships != 0 {
		t.Errorf("%v, %+v", err, s)
	}
}
