package hub

import (
	"container/heap"
	"sort"
	"time"
)

// A memoryLog is what is kept of a room.
type memoryLog struct {
	history  History
	messages ring[*keptMessage]
	dropped  uint64 // up to this offset something of the room was dropped; zero: nothing was

	// When the oldest is to be looked at, and where the log is in the shard's heap of these; place is -1 when
	// it is not.
	due   time.Duration
	place int
}

// A keptMessage is a message of a log, and of the list of all messages of its shard.
type keptMessage struct {
	Message
	log        *memoryLog
	prev, next *keptMessage
	octets     int64
}

// start returns how many of the messages are at or before an offset, if all that came after it are kept for
// certain and the offset is the room's: that of a message, or one at which the room was empty. Last is the
// last offset that was given away.
func (l *memoryLog) start(after, last uint64) (int, bool) {
	i := l.search(after)
	if i < l.messages.len() && l.messages.at(i).Position.Offset == after {
		return i + 1, true
	}
	return 0, i == 0 && after <= last && (l.dropped == 0 || after > l.dropped)
}

// search returns how many of the messages are before an offset.
func (l *memoryLog) search(offset uint64) int {
	return sort.Search(l.messages.len(), func(i int) bool { return l.messages.at(i).Position.Offset >= offset })
}

// piece returns messages from the one that has i before it, as many as one answer holds.
func (l *memoryLog) piece(i int) []*Message {
	var octets, end int
	for end = i; end < l.messages.len() && end-i < memoryReadMessages && octets < memoryReadOctets; end++ {
		octets += len(l.messages.at(end).Data)
	}
	if end == i {
		return nil
	}
	piece := make([]*Message, 0, end-i)
	for ; i < end; i++ {
		piece = append(piece, &l.messages.at(i).Message)
	}
	return piece
}

// memoryAges are the logs of a shard that have messages which will be too old, by when that is to be looked
// at. A log's time may be earlier than it has to be.
type memoryAges []*memoryLog

func (a memoryAges) Len() int           { return len(a) }
func (a memoryAges) Less(i, j int) bool { return a[i].due < a[j].due }
func (a memoryAges) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].place, a[j].place = i, j
}

func (a *memoryAges) Push(v any) {
	l := v.(*memoryLog)
	l.place = len(*a)
	*a = append(*a, l)
}

func (a *memoryAges) Pop() any {
	n := len(*a) - 1
	l := (*a)[n]
	(*a)[n] = nil
	*a = (*a)[:n]
	l.place = -1
	return l
}

// set puts a log where a time says.
func (a *memoryAges) set(l *memoryLog, due time.Duration) {
	l.due = due
	if l.place < 0 {
		heap.Push(a, l)
	} else {
		heap.Fix(a, l.place)
	}
}

// remove takes a log out.
func (a *memoryAges) remove(l *memoryLog) {
	if l.place >= 0 {
		heap.Remove(a, l.place)
	}
}
