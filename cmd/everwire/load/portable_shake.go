package load

import (
	"context"
	"sync"
	"time"
)

// shakers makes the goroutines of Handshake, one for each connection at a time. They wait for what is due until whole, the run,
// ends. What they have begun by then, and what was due, goes on until ctx ends, or Timeout is over.
func (p *portable) shakers(ctx, whole context.Context, m *measure) *sync.WaitGroup {
	var all sync.WaitGroup
	if p.plan.Scenario != Handshake {
		return &all
	}
	for i := range p.plan.Connections {
		all.Go(func() {
			for n := int64(0); ; n++ {
				at := p.clock.now()
				if m.interval > 0 {
					at = m.due(i, n)
					p.sleep(whole, at)
				}
				if ctx.Err() != nil || p.shaken(m, i, n) {
					return
				}
				err := p.shake(ctx, i, at)
				if err == nil || ctx.Err() != nil {
					continue
				}
				_ = p.tally.fail(i, err)
				if p.plan.Reopen > 0 {
					p.sleep(whole, p.clock.now()+int64(p.plan.Reopen))
					n += p.skip(m, i, n)
					continue
				}
				p.mu.Lock()
				p.failure = err
				p.mu.Unlock()
				p.live.Add(-1)
				p.notify()
				return
			}
		})
	}
	return &all
}

// shaken says whether the nth connection of a sender is none of the run any more. Those that were due and that there is
// no time left for count with the age that they have reached.
func (p *portable) shaken(m *measure, sender int, n int64) bool {
	switch {
	case phase(m.phase.Load()) < draining:
		return false
	case m.interval == 0 || m.due(sender, n) >= m.done:
		return true
	}
	now := p.clock.now()
	if now-m.done <= int64(p.plan.Timeout) {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for ; m.due(sender, n) < m.done; n++ {
		if due := m.due(sender, n); m.counts(due) {
			p.tally.record(now-due, 1)
		}
	}
	return true
}

// skip says how many connections were due after the nth while none could be made.
func (p *portable) skip(m *measure, sender int, n int64) (skipped int64) {
	if m.interval == 0 {
		return 0
	}
	skipped = m.dueFrom(sender, n+1, p.clock.now())
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tally.unsent += skipped
	return skipped
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
		return because(TimeoutError, 0, "no answer to the Close frame within %v", p.plan.Timeout)
	}
	return nil
}
