package hub

import (
	"testing"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// A socket that has left before it could be noted as present is not.
func TestWhoHasLeftDoesNotAppear(t *testing.T) {
	h := New(&Options{Room: func(string) RoomOptions { return RoomOptions{Presence: true} }})
	defer h.Close(t.Context())
	stays, _ := wstest.Sockets(t, nil, nil, nil)
	gone, _ := wstest.Sockets(t, nil, nil, nil)
	if _, err := h.JoinWith(t.Context(), stays, "r", JoinOptions{ID: "stays"}); err != nil {
		t.Fatal(err)
	}
	l := h.rooms.lookup("r").settings().live
	l.appear(t.Context(), gone, "gone", nil)
	if len(l.present) != 1 || l.present[stays] != "stays" || len(h.presence.all) != 1 {
		t.Errorf("present are %v, known %v", l.present, h.presence.all)
	}
}

// Who joins anew while its leaving is still being told of is present as the new member, whichever comes first.
func TestWhoJoinsAnewWhileItLeavesIsPresent(t *testing.T) {
	for _, row := range []struct {
		name  string
		steps func(join func(), l *live, s *websocket.Socket)
	}{
		{"joined first", func(join func(), l *live, s *websocket.Socket) { join(); l.absent(s) }},
		{"left first", func(join func(), l *live, s *websocket.Socket) { l.absent(s); join() }},
		{"left between", func(_ func(), l *live, s *websocket.Socket) {
			l.room.group.Add(s)
			l.absent(s)
			l.appear(t.Context(), s, "new", nil)
		}},
	} {
		h := New(&Options{Room: func(string) RoomOptions { return RoomOptions{Presence: true} }})
		s, _ := wstest.Sockets(t, nil, nil, nil)
		join := func(id string) {
			t.Helper()
			if _, err := h.JoinWith(t.Context(), s, "r", JoinOptions{ID: id}); err != nil {
				t.Fatal(err)
			}
		}
		join("old")
		l := h.rooms.lookup("r").settings().live
		l.room.group.Remove(s)
		row.steps(func() { join("new") }, l, s)
		h.presence.mu.Lock()
		old, known := h.presence.all[presenceKey{"r", "old"}]
		now := h.presence.all[presenceKey{"r", "new"}]
		if known && old.members != 0 || now == nil || now.members != 1 || l.id(s) != "new" {
			t.Errorf("%s: the old one is %+v, the new one %+v, the socket %q", row.name, old, now, l.id(s))
		}
		h.presence.mu.Unlock()
		h.Close(t.Context())
	}
}
