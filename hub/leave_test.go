package hub_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

func TestASocketLeavesItsRoomsByItsEnd(t *testing.T) {
	for _, room := range []hub.RoomOptions{{}, {Ordered: true}, {Presence: true}} {
		h := newHub(t, &hub.Options{Room: func(string) hub.RoomOptions { return room }})
		var mu sync.Mutex
		var events []string
		all := make(chan struct{})
		h.OnJoin(func(_ *websocket.Socket, room string) {
			mu.Lock()
			defer mu.Unlock()
			events = append(events, "+"+room)
		})
		h.OnLeave(func(s *websocket.Socket, room string) {
			mu.Lock()
			defer mu.Unlock()
			if events = append(events, "-"+room); len(events) == 6 {
				close(all)
			}
			if slices.Contains(h.Members(room), s) {
				t.Errorf("a member of %s when it has left", room)
			}
		})
		c := newClient(t, nil)
		must(t, h.Join(c.Socket, "a", "b", "c"))
		h.Leave(c.Socket, "b", "none")
		names := h.RoomsOf(c.Socket)
		if slices.Sort(names); !slices.Equal(names, []string{"a", "c"}) {
			t.Errorf("rooms %q", names)
		}
		c.Terminate()
		<-all
		mu.Lock()
		slices.Sort(events[4:])
		if want := []string{"+a", "+b", "+c", "-b", "-a", "-c"}; !slices.Equal(events, want) {
			t.Errorf("events %q", events)
		}
		mu.Unlock()
		if s := h.Stats(); s.Rooms != 0 || s.Memberships != 0 {
			t.Errorf("%+v", s)
		}
		if err := h.Join(c.Socket, "a"); err != hub.ErrClosed {
			t.Errorf("joining afterwards: %v", err)
		}
	}
}

// Sockets join and leave the same few rooms, and end, while messages are published. Whoever joined and stays
// gets what is published then, and at the end no room is left.
func TestTheLastLeaveAndANewJoinMayRace(t *testing.T) {
	for _, row := range []struct {
		name string
		room hub.RoomOptions
	}{
		{"plain", hub.RoomOptions{}},
		{"history", hub.RoomOptions{History: hub.History{Messages: 5}}},
		{"presence", hub.RoomOptions{Presence: true}},
	} {
		t.Run(row.name, func(t *testing.T) {
			const rounds, workers = 150, 8
			a, b := twoHubs(t, func(string) hub.RoomOptions { return row.room })
			var joins, leaves atomic.Int64
			for _, h := range []*hub.Hub{a, b} {
				h.OnJoin(func(*websocket.Socket, string) { joins.Add(1) })
				h.OnLeave(func(*websocket.Socket, string) { leaves.Add(1) })
			}
			var work sync.WaitGroup
			for w := range workers {
				work.Go(func() {
					h := []*hub.Hub{a, b}[w%2]
					c := newClient(t, nil)
					for i := range rounds {
						room := fmt.Sprint("room ", i%3)
						if err := h.Join(c.Socket, room); err != nil {
							t.Error(err)
							return
						}
						mine := fmt.Sprint(w, " ", i)
						if _, err := h.Publish(t.Context(), room, text(mine)); err != nil {
							t.Error(err)
							return
						}
						for <-c.got != mine {
						}
						h.Leave(c.Socket, room)
					}
					h.Join(c.Socket, "room 1", "room 2")
					c.Terminate()
					<-c.gone
				})
			}
			work.Wait()
			for _, h := range []*hub.Hub{a, b} {
				if s := h.Stats(); s.Rooms != 0 || s.Memberships != 0 || s.TailOctets != 0 {
					t.Errorf("%+v", s)
				}
			}
			if j, l := joins.Load(), leaves.Load(); j != l || j < rounds*workers {
				t.Errorf("%d joins, %d leaves", j, l)
			}
		})
	}
}

// Of one membership OnLeave comes after OnJoin, also if the socket ends while OnJoin runs.
func TestOnLeaveComesAfterOnJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, nil)
		events := make(chan string, 10)
		h.OnJoin(func(s *websocket.Socket, room string) {
			s.Terminate()
			synctest.Wait() // it has left
			if n := h.Len(room); n != 0 {
				t.Errorf("%d members", n)
			}
			events <- "join"
		})
		h.OnLeave(func(*websocket.Socket, string) { events <- "leave" })
		must(t, h.Join(newClient(t, nil).Socket, "r"))
		if a, b := <-events, <-events; a != "join" || b != "leave" {
			t.Errorf("%s, %s", a, b)
		}
	})
}

// Two calls have one socket join. What the one that joins it is told of is told once, although the other fails.
func TestOnLeaveComesOnceIfTwoCallsJoin(t *testing.T) {
	h := newHub(t, nil)
	events := make(chan string, 10)
	begun, end := make(chan struct{}), make(chan struct{})
	second := make(chan error, 1)
	c := newClient(t, nil)
	h.OnJoin(func(s *websocket.Socket, _ string) {
		events <- "join"
		s.Terminate()
		<-c.gone // it has left
	})
	h.OnLeave(func(*websocket.Socket, string) { events <- "leave" })
	_, err := h.JoinWith(t.Context(), c.Socket, "r", hub.JoinOptions{Joined: func(*websocket.Socket, hub.Joined) {
		go func() {
			_, err := h.JoinWith(t.Context(), c.Socket, "r", hub.JoinOptions{Joined: func(*websocket.Socket, hub.Joined) {
				close(begun)
				<-end
			}})
			second <- err
		}()
		<-begun
	}})
	must(t, err)
	close(end)
	if err := <-second; err != hub.ErrClosed {
		t.Errorf("the second join: %v", err)
	}
	close(events)
	var got []string
	for e := range events {
		got = append(got, e)
	}
	if want := []string{"join", "leave"}; !slices.Equal(got, want) {
		t.Errorf("events %q, want %q", got, want)
	}
}

// A function of OnJoin that panics leaves the socket a member like others, and the room to those.
func TestAPanicInOnJoin(t *testing.T) {
	h := newHub(t, nil)
	a, b := newClient(t, nil), newClient(t, nil)
	var left atomic.Int64
	h.OnJoin(func(s *websocket.Socket, _ string) {
		if s == a.Socket {
			panic("on purpose")
		}
	})
	h.OnLeave(func(*websocket.Socket, string) { left.Add(1) })
	func() {
		defer func() { recover() }()
		h.Join(a.Socket, "r")
		t.Error("there was no panic")
	}()
	must(t, h.Join(b.Socket, "r"))
	a.Terminate()
	<-a.gone
	if n := left.Load(); n != 1 {
		t.Errorf("OnLeave was called %d times", n)
	}
	publish(t, h, "r", "1")
	b.wait(t, "1")
	h.Leave(b.Socket)
	if s := h.Stats(); s.Rooms != 0 || s.Memberships != 0 {
		t.Errorf("%+v", s)
	}
}
