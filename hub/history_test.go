package hub_test

import (
	"strconv"
	"testing"

	"github.com/everwire/everwire/hub"
)

// More than one answer of the broker holds is put together.
func TestHistory(t *testing.T) {
	h := newHub(t, &hub.Options{Room: history(1000)})
	var at []hub.Position
	for i := range 700 {
		at = append(at, publish(t, h, "r", strconv.Itoa(i)))
	}
	for _, row := range []struct {
		name               string
		after              hub.Position
		limit, first, want int
	}{
		{"all", hub.Position{}, 10_000, 0, 700},
		{"some", hub.Position{}, 300, 0, 300},
		{"after a position", at[99], 10_000, 100, 600},
		{"after the last", at[699], 10, 700, 0},
		{"none", hub.Position{}, 0, 0, 0},
	} {
		got, err := h.History(t.Context(), "r", row.after, row.limit)
		must(t, err)
		if len(got) != row.want {
			t.Errorf("%s: %d messages, want %d", row.name, len(got), row.want)
			continue
		}
		for i, m := range got {
			if m.Position != at[row.first+i] || string(m.Data) != strconv.Itoa(row.first+i) {
				t.Fatalf("%s: message %d is %q at %v", row.name, i, m.Data, m.Position)
			}
		}
	}
	if _, err := h.History(t.Context(), "r", hub.Position{Epoch: "other", Offset: 3}, 10); err != hub.ErrTooOld {
		t.Errorf("another epoch: %v", err)
	}
	if _, err := h.History(t.Context(), "", hub.Position{}, 10); err != hub.ErrRoomName {
		t.Errorf("no name: %v", err)
	}
}
