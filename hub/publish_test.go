package hub_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

func TestAMessageReachesAllMembersButThoseExcepted(t *testing.T) {
	for _, row := range []struct {
		name string
		room hub.RoomOptions
	}{
		{"plain", hub.RoomOptions{}},
		{"ordered", hub.RoomOptions{Ordered: true}},
		{"history", hub.RoomOptions{History: hub.History{Messages: 10}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := newHub(t, &hub.Options{Room: func(string) hub.RoomOptions { return row.room }})
			a, b, c := newClient(t, nil), newClient(t, nil), newClient(t, nil)
			must(t, h.Join(a.Socket, "r"))
			must(t, h.Join(b.Socket, "r", "s"))
			must(t, h.Join(c.Socket, "s"))
			publish(t, h, "r", "1")
			publish(t, h, "r", "2", hub.Except(a.Socket))
			publish(t, h, "r", "3", hub.Except(b.Socket, c.Socket))
			publish(t, h, "r", "4")
			a.wait(t, "1", "3", "4")
			b.wait(t, "1", "2", "4")
			publish(t, h, "s", "5")
			b.wait(t, "5")
			c.wait(t, "5")
			h.Leave(b.Socket, "s")
			publish(t, h, "s", "6")
			publish(t, h, "r", "7")
			c.wait(t, "6")
			b.wait(t, "7")
			h.Leave(b.Socket)
			if n := h.Len("r"); n != 1 {
				t.Errorf("%d members stay", n)
			}
		})
	}
}

func TestPublishRefusesWhatIsNoMessage(t *testing.T) {
	h := newHub(t, nil)
	for _, row := range []struct {
		name, room string
		m          hub.Message
		want       error // nil: any
	}{
		{"no name", "", text("x"), hub.ErrRoomName},
		{"a name that is too long", strings.Repeat("x", 201), text("x"), hub.ErrRoomName},
		{"a name that is not UTF-8", "\xff", text("x"), hub.ErrRoomName},
		{"text that is not UTF-8", "r", text("\xff"), websocket.ErrInvalidUTF8},
		{"a type that is none", "r", hub.Message{Type: 9}, nil},
	} {
		_, err := h.Publish(t.Context(), row.room, row.m)
		if err == nil || row.want != nil && err != row.want {
			t.Errorf("%s: error %v", row.name, err)
		}
		if row.want == hub.ErrRoomName {
			if err := h.Join(newClient(t, nil).Socket, row.room); err != hub.ErrRoomName {
				t.Errorf("joining %s: error %v", row.name, err)
			}
		}
	}
	if s := h.Stats(); s.Published != 0 {
		t.Errorf("%+v", s)
	}
}

