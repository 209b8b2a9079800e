//go:build linux || (everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd))

package engine

import (
	"sync"
	"sync/atomic"
)

// slots is a loop's table of connections. It grows by chunks, so that it never moves: the worker looks
// connections up without a lock.
type slots struct {
	chunks [1 << 12]atomic.Pointer[chunk]

	mu   sync.Mutex // guards what follows
	free []uint32
	top  uint32 // slots ever used; slot 0 is the loop's own
	gen  uint32
}

const chunkSize = 1 << 10

type chunk [chunkSize]atomic.Pointer[Conn]

// add gives a connection a slot and a generation.
func (s *slots) add(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gen++
	c.gen = s.gen
	if n := len(s.free); n > 0 {
		c.slot, s.free = s.free[n-1], s.free[:n-1]
	} else {
		s.top++
		c.slot = s.top
	}
	at := &s.chunks[c.slot/chunkSize]
	if at.Load() == nil {
		at.Store(new(chunk))
	}
	at.Load()[c.slot%chunkSize].Store(c)
}

func (s *slots) remove(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chunks[c.slot/chunkSize].Load()[c.slot%chunkSize].Store(nil)
	s.free = append(s.free, c.slot)
}

// replace gives the slot and generation of a connection to another, which has them already.
func (s *slots) replace(c, by *Conn) {
	s.chunks[c.slot/chunkSize].Load()[c.slot%chunkSize].Store(by)
}

// find returns the connection that an id was given to, or nil if it is gone.
func (s *slots) find(id uint64) *Conn {
	slot := uint32(id)
	chunk := s.chunks[slot/chunkSize].Load()
	if chunk == nil {
		return nil
	}
	c := chunk[slot%chunkSize].Load()
	if c == nil || c.gen != uint32(id>>32) {
		return nil
	}
	return c
}
