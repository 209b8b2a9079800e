//go:build linux

package engine

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// handlerCalls are the calls in which a handler may run callbacks, and how one is brought about.
var handlerCalls = []struct {
	name string
	in   func(e *end, callback func(w *Worker)) // has the callback run in the call
	make func(t *testing.T, e *end)             // has the call made
}{
	{
		"Prepare",
		func(e *end, f func(*Worker)) { e.prepare = func(w *Worker) []byte { f(w); return nil } },
		func(t *testing.T, e *end) { e.watch(t, true, false); io.WriteString(e.peer, "x") },
	}, {
		"Received",
		func(e *end, f func(*Worker)) { e.received = func(w *Worker, _ []byte, _ error) { f(w) } },
		func(t *testing.T, e *end) { e.watch(t, true, false); io.WriteString(e.peer, "x") },
	}, {
		"Writable",
		func(e *end, f func(*Worker)) { e.writable = f },
		func(t *testing.T, e *end) { e.watch(t, false, true) },
	}, {
		"Attend",
		func(e *end, f func(*Worker)) { e.attend = f },
		func(t *testing.T, e *end) { e.Post() },
	}, {
		"Timeout",
		func(e *end, f func(*Worker)) { e.timeout = f },
		func(t *testing.T, e *end) { e.SetTimer(1) },
	}, {
		"Closed",
		func(e *end, f func(*Worker)) { e.closing = func() { f(nil) } },
		func(t *testing.T, e *end) { e.Finish() },
	},
}

// inEachCall runs a test for each call, in which callback is to run once.
func inEachCall(t *testing.T, test func(t *testing.T, begin func(callback func(w *Worker)) *end)) {
	onEachPoller(t, func(t *testing.T) {
		for _, call := range handlerCalls {
			t.Run(call.name, func(t *testing.T) {
				oneLoop(t)
				test(t, func(callback func(w *Worker)) *end {
					var called atomic.Bool
					e := newEnd(t)
					call.in(e, func(w *Worker) {
						e.watch(t, false, false)
						if !called.Swap(true) {
							callback(w)
						}
					})
					e.adopt(t, streams[0])
					call.make(t, e)
					return e
				})
			})
		}
	})
}

// goesOn has everything happen on a loop that a loop does.
func goesOn(t *testing.T) {
	t.Helper()
	timer, attended := make(chan struct{}), make(chan struct{})
	w := newEnd(t)
	w.timeout = func(*Worker) { close(timer) }
	w.attend = func(*Worker) { close(attended) }
	w.adopt(t, streams[0])
	w.SetTimer(1)
	w.Post()
	within(t, "Timeout on the loop", timer)
	within(t, "Attend on the loop", attended)
	w.Finish()
	within(t, "Closed on the loop", w.closed)
	e := echoing(t, streams[0])
	for range 10 {
		e.echo(t, "the loop goes on")
	}
}

func TestLoopGoesOnWhileAHandlerBlocks(t *testing.T) {
	inEachCall(t, func(t *testing.T, begin func(func(*Worker)) *end) {
		witness := echoing(t, streams[0])
		blocked, release := make(chan struct{}), make(chan struct{})
		defer close(release)
		begin(func(*Worker) {
			close(blocked)
			<-release
		})
		within(t, "the handler", blocked)
		witness.echo(t, "while it is blocked")
		goesOn(t)
	})
}

func TestConnectionGoesOnAfterItsHandlerBlocked(t *testing.T) {
	onEachPoller(t, func(t *testing.T) {
		oneLoop(t)
		blocked, release, returned := make(chan struct{}), make(chan struct{}), make(chan struct{})
		var stolen atomic.Int32
		e := newEnd(t)
		e.stolen = func() { stolen.Add(1) }
		var first atomic.Bool
		e.received = func(_ *Worker, input []byte, err error) {
			if !first.Swap(true) {
				e.watch(t, false, false)
				close(blocked)
				<-release
				defer close(returned)
			}
			e.keep(input, err)
		}
		e.adopt(t, streams[0]).watch(t, true, false)
		io.WriteString(e.peer, "one ")
		within(t, "the handler", blocked)
		goesOn(t)
		if stolen.Load() == 0 {
			t.Error("Stolen was not called")
		}
		// On a busy machine a call before the one that is blocked may have lost the loop, too.
		eventually(t, "as many calls as Stolen was called", func() bool { return stolen.Load() <= e.visits.Load() })
		io.WriteString(e.peer, "two ")
		close(release)
		within(t, "its return", returned)
		e.watch(t, true, false)
		if got := e.got(t, 8); got != "one two " {
			t.Errorf("got %q", got)
		}
		goesOn(t)
	})
}