// The caller's octets may change afterwards, and a message says what it was published with.
func TestWhatIsPublished(t *testing.T) {
	for _, room := range []hub.RoomOptions{{}, {History: hub.History{Messages: 5}}} {
		synctest.Test(t, func(t *testing.T) {
			encoded := make(chan hub.Message, 1)
			room.Encode = func(m *hub.Message) []byte {
				encoded <- *m
				return []byte("encoded " + string(m.Data))
			}
			h := newHub(t, &hub.Options{Node: "n", Room: func(string) hub.RoomOptions { return room }})
			heard := make(chan hub.Message, 1)
			stop, err := h.Subscribe("r.*", func(m *hub.Message) { heard <- *m })
			must(t, err)
			defer stop()
			types := make(chan websocket.MessageType, 2)
			for range 2 {
				c := newClient(t, nil)
				c.far.OnMessage(func(_ *websocket.Socket, m websocket.Message) { types <- m.Type() })
				must(t, h.Join(c.Socket, "r.1"))
				defer c.wait(t, "encoded data")
			}
			data := []byte("data")
			at, err := h.Publish(t.Context(), "r.1", hub.Message{Type: websocket.Binary, Data: data, Publisher: "p", ID: "id", Room: "wrong", Node: "wrong"})
			must(t, err)
			clear(data)
			for _, m := range []hub.Message{<-encoded, <-heard} {
				if m.Room != "r.1" || m.Position != at || m.Publisher != "p" || m.ID != "id" || m.Type != websocket.Binary || m.Time.IsZero() || m.Node != "n" {
					t.Errorf("message %+v", m)
				}
				if room.History.Messages > 0 && !bytes.Equal(m.Data, []byte("data")) {
					t.Errorf("data %q", m.Data)
				}
			}
			if a, b := <-types, <-types; a != websocket.Binary || b != a {
				t.Errorf("types %v, %v", a, b)
			}
			synctest.Wait() // a room with history is counted after its members have the message
			if s := h.Stats(); s.Published != 1 || s.Received != 1 || s.Delivered != 2 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// An ID that was taken is not taken again, and whoever is excepted by the first attempt stays so.
func TestAnIDIsTakenOnce(t *testing.T) {
	h := newHub(t, &hub.Options{Room: history(10)})
	a, b := newClient(t, nil), newClient(t, nil)
	must(t, h.Join(a.Socket, "r"))
	must(t, h.Join(b.Socket, "r"))
	m := hub.Message{Data: []byte("1"), ID: "id"}
	first, err := h.Publish(t.Context(), "r", m, hub.Except(a.Socket))
	must(t, err)
	second, err := h.Publish(t.Context(), "r", m, hub.Except(a.Socket))
	must(t, err)
	if first != second || first.IsZero() {
		t.Errorf("positions %v and %v", first, second)
	}
	publish(t, h, "r", "2")
	a.wait(t, "2")
	b.wait(t, "1", "2")
}

// What one publisher sends arrives in its order, in every kind of room, whatever others send meanwhile.
func TestThoseOfOnePublisherKeepTheirOrder(t *testing.T) {
	const publishers, each = 4, 300
	synctest.Test(t, func(t *testing.T) { // the plain room is followed when the joins return, however long that takes
		a, b := twoHubs(t, func(name string) hub.RoomOptions { return hub.RoomOptions{Ordered: name == "ordered"} })
		for _, room := range []string{"plain", "ordered"} {
			one, two := newClient(t, nil), newClient(t, nil)
			must(t, a.Join(one.Socket, room))
			must(t, b.Join(two.Socket, room))
			var work sync.WaitGroup
			for p := range publishers {
				work.Go(func() {
					for n := range each {
						if _, err := []*hub.Hub{a, b}[p%2].Publish(t.Context(), room, text(fmt.Sprint(p, " ", n))); err != nil {
							t.Error(err)
						}
					}
				})
			}
			work.Wait()
			for _, c := range []*client{one, two} {
				var next [publishers]int
				for range publishers * each {
					var p, n int
					fmt.Sscan(<-c.got, &p, &n)
					if next[p] != n {
						t.Fatalf("%s: publisher %d: got %d, want %d", room, p, n, next[p])
					}
					next[p]++
				}
			}
		}
	})
}

// What a message costs in allocations does not depend on how many members there are.
func TestAMemberMoreAllocatesNothing(t *testing.T) {
	for _, row := range []struct {
		name string
		opts []hub.PublishOption
	}{
		{"all", nil},
		{"except", []hub.PublishOption{hub.Except(newClient(t, nil).Socket)}},
	} {
		var allocs [2]float64
		for i, members := range []int{2, 50} {
			h := newHub(t, nil)
			for _, c := range lazyClients(t, members) {
				must(t, h.Join(c.Socket, "r"))
			}
			m := hub.Message{Data: []byte("x")}
			for range 100 { // the queues fill, and grow no more
				h.Publish(t.Context(), "r", m, row.opts...)
			}
			allocs[i] = testing.AllocsPerRun(500, func() { h.Publish(t.Context(), "r", m, row.opts...) })
		}
		if allocs[1] > allocs[0]+1 || allocs[0] > 12 {
			t.Errorf("%s: %v allocations", row.name, allocs)
		}
	}
}
