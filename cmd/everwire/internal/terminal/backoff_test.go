package terminal

import (
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

func TestWaitsGrowAndAreBounded(t *testing.T) {
	b := backoffDefaults(websocket.Backoff{})
	bound := time.Second
	for losses := 1; losses < 2000; losses++ {
		least, most := b.Max, time.Duration(0)
		for range 20 {
			wait := waitAfter(b, losses)
			least, most = min(least, wait), max(most, wait)
		}
		if least < bound/2 || most > bound {
			t.Fatalf("after %d losses it is %v to %v, want %v to %v", losses, least, most, bound/2, bound)
		}
		if losses == 3 && least == most {
			t.Error("nothing is left to chance")
		}
		bound = min(2*bound, 30*time.Second)
	}
}

func TestAConnectionThatLastedIsForgiven(t *testing.T) {
	for lasted, want := range map[time.Duration]int{0: 8, stable - 1: 8, stable: 1} {
		if got := lossesAfter(7, lasted); got != want {
			t.Errorf("after %v there are %d losses, want %d", lasted, got, want)
		}
	}
}

func TestWaitsAsTheyAreAskedFor(t *testing.T) {
	b := backoffDefaults(websocket.Backoff{First: time.Minute, Factor: 3, Jitter: -1, Max: 5 * time.Minute})
	for losses, want := range map[int]time.Duration{1: time.Minute, 2: 3 * time.Minute, 3: 5 * time.Minute} {
		if got := waitAfter(b, losses); got != want {
			t.Errorf("after %d losses it is %v, want %v", losses, got, want)
		}
	}
	if b := backoffDefaults(websocket.Backoff{First: time.Hour}); b.Max != time.Hour {
		t.Errorf("the most is %v, less than the first", b.Max)
	}
}
