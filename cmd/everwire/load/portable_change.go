package load

import (
	"context"
	"time"
)

// An attempt is a connection that is being made during a run.
type attempt struct{ cancel context.CancelFunc }

// startChanging prepares a run in which connections come and go; those that are being made are given up when ctx ends.
func (p *portable) startChanging(ctx context.Context) {
	p.senders, p.changes.lost = nil, nil
	p.try = func(i int) {
		ctx, cancel := context.WithCancel(ctx)
		a := &attempt{cancel}
		p.attempts[i] = a
		p.trying++
		p.dials.Go(func() {
			defer cancel()
			k, err := p.dial(ctx, i)
			p.mu.Lock()
			defer p.mu.Unlock()
			p.made(i, a, k, err, ctx.Err() != nil)
		})
	}
	for n := &p.changes.upTo; *n > 0 && (p.streams[*n-1] == nil || !p.streams[*n-1].open); {
		*n-- // the run before gave it up
	}
	for i := range p.changes.upTo {
		switch s := p.streams[i]; {
		case s == nil || !s.open:
			p.changes.miss(i, p.clock.now())
		case !s.leaving:
			p.enlist(s)
		}
	}
}

// made takes what came of an attempt.
func (p *portable) made(i int, a *attempt, k link, err error, givenUp bool) {
	p.trying--
	if p.attempts[i] == a {
		p.attempts[i] = nil
	} else {
		givenUp = true // it is not wanted any more
	}
	p.notify()
	switch {
	case givenUp && err == nil:
		k.cut()
	case givenUp:
	case err != nil:
		err = p.tally.fail(i, err)
		if p.failure == nil {
			p.failure = err
		}
		p.changes.miss(i, p.clock.now()+p.changes.reopen)
	default:
		p.join(p.serve(i, k))
	}
}

// room says whether a connection may be started now, which it then must be.
func (p *portable) room() bool {
	return p.trying < p.plan.Dialing && p.changes.may(p.clock.now())
}

// dismiss lets a connection go when what is on the way has been answered.
func (p *portable) dismiss(i int) {
	if a := p.attempts[i]; a != nil {
		p.attempts[i] = nil
		a.cancel()
	}
	if s := p.streams[i]; s != nil && s.open && !s.leaving {
		p.strike(s)
		s.leaving = true
		s.part()
	}
}

// resume opens a connection; it returns false when that must wait.
func (p *portable) resume(i int) bool {
	s := p.streams[i]
	switch {
	case s != nil && s.open && s.shutting:
		return false
	case s != nil && s.open: // it has not gone yet
		s.leaving = false
		p.join(s)
	case !p.room():
		return false
	default:
		p.try(i)
	}
	return true
}

// replace opens a connection in the place of one that failed; it returns false when that must wait.
func (p *portable) replace(i int) bool {
	s := p.streams[i]
	switch {
	case i >= p.changes.upTo || p.attempts[i] != nil || s != nil && s.open:
	case !p.room():
		return false
	default:
		p.try(i)
	}
	return true
}

// join takes a connection that is open among those that send.
func (p *portable) join(s *stream) {
	p.enlist(s)
	m := p.measure
	if p.plan.Scenario == Echo && m.interval == 0 && phase(m.phase.Load()) < draining {
		if n := p.plan.InFlight - s.inFlight; n > 0 {
			s.send(n)
		}
	}
}

// part shuts a connection that is to go and has nothing on the way.
func (s *stream) part() {
	if !s.leaving || !s.open || s.shutting || s.inFlight+s.owed+s.frames > 0 || !s.box.empty() || s.writing {
		return
	}
	s.shutting, s.goodbye = true, true
	s.writable.Signal()
	_ = s.conn.SetReadDeadline(time.Now().Add(s.plan.Timeout))
}

// enlist puts a connection among the senders.
func (p *portable) enlist(s *stream) {
	s.place = len(p.senders)
	p.senders = append(p.senders, s)
}

// strike takes it out.
func (p *portable) strike(s *stream) {
	last := len(p.senders) - 1
	moved := p.senders[last]
	p.senders[s.place], moved.place = moved, s.place
	p.senders = p.senders[:last]
}
