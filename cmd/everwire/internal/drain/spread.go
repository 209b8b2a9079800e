package drain

import (
	"context"
	"math/rand/v2"
	"time"
)

// Spread calls end for each of 0 to n-1, in no order, evenly over a time: that is cut into n equal parts, and at a random moment of each
// there is one call. It returns how many calls there were: n, or fewer if ctx ended before. With no time it calls all at once.
func Spread(ctx context.Context, n int, over time.Duration, end func(i int)) int {
	order := rand.Perm(n)
	if over <= 0 {
		for _, i := range order {
			end(i)
		}
		return n
	}
	began := time.Now()
	for turn, i := range order {
		at := time.Duration((float64(turn) + rand.Float64()) / float64(n) * float64(over))
		// Of very many several are due at once, without a timer between.
		if !sleep(ctx, time.Until(began.Add(at))) {
			return turn
		}
		end(i)
	}
	return n
}

// sleep returns false if ctx ends before.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Window is how long closing n connections at a server's end takes at most: of few, a millisecond for each, so that nobody waits for
// nothing.
func Window(n int, most time.Duration) time.Duration {
	return min(time.Duration(n)*time.Millisecond, most)
}
