package hub

import (
	"container/heap"
	"math"
	"time"
)

// keep adds a message to the end of its log and of the shard.
func (s *memoryShard) keep(k *keptMessage) {
	k.log.messages.push(k)
	s.store.octets.Add(k.octets)
	if k.prev = s.newest; k.prev != nil {
		k.prev.next = k
	} else {
		s.oldest = k
		s.head.Store(k.Position.Offset)
	}
	s.newest = k
}

// drop drops the oldest message of a log. Who follows may have it still: it holds nothing else then.
func (s *memoryShard) drop(l *memoryLog) {
	k := l.messages.pop()
	l.dropped = k.Position.Offset
	s.store.octets.Add(-k.octets)
	if k.next != nil {
		k.next.prev = k.prev
	} else {
		s.newest = k.prev
	}
	if k.prev != nil {
		k.prev.next = k.next
	} else if s.oldest = k.next; s.oldest != nil {
		s.head.Store(s.oldest.Position.Offset)
	} else {
		s.head.Store(0)
	}
	k.prev, k.next, k.log = nil, nil, nil
}

// trim drops what a log may not keep, and sees to it that it is looked at again.
func (s *memoryShard) trim(l *memoryLog, now time.Duration) {
	for l.messages.len() > max(0, l.history.Messages) {
		s.drop(l)
	}
	if l.history.Age <= 0 {
		return
	}
	for l.messages.len() > 0 {
		due := s.tooOldAt(l)
		if now < due {
			if l.place < 0 {
				s.ages.set(l, due)
			}
			return
		}
		s.drop(l)
	}
}

// tooOldAt is when the oldest message of a log will be too old. The largest Age means never.
func (s *memoryShard) tooOldAt(l *memoryLog) time.Duration {
	return l.messages.at(0).Time.Sub(s.store.start) + min(l.history.Age, math.MaxInt64/2) + 1
}

// sweep drops what has become too old in rooms that nobody uses.
func (s *memoryShard) sweep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.store.now()
	s.sweepAt = math.MaxInt64
	s.store.ids.Add(-s.ids.expire(now))
	for len(s.ages) > 0 && s.ages[0].due <= now {
		l := s.ages[0]
		if l.messages.len() == 0 {
			heap.Pop(&s.ages)
			continue
		}
		name := l.messages.at(0).Room
		heap.Pop(&s.ages)
		s.trim(l, now)
		s.release(s.rooms[name])
	}
	s.arm(now)
}

// arm sets the timer of sweep to what is due first.
func (s *memoryShard) arm(now time.Duration) {
	due := time.Duration(math.MaxInt64)
	if len(s.ages) > 0 {
		due = s.ages[0].due
	}
	if s.ids.order.len() > 0 {
		due = min(due, s.ids.order.at(0).at+duplicateWindow+1)
	}
	if due == math.MaxInt64 || s.sweepAt <= max(due, now+memorySweep) {
		return
	}
	s.sweepAt = max(due, now+memorySweep)
	if s.sweeper == nil {
		s.sweeper = time.AfterFunc(s.sweepAt-now, s.sweep)
	} else {
		s.sweeper.Reset(s.sweepAt - now)
	}
}
