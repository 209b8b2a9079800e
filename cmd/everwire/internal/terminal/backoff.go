package terminal

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/everwire/everwire/websocket"
)

// stable is how long a connection must have lasted for the waits to begin anew.
const stable = 10 * time.Second

func backoffDefaults(b websocket.Backoff) websocket.Backoff {
	if b.First <= 0 {
		b.First = time.Second
	}
	if b.Max <= 0 {
		b.Max = 30 * time.Second
	}
	b.Max = max(b.Max, b.First)
	if !(b.Factor >= 1) {
		b.Factor = 2
	}
	switch {
	case b.Jitter == 0:
		b.Jitter = 0.5
	case b.Jitter < 0:
		b.Jitter = 0
	}
	b.Jitter = min(b.Jitter, 1)
	return b
}

// lossesAfter is how many losses in a row there are with one more, of a connection that lasted so long.
func lossesAfter(before int, lasted time.Duration) int {
	if lasted >= stable {
		return 1
	}
	return before + 1
}

// waitAfter draws how long to wait after so many losses in a row.
func waitAfter(b websocket.Backoff, losses int) time.Duration {
	bound := float64(b.First) * math.Pow(b.Factor, float64(losses-1))
	most := time.Duration(min(bound, float64(b.Max)))
	return most - rand.N(time.Duration(float64(most)*b.Jitter)+1)
}
