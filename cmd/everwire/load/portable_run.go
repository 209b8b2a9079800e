package load

import (
	"context"
	"fmt"
	"time"
)

// begin starts a task.
func (p *portable) begin(kind taskKind, m *measure, s *spread) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doing, p.active, p.measure, p.spread, p.failure = kind, true, m, s, nil
	p.inFlight, p.owed, p.due = 0, 0, 0
	p.tally.begin()
	p.turn = 0
	for s := range p.all {
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
	for s := range p.all {
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
			if s != nil && s.open {
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
					return because(TimeoutError, 0, "no answer to the message within %v", p.plan.Timeout)
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
	if m.shared {
		m.senders = 1
	}
	p.begin(running, m, spread)
	defer p.finish()
	whole, cancel := context.WithCancel(ctx) // for what must end with the run
	shakers := p.shakers(ctx, whole, m)
	defer shakers.Wait()
	defer p.dials.Wait()
	defer cancel()
	p.mu.Lock()
	if p.changing {
		p.startChanging(whole)
	}
	if p.plan.Scenario == Echo && m.interval == 0 {
		for s := range p.all {
			if s.open && !s.leaving {
				s.send(p.plan.InFlight)
			}
		}
	}
	p.mu.Unlock()
	var looked int64 // when it was last looked for late answers
	return p.until(ctx, func(now int64) (int64, bool, error) {
		if m.cross(now) {
			switch phase(m.phase.Load()) {
			case measuring:
				p.tally.begin()
			case draining:
				p.tally.stop()
			}
		}
		drained := phase(m.phase.Load()) == draining
		if p.live.Load() == 0 && !drained && !p.changing {
			return 0, true, fmt.Errorf("%w: %w", errNoneLeft, p.failure)
		}
		next := m.border()
		if p.changing && !drained {
			want := m.wanted(now)
			p.changes.follow(now, want, p)
			next = min(next, p.changes.nextChange(now, m, want))
		}
		if p.plan.Scenario == Broadcast {
			if err := p.broadcastMore(now); err != nil {
				return 0, true, err
			}
		}
		if p.plan.Scenario == Echo && m.interval > 0 { // also what is due at the end
			p.takeDue(now)
		}
		if p.plan.Scenario == Echo && p.plan.AnswerTimeout > 0 && now-looked >= lookEvery {
			looked = now
			p.giveUp(func(s *stream) error { return p.late(s, now) })
		}
		if drained {
			next = now + lookEvery
			if now-m.done > int64(p.plan.Timeout) {
				p.giveUp(p.missing)
			}
			return next, p.drained(), nil
		}
		if m.interval > 0 && (p.plan.Scenario == Echo || p.plan.Scenario == Broadcast) {
			next = min(next, p.nextDue(p.due))
		}
		return next, false, nil
	})
}

// drained says whether nothing is on the way any more.
func (p *portable) drained() bool {
	if p.spread != nil {
		return p.spread.idle() && (p.measure.interval == 0 || p.spread.sent.Load() == p.due)
	}
	return p.inFlight == 0 && p.owed == 0
}

// missing says what a connection has not answered, or not got.
func (p *portable) missing(s *stream) error {
	if p.spread != nil {
		if n := p.spread.sent.Load() - s.received; n > 0 {
			return because(TimeoutError, 0, "%d broadcasts did not arrive, expected within %v", n, p.plan.Timeout)
		}
		return nil
	}
	n := s.inFlight + s.owed
	if n == 0 {
		return nil
	}
	p.recordAges(s)
	return because(TimeoutError, 0, "%d messages without an answer %v after the end", n, p.plan.Timeout)
}

// late says that a connection has not answered a message in time.
func (p *portable) late(s *stream, now int64) error {
	if s.inFlight+s.owed == 0 {
		return nil
	}
	oldest := s.sent.at
	if m := p.measure; m.interval > 0 && !m.queued {
		oldest = m.due(s.number, s.received)
	}
	if now-oldest <= int64(p.plan.AnswerTimeout) {
		return nil
	}
	p.recordAges(s)
	return because(TimeoutError, 0, "no answer to a message within %v", p.plan.AnswerTimeout)
}

// recordAges lets messages that were due and never answered count with the age that they have reached. None of them is
// owed any more.
func (p *portable) recordAges(s *stream) {
	m, now := p.measure, p.clock.now()
	record := func(due int64, n int) {
		if m.counts(due) {
			p.tally.record(now-due, n)
		}
	}
	switch {
	case m.queued:
		s.sent.all(record)
		for first, n := s.newlyDue(now); n > 0; n-- {
			record(m.due(s.number, first+n-1), 1)
		}
	case m.interval > 0:
		for k := range int64(s.inFlight + s.owed) {
			record(m.due(s.number, s.received+k), 1)
		}
	}
	p.owed -= int64(s.owed)
	s.owed, s.aged = 0, true
}

// takeDue hands out what is due to the connections in turn.
func (p *portable) takeDue(now int64) {
	for end := p.measure.lastDue(now); p.nextDue(p.due) <= end; p.due++ {
		s := p.sender(p.due)
		if s == nil || !s.open || s.leaving {
			continue
		}
		s.owed++
		p.owed++
		if p.measure.queued {
			s.sent.push(p.nextDue(p.due), 1)
		}
		s.sendOwed()
	}
}

// newlyDue is how many messages of a connection have become due since they were last handed out, and the first of them.
// Where they are for whoever is open there are none.
func (s *stream) newlyDue(now int64) (first, n int64) {
	m, slots := s.measure, int64(len(s.streams))
	if !m.queued || m.shared {
		return 0, 0
	}
	first = (s.due + slots - 1 - int64(s.number)) / slots
	return first, m.dueFrom(s.number, first, now)
}

// nextDue is when the nth message is due.
func (p *portable) nextDue(n int64) int64 { return p.measure.dueInAll(n) }

// sender is whose turn it is to send the nth message; nil: nobody's.
func (p *portable) sender(n int64) *stream {
	if !p.measure.shared {
		return p.streams[n%int64(len(p.streams))]
	}
	if len(p.senders) == 0 {
		p.tally.unsent++
		return nil
	}
	p.turn = (p.turn + 1) % len(p.senders)
	return p.senders[p.turn]
}

// broadcastMore sends broadcasts.
func (p *portable) broadcastMore(now int64) error {
	s, m := p.streams[0], p.measure
	drained := phase(m.phase.Load()) == draining
	if !s.open {
		if drained {
			p.due = p.spread.sent.Load() // what was due besides is not sent any more
			return nil
		}
		return fmt.Errorf("%w: %w", errSender, p.failure)
	}
	start := func(at int64) bool {
		if !p.spread.start(at, &p.live) {
			return false
		}
		s.enqueue(1)
		return true
	}
	if m.interval == 0 {
		for !drained && start(now) {
		}
		return nil
	}
	for m.dueInAll(p.due) <= m.lastDue(now) {
		p.due++
	}
	for p.spread.sent.Load() < p.due && start(m.dueInAll(p.spread.sent.Load())) {
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
			s.enqueue(1)
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
			s.box, s.leaving = outbox{expected: s.box.expected}, false
			_ = s.conn.SetDeadline(time.Now().Add(p.plan.Timeout))
		}
	}
	p.mu.Unlock()
	p.running.Wait()
	return nil
}
