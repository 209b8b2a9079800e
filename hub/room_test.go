package hub_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/everwire/everwire/hub"
)

func TestARoomTakesNoMoreThanItsMembers(t *testing.T) {
	h := newHub(t, &hub.Options{Room: func(name string) hub.RoomOptions { return hub.RoomOptions{Members: 3, Ordered: name == "ordered"} }})
	for _, room := range []string{"plain", "ordered"} {
		var joined, full atomic.Int64
		var work sync.WaitGroup
		var clients [8]*client
		for i := range clients {
			clients[i] = newClient(t, nil)
			work.Go(func() {
				switch err := h.Join(clients[i].Socket, room); err {
				case nil:
					joined.Add(1)
				case hub.ErrRoomFull:
					full.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		work.Wait()
		if joined.Load() != 3 || full.Load() != 5 || h.Len(room) != 3 {
			t.Errorf("%d joined, %d did not, %d are members", joined.Load(), full.Load(), h.Len(room))
		}
		s := h.Members(room)[0]
		must(t, h.Join(s, room)) // is in it
		h.Leave(s, room)
		must(t, h.Join(s, room))
	}
}

func TestRoomsAndMembers(t *testing.T) {
	h := newHub(t, nil)
	a, b := newClient(t, nil), newClient(t, nil)
	must(t, h.Join(a.Socket, "x", "y", "x"))
	must(t, h.Join(b.Socket, "y", "ünï.cødé 💬"))
	names := h.Rooms()
	if slices.Sort(names); !slices.Equal(names, []string{"x", "y", "ünï.cødé 💬"}) {
		t.Errorf("rooms %q", names)
	}
	if m := h.Members("y"); len(m) != 2 || h.Len("y") != 2 || h.Len("none") != 0 || h.Members("none") != nil {
		t.Errorf("members %v", m)
	}
	if s := h.Stats(); s.Rooms != 3 || s.Memberships != 4 {
		t.Errorf("%+v", s)
	}
	if a, b := hub.New(nil), hub.New(nil); a.Node() == "" || a.Node() == b.Node() {
		t.Errorf("nodes %q and %q", a.Node(), b.Node())
	}
}

// The Room option is asked when a room begins to be used, and again when it is used after nobody was in it.
func TestWhenRoomIsAsked(t *testing.T) {
	var asked atomic.Int64
	h := newHub(t, &hub.Options{Room: func(string) hub.RoomOptions {
		asked.Add(1)
		return hub.RoomOptions{}
	}})
	a, b := newClient(t, nil), newClient(t, nil)
	for range 2 {
		must(t, h.Join(a.Socket, "r"))
		must(t, h.Join(b.Socket, "r"))
		publish(t, h, "r", "x")
		h.Leave(a.Socket)
		h.Leave(b.Socket)
	}
	if asked.Load() != 2 {
		t.Errorf("asked %d times", asked.Load())
	}
}

// What is said of a history that keeps nothing counts for nothing.
func TestAHistoryOfNothing(t *testing.T) {
	h := newHub(t, &hub.Options{Room: func(name string) hub.RoomOptions {
		return hub.RoomOptions{Ordered: name == "ordered", History: hub.History{Messages: -1, Age: time.Hour}}
	}})
	c := newClient(t, nil)
	for _, room := range []string{"plain", "ordered"} {
		must(t, h.Join(c.Socket, room))
		if p := publish(t, h, room, room); p.IsZero() != (room == "plain") {
			t.Errorf("%s: position %v", room, p)
		}
		c.wait(t, room)
		if _, err := h.History(t.Context(), room, hub.Position{}, 1); err != hub.ErrNoHistory {
			t.Errorf("%s: History: %v", room, err)
		}
	}
	b := &known{Memory: hub.NewMemory(nil)}
	h = newHub(t, &hub.Options{Broker: b, Room: func(string) hub.RoomOptions {
		return hub.RoomOptions{Ordered: true, History: hub.History{Messages: -1, Age: time.Hour}}
	}})
	publish(t, h, "r", "x")
	if want := (hub.Room{Name: "r", Logged: true}); b.room != want {
		t.Errorf("the broker is told of %+v, want %+v", b.room, want)
	}
}

// A known broker remembers which room was published in last.
type known struct {
	*hub.Memory
	room hub.Room
}

func (b *known) Publish(ctx context.Context, r hub.Room, m *hub.Message) (hub.Position, error) {
	b.room = r
	return b.Memory.Publish(ctx, r, m)
}
