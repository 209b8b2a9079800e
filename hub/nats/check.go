package nats

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/everwire/everwire/hub"
	"github.com/nats-io/nats.go/jetstream"
)

// What JetStream tells can get lost on its way: when a connection breaks, here or between servers, or this
// node is too slow. What comes next in the room shows that. Checks are for when nothing comes next: they ask
// which rooms have a last message that their feeds do not know of.

// checks says when there is to be one.
type checks struct {
	kick chan struct{} // a check is wanted soon
	now  chan struct{} // at once: the connection is back
	mu   sync.Mutex    // held by a check
}

// soonAfter is when a check comes that is wanted soon: when it has got around in a cluster that a subject is
// subscribed to, and seldom enough for many that want it.
const soonAfter = 250 * time.Millisecond

// soon has a check come soon.
func (c *checks) soon() { signal(c.kick) }

// runChecks checks from time to time, soon when that is asked for, and at once when the connection is back,
// until the broker is closed.
func (b *Broker) runChecks() {
	connections := b.nc.Stats().Reconnects
	next := time.Now().Add(b.opts.Check)
	var earliest time.Time
	for {
		timer := time.NewTimer(time.Until(next))
		select {
		case <-b.ctx.Done():
			timer.Stop()
			return
		case <-b.checks.kick:
			timer.Stop()
			next = earlier(next, later(earliest, time.Now().Add(soonAfter)))
			continue
		case <-b.checks.now:
			timer.Stop()
		case <-timer.C:
		}
		if n := b.nc.Stats().Reconnects; n != connections {
			connections = n
			b.doubtAll()
		}
		began := time.Now()
		err := b.check()
		ended := time.Now()
		// Checks of very many rooms must not be all that NATS does.
		took := ended.Sub(began)
		earliest = ended.Add(took)
		next = ended.Add(max(b.opts.Check+rand.N(b.opts.Check/8+1), 3*took))
		if err != nil {
			next = earlier(next, ended.Add(soonAfter))
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// doubtAll has all streams looked at before anybody is told anything: the server may be another one.
func (b *Broker) doubtAll() {
	for _, c := range b.eachClass() {
		c.doubt()
	}
}

// check compares what is followed with the streams, and returns the first error.
func (b *Broker) check() (failed error) {
	if err := b.connected(); err != nil {
		return nil // a check comes when it is back
	}
	b.checks.mu.Lock()
	defer b.checks.mu.Unlock()
	for _, c := range b.eachClass() {
		pages := c.tidy()
		if len(pages) == 0 && !c.used.Swap(false) && b.health.Load() == nil {
			continue
		}
		if err := c.check(pages); err != nil && failed == nil {
			failed = err
		}
		if b.ctx.Err() != nil {
			return failed
		}
	}
	if failed == nil {
		b.health.Store(nil)
	}
	return b.leave(b.ctx, failed)
}

// check compares pages of feeds with the stream.
func (c *class) check(pages []*page) error {
	ctx, cancel := c.b.within(c.b.ctx)
	defer cancel()
	var known uint64 // before the leader is asked, which has more by then
	before := c.era.Load()
	if before != nil {
		known = before.known.Load()
	}
	e, info, err := c.look(ctx, 0)
	if err != nil {
		return err
	}
	if e == before && c.rewound(e, known, info) {
		return nil
	}
	for _, p := range pages {
		if p.era != e {
			p.era, p.verified = e, 0
		}
		if info.State.LastSeq <= p.verified {
			continue
		}
		if err := c.checkPage(p); err != nil {
			return err
		}
	}
	return nil
}

// checkPage has those feeds of a page repaired that do not know of the last message of their room.
func (c *class) checkPage(p *page) error {
	ctx, cancel := c.b.within(c.b.ctx)
	defer cancel()
	feeds := c.members(p)
	if len(feeds) == 0 {
		return nil
	}
	subjects := make([]string, 0, len(feeds))
	bySubject := make(map[string][]*feed, len(feeds))
	for _, f := range feeds {
		s := c.stored(f.room)
		if bySubject[s] == nil {
			subjects = append(subjects, s)
		}
		bySubject[s] = append(bySubject[s], f)
	}
	lastOf, upTo, err := c.lasts(ctx, subjects, p.verified)
	if err != nil {
		return err
	}
	if c.era.Load() != p.era || c.doubtful() {
		return nil
	}
	for subject, seq := range lastOf {
		for _, f := range bySubject[subject] {
			if seq > f.told.Load() {
				raise(&f.want, seq)
				c.b.repairs.add(f)
			}
		}
	}
	if upTo <= p.verified {
		return nil // a replica that does not know yet what another one knew, or has no word on it
	}
	for _, f := range feeds {
		if f.want.Load() <= f.told.Load() {
			raise(&f.sure, upTo)
		}
	}
	p.verified = upTo
	return nil
}

// staleLeader is how long a replica may think that it leads, and be wrong.
const staleLeader = 12 * time.Second

// rewound finds out that the stream has lost the end of what it had acknowledged, as a server can that did
// not sync its disk. It goes on with the same epoch, and gives sequences away again that mean something else
// by then. Known is the last sequence that there was; it reports whether it is there no more.
func (c *class) rewound(e *era, known uint64, info *jetstream.StreamInfo) bool {
	if info.State.LastSeq >= known {
		c.short = time.Time{}
		return false
	}
	if c.short.IsZero() {
		c.short = time.Now()
	}
	if info.Config.Replicas > 1 && time.Since(c.short) < staleLeader {
		c.b.checks.soon()
		return true
	}
	c.gate <- struct{}{}
	defer func() { <-c.gate }()
	if c.era.Load() == e {
		c.b.opts.Log.Error("the stream of rooms has lost messages that it had acknowledged", "stream", c.stream, "from", info.State.LastSeq+1, "to", known)
		c.begin(&era{epoch: e.epoch, start: info.State.LastSeq})
	}
	c.short = time.Time{}
	return true
}

var _ hub.Feed = (*feed)(nil)
