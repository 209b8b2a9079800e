package hub

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// How long a message may be kept after it is too old, by a log that nobody uses. Who uses it never sees such
// a one.
const memorySweep = time.Second

// A memoryShard has a part of the rooms.
type memoryShard struct {
	store *memoryStore
	head  atomic.Uint64 // the offset of oldest; zero: there is none

	mu             sync.Mutex
	rooms          map[string]*memoryRoom
	present        map[string]*memoryPresence
	oldest, newest *keptMessage // of all rooms
	forgotten      uint64       // the highest that dropped was in a room that is not known any more
	ids            memoryIDs
	ages           memoryAges
	sweeper        *time.Timer
	sweepAt        time.Duration // when it fires; math.MaxInt64: not at all
}

// A memoryRoom is a room that somebody follows, or of which something is kept.
type memoryRoom struct {
	name  string
	log   *memoryLog // nil: it was never used as a logged one
	feeds *memoryFeed
}

func (s *memoryShard) init(st *memoryStore) {
	s.store = st
	s.rooms = make(map[string]*memoryRoom)
	s.present = make(map[string]*memoryPresence)
	s.sweepAt = math.MaxInt64
	s.ids.init()
}

// room returns a room, which is made if it is not known.
func (s *memoryShard) room(name string) *memoryRoom {
	r := s.rooms[name]
	if r == nil {
		r = &memoryRoom{name: name}
		s.rooms[name] = r
	}
	return r
}

// logOf returns a room's log, without what is too old.
func (s *memoryShard) logOf(room *memoryRoom, h History, now time.Duration) *memoryLog {
	l := room.log
	if l == nil {
		l = &memoryLog{history: h, dropped: s.forgotten, place: -1}
		room.log = l
	}
	if l.history != h {
		l.history = h
		s.ages.remove(l)
	}
	s.trim(l, now)
	return l
}

// release forgets a room of which there is nothing to know.
func (s *memoryShard) release(room *memoryRoom) {
	if room.feeds != nil || room.log != nil && room.log.messages.len() > 0 {
		return
	}
	if room.log != nil {
		s.forgotten = max(s.forgotten, room.log.dropped)
		s.ages.remove(room.log)
	}
	delete(s.rooms, room.name)
}

// pass gives a message of a plain room to whoever is there.
func (s *memoryShard) pass(name string, msg *Message) {
	listeners := s.store.listeners.matching(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	room := s.rooms[name]
	if listeners == nil && (room == nil || room.feeds == nil) {
		return
	}
	m := *msg
	m.Room, m.Position = name, Position{}
	room.tell(&m, listeners)
}

// append puts a message into a room's log, if its ID is not that of another, and returns its offset.
func (s *memoryShard) append(r Room, msg *Message) uint64 {
	listeners := s.store.listeners.matching(r.Name)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.store.now()
	var id idKey
	if msg.ID != "" {
		s.store.ids.Add(-s.ids.expire(now))
		id = s.ids.key(r.Name, msg.ID)
		if at, known := s.ids.offsets[id]; known {
			return at
		}
	}

	room := s.room(r.Name)
	l := s.logOf(room, r.History, now)
	k := &keptMessage{Message: *msg, log: l}
	k.Room, k.Time = r.Name, time.Now()
	k.Position = Position{Epoch: s.store.epoch, Offset: s.store.offset.Add(1)}
	k.octets = int64(memoryOverhead + len(k.Data) + len(k.ID) + len(k.Publisher) + len(k.Room))
	s.keep(k)
	s.trim(l, now)
	if msg.ID != "" {
		s.remember(id, k.Position.Offset, now)
	}
	room.tell(&k.Message, listeners)
	s.release(room)
	s.arm(now)
	return k.Position.Offset
}

// remember adds an ID. What is too many is forgotten here, where it came from, so that no other shard's lock
// is needed.
func (s *memoryShard) remember(id idKey, offset uint64, now time.Duration) {
	s.ids.add(id, offset, now)
	if s.store.ids.Add(1) > s.store.maxIDs {
		s.ids.forget()
		s.store.ids.Add(-1)
	}
}

// follow adds a feed to a room and returns the last position of its log. That of an empty one is a new
// offset, which is no message's: nothing of the room can have been dropped after it.
func (s *memoryShard) follow(r Room, f *memoryFeed) (last uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.owner.closed.Load() {
		return 0, ErrClosed
	}
	room := s.room(r.Name)
	f.shard, f.room = s, room
	if f.next = room.feeds; f.next != nil {
		f.next.prev = f
	}
	room.feeds = f
	if !f.logged {
		return 0, nil
	}
	l := s.logOf(room, r.History, s.store.now())
	if n := l.messages.len(); n > 0 {
		last = l.messages.at(n - 1).Position.Offset
	} else {
		last = s.store.offset.Add(1)
	}
	f.last = last
	return last, nil
}

// unfollow takes a feed out of its room.
func (s *memoryShard) unfollow(f *memoryFeed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(f)
}

func (s *memoryShard) remove(f *memoryFeed) {
	if !f.stop() {
		return
	}
	if f.prev != nil {
		f.prev.next = f.next
	} else {
		f.room.feeds = f.next
	}
	if f.next != nil {
		f.next.prev = f.prev
	}
	f.prev, f.next = nil, nil
	s.release(f.room)
}

// read returns a piece of a room's log.
func (s *memoryShard) read(r Room, after Position) ([]*Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &memoryLog{dropped: s.forgotten}
	if room := s.rooms[r.Name]; room != nil {
		l = s.logOf(room, r.History, s.store.now())
		defer s.release(room)
	}
	if after.IsZero() {
		return l.piece(0), nil
	}
	i, ok := l.start(after.Offset, s.store.offset.Load())
	if !ok {
		return nil, ErrTooOld
	}
	return l.piece(i), nil
}

// leave takes out what is a node's; all there is, if it was the last.
func (s *memoryShard) leave(node *Memory, last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, room := range s.rooms {
		for f := room.feeds; f != nil; {
			next := f.next
			if f.owner == node {
				s.remove(f)
			}
			f = next
		}
	}
	for name, p := range s.present {
		p.leave(name, node)
		s.releasePresence(name, p)
	}
	if last && s.store.nodes.Load() == 0 {
		s.clear()
	}
}

// clear drops all that is kept.
func (s *memoryShard) clear() {
	for s.oldest != nil {
		s.drop(s.oldest.log)
	}
	for _, room := range s.rooms {
		s.release(room)
	}
	s.store.ids.Add(-int64(s.ids.order.len()))
	s.ids.init()
	s.ids.order = ring[idAt]{}
	if s.sweeper != nil {
		s.sweeper.Stop()
		s.sweepAt = math.MaxInt64
	}
}

// dropBefore drops the oldest messages of the shard, up to an offset, while too much is kept.
func (s *memoryShard) dropBefore(offset uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.oldest != nil && s.oldest.Position.Offset < offset && s.store.octets.Load() > s.store.limit {
		l, name := s.oldest.log, s.oldest.Room
		s.drop(l)
		s.release(s.rooms[name])
	}
}
