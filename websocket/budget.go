package websocket

import (
	"sync"
	"sync/atomic"
)

// A budget bounds the memory of all messages that a Server's sockets hold together: those that have arrived
// in part, and those that wait to be sent. Each socket tells it what it holds, in steps, so that small
// messages do not concern it. Past the limit the largest holder is closed with 1013.
type budget struct {
	limit    int64
	used     atomic.Int64
	partial  atomic.Int64 // of used, what has arrived in part
	doomed   atomic.Int64 // of used, what sockets hold that were closed for it and have not let go yet
	evicting atomic.Bool

	mu      sync.Mutex
	holders map[*Socket]holder
}

// A holder is what the budget knows of a socket that holds something.
type holder struct {
	holds, weight int64
	doomed        bool // closed for it
}

func newBudget(limit int64) *budget {
	return &budget{limit: limit, holders: map[*Socket]holder{}}
}

const (
	budgetStep    = 4 << 10 // a socket tells of a change that is not smaller
	messageWeight = 128     // of a message that waits, besides its octets
	sharedSize    = 1 << 10 // a Prepared of fewer octets is not worth counting just once
)

// A holding is what a socket has told the budget of one of its two stores.
type holding struct {
	told   int64 // octets that it takes
	weight int64 // the same, and its part of what is shared
}

// hold tells the budget of what a store takes now, and weighs. It is called by who owns h.
func (s *Socket) hold(h *holding, now, weight int64) {
	b := s.settings.budget
	if b == nil {
		return
	}
	step := max(abs(now-h.told), abs(weight-h.weight))
	if step == 0 || step < budgetStep && weight > 0 {
		return
	}
	if h == &s.inputHolding {
		b.partial.Add(now - h.told)
	}
	b.change(s, now-h.told, weight-h.weight)
	h.told, h.weight = now, weight
}

func abs(n int64) int64 { return max(n, -n) }

// change counts what one socket holds more, or less.
func (b *budget) change(s *Socket, octets, weight int64) {
	b.mu.Lock()
	h := b.holders[s]
	h.weight += weight
	h.holds += octets
	if h.weight > 0 {
		b.holders[s] = h
	} else {
		delete(b.holders, s)
	}
	if h.doomed {
		b.doomed.Add(octets)
	}
	b.used.Add(octets) // before anybody looks for the largest, who would see it without the other
	b.mu.Unlock()
	b.grew(octets)
}

// add counts octets that are no socket's own.
func (b *budget) add(octets int64) {
	b.used.Add(octets)
	b.grew(octets)
}

// grew has somebody closed if there are too many octets, now that so many have come.
func (b *budget) grew(octets int64) {
	if octets > 0 && b.over() && b.evicting.CompareAndSwap(false, true) {
		go b.evict() // who holds too much may be who calls, and holds its lock
	}
}

func (b *budget) over() bool { return b.used.Load()-b.doomed.Load() > b.limit }

// evict closes the largest holders until the rest is within the limit.
func (b *budget) evict() {
	for {
		for s := b.largest(); s != nil; s = b.largest() {
			s.evicted()
		}
		b.evicting.Store(false)
		if !b.over() || !b.evicting.CompareAndSwap(false, true) { // it may have grown meanwhile
			return
		}
	}
}

// largest returns the socket that holds most, if all hold too much, and counts it as doomed; or nil.
func (b *budget) largest() (most *Socket) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.over() {
		return nil
	}
	var its holder
	for s, h := range b.holders {
		if !h.doomed && (most == nil || h.weight > its.weight) {
			most, its = s, h
		}
	}
	if most != nil {
		its.doomed = true
		b.holders[most] = its
		b.doomed.Add(its.holds)
	}
	return most
}

// evicted closes a socket that holds too much of its Server's memory.
func (s *Socket) evicted() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ReadyState() == Open {
		s.postError(ErrBudget)
		s.startClosing(CloseTryAgainLater, "", true)
	}
}

// holdQueue tells the budget of what waits to be sent, is being sent, or was dropped and is still to be told of. Call with mu held.
func (s *Socket) holdQueue() {
	if s.settings.budget != nil {
		n := s.queue.own + s.drops.own + s.inFlight + messageWeight*int64(s.queue.n+s.drops.n)
		s.hold(&s.queueHolding, n, n+s.queue.memory-s.queue.own+s.drops.memory-s.drops.own)
	}
}

// holdInput tells the budget of what has arrived of a message. Call with the delivery token.
func (s *Socket) holdInput() {
	if s.settings.budget != nil {
		n := s.assembly.size() + int64(s.receiver.Holds())
		s.hold(&s.inputHolding, n, n)
	}
}

// holdShared counts a Prepared once, however many sockets have it waiting. Call with mu held.
func (s *Socket) holdShared(o *outgoing) {
	if b := s.settings.budget; b != nil && o.shared != nil && o.shared.Len() >= sharedSize {
		o.held = true
		o.shared.hold(b)
	}
}

// letGo gives back the memory of a message that was queued.
func (o *outgoing) letGo() {
	o.buf.free()
	if o.held {
		o.held = false
		o.shared.letGo()
	}
}

// sharing is who has a Prepared waiting.
type sharing struct {
	mu     sync.Mutex
	n      int
	budget *budget // of the first of them
}

func (p *Prepared) hold(b *budget) {
	p.sharing.mu.Lock()
	defer p.sharing.mu.Unlock()
	if p.sharing.n++; p.sharing.n == 1 {
		p.sharing.budget = b
		b.add(int64(p.Len()))
	}
}

func (p *Prepared) letGo() {
	p.sharing.mu.Lock()
	defer p.sharing.mu.Unlock()
	if p.sharing.n--; p.sharing.n == 0 {
		p.sharing.budget.add(-int64(p.Len()))
		p.sharing.budget = nil
	}
}
