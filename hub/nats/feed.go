package nats

import (
	"context"
	"sync/atomic"

	"github.com/everwire/everwire/hub"
	natsgo "github.com/nats-io/nats.go"
)

// A feed follows a logged room: what JetStream tells that it has stored, and where that has a hole, what it
// has stored.
//
//	beginning ── Follow knows the log's last ──▶ current ◀────────── all was told ────────── behind
//	                                                └── a hole, or a check has found more ──▶
//
// While it is current, what JetStream tells goes into the outbox; else what a repair has read.
type feed struct {
	outbox
	class *class
	room  string
	shard *shard
	sub   *natsgo.Subscription

	// Of those that are compared with the stream together; under class.mu.
	page *page
	slot int

	told     atomic.Uint64 // sequence of the last message that went into the outbox, or was there at the beginning; written with mu held
	sure     atomic.Uint64 // up to here there is nothing that did not, as a check has found
	want     atomic.Uint64 // sequence of a message that is known to be in the log
	repaired atomic.Bool   // it is among those to be repaired

	// Under outbox.mu.
	state   feedState
	era     *era
	blank   bool          // the era is new to it: what the log has of the room is to be asked
	waiting []*natsgo.Msg // what came while it was not current
}

type feedState uint8

const (
	beginning feedState = iota
	current
	behind
)

// maxAside is how many messages are kept for after a repair. What is more is read from the log again.
const maxAside = 256

// follow begins a feed.
func (c *class) follow(ctx context.Context, room string, follower hub.Follower) (*feed, hub.Position, error) {
	if _, err := c.open(ctx); err != nil {
		return nil, hub.Position{}, err
	}
	subject := c.told(room)
	f := &feed{class: c, room: room, shard: c.b.shard(subject)}
	f.follower, f.emptied = follower, f.goOn
	c.add(f)
	var err error
	if f.sub, err = f.shard.subscribe(c.b.nc, subject, f); err != nil {
		c.remove(f)
		return nil, hub.Position{}, err
	}
	p, err := f.begin(ctx)
	if err != nil {
		f.Stop()
		return nil, hub.Position{}, err
	}
	c.b.checks.soon()
	return f, p, nil
}

// begin finds the log's last message. The server knows of the subscription when it is asked: it came before,
// on the same connection.
func (f *feed) begin(ctx context.Context) (hub.Position, error) {
	c := f.class
	for {
		// What is known of a stream that nobody here uses may be old: a place so far back is soon not honoured.
		e, _, err := c.look(ctx, c.b.opts.Check)
		if err != nil {
			return hub.Position{}, err
		}
		seq := e.known.Load() // if the room is empty now, all it will have comes after this
		last, err := c.leader(ctx, request{Last: c.stored(f.room)})
		if err != nil {
			return hub.Position{}, err
		}
		p := e.gap(seq)
		if last != nil {
			seq = last.seq
			p = e.message(seq)
			e.saw(seq)
		}
		if f.settle(e, seq) {
			return p, nil
		}
	}
}

// settle has the feed be current, unless the era is over.
func (f *feed) settle(e *era, seq uint64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.era = e
	f.told.Store(seq)
	if f.class.era.Load() != e {
		f.forget() // begin asks again, so that what has come of the next one is in what it finds
		return false
	}
	f.state = current
	// Whoever changes the era from now on adds the feed; who did before this moment may have found it
	// beginning.
	if len(f.waiting) > 0 || f.want.Load() > seq || f.class.era.Load() != e {
		f.class.b.repairs.add(f)
	}
	return true
}

// forget drops what is known of an era that is over. F.mu is held.
func (f *feed) forget() {
	f.waiting = nil
	f.want.Store(0)
	f.sure.Store(0)
}

// Stop implements [hub.Feed].
func (f *feed) Stop() {
	if f.stop() {
		f.shard.unsubscribe(f.sub)
		f.class.remove(f)
	}
}

// receive takes what JetStream tells that it has stored.
func (f *feed) receive(m *natsgo.Msg) {
	seq, ok := sequence(m.Header, headerSequence)
	before, ok2 := sequence(m.Header, headerLastSequence)
	if !ok || !ok2 || seq == 0 || last(m.Header, headerStream) != f.class.stream {
		return // no word of JetStream's
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.stopped:
	case f.state != current, f.era != f.class.era.Load(), f.class.doubtful():
		f.keep(m, seq)
	case seq <= f.told.Load():
		// A repair was faster. Or the stream was made anew, and begins again.
		f.class.b.checks.soon()
	case before > f.told.Load(), f.full():
		f.keep(m, seq)
	default:
		f.take(entry{seq, m.Header, m.Data})
	}
}

// keep keeps a message for after a repair. F.mu is held.
func (f *feed) keep(m *natsgo.Msg, seq uint64) {
	raise(&f.want, seq)
	if len(f.waiting) < maxAside && !f.full() {
		f.waiting = append(f.waiting, m)
	}
	if f.state != beginning {
		f.state = behind
		f.class.b.repairs.add(f)
	}
}

func raise(n *atomic.Uint64, to uint64) {
	for {
		is := n.Load()
		if to <= is || n.CompareAndSwap(is, to) {
			return
		}
	}
}

// take has the follower told of a message. F.mu is held.
func (f *feed) take(n entry) {
	f.put(telling{message: f.class.message(f.era, f.room, n)})
	f.told.Store(n.seq)
}

// lose has the follower told of a hole. F.mu is held.
func (f *feed) lose(seq uint64) {
	f.put(telling{lost: f.era.gap(seq)})
	f.told.Store(seq)
}

// goOn is called when the follower was told of all that was in the outbox. F.mu is held.
func (f *feed) goOn() {
	if f.state == behind {
		f.class.b.repairs.add(f)
	}
}
