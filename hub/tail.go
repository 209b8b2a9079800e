package hub

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/everwire/everwire/websocket"
)

// A tail is the end of a room's log as members are sent it: all that came after a position.
type tail struct {
	epoch   string
	after   uint64
	entries []entry // oldest first
	octets  int64
	index   int // in tails.full, if there are entries

	complete bool // it has all that the room keeps
	asked    bool // the broker was asked for what came before it
	filling  chan struct{}
}

// An entry is a message of a tail, encoded.
type entry struct {
	offset uint64
	time   int64 // Unix, in nanoseconds
	typ    websocket.MessageType
	broken bool // it could not be encoded: members are not sent it
	data   []byte
	key    string
}

// entryOctets is what an entry takes beside its data.
const entryOctets = 80

func (e *entry) octets() int64 { return int64(len(e.data)) + entryOctets }

func size(entries []entry) (octets int64) {
	for i := range entries {
		octets += entries[i].octets()
	}
	return octets
}

// reset begins anew behind a position.
func (t *tail) reset(p Position) { *t = tail{epoch: p.Epoch, after: p.Offset} }

// find returns the index of the first entry whose offset is larger.
func (t *tail) find(offset uint64) int {
	i, found := slices.BinarySearchFunc(t.entries, offset, func(e entry, o uint64) int { return cmp.Compare(e.offset, o) })
	if found {
		i++
	}
	return i
}

// since returns what came after a position, if the message at that is in the tail.
func (t *tail) since(p Position) (later []entry, ok bool) {
	if p.Epoch != t.epoch {
		return nil, false
	}
	i := t.find(p.Offset)
	if i == 0 || t.entries[i-1].offset != p.Offset {
		return nil, false
	}
	return t.entries[i:], true
}

// drop drops the oldest n entries, and returns their octets.
func (t *tail) drop(n int) (octets int64) {
	for i := range n {
		octets += t.entries[i].octets()
	}
	t.after = t.entries[n-1].offset
	clear(t.entries[:n])
	t.entries = t.entries[n:]
	if len(t.entries) == 0 {
		t.entries = nil
	}
	t.octets -= octets
	return octets
}

// keep adds a message of an epoch to the tail. Call with mu held.
func (l *live) keep(epoch string, e entry) {
	ts := &l.room.settings().hub.tails
	if epoch != l.tail.epoch {
		ts.drop(l)
		l.tail.reset(Position{epoch, e.offset})
		return
	}
	if l.room.settings().History.Messages <= 0 || ts.limit <= 0 {
		l.tail.after = e.offset
		return
	}
	l.put(nil, e)
	l.trim()
	ts.bound(l)
}

// put adds entries before and one behind those of the tail. Call with mu held.
func (l *live) put(before []entry, behind ...entry) {
	t, ts := &l.tail, &l.room.settings().hub.tails
	if len(t.entries) == 0 {
		ts.add(l)
	}
	if len(before) > 0 {
		t.entries = append(before, t.entries...)
	}
	t.entries = append(t.entries, behind...)
	octets := size(before) + size(behind)
	t.octets += octets
	ts.octets.Add(octets)
}

// trim drops what the room's History keeps no more. Call with mu held.
func (l *live) trim() {
	t, history := &l.tail, l.room.settings().History
	n := max(0, len(t.entries)-history.Messages)
	if history.Age > 0 {
		oldest := time.Now().Add(-history.Age).UnixNano()
		for n < len(t.entries) && t.entries[n].time < oldest {
			n++
		}
	}
	l.forget(n)
}

// forget drops the oldest n entries. Call with mu held.
func (l *live) forget(n int) {
	if n == 0 {
		return
	}
	ts := &l.room.settings().hub.tails
	ts.octets.Add(-l.tail.drop(n))
	if len(l.tail.entries) == 0 {
		ts.remove(l)
	}
}

// giveUp drops the oldest n entries, which the room still keeps. Call with mu held.
func (l *live) giveUp(n int) {
	l.tail.complete = false
	l.forget(n)
}

// tails bound what all rooms together keep.
type tails struct {
	limit  int64
	octets atomic.Int64

	mu   sync.Mutex // taken after live.mu
	full []*live    // those whose tail is not empty; each knows its index
	hand int        // whose turn it is to give something up
}

const defaultTail = 64 << 20

func (ts *tails) init(limit int64) { ts.limit = cmp.Or(limit, defaultTail) }

func (ts *tails) add(l *live) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	l.tail.index = len(ts.full)
	ts.full = append(ts.full, l)
}

func (ts *tails) remove(l *live) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	last := len(ts.full) - 1
	moved := ts.full[last]
	ts.full[l.tail.index], moved.tail.index = moved, l.tail.index
	ts.full[last] = nil
	ts.full = ts.full[:last]
}

// drop gives a whole tail up. Call with l.mu held.
func (ts *tails) drop(l *live) { l.forget(len(l.tail.entries)) }

// bound has rooms in turn give up the older half of their tails, until all are within the limit. A room that
// is busy is passed over; if nothing else helps, l, whose mu is held, gives up its own.
func (ts *tails) bound(l *live) {
	for tries := 0; ts.octets.Load() > ts.limit && tries < 100; tries++ {
		victim := ts.next()
		switch {
		case victim == nil:
			return
		case victim == l:
			l.giveUp((len(l.tail.entries) + 1) / 2)
		case victim.mu.TryLock():
			victim.giveUp((len(victim.tail.entries) + 1) / 2)
			victim.mu.Unlock()
		}
	}
	if ts.octets.Load() > ts.limit {
		l.giveUp(len(l.tail.entries))
	}
}

func (ts *tails) next() *live {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if len(ts.full) == 0 {
		return nil
	}
	ts.hand = (ts.hand + 1) % len(ts.full)
	return ts.full[ts.hand]
}
