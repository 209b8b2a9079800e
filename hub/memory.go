package hub

import (
	"context"
	"crypto/rand"
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Memory is a [Broker] for the Hubs of one process. It keeps histories in memory: what was published is gone
// when the process is, and positions of before have another epoch.
//
// Several Hubs may share what one Memory keeps, as if each were a node of its own: [Memory.Node] gives each a
// Memory to close. One that is handed to several Hubs itself is closed for all of them with the first.
//
// Offsets increase over all rooms together, so that a room that nobody used for a while goes on after where
// it was. Beside the bounds of [MemoryOptions], a message that was not handed to a [Follower] yet is kept for
// it: up to 16,384 messages, or 16 MiB. A follower of a logged room that is slower than that gets the rest
// from the log, and hears of it by Lost if the log has dropped some; in a plain room, and for
// [Memory.Listen], what is too much is dropped. No follower holds another up, or a publisher.
type Memory struct {
	store  *memoryStore
	closed atomic.Bool
}

var _ Broker = (*Memory)(nil)

// MemoryOptions bound what a [Memory] keeps. The zero value, and nil, is all defaults.
type MemoryOptions struct {
	// Bytes is how many octets of messages all rooms together may keep; past it the oldest are dropped first,
	// whatever their room. Some 250 octets are counted for each message beside its own. Default 256 MiB.
	Bytes int64

	// IDs is how many IDs of messages are remembered, for two minutes; past it the oldest are forgotten
	// sooner. One takes some 100 octets. Default 1,048,576.
	IDs int
}

const (
	defaultMemoryBytes = 256 << 20
	defaultMemoryIDs   = 1 << 20

	// What a kept message takes beside its octets: the message, its links, its place in the room's log.
	memoryOverhead = 250

	// How much one answer of Read holds.
	memoryReadMessages = 256
	memoryReadOctets   = 1 << 20
)

// NewMemory makes a Memory. Nil is the zero options. It has no goroutine while there is nothing to hand to
// followers.
func NewMemory(opts *MemoryOptions) *Memory {
	var o MemoryOptions
	if opts != nil {
		o = *opts
	}
	if o.Bytes <= 0 {
		o.Bytes = defaultMemoryBytes
	}
	if o.IDs <= 0 {
		o.IDs = defaultMemoryIDs
	}
	st := &memoryStore{
		epoch: strings.ToLower(rand.Text()[:12]), start: time.Now(), seed: maphash.MakeSeed(),
		limit: o.Bytes, maxIDs: int64(o.IDs),
	}
	for i := range st.shards {
		st.shards[i].init(st)
	}
	return st.node()
}

// Node returns a Memory that keeps the same rooms, as the broker of another node: what is published at one
// reaches the others, and closing it ends its feeds and its members' presence alone. When all of them are
// closed, what was kept is dropped.
func (m *Memory) Node() *Memory { return m.store.node() }

// Publish implements [Broker]. It never waits. The Message is copied, but for Data, which must not be changed
// after the call.
func (m *Memory) Publish(ctx context.Context, r Room, msg *Message) (Position, error) {
	if err := m.check(ctx); err != nil {
		return Position{}, err
	}
	s := m.store.shard(r.Name)
	if !r.Logged {
		s.pass(r.Name, msg)
		return Position{}, nil
	}
	at := s.append(r, msg)
	m.store.bound()
	return Position{Epoch: m.store.epoch, Offset: at}, nil
}

// Follow implements [Broker].
func (m *Memory) Follow(ctx context.Context, r Room, f Follower) (Feed, Position, error) {
	if err := m.check(ctx); err != nil {
		return nil, Position{}, err
	}
	feed := &memoryFeed{owner: m, follower: f, logged: r.Logged}
	at, err := m.store.shard(r.Name).follow(r, feed)
	if err != nil {
		return nil, Position{}, err
	}
	if !r.Logged {
		return feed, Position{}, nil
	}
	return feed, Position{Epoch: m.store.epoch, Offset: at}, nil
}

// Read implements [Broker]. One answer holds up to 256 messages or, if that is less, some 1 MiB of them.
func (m *Memory) Read(ctx context.Context, r Room, after Position) ([]*Message, error) {
	if err := m.check(ctx); err != nil {
		return nil, err
	}
	if !r.Logged {
		return nil, ErrNoHistory
	}
	if !after.IsZero() && after.Epoch != m.store.epoch {
		return nil, ErrTooOld
	}
	return m.store.shard(r.Name).read(r, after)
}

// Listen implements [Broker].
func (m *Memory) Listen(pattern string, f func(*Message)) (stop func(), err error) {
	p, err := parsePattern(pattern)
	if err != nil {
		return nil, err
	}
	feed := &memoryFeed{owner: m, follower: listener(f)}
	if p.exact() {
		_, err = m.store.shard(pattern).follow(Room{Name: pattern}, feed)
	} else {
		feed.pattern = p
		err = m.store.listeners.add(feed)
	}
	if err != nil {
		return nil, err
	}
	return feed.Stop, nil
}

// Err implements [Broker]: it is [ErrClosed] after Close, and else nil.
func (m *Memory) Err() error {
	if m.closed.Load() {
		return ErrClosed
	}
	return nil
}

// Close implements [Broker]. Those that share what it keeps stay open. All methods return ErrClosed after it.
func (m *Memory) Close(context.Context) error {
	if m.closed.Swap(true) {
		return nil
	}
	m.store.listeners.leave(m)
	last := m.store.nodes.Add(-1) == 0
	for i := range m.store.shards {
		m.store.shards[i].leave(m, last)
	}
	return nil
}

// check returns why a call is not begun.
func (m *Memory) check(ctx context.Context) error {
	if m.closed.Load() {
		return ErrClosed
	}
	return ctx.Err()
}

const memoryShards = 64

// A memoryStore is what the Memories of several nodes share. Its rooms are spread over shards by their names.
// A shard's lock is held for the moment that it takes to put a message into a log and before those who
// follow, and nothing is called under it.
type memoryStore struct {
	epoch  string
	start  time.Time
	seed   maphash.Seed
	limit  int64
	maxIDs int64

	offset    atomic.Uint64 // the last that was given away
	octets    atomic.Int64  // of all that is kept
	ids       atomic.Int64  // how many are remembered
	nodes     atomic.Int64  // that are open
	dropping  sync.Mutex    // held by who brings octets below limit
	listeners memoryListeners
	shards    [memoryShards]memoryShard
}

func (st *memoryStore) node() *Memory {
	st.nodes.Add(1)
	return &Memory{store: st}
}

func (st *memoryStore) shard(room string) *memoryShard {
	return &st.shards[maphash.String(st.seed, room)%memoryShards]
}

// now is the time since the store was made, by a clock that never goes back.
func (st *memoryStore) now() time.Duration { return time.Since(st.start) }

// bound drops the oldest messages of all rooms until no more is kept than may be. Who finds another at it
// leaves it to that one, which looks again after it has given the lock up.
func (st *memoryStore) bound() {
	for st.octets.Load() > st.limit {
		if !st.dropping.TryLock() {
			return
		}
		for st.octets.Load() > st.limit && st.dropOldest() {
		}
		st.dropping.Unlock()
	}
}

// dropOldest finds the shard with the oldest message, and drops what it has before the oldest of the others.
// It reports whether there was any.
func (st *memoryStore) dropOldest() bool {
	var oldest *memoryShard
	first, second := ^uint64(0), ^uint64(0)
	for i := range st.shards {
		switch head := st.shards[i].head.Load(); {
		case head == 0:
		case head < first:
			oldest, first, second = &st.shards[i], head, first
		case head < second:
			second = head
		}
	}
	if oldest == nil {
		return false
	}
	oldest.dropBefore(second)
	return true
}
