package nats

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"sync"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// A session is this node's life without a break, as others see it: while it has its lease.
type session struct {
	name    string
	renewed time.Time // before NATS was asked to; so it holds a lease longer than until then, never shorter

	lease uint64 // the sequence of the last renewal
	put   uint64 // the highest of a member; under presence.mu
}

// lease returns the session, with a lease that has not ended.
func (p *presence) lease(ctx context.Context) (*session, error) {
	p.mu.Lock()
	ses := p.session
	fresh := ses != nil && time.Since(ses.renewed) < p.b.opts.Lease
	p.mu.Unlock()
	if fresh {
		return ses, nil
	}
	select {
	case p.gate <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-p.gate }()
	p.mu.Lock()
	ses = p.session
	fresh = ses != nil && time.Since(ses.renewed) < p.b.opts.Lease
	p.mu.Unlock()
	if fresh {
		return ses, nil
	}
	return p.another(ctx)
}

// renew renews the lease, or begins another session if that is too late, or if a bucket was lost. Call with the gate held.
func (p *presence) renew(ctx context.Context) error {
	p.mu.Lock()
	ses := p.session
	p.mu.Unlock()
	if ses == nil {
		_, err := p.another(ctx)
		return err
	}
	began := time.Now()
	seq, err := p.writeLease(ctx, ses.name)
	if errors.Is(err, jetstream.ErrNoStreamResponse) {
		if err = p.make(ctx); err == nil {
			_, err = p.another(ctx)
		}
		return err
	}
	if err != nil {
		return err
	}
	known, err := p.knows(ctx, ses)
	if err != nil {
		return err
	}
	if seq <= ses.lease || !known || time.Since(ses.renewed) >= p.b.opts.Lease {
		_, err := p.another(ctx)
		return err
	}
	p.mu.Lock()
	ses.renewed, ses.lease = began, seq
	p.mu.Unlock()
	return nil
}

// knows reports whether the members' bucket can have all that was written to it: in memory, it begins anew when all who had it were gone.
func (p *presence) knows(ctx context.Context, ses *session) (bool, error) {
	p.mu.Lock()
	put := ses.put
	p.mu.Unlock()
	s, err := p.b.js.Stream(ctx, p.stream(memberBucket))
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return false, p.make(ctx)
	}
	if err != nil {
		return false, err
	}
	return s.CachedInfo().State.LastSeq >= put, nil
}

// another begins another session. All members are entered anew then. Call with the gate held.
func (p *presence) another(ctx context.Context) (*session, error) {
	p.mu.Lock()
	old := p.session
	p.mu.Unlock()
	if old == nil {
		if err := p.make(ctx); err != nil {
			return nil, err
		}
	}
	ses := &session{name: strings.ToLower(rand.Text()[:16]), renewed: time.Now()}
	seq, err := p.writeLease(ctx, ses.name)
	if errors.Is(err, jetstream.ErrNoStreamResponse) {
		if err = p.make(ctx); err == nil {
			seq, err = p.writeLease(ctx, ses.name)
		}
	}
	if err != nil {
		return nil, err
	}
	if _, err := p.write(ctx, p.key(nodeBucket, "node."+ses.name), nil, []byte(p.b.opts.Node)); err != nil {
		return nil, err
	}
	ses.lease = seq
	p.mu.Lock()
	defer p.mu.Unlock()
	p.session = ses
	for _, room := range p.own {
		for _, s := range room {
			p.dirty[s] = struct{}{}
		}
	}
	if old != nil {
		p.sessions.wait(p.b.opts.Lease)
		signal(p.wake)
	}
	return ses, nil
}

func (p *presence) writeLease(ctx context.Context, name string) (uint64, error) {
	return p.write(ctx, p.key(nodeBucket, "lease."+name), natsgo.Header{headerTTL: {p.b.opts.Lease.String()}}, nil)
}

// end gives the lease back and takes the members out. Call with the gate held for good.
func (p *presence) end(ctx context.Context, ses *session) error {
	err := p.bury(ctx, ses.name)
	if e := p.purge(ctx, nodeBucket, "lease."+ses.name); err == nil {
		err = e
	}
	if e := p.b.nc.Publish(p.b.opts.Prefix+".g."+ses.name, nil); err == nil {
		err = e
	}
	if e := p.b.nc.FlushWithContext(ctx); err == nil {
		err = e
	}
	return err
}

// bury removes what is written under a session that has ended, and then the session.
func (p *presence) bury(ctx context.Context, name string) error {
	if err := p.purge(ctx, memberBucket, name+".>"); err != nil {
		return err
	}
	return p.purge(ctx, nodeBucket, "node."+name)
}

// keep renews the lease, enters what is not entered yet, and looks which others have none, until the broker is closed.
func (p *presence) keep() {
	goodbyes, err := p.b.nc.Subscribe(p.b.opts.Prefix+".g.*", func(m *natsgo.Msg) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.ended(m.Subject[strings.LastIndexByte(m.Subject, '.')+1:])
	})
	if err == nil {
		defer goodbyes.Unsubscribe()
	}
	connections := p.b.nc.Stats().Reconnects
	every := time.NewTicker(p.b.opts.Lease / 3)
	defer every.Stop()
	for {
		select {
		case <-every.C:
		case <-p.wake:
		case <-p.b.ctx.Done():
			return
		}
		if n := p.b.nc.Stats().Reconnects; n != connections {
			connections = n
			p.missed()
		}
		if p.b.connected() != nil {
			continue
		}
		if err := p.round(); err != nil && p.b.ctx.Err() == nil {
			p.b.opts.Log.Debug("presence: NATS did not do what was asked", "error", err)
		}
	}
}

// round does once what keep does. What it does not get done in half a lease's time waits for the next, so that the lease is renewed meanwhile.
func (p *presence) round() error {
	if err := p.renewal(); err != nil {
		p.mu.Lock()
		p.sessions.wait(p.b.opts.Lease)
		p.mu.Unlock()
		return err
	}
	ctx, cancel := context.WithTimeout(p.b.ctx, p.b.opts.Lease/2)
	defer cancel()
	if err := p.judge(ctx); err != nil {
		return err
	}
	p.tellDirty(ctx)
	return p.compareWatched(ctx)
}

// renewal renews the lease, when nobody else is at it.
func (p *presence) renewal() error {
	ctx, cancel := context.WithTimeout(p.b.ctx, p.b.opts.Timeout)
	defer cancel()
	select {
	case p.gate <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-p.gate }()
	return p.renew(ctx)
}

// tellers is how many members are told of at once.
const tellers = 16

func (p *presence) tellDirty(ctx context.Context) {
	p.mu.Lock()
	work := make(chan *standing, len(p.dirty))
	for s := range p.dirty {
		work <- s
	}
	p.mu.Unlock()
	close(work)
	var wg sync.WaitGroup
	for range min(tellers, len(work)) {
		wg.Go(func() {
			for s := range work {
				s.mu.Lock()
				var err error
				if !s.gone {
					err = p.tell(ctx, s)
				}
				s.mu.Unlock()
				if err != nil {
					return // it stays dirty, as the rest does
				}
			}
		})
	}
	wg.Wait()
}
