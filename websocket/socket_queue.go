package websocket

import (
	"io"
	"sync"

	"github.com/everwire/everwire/websocket/frame"
)

// An outgoing is a message that waits in a socket's queue. Exactly one of its three sources is set.
type outgoing struct {
	buf    *buffer   // a copy of what the caller gave
	shared *Prepared // octets that many queues refer to
	blob   *blobSource

	typ      MessageType
	compress Compress
	about    *about
	done     func(error)
	held     bool   // shared was told that it waits here
	seq      uint64 // its number; a Socket's is a number
}

// A blobSource is a message that is read while it is sent.
type blobSource struct {
	r          io.ReaderAt
	size, off  int64
	begun      bool
	compressed bool  // decided with the first fragment
	wire       int64 // octets of its frames so far
}

// Blobs go out in fragments, so that control frames can pass between them: of 64 KiB, or larger if
// there would be more of them than a peer of our own kind takes by default.
const (
	blobFragment  = 64 << 10
	blobFragments = 65_536
)

// next returns the size of the blob's next fragment, and whether it is the last.
func (b *blobSource) next() (n int, fin bool) {
	size := max(blobFragment, (b.size+blobFragments-1)/blobFragments)
	left := b.size - b.off
	return int(min(size, left)), left <= size
}

// begun reports whether a part of the message was already taken for writing, so that it can no longer
// be dropped or replaced.
func (o *outgoing) begun() bool { return o.blob != nil && o.blob.begun }

// size returns the octets of payload, as BufferedAmount counts them.
func (o *outgoing) size() int64 {
	switch {
	case o.blob != nil:
		return o.blob.size
	case o.shared != nil:
		return int64(o.shared.Len())
	}
	return int64(len(o.buf.b))
}

// memory returns the octets that the message holds while it waits, as [Queue.Bytes] counts them.
func (o *outgoing) memory() int64 {
	if o.blob != nil {
		return 0
	}
	return o.size()
}

// own returns what of that is not shared with other sockets, and counted there.
func (o *outgoing) own() int64 {
	if o.held {
		return 0
	}
	return o.memory()
}

func (o *outgoing) payload() []byte {
	if o.shared != nil {
		return o.shared.data
	}
	return o.buf.b
}

func (o *outgoing) opcode() frame.Opcode { return frame.Opcode(o.typ) }

// sendQueue is a ring of waiting messages.
type sendQueue struct {
	ring   []outgoing
	head   int
	n      int
	memory int64 // as Queue.Bytes counts it
	own    int64 // of that, what is not shared
}

func (q *sendQueue) at(i int) *outgoing { return &q.ring[(q.head+i)&(len(q.ring)-1)] }

func (q *sendQueue) push(o outgoing) {
	if q.n == len(q.ring) {
		q.grow()
	}
	q.n++
	*q.at(q.n - 1) = o
	q.memory += o.memory()
	q.own += o.own()
}

// pop takes the oldest message.
func (q *sendQueue) pop() outgoing {
	o := *q.at(0)
	*q.at(0) = outgoing{}
	q.head = (q.head + 1) & (len(q.ring) - 1)
	q.n--
	q.memory -= o.memory()
	q.own -= o.own()
	return o
}

// remove takes the message at i, keeping the order of the others.
func (q *sendQueue) remove(i int) outgoing {
	o := *q.at(i)
	for ; i > 0; i-- {
		*q.at(i) = *q.at(i - 1)
	}
	*q.at(0) = o
	return q.pop()
}

// grow doubles the ring, whose length stays a power of two.
func (q *sendQueue) grow() {
	ring := make([]outgoing, max(4, 2*len(q.ring)))
	for i := range q.n {
		ring[i] = *q.at(i)
	}
	q.ring, q.head = ring, 0
}

// shrink gives the ring back when nothing waits and a burst made it large.
func (q *sendQueue) shrink() {
	if q.n == 0 && len(q.ring) > 64 {
		q.ring, q.head = nil, 0
	}
}

// output is what a socket has while something waits to be sent, or an event to be delivered. Without, it has noOutput, which is never written to.
type output struct {
	queue        sendQueue
	control      []byte // encoded Ping and Pong frames that wait
	closeWant    closeRequest
	flushers     []flusher
	inFlight     int64 // octets of the messages of the batch being written that are nobody else's
	queueHolding holding
	mailbox      *event // the last of a ring of events to deliver
	drops        drops  // among them
	lastDrop     *event // the last that tells of one
	drainDue     bool   // among them is one that tells that all has left

	departed []leaving     // what an Observer is to be told of
	spare    []leaving     // memory for that
	telling  bool          // somebody does, and has given up mu meanwhile
	toldAll  chan struct{} // closed when it is done, if somebody waits for that
}

var noOutput output

var outputs = sync.Pool{New: func() any { return new(output) }}

// needOutput sees to it that the socket has an output of its own, for something to be put there. Call with mu held.
func (s *Socket) needOutput() {
	if s.output == &noOutput {
		s.output = outputs.Get().(*output)
	}
}

// restOutput gives the output back if nothing is in it. Call with mu held.
func (s *Socket) restOutput() {
	o := s.output
	if o == &noOutput || o.queue.n > 0 || len(o.control) > 0 || o.closeWant.wanted || len(o.flushers) > 0 ||
		o.inFlight != 0 || o.queueHolding != (holding{}) || o.mailbox != nil || len(o.departed) > 0 || o.telling {
		return
	}
	s.output = &noOutput
	outputs.Put(o)
}
