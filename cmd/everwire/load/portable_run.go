package load

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// begin starts a task.
func (p *portable) begin(kind taskKind, m *measure, s *spread) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doing, p.active, p.measure, p.spread, p.failure = kind, true, m, s, nil
	p.inFlight, p.owed = 0, 0
	p.tally.begin()
	for _, s := range p.streams {
		s.received, s.inFlight, s.owed = 0, 0, 0
	}
}

func (p *portable) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.active, p.measure, p.spread = false, nil, nil
	p.tally.end()
}

// until calls step, with the lock held, until it returns true: when something has changed, and at the time on the
// clock that it returns.
func (p *portable) until(ctx context.Context, step func(now int64) (next int64, done bool, err error)) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		case <-p.changed:
		}
		now := p.clock.now()
		p.mu.Lock()
		next, done, err := step(now)
		p.tally.shownTotal.Store(p.tally.total)
		p.mu.Unlock()
		if done || err != nil {
			return err
		}
		timer.Reset(time.Duration(min(next-now, lookEvery)))
	}
}

// giveUp fails every connection that still owes something.
func (p *portable) giveUp(why func(*stream) error) {
	for _, s := range p.streams {
		if err := why(s); err != nil && s.open {
			s.endLocked(err)
		}
	}
}

// exchange sends one message on every connection.
func (p *portable) exchange(ctx context.Context) error {
	p.begin(exchanging, nil, nil)
	defer p.finish()
	for first := 0; first < len(p.streams); first += exchangesAtOnce {
		group := p.streams[first:min(len(p.streams), first+exchangesAtOnce)]
		p.mu.Lock()
		for _, s := range group {
			if s.open {
				s.send(1)
			}
		}
		p.mu.Unlock()
		patience := p.clock.now() + int64(p.plan.Timeout)
		if err := p.until(ctx, func(now int64) (int64, bool, error) {
			if now > patience {
				p.giveUp(func(s *stream) error {
					if s.inFlight == 0 {
						return nil
					}
					return fmt.Errorf("no answer to the message within %v", p.plan.Timeout)
				})
			}
			return patience, p.inFlight == 0, nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// run runs a measure.
func (p *portable) run(ctx context.Context, m *measure) error {
	var spread *spread
	if p.plan.Scenario == Broadcast {
		spread = newSpread(p.plan.InFlight, -1)
	}
	p.begin(running, m, spread)
	defer p.finish()
	shakers := p.shakers(ctx, m)
	defer shakers.Wait()
	if p.plan.Scenario == Echo && m.interval == 0 {
		p.mu.Lock()
		for _, s := range p.streams {
			if s.open {
				s.send(p.plan.InFlight)
			}
		}
		p.mu.Unlock()
	}
	var due int64 // messages that became due
	return p.until(ctx, func(now int64) (int64, bool, error) {
		if m.cross(now) && phase(m.phase.Load()) == measuring {
			p.tally.begin()
		}
		drained := phase(m.phase.Load()) == draining
		if p.live.Load() == 0 && !drained {
			return 0, true, fmt.Errorf("%w: %w", errNoneLeft, p.failure)
		}
		next := m.border()
		if p.plan.Scenario == Broadcast {
			if err := p.broadcastMore(now, &due); err != nil {
				return 0, true, err
			}
		}
		if p.plan.Scenario == Echo && m.interval > 0 && !drained {
			p.takeDue(now, &due)
		}
		if drained {
			next = now + lookEvery
			if now-m.done > int64(p.plan.Timeout) {
				p.giveUp(p.missing)
			}
			return next, p.drained(due), nil
		}
		if m.interval > 0 && (p.plan.Scenario == Echo || p.plan.Scenario == Broadcast) {
			next = min(next, m.dueInAll(due))
		}
		return next, false, nil
	})
}

// drained says whether nothing is on the way any more.
func (p *portable) drained(due int64) bool {
	if p.spread != nil {
		return p.spread.idle() && (p.measure.interval == 0 || p.spread.sent.Load() == due)
	}
	return p.inFlight == 0 && p.owed == 0
}

// missing says what a connection has not answered, or not got.
func (p *portable) missing(s *stream) error {
	if p.spread != nil {
		if n := p.spread.sent.Load() - s.received; n > 0 {
			return fmt.Errorf("%d broadcasts did not arrive, expected within %v", n, p.plan.Timeout)
		}
		return nil
	}
	n := s.inFlight + s.owed
	if n == 0 {
		return nil
	}
	if m := p.measure; m.interval > 0 {
		for k := range int64(n) { // what was never answered counts with the age it has reached
			if at := m.due(s.number, s.received+k); m.counts(at) {
				p.tally.record(p.clock.now()-at, 1)
			}
		}
	}
	return fmt.Errorf("%d messages without an answer %v after the end", n, p.plan.Timeout)
}

// takeDue hands out what is due to the connections in turn.
func (p *portable) takeDue(now int64, due *int64) {
	for end := min(now, p.measure.doneAt.Load()); p.measure.dueInAll(*due) <= end; *due++ {
		s := p.streams[*due%int64(len(p.streams))]
		if !s.open {
			continue
		}
		s.owed++
		p.owed++
		s.sendOwed()
	}
}

// broadcastMore sends broadcasts.
func (p *portable) broadcastMore(now int64, due *int64) error {
	s, m := p.streams[0], p.measure
	drained := phase(m.phase.Load()) == draining
	if !s.open {
		if drained {
			*due = p.spread.sent.Load() // what was due besides is not sent any more
			return nil
		}
		return fmt.Errorf("%w: %w", errSender, p.failure)
	}
	start := func(at int64) bool {
		if !p.spread.start(at, &p.live) {
			return false
		}
		s.frames++
		s.writable.Signal()
		return true
	}
	if m.interval == 0 {
		for !drained && start(now) {
		}
		return nil
	}
	for !drained && m.dueInAll(*due) <= min(now, m.doneAt.Load()) {
		*due++
	}
	for p.spread.sent.Load() < *due && start(m.dueInAll(p.spread.sent.Load())) {
	}
	return nil
}

// shakers makes the goroutines of Handshake, one for each connection at a time.
func (p *portable) shakers(ctx context.Context, m *measure) *sync.WaitGroup {
	var all sync.WaitGroup
	if p.plan.Scenario != Handshake {
		return &all
	}
	for i := range p.plan.Connections {
		all.Go(func() {
			for n := int64(0); ctx.Err() == nil && phase(m.phase.Load()) < draining; n++ {
				at := p.clock.now()
				if m.interval > 0 {
					if at = m.due(i, n); at > m.doneAt.Load() || !p.sleep(ctx, at) {
						return
					}
				}
				if err := p.shake(ctx, i, at); err != nil && ctx.Err() == nil {
					_ = p.tally.fail(i, err)
					p.mu.Lock()
					p.failure = err
					p.mu.Unlock()
					p.live.Add(-1)
					p.notify()
					return
				}
			}
		})
	}
	return &all
}

// sleep sleeps until a time on the clock; it returns false when ctx ends before.
func (p *portable) sleep(ctx context.Context, at int64) bool {
	select {
	case <-time.After(time.Duration(at - p.clock.now())):
		return true
	case <-ctx.Done():
		return false
	}
}

// shake is one connection of Handshake.
func (p *portable) shake(ctx context.Context, i int, at int64) error {
	k, err := p.dial(ctx, i)
	if err != nil {
		return err
	}
	defer k.cut()
	p.mu.Lock()
	p.tally.total++
	p.count(p.clock.now(), at, 1)
	p.mu.Unlock()
	_ = k.conn.SetDeadline(time.Now().Add(p.plan.Timeout))
	defer context.AfterFunc(ctx, func() { _ = k.raw.SetDeadline(time.Unix(1, 0)) })()
	if _, err := k.conn.Write(goodbye); err != nil {
		return nil // servers may cut when they like, from now on
	}
	var in [256]byte
	if _, err := k.conn.Read(in[:]); isTimeout(err) && ctx.Err() == nil {
		return fmt.Errorf("no answer to the Close frame within %v", p.plan.Timeout)
	}
	return nil
}

// announce is Load.Broadcast.
func (p *portable) announce(ctx context.Context) (Arrivals, error) {
	spread := newSpread(1, 1)
	p.begin(announcing, nil, spread)
	defer p.finish()
	p.mu.Lock()
	p.content = p.announcement
	p.arrivals = Arrivals{Sent: p.live.Load()}
	p.mu.Unlock()
	var seen, since int64
	err := p.until(ctx, func(now int64) (int64, bool, error) {
		if p.arrivals.Arrived > seen || since == 0 {
			seen, since = p.arrivals.Arrived, now
		}
		s := p.streams[0]
		if s.open && spread.start(now, &p.live) {
			s.frames++
			s.writable.Signal()
		}
		if now-since > int64(p.plan.Timeout) {
			p.giveUp(p.missing)
		}
		return now + lookEvery, spread.idle(), p.failure
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	p.content = p.setup.content
	return p.arrivals, err
}

// close shuts the streams and waits for their ends.
func (p *portable) close() error {
	p.mu.Lock()
	for _, s := range p.streams {
		if s != nil && s.open {
			s.shutting, s.goodbye, s.frames = true, true, 0
			s.writable.Signal()
			_ = s.conn.SetDeadline(time.Now().Add(p.plan.Timeout))
		}
	}
	p.mu.Unlock()
	p.running.Wait()
	return nil
}
