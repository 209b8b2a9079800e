package websocket

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestPaceFollowsThePeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		payload := make([]byte, 3<<20)
		var p pace
		for i, step := range []struct {
			took time.Duration
			want int
		}{
			{0, 64 << 10},
			{49 * time.Millisecond, 128 << 10},
			{0, 256 << 10},
			{0, 512 << 10},
			{0, 1 << 20},
			{0, 1 << 20},
			{50 * time.Millisecond, 1 << 20}, // neither quick nor slow
			{time.Second, 1 << 20},
			{time.Second + 1, 1 << 20},
			{0, 64 << 10},
			{0, 128 << 10},
		} {
			piece := p.begin(payload)
			if len(piece) != step.want {
				t.Fatalf("piece %d has %d octets, want %d", i, len(piece), step.want)
			}
			time.Sleep(step.took)
			p.end(piece)
		}
	})
}

// What was short anyway says nothing of how much the peer takes.
func TestPaceIsNotChangedByLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pace
		p.octets = 256 << 10
		p.end(p.begin(make([]byte, 100)))
		if n := len(p.begin(make([]byte, 1<<20))); n != 256<<10 {
			t.Fatalf("a piece has %d octets", n)
		}
	})
}