func TestHandlerThatComputesForLongHoldsUpNobody(t *testing.T) {
	for _, n := range []int{1, 2} {
		t.Run(fmt.Sprint(n, " processors"), func(t *testing.T) {
			onProcessors(t, n)
			onEachPoller(t, func(t *testing.T) {
				oneLoop(t)
				var stop atomic.Bool
				began, ended := make(chan struct{}), make(chan struct{})
				e := newEnd(t)
				e.attend = func(*Worker) {
					defer close(ended)
					close(began)
					for !stop.Load() {
					}
				}
				witness := echoing(t, streams[0])
				e.adopt(t, streams[0]).Post()
				within(t, "the handler", began)
				witness.echo(t, "while it computes")
				stop.Store(true)
				within(t, "its end", ended)
				goesOn(t)
			})
		})
	}
}

func TestLoopSurvivesGoexit(t *testing.T) {
	for _, row := range []struct {
		name  string
		first func(loop *end, t *testing.T)
	}{
		{"at once", func(*end, *testing.T) {}},
		{"after it lost the loop", func(witness *end, t *testing.T) { witness.echo(t, "on another worker") }},
	} {
		t.Run(row.name, func(t *testing.T) {
			inEachCall(t, func(t *testing.T, begin func(func(*Worker)) *end) {
				witness := echoing(t, streams[0])
				called := make(chan struct{})
				begin(func(*Worker) {
					defer close(called)
					row.first(witness, t)
					runtime.Goexit()
				})
				within(t, "the handler", called)
				goesOn(t)
				witness.echo(t, "also those who were there before")
			})
		})
	}
}

func TestLoopSurvivesGoexitInStolen(t *testing.T) {
	onEachPoller(t, func(t *testing.T) {
		oneLoop(t)
		witness := echoing(t, streams[0])
		blocked, release := make(chan struct{}), make(chan struct{})
		defer close(release)
		e := newEnd(t)
		e.stolen = runtime.Goexit
		e.received = func(*Worker, []byte, error) {
			e.watch(t, false, false)
			close(blocked)
			<-release
		}
		e.adopt(t, streams[0]).watch(t, true, false)
		io.WriteString(e.peer, "one")
		within(t, "the handler", blocked)
		witness.echo(t, "though Stolen ended its goroutine")
		goesOn(t)
	})
}

func TestInputOfABlockedHandlerStaysAsItIs(t *testing.T) {
	oneLoop(t)
	const many = 20
	release, blocked, same := make(chan struct{}), make(chan struct{}), make(chan bool)
	for i := range many {
		e := newEnd(t)
		e.received = func(_ *Worker, input []byte, _ error) {
			before := slices.Clone(input)
			e.watch(t, false, false)
			blocked <- struct{}{}
			<-release
			same <- bytes.Equal(before, input)
		}
		e.adopt(t, streams[0]).watch(t, true, false)
		e.peer.Write(bytes.Repeat([]byte{byte(i)}, 1000))
	}
	for range many {
		within(t, "a handler", blocked)
	}
	echoing(t, streams[0]).echo(t, "what others send goes elsewhere")
	close(release)
	for range many {
		if !within(t, "a handler's return", same) {
			t.Error("the input changed while its handler was blocked")
		}
	}
}

// The last connection's Closed blocks: whoever comes next has loops of its own, and the old ones end when it returns.
func TestEngineEndsThoughClosedBlocks(t *testing.T) {
	onEachPoller(t, func(t *testing.T) {
		blocked, release := make(chan struct{}), make(chan struct{})
		e := newEnd(t)
		e.closing = func() {
			close(blocked)
			<-release
		}
		e.adopt(t, streams[0]).Finish()
		within(t, "Closed", blocked)
		t.Run("next", func(t *testing.T) { goesOn(t) })
		close(release)
		within(t, "its return", e.closed)
		eventually(t, "the loops' end", func() bool { return !working() })
	})
}

func TestWorkerIsWaryAfterManySteals(t *testing.T) {
	for _, row := range []struct {
		name  string
		gap   time.Duration
		n     int
		after time.Duration
		want  bool
	}{
		{"none", 0, 0, 0, false},
		{"few", time.Millisecond, manySteals - 1, 0, false},
		{"many", time.Millisecond, manySteals, 0, true},
		{"many, slowly", stealTime / 4, 10 * manySteals, 0, false},
		{"many, for a while", time.Millisecond, manySteals, waryTime - 1, true},
		{"many, long ago", time.Millisecond, manySteals, waryTime, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			var s steals
			now := time.Hour
			for range row.n {
				now += row.gap
				s.count(now)
			}
			if got := s.wary(now + row.after); got != row.want {
				t.Errorf("wary is %v", got)
			}
		})
	}
}
