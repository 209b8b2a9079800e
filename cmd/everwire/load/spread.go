package load

import (
	"sync"
	"sync/atomic"
)

// A spread follows broadcasts until they have arrived everywhere. They arrive everywhere in the order in which they
// were sent, so that the nth message that a connection gets is the nth broadcast, and what is on the way fits a ring.
type spread struct {
	limit int64 // of broadcasts; negative: there is none
	slots []slot

	mu   sync.Mutex   // held to start a broadcast, and to leave a connection out of those that are on the way
	sent atomic.Int64 // broadcasts
	done atomic.Int64 // of those, the ones that have arrived everywhere
	over atomic.Bool  // the sending connection failed
}

// A slot is a broadcast that is on the way.
type slot struct {
	sent    atomic.Int64 // when; with a rate, when it was due
	missing atomic.Int64 // connections that it has not arrived at
}

func newSpread(window int, limit int64) *spread {
	return &spread{limit: limit, slots: make([]slot, window)}
}

// start starts a broadcast to all connections, if the window and the limit allow. Only who sends calls it.
func (s *spread) start(now int64, live *atomic.Int64) bool {
	n := s.sent.Load()
	if n-s.done.Load() >= int64(len(s.slots)) || s.limit >= 0 && n >= s.limit {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	slot := &s.slots[n%int64(len(s.slots))]
	slot.sent.Store(now)
	slot.missing.Store(live.Load())
	s.sent.Add(1)
	return true
}

// arrive takes note that the nth broadcast arrived at one connection, and says when it was sent and whether it is over.
func (s *spread) arrive(n int64) (sent int64, over bool) {
	slot := &s.slots[n%int64(len(s.slots))]
	sent = slot.sent.Load()
	if slot.missing.Add(-1) > 0 {
		return sent, false
	}
	s.done.Add(1)
	return sent, true
}

// leave leaves out a connection that has got n broadcasts and failed. It says whether that ended one.
func (s *spread) leave(n int64, live *atomic.Int64) (over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	live.Add(-1)
	for ; n < s.sent.Load(); n++ {
		_, ended := s.arrive(n)
		over = over || ended
	}
	return over
}

func (s *spread) idle() bool { return s.done.Load() == s.sent.Load() }
