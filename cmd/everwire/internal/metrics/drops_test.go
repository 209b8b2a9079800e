package metrics

import (
	"testing"

	"github.com/everwire/everwire/websocket"
)

func TestDropsOfWhichNobodyIsToldAreCounted(t *testing.T) {
	var d drops
	d.count(websocket.Drop{Reason: websocket.ErrQueueFull})
	d.count(websocket.Drop{Reason: websocket.ErrQueueFull, Untold: 10})
	d.count(websocket.Drop{Reason: websocket.ErrReplaced, Untold: 2})
	if full, replaced := d.full.Load(), d.replaced.Load(); full != 12 || replaced != 3 {
		t.Errorf("%d were counted as dropped and %d as replaced, want 12 and 3", full, replaced)
	}
}
