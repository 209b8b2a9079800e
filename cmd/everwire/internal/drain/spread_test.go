package drain

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/internal/leak"
)

func TestMain(m *testing.M) { leak.VerifyTestMain(m) }

// Each of n parts of the time has one call, whichever n it is, and every index comes once.
func TestSpreadIsEven(t *testing.T) {
	for _, n := range []int{0, 1, 7, 1000} {
		synctest.Test(t, func(t *testing.T) {
			const over = 10 * time.Second
			began := time.Now()
			var parts, seen []int
			if got := Spread(t.Context(), n, over, func(i int) {
				parts = append(parts, int(time.Since(began)*time.Duration(n)/over))
				seen = append(seen, i)
			}); got != n {
				t.Errorf("Spread says %d, want %d", got, n)
			}
			for turn, part := range parts {
				if part != turn {
					t.Fatalf("of %d calls number %d is in part %d of the time", n, turn, part)
				}
			}
			if n == 1000 && slices.IsSorted(seen) {
				t.Error("the order is that of the indices")
			}
			slices.Sort(seen)
			for i := range n {
				if seen[i] != i {
					t.Fatalf("called for %v", seen)
				}
			}
		})
	}
}

// Two spreads have their calls at different moments.
func TestSpreadHasJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		times := func() (at []time.Duration) {
			began := time.Now()
			Spread(t.Context(), 10, time.Minute, func(int) { at = append(at, time.Since(began)) })
			return at
		}
		if a, b := times(), times(); slices.Equal(a, b) {
			t.Errorf("twice at %v", a)
		}
	})
}

func TestSpreadOverNoTimeCallsAllAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, calls := time.Now(), 0
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // there is nothing to wait for
		if got := Spread(ctx, 100, 0, func(int) { calls++ }); got != 100 || calls != 100 {
			t.Errorf("%d of 100 calls, and it says %d", calls, got)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("it took %v", took)
		}
	})
}

func TestSpreadEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		got := Spread(ctx, 100, time.Hour, func(int) {
			if calls++; calls == 10 {
				cancel()
			}
		})
		if got != 10 || calls != 10 {
			t.Errorf("%d calls, and it says %d, want 10", calls, got)
		}
	})
}

func TestWindow(t *testing.T) {
	for _, tt := range []struct {
		name string
		n    int
		most time.Duration
		want time.Duration
	}{
		{"nobody", 0, time.Second, 0},
		{"few", 20, time.Second, 20 * time.Millisecond},
		{"many", 1e6, time.Second, time.Second},
		{"no window", 1000, 0, 0},
	} {
		if got := Window(tt.n, tt.most); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
