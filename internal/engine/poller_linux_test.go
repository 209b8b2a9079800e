package engine

import (
	"math/rand/v2"
	"testing"
	"time"
)

// onEachWait runs a test with a poller that waits in Go's netpoller, and with one that waits on a thread.
func onEachWait(t *testing.T, test func(t *testing.T, p *waiter)) {
	onEachPoller(t, func(t *testing.T) {
		w := &waiter{t: t, waits: make(chan wait), found: make(chan int)}
		must(t, w.open())
		if (w.file == nil) != refuseGate {
			t.Fatal("the poller waits in the other way")
		}
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			for d := range w.waits {
				w.found <- d()
			}
		}()
		defer w.close()
		defer within(t, "the wait's end", gone)
		defer close(w.waits)
		test(t, w)
	})
}

// A waiter waits on a goroutine of its own.
type waiter struct {
	poller
	t     *testing.T
	waits chan wait
	found chan int
}

type wait func() int

// begin begins to park: without a deadline until there is something, for a signal may end a wait too.
func (w *waiter) begin(deadline time.Duration) {
	w.waits <- func() int {
		var events [8]event
		n := 0
		for ok := true; ok; ok = n == 0 && deadline == 0 {
			n = w.park(events[:], deadline)
		}
		for _, ev := range events[:n] {
			if ev.id() == 0 {
				w.woken()
			}
		}
		return n
	}
}

// ends waits until the wait ends, and returns how many events there were.
func (w *waiter) ends() int {
	w.t.Helper()
	return within(w.t, "the end of a wait", w.found)
}

func (w *waiter) timesOut() {
	w.t.Helper()
	for {
		w.begin(Since() + time.Millisecond)
		if w.ends() == 0 {
			return
		}
	}
}

func TestWakeBeforeParkIsNotLost(t *testing.T) {
	onEachWait(t, func(t *testing.T, w *waiter) {
		for range 100 {
			w.wake()
			w.begin(0)
			if n := w.ends(); n != 1 {
				t.Fatalf("%d events", n)
			}
		}
	})
}

func TestWakeDuringParkIsNotLost(t *testing.T) {
	onEachWait(t, func(t *testing.T, w *waiter) {
		for range 1000 {
			w.begin(0)
			w.wake() // before the wait, in its midst, or on the way
			if n := w.ends(); n != 1 {
				t.Fatalf("%d events", n)
			}
		}
	})
}

// After a wait that timed out the gate is armed still, and what happens then must be told of all the same.
func TestWakeAfterTimeoutIsNotLost(t *testing.T) {
	onEachWait(t, func(t *testing.T, w *waiter) {
		for i := range 50 {
			w.timesOut()
			if i%2 == 0 {
				w.wake() // the gate tells of it before it is armed again
			}
			w.begin(0)
			if i%2 != 0 {
				w.wake()
			}
			if n := w.ends(); n != 1 {
				t.Fatalf("%d events", n)
			}
		}
	})
}

func TestParkEndsAtItsDeadline(t *testing.T) {
	onEachWait(t, func(t *testing.T, w *waiter) {
		for _, d := range []time.Duration{-time.Second, 0, 1, time.Millisecond, 20 * time.Millisecond} {
			at := max(Since()+d, 1)
			for first := true; first || at > Since(); first = false {
				w.begin(at)
				if n := w.ends(); n != 0 {
					t.Errorf("%v: %d events", d, n)
				}
				if early := at - Since(); early > 0 && !refuseGate { // a signal may end the other kind of wait
					t.Errorf("%v: it ended %v early", d, early)
				}
			}
		}
	})
}

func TestYieldComesBackByItself(t *testing.T) {
	onEachWait(t, func(t *testing.T, w *waiter) {
		for range 100 {
			w.waits <- func() int { w.yield(); return 0 }
			w.ends()
			w.timesOut() // and what it left does not disturb the next wait
		}
	})
}

func TestWaitsInAnyOrder(t *testing.T) {
	onEachWait(t, func(t *testing.T, w *waiter) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		rnd := rand.New(rand.NewPCG(seed, 0))
		for range 2000 {
			switch rnd.IntN(6) {
			case 0:
				w.waits <- func() int { w.yield(); return 0 }
				w.ends()
			case 1:
				w.begin(Since() + time.Duration(rnd.IntN(int(200*time.Microsecond))))
				if rnd.IntN(2) == 0 {
					w.wake()
				}
				w.ends()
			case 2:
				w.wake()
				w.begin(0)
				w.ends()
			default:
				w.begin(0)
				w.wake()
				w.ends()
			}
		}
	})
}
