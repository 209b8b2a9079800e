package hub

import (
	"slices"
	"sync"
	"sync/atomic"
)

// What may wait for one Follower.
const (
	maxWaiting       = 16_384
	maxWaitingOctets = 16 << 20
)

// A memoryFeed hands messages to a Follower, on a goroutine that lives while there are any.
type memoryFeed struct {
	owner    *Memory
	follower Follower
	logged   bool
	pattern  pattern // of a listener that is in no room

	// Of the shard, and under its lock.
	shard      *memoryShard
	room       *memoryRoom
	prev, next *memoryFeed

	stopped atomic.Bool

	mu      sync.Mutex // after the shard's
	waiting []*Message
	octets  int
	running bool
	behind  bool   // logged: more came than may wait, which is to be read from the log, after last
	last    uint64 // logged: the last that waited
}

// listener is the Follower of [Memory.Listen].
type listener func(*Message)

func (f listener) Message(m *Message) { f(m) }
func (f listener) Lost(Position)      {}

// tell gives a message to all who follow a room, and to others. The shard's lock is held, so that all get the
// messages in one order.
func (r *memoryRoom) tell(m *Message, others []*memoryFeed) {
	if r != nil {
		for f := r.feeds; f != nil; f = f.next {
			f.put(m)
		}
	}
	for _, f := range others {
		f.put(m)
	}
}

func (f *memoryFeed) put(m *Message) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.behind:
	case len(f.waiting) == maxWaiting, f.octets > maxWaitingOctets:
		f.behind = f.logged
	default:
		f.waiting = append(f.waiting, m)
		f.octets += len(m.Data)
		f.last = m.Position.Offset
		if !f.running {
			f.running = true
			go f.run()
		}
	}
}

func (f *memoryFeed) run() {
	var batch []*Message
	for {
		clear(batch)
		f.mu.Lock()
		batch, f.waiting = f.waiting, batch[:0]
		f.octets = 0
		behind := f.behind
		if len(batch) == 0 && !behind {
			f.running = false
			f.waiting = nil
			f.mu.Unlock()
			return
		}
		f.mu.Unlock()
		for _, m := range batch {
			f.tell(m)
		}
		if behind {
			f.catchUp()
		}
	}
}

func (f *memoryFeed) tell(m *Message) {
	if !f.stopped.Load() {
		f.follower.Message(m)
	}
}

// catchUp tells of a piece of the log, after what has waited.
func (f *memoryFeed) catchUp() {
	s := f.shard
	s.mu.Lock()
	if f.stopped.Load() {
		s.mu.Unlock()
		return
	}
	l := s.logOf(f.room, f.room.log.history, s.store.now())
	f.mu.Lock()
	lost := l.dropped > f.last
	f.last = max(f.last, l.dropped)
	dropped := Position{Epoch: s.store.epoch, Offset: f.last}
	piece := l.piece(l.search(f.last + 1))
	if n := len(piece); n > 0 {
		f.last = piece[n-1].Position.Offset
	}
	n := l.messages.len()
	f.behind = n > 0 && l.messages.at(n-1).Position.Offset > f.last
	f.mu.Unlock()
	s.mu.Unlock()

	if lost && !f.stopped.Load() {
		f.follower.Lost(dropped)
	}
	for _, m := range piece {
		f.tell(m)
	}
}

// Stop implements [Feed].
func (f *memoryFeed) Stop() {
	if f.shard == nil {
		f.owner.store.listeners.remove(f)
		return
	}
	f.shard.unfollow(f)
}

// stop has the follower be called no more, and reports whether it was this call that did.
func (f *memoryFeed) stop() bool {
	if f.stopped.Swap(true) {
		return false
	}
	f.mu.Lock()
	f.waiting, f.behind = nil, false
	f.mu.Unlock()
	return true
}

// memoryListeners are those who listen by a pattern that more than one room may match. They are few: they are
// of the program, not of its users.
type memoryListeners struct {
	mu  sync.Mutex
	all atomic.Pointer[[]*memoryFeed] // never changed: a new one takes its place
}

// matching returns those whose pattern matches a room's name, or nil.
func (ls *memoryListeners) matching(name string) (matching []*memoryFeed) {
	all := ls.all.Load()
	if all == nil {
		return nil
	}
	for _, f := range *all {
		if f.pattern.match(name) {
			matching = append(matching, f)
		}
	}
	return matching
}

func (ls *memoryListeners) add(f *memoryFeed) error {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if f.owner.closed.Load() {
		return ErrClosed
	}
	ls.set(append(ls.list(), f))
	return nil
}

func (ls *memoryListeners) remove(f *memoryFeed) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if f.stop() {
		ls.set(slices.DeleteFunc(ls.list(), func(g *memoryFeed) bool { return g == f }))
	}
}

// leave takes a node's out.
func (ls *memoryListeners) leave(node *Memory) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.set(slices.DeleteFunc(ls.list(), func(f *memoryFeed) bool { return f.owner == node && f.stop() }))
}

// list returns a copy.
func (ls *memoryListeners) list() []*memoryFeed {
	if all := ls.all.Load(); all != nil {
		return slices.Clone(*all)
	}
	return nil
}

func (ls *memoryListeners) set(all []*memoryFeed) {
	if len(all) == 0 {
		ls.all.Store(nil)
		return
	}
	ls.all.Store(&all)
}
