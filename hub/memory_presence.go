package hub

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// Enter implements [Broker]. A member is of the node at which it was entered last: there it can be removed.
func (m *Memory) Enter(ctx context.Context, room string, member Member) error {
	if err := m.check(ctx); err != nil {
		return err
	}
	member.Value = bytes.Clone(member.Value)
	s := m.store.shard(room)
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.closed.Load() {
		return ErrClosed
	}
	p := s.presence(room)
	old, known := p.members[member.ID]
	p.members[member.ID] = presentMember{member, m}
	if !known || old.Node != member.Node || !bytes.Equal(old.Value, member.Value) {
		p.tell(PresenceEvent{Room: room, Member: member})
	}
	return nil
}

// Exit implements [Broker]. A member that was entered again at another node meanwhile stays.
func (m *Memory) Exit(ctx context.Context, room, id string) error {
	if err := m.check(ctx); err != nil {
		return err
	}
	s := m.store.shard(room)
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.present[room]; p != nil {
		if old, known := p.members[id]; known && old.owner == m {
			p.remove(room, old.Member)
		}
		s.releasePresence(room, p)
	}
	return nil
}

// Present implements [Broker]. Members are in no order, and their values must not be changed.
func (m *Memory) Present(ctx context.Context, room string) ([]Member, error) {
	if err := m.check(ctx); err != nil {
		return nil, err
	}
	s := m.store.shard(room)
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.present[room]
	if p == nil {
		return nil, nil
	}
	members := make([]Member, 0, len(p.members))
	for _, member := range p.members {
		members = append(members, member.Member)
	}
	return members, nil
}

// Watch implements [Broker]. For who does not keep up, changes of one member become one.
func (m *Memory) Watch(room string, f func(PresenceEvent)) (stop func(), err error) {
	s := m.store.shard(room)
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.closed.Load() {
		return nil, ErrClosed
	}
	w := &memoryWatch{owner: m, call: f, limit: minCompacted}
	p := s.presence(room)
	p.watches = append(p.watches, w)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		w.stop()
		p.watches = slices.DeleteFunc(p.watches, func(o *memoryWatch) bool { return o == w })
		s.releasePresence(room, p)
	}, nil
}

// A memoryPresence is who is in a room, and who wants to know.
type memoryPresence struct {
	members map[string]presentMember
	watches []*memoryWatch
}

type presentMember struct {
	Member
	owner *Memory
}

func (s *memoryShard) presence(room string) *memoryPresence {
	p := s.present[room]
	if p == nil {
		p = &memoryPresence{members: make(map[string]presentMember)}
		s.present[room] = p
	}
	return p
}

// releasePresence forgets a presence of nobody.
func (s *memoryShard) releasePresence(room string, p *memoryPresence) {
	if len(p.members) == 0 && len(p.watches) == 0 && s.present[room] == p {
		delete(s.present, room)
	}
}

func (p *memoryPresence) remove(room string, member Member) {
	delete(p.members, member.ID)
	p.tell(PresenceEvent{Room: room, Member: member, Left: true})
}

// leave takes out what is a node's.
func (p *memoryPresence) leave(room string, node *Memory) {
	p.watches = slices.DeleteFunc(p.watches, func(w *memoryWatch) bool {
		if w.owner == node {
			w.stop()
		}
		return w.owner == node
	})
	for _, member := range p.members {
		if member.owner == node {
			p.remove(room, member.Member)
		}
	}
}

func (p *memoryPresence) tell(e PresenceEvent) {
	for _, w := range p.watches {
		w.put(e)
	}
}

// Below so many that wait, changes are not looked through for those that another has overtaken.
const minCompacted = 4096

// A memoryWatch hands changes to a function, on a goroutine that lives while there are any.
type memoryWatch struct {
	owner   *Memory
	call    func(PresenceEvent)
	stopped atomic.Bool

	mu      sync.Mutex // after the shard's
	waiting []PresenceEvent
	limit   int
	running bool
}

func (w *memoryWatch) put(e PresenceEvent) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting) >= w.limit {
		w.compact()
	}
	w.waiting = append(w.waiting, e)
	if !w.running {
		w.running = true
		go w.run()
	}
}

// compact leaves the last change of each member.
func (w *memoryWatch) compact() {
	last := make(map[string]int, len(w.waiting))
	for i, e := range w.waiting {
		last[e.Member.ID] = i
	}
	kept := w.waiting[:0]
	for i, e := range w.waiting {
		if last[e.Member.ID] == i {
			kept = append(kept, e)
		}
	}
	clear(w.waiting[len(kept):])
	w.waiting = kept
	w.limit = max(minCompacted, 2*len(kept))
}

func (w *memoryWatch) run() {
	for {
		w.mu.Lock()
		batch := w.waiting
		w.waiting = nil
		if len(batch) == 0 {
			w.running = false
			w.mu.Unlock()
			return
		}
		w.mu.Unlock()
		for _, e := range batch {
			if !w.stopped.Load() {
				w.call(e)
			}
		}
	}
}

func (w *memoryWatch) stop() { w.stopped.Store(true) }
