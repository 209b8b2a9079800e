package nats

import (
	"context"
	"sync"
	"time"
)

// How many feeds are repaired at the same time.
const repairers = 8

// repairs is the feeds that are behind, for goroutines that live while there are any.
type repairs struct {
	b       *Broker
	mu      sync.Mutex
	queue   []*feed
	running int
}

// add has a feed repaired. However often it is called, it is done once, until the repair is over.
func (r *repairs) add(f *feed) {
	if !f.repaired.Swap(true) {
		r.push(f)
	}
}

func (r *repairs) push(f *feed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.b.ctx.Err() != nil {
		return
	}
	r.queue = append(r.queue, f)
	if r.running < repairers {
		r.running++
		go r.run()
	}
}

func (r *repairs) pop() *feed {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.queue) == 0 || r.b.ctx.Err() != nil {
		r.running--
		r.queue = nil
		return nil
	}
	f := r.queue[0]
	r.queue[0] = nil
	r.queue = r.queue[1:]
	return f
}

// How long is waited after a repair that failed.
const (
	minPause = 20 * time.Millisecond
	maxPause = time.Second
)

func (r *repairs) run() {
	pause := minPause
	for f := r.pop(); f != nil; f = r.pop() {
		again, err := f.repair()
		if err == nil {
			pause = minPause
		} else {
			select {
			case <-time.After(pause):
			case <-r.b.ctx.Done():
			}
			pause = min(2*pause, maxPause)
		}
		if again {
			r.push(f)
		}
	}
}

// repair puts one piece of what the follower has missed into the outbox, and reports whether that was not all.
func (f *feed) repair() (again bool, err error) {
	c := f.class
	ctx, cancel := c.b.within(c.b.ctx)
	defer cancel()
	e, err := c.open(ctx)
	if err != nil {
		return f.open(), err
	}
	blank, told, ok := f.prepare(e)
	if !ok {
		return false, nil
	}
	if blank {
		last, err := c.leader(ctx, request{Last: c.stored(f.room)})
		if err != nil {
			return true, err
		}
		if last != nil {
			raise(&f.want, last.seq)
		}
	}
	var missed []entry
	lost := false
	if f.want.Load() > told {
		if missed, lost, err = f.missed(ctx, told); err != nil {
			return true, err
		}
	}
	return f.repairWith(e, missed, lost), nil
}

// prepare begins a repair, unless there is nobody to repair for at the moment: who finds that gives up the
// feed's place among the repairs.
func (f *feed) prepare(e *era) (blank bool, told uint64, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped || f.state == beginning {
		f.repaired.Store(false) // settle adds it again
		return false, 0, false
	}
	f.state = behind
	if f.full() {
		f.repaired.Store(false) // goOn does
		return false, 0, false
	}
	if f.era != e {
		f.renew(e)
	}
	return f.blank, f.told.Load(), true
}

// renew has the feed go on in another era. F.mu is held.
func (f *feed) renew(e *era) {
	f.era = e
	f.blank = true
	f.forget()
	if e.start == 0 || f.told.Load() > e.start {
		f.lose(e.start)
	}
}

// missed returns what comes after the last message that was told, and whether something between may have been
// dropped.
func (f *feed) missed(ctx context.Context, told uint64) (entries []entry, lost bool, err error) {
	c := f.class
	subject := c.stored(f.room)
	want := f.want.Load()
	entries, err = c.some(ctx, subject, told)
	if err != nil {
		return nil, false, err
	}
	if len(entries) == 0 || entries[0].seq != told {
		whole, last, err := c.whole(ctx, subject, max(told, f.sure.Load()))
		switch {
		case err != nil:
			return nil, false, err
		case want > last:
			c.doubt()
			return nil, false, errBehind
		}
		lost = !whole
	}
	entries, err = c.beyond(ctx, subject, told, entries)
	if err == nil && len(entries) == 0 {
		lost = true // what is wanted was there
	}
	return entries, lost, err
}

// repairWith ends a repair, and reports whether there must be another.
func (f *feed) repairWith(e *era, missed []entry, lost bool) (again bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.class
	if c.era.Load() != e || c.doubtful() {
		return true
	}
	f.blank = false
	switch {
	case lost && len(missed) > 0:
		f.lose(missed[0].seq - 1)
	case lost:
		f.lose(f.want.Load())
	}
	for _, n := range missed {
		f.take(n)
	}
	f.catchUp()
	if f.want.Load() > f.told.Load() {
		return true
	}
	f.state = current
	f.repaired.Store(false)
	// Who has found more since, or another era, has left it to this repair.
	return (f.want.Load() > f.told.Load() || f.era != c.era.Load()) && !f.repaired.Swap(true)
}

// catchUp takes what was kept, as far as there is no hole. F.mu is held.
func (f *feed) catchUp() {
	kept := f.waiting[:0]
	for _, m := range f.waiting {
		seq, _ := sequence(m.Header, headerSequence)
		before, _ := sequence(m.Header, headerLastSequence)
		switch {
		case seq <= f.told.Load():
		case before <= f.told.Load():
			f.take(entry{seq, m.Header, m.Data})
		default:
			kept = append(kept, m)
		}
	}
	clear(f.waiting[len(kept):])
	if f.waiting = kept; len(kept) == 0 {
		f.waiting = nil
	}
}
