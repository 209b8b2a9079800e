package hub

import (
	"hash/maphash"
	"sync"
)

// A table has the rooms by name. It is cut into shards with a mutex each, so that rooms are found, made and
// dropped without a lock that all would share. Each shard chains its rooms through the rooms themselves: a
// map would cost three times as much for each.
type table struct {
	seed   maphash.Seed
	shards [shards]shard
}

const shards = 64

type shard struct {
	mu      sync.Mutex
	buckets []*room // a power of two of them, or none
	n       int
	closed  bool // no rooms are made any more
	_       [16]byte
}

func (t *table) hash(name string) uint64 { return maphash.String(t.seed, name) }

func (t *table) shard(hash uint64) *shard { return &t.shards[hash%shards] }

// bucket returns where the rooms with a hash begin. Call with mu held, and with buckets.
func (s *shard) bucket(hash uint64) **room {
	return &s.buckets[hash/shards&uint64(len(s.buckets)-1)]
}

// find returns a room, or nil. Call with mu held.
func (s *shard) find(hash uint64, name string) *room {
	if s.n == 0 {
		return nil
	}
	r := *s.bucket(hash)
	for r != nil && r.name != name {
		r = r.next
	}
	return r
}

// add puts a room in that is not there. Call with mu held.
func (s *shard) add(t *table, hash uint64, r *room) {
	if s.n >= len(s.buckets) {
		s.resize(t, max(8, 2*len(s.buckets)))
	}
	at := s.bucket(hash)
	r.next, *at = *at, r
	s.n++
}

// remove takes a room out that is there. Call with mu held.
func (s *shard) remove(t *table, hash uint64, r *room) {
	at := s.bucket(hash)
	for *at != r {
		at = &(*at).next
	}
	*at, r.next = r.next, nil
	s.n--
	switch {
	case s.n == 0:
		s.buckets = nil
	case s.n < len(s.buckets)/8:
		s.resize(t, len(s.buckets)/2)
	}
}

func (s *shard) resize(t *table, size int) {
	old := s.buckets
	s.buckets = make([]*room, size)
	for _, r := range old {
		for r != nil {
			next := r.next
			at := s.bucket(t.hash(r.name))
			r.next, *at = *at, r
			r = next
		}
	}
}

// lookup returns a room, or nil if nobody of this process is in it.
func (t *table) lookup(name string) *room {
	hash := t.hash(name)
	s := t.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.find(hash, name)
}

// each calls f with all rooms of one moment in each shard, without a lock held.
func (t *table) each(f func(*room)) {
	var rooms []*room
	for i := range t.shards {
		s := &t.shards[i]
		rooms = rooms[:0]
		s.mu.Lock()
		for _, r := range s.buckets {
			for ; r != nil; r = r.next {
				rooms = append(rooms, r)
			}
		}
		s.mu.Unlock()
		for _, r := range rooms {
			f(r)
		}
	}
}
