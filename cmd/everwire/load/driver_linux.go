package load

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// newDriver takes event loops where there is no TLS.
func newDriver(ctx context.Context, s *setup) (driver, error) {
	if s.target.secure {
		return newPortable(s)
	}
	return newLoops(ctx, s)
}

// loops is the driver with one goroutine for many connections.
type loops struct {
	*setup
	peer    netip.AddrPort
	loops   []*loop
	running sync.WaitGroup
	live    atomic.Int64 // connections that have not failed
	spread  *spread      // the broadcasts of the run under way
}

// A task is done by all loops at the same time.
type task struct {
	kind      taskKind
	measure   *measure
	started   atomic.Int64 // how many loops have started it
	cancelled atomic.Bool
	results   chan error // one of each loop
}

func newLoops(ctx context.Context, s *setup) (*loops, error) {
	d := &loops{setup: s}
	if err := d.resolve(ctx); err != nil {
		return nil, err
	}
	d.live.Store(int64(s.plan.Connections))
	for i := range s.plan.Loops {
		l, err := newLoop(d, i)
		if err != nil {
			return nil, errors.Join(err, d.stop())
		}
		d.loops = append(d.loops, l)
		d.running.Go(l.run)
	}
	return d, nil
}

// do gives the loops a task and waits until all have done it. When ctx ends they give it up.
func (d *loops) do(ctx context.Context, kind taskKind, m *measure) error {
	t := &task{kind: kind, measure: m, results: make(chan error, len(d.loops))}
	for _, l := range d.loops {
		l.tasks <- t
	}
	d.wake()
	var first error
	over := ctx.Done()
	for left := len(d.loops); left > 0; {
		select {
		case <-over:
			over = nil
			first = ctx.Err()
			t.cancelled.Store(true)
			d.wake()
		case err := <-t.results:
			left--
			if first == nil {
				first = err
			}
			if err != nil { // the others need not go on
				t.cancelled.Store(true)
				d.wake()
			}
		}
	}
	return first
}

func (d *loops) wake() {
	for _, l := range d.loops {
		l.wake()
	}
}

func (d *loops) open(ctx context.Context) error     { return d.do(ctx, dialing, nil) }
func (d *loops) exchange(ctx context.Context) error { return d.do(ctx, exchanging, nil) }

func (d *loops) poke() { d.wake() }

func (d *loops) run(ctx context.Context, m *measure) error {
	if m.shared {
		m.senders = len(d.loops)
	}
	if d.plan.Scenario == Broadcast {
		d.spread = newSpread(d.plan.InFlight, -1)
	}
	err := d.do(ctx, running, m)
	if errors.Is(err, errNoneLeft) || errors.Is(err, errSender) {
		return fmt.Errorf("%w: %w", err, d.firstError())
	}
	return err
}

func (d *loops) firstError() error {
	for _, l := range d.loops {
		if err := l.first.Load(); err != nil {
			return *err
		}
	}
	return nil
}

func (d *loops) announce(ctx context.Context) (Arrivals, error) {
	d.spread = newSpread(1, 1)
	a := Arrivals{Sent: d.live.Load()}
	err := d.do(ctx, announcing, nil)
	sent := d.spread.slots[0].sent.Load()
	for _, l := range d.loops {
		if l.arrived == 0 {
			continue
		}
		if first := time.Duration(l.firstHeard - sent); a.Arrived == 0 || first < a.First {
			a.First = first
		}
		a.Last = max(a.Last, time.Duration(l.heard-sent))
		a.Arrived += l.arrived
	}
	return a, err
}

// close sends Close frames, stops the loops and gives their descriptors back.
func (d *loops) close() error {
	err := d.do(context.Background(), closing, nil)
	return errors.Join(err, d.stop())
}

func (d *loops) stop() error {
	var all []error
	for _, l := range d.loops {
		close(l.tasks)
		l.wake()
	}
	d.running.Wait()
	for _, l := range d.loops {
		all = append(all, l.release())
	}
	return errors.Join(all...)
}

// readings asks the loops, which are not waiting for anything else.
func (d *loops) readings() []reading {
	all := make([]reading, len(d.loops))
	questions := make([]question, len(d.loops))
	for i, l := range d.loops {
		questions[i].answer = make(chan reading, 1)
		l.asked.Store(&questions[i])
		l.wake()
	}
	for i := range questions {
		all[i] = <-questions[i].answer
	}
	return all
}

func (d *loops) tallies() []*tally {
	all := make([]*tally, len(d.loops))
	for i, l := range d.loops {
		all[i] = &l.tally
	}
	return all
}
