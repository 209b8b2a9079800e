package websocket

import (
	"slices"
	"sync"
)

// A Group is a set of sockets that messages can be published to. A socket may be in any number of
// groups, and leaves all of them by itself before its close event. The zero value is an empty Group.
//
// All methods are safe for concurrent use. Messages published to one Group reach all its members in
// the same order.
type Group struct {
	// Left, if set, is called when a member has left because its connection ended, and not by Remove: before its close event, with no
	// lock held, on the goroutine that ends it, so it must be quick. Set it before there are members. A panic in it is logged.
	Left func(s *Socket)

	mu      sync.Mutex // taken before any Socket.mu
	members []*Socket  // each knows its index
}

// A Filter picks the members that a message goes to. It runs on the goroutine of whoever publishes,
// while the Group is locked: it must be quick, and call neither the Group's methods nor anything that
// publishes to it.
type Filter func(*Socket) bool

// Except returns a [Filter] that leaves out some sockets.
func Except(sockets ...*Socket) Filter {
	return func(s *Socket) bool {
		for _, x := range sockets {
			if x == s {
				return false
			}
		}
		return true
	}
}

// Add makes s a member, and reports whether it was none before. A socket that is CLOSED is not added.
func (g *Group) Add(s *Socket) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.placeIn(g) >= 0 {
		return false
	}
	s.joined(g, len(g.members))
	g.members = append(g.members, s)
	return true
}

// Remove makes s a member no more, and reports whether it was one.
func (g *Group) Remove(s *Socket) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	s.mu.Lock()
	i := s.placeIn(g)
	if i >= 0 {
		s.left(g)
	}
	s.mu.Unlock()
	if i < 0 {
		return false
	}
	g.fill(i)
	return true
}

// fill moves the last member to i, whose member has left, and gives memory back that is not needed any more.
func (g *Group) fill(i int) {
	last := len(g.members) - 1
	if i != last {
		moved := g.members[last]
		g.members[i] = moved
		moved.mu.Lock()
		moved.setPlace(g, i)
		moved.mu.Unlock()
	}
	g.members[last] = nil
	g.members = g.members[:last]
	switch {
	case last == 0:
		g.members = nil
	case last < cap(g.members)/4:
		g.members = slices.Clone(g.members)
	}
}

// Has reports whether s is a member. It does not wait for the Group: a message may be on its way to all
// members meanwhile.
func (g *Group) Has(s *Socket) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.placeIn(g) >= 0
}

// Len returns how many members there are.
func (g *Group) Len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.members)
}

// Members returns the members at this moment, in no order.
func (g *Group) Members() []*Socket {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]*Socket(nil), g.members...)
}

// Publish queues a message for every member that all filters pick, without waiting, and returns how
// many took it. One that does not, because it is closing or its queue is full, is left out; if its
// queue refused the message, OnDrop tells it.
func (g *Group) Publish(p *Prepared, filters ...Filter) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := 0
members:
	for _, s := range g.members {
		for _, pick := range filters {
			if !pick(s) {
				continue members
			}
		}
		if s.publish(p) {
			n++
		}
	}
	return n
}

// publish queues a broadcast. Its refusal has no caller to tell, so the socket itself is told.
func (s *Socket) publish(p *Prepared) bool {
	o := p.outgoing()
	err := s.enqueue(o)
	if err != ErrQueueFull {
		return err == nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tellsDrops() {
		s.postDrop(o, err)
	}
	return false
}
