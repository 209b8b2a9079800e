package hub_test

import (
	"strings"
	"testing"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

// What cannot be encoded is logged and not sent, live or to who comes back, and what follows is.
func TestAMessageThatCannotBeEncodedIsLeftOut(t *testing.T) {
	for _, messages := range []int{0, 10} {
		var log notebook
		h := newHub(t, &hub.Options{Log: log.logger(), Room: func(string) hub.RoomOptions {
			return hub.RoomOptions{History: hub.History{Messages: messages}, Encode: func(m *hub.Message) []byte {
				switch string(m.Data) {
				case "panic":
					panic("on purpose")
				case "no text":
					return []byte("\xff")
				}
				return []byte(strings.ToUpper(string(m.Data)))
			}}
		}})
		c, d := newClient(t, nil), newClient(t, nil)
		must(t, h.Join(c.Socket, "r"))
		at := publish(t, h, "r", "a")
		for _, s := range []string{"panic", "no text", "b"} {
			publish(t, h, "r", s)
		}
		c.wait(t, "A", "B")
		if !log.has("on purpose") || !log.has("UTF-8") {
			t.Errorf("logged %q", log.b.String())
		}
		if messages > 0 {
			_, err := h.JoinWith(t.Context(), d.Socket, "r", hub.JoinOptions{From: &at})
			must(t, err)
			d.wait(t, "B")
		}
	}
}

// A function of the program that panics while a socket joins leaves no room behind.
func TestAPanicInJoinedLeavesNothing(t *testing.T) {
	for _, room := range []hub.RoomOptions{{}, {Ordered: true}, {History: hub.History{Messages: 3}}} {
		h := newHub(t, &hub.Options{Room: func(string) hub.RoomOptions { return room }})
		c := newClient(t, nil)
		func() {
			defer func() { recover() }()
			h.JoinWith(t.Context(), c.Socket, "r", hub.JoinOptions{Recent: 1, Joined: func(*websocket.Socket, hub.Joined) { panic("on purpose") }})
		}()
		if s := h.Stats(); s.Rooms != 0 || s.Memberships != 0 {
			t.Errorf("%+v", s)
		}
		must(t, h.Join(c.Socket, "r"))
		publish(t, h, "r", "1")
		c.wait(t, "1")
	}
}
