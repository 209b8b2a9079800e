package websocket

import (
	"errors"
	"math/rand/v2"
	"time"
)

// A Backoff says how long a [ReconnectingSocket] waits before it dials again. Zero fields mean the defaults.
//
// The first wait after a loss is at most First, and each further one, while connections fail or do not
// last, may be Factor times as long, up to Max. The wait itself is drawn at random from all of that range:
// when a server restarts, all of its clients lose their connections at the same moment, and what brings them back
// at different ones is chance alone. So the first wait is drawn as well.
type Backoff struct {
	// First is the most that the first wait takes. Default 1 s.
	First time.Duration

	// Max is the most that any wait takes. Default 30 s, or First if that is more.
	Max time.Duration

	// Factor is by how much the bound grows from one wait to the next, at least 1. Default 2.
	Factor float64

	// Jitter is the part of a wait that is left to chance: with 0.5 it is between half of the bound and the
	// bound. Default 1, all of it ("full jitter"). Negative: none, for a client that is alone.
	Jitter float64
}

// withDefaults fills in the defaults and returns an error for what cannot work.
func (b Backoff) withDefaults() (Backoff, error) {
	b.First = orDefault(b.First, time.Second)
	b.Max = orDefault(b.Max, max(30*time.Second, b.First))
	if b.Factor == 0 {
		b.Factor = 2
	}
	if b.Jitter == 0 {
		b.Jitter = 1
	}
	if b.First < 0 || b.Max < b.First || !(b.Factor >= 1) || !(b.Jitter <= 1) {
		return b, errors.New("websocket: Backoff needs 0 < First ≤ Max, Factor ≥ 1 and Jitter ≤ 1")
	}
	b.Jitter = max(b.Jitter, 0)
	return b, nil
}

// bound returns the most that the wait after the given number of losses in a row takes, from 1 on.
func (b Backoff) bound(losses int) time.Duration {
	bound := float64(b.First)
	for range losses - 1 {
		if bound *= b.Factor; bound >= float64(b.Max) || b.Factor == 1 {
			break
		}
	}
	return time.Duration(min(bound, float64(b.Max)))
}

// wait draws the wait after the given number of losses in a row.
func (b Backoff) wait(losses int) time.Duration {
	bound := b.bound(losses)
	return bound - rand.N(time.Duration(float64(bound)*b.Jitter)+1)
}
