package hub

import (
	"testing"

	"github.com/everwire/everwire/websocket/wstest"
)

// A socket that has left before it could be noted as present is not, and one that was noted is not noted again.
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
	l.appear(t.Context(), stays, "again", nil)
	if len(l.present) != 1 || l.present[stays] != "stays" || len(h.presence.all) != 1 {
		t.Errorf("present are %v, known %v", l.present, h.presence.all)
	}
}
