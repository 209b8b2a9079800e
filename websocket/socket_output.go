package websocket

import (
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"sync"

	"github.com/everwire/everwire/internal/engine"
	"github.com/everwire/everwire/websocket/frame"
)

// Sizes of what is written at once.
const (
	batchSize    = 64 << 10 // frames are collected up to this many octets
	ownWriteSize = 16 << 10 // a larger payload is written from where it lies, not copied into a batch
)

// A batch is what a driver writes next: out, then tail.
type batch struct {
	out   []byte
	tail  []byte     // a large payload
	taken []outgoing // messages that end in this batch
	ends  []int64    // where each of them does, counted from the batch's first octet
	sent  int64      // octets that the stream has taken
	plain []plainEnd // messages that went into the batch without waiting in the queue
	last  bool       // it ends with our Close frame: nothing comes after it
	loan  *buffer    // memory of tail that belongs to no message
	begun bool       // it was offered to the stream, and does not change any more

	leaving []leaving // what of it an Observer is to be told of

	parts  [2][]byte
	vector net.Buffers
}

var batches = sync.Pool{New: func() any { return new(batch) }}

// A plainEnd is where in a batch a message ends of which nothing else needs to be known.
type plainEnd struct {
	end  int32 // counted from the batch's first octet
	size int32 // octets of payload
}

// writeTo writes the batch, a large payload piece by piece: taken is called between pieces, because it
// shows there that the peer reads.
func (b *batch) writeTo(nc net.Conn, pace *pace, taken func()) error {
	if len(b.tail) == 0 {
		return b.write(nc, b.out)
	}
	piece := pace.begin(b.tail)
	b.parts = [2][]byte{b.out, piece}
	b.vector = b.parts[:]
	n, err := b.vector.WriteTo(nc)
	b.sent += n
	for rest := b.tail[len(piece):]; err == nil && len(rest) > 0; rest = rest[len(piece):] {
		pace.end(piece)
		taken()
		piece = pace.begin(rest)
		err = b.write(nc, piece)
	}
	pace.end(piece)
	return err
}

func (b *batch) write(nc net.Conn, p []byte) error {
	n, err := nc.Write(p)
	b.sent += int64(n)
	return err
}

// size returns how many octets the batch has.
func (b *batch) size() int64 { return int64(len(b.out) + len(b.tail)) }

// endMessage notes that the last message taken ends with what the batch has so far.
func (b *batch) endMessage() { b.ends = append(b.ends, int64(len(b.out)+len(b.tail))) }

func (b *batch) reset() {
	clear(b.taken)
	b.loan.free()
	*b = batch{out: b.out[:0], taken: b.taken[:0], ends: b.ends[:0], plain: b.plain[:0], leaving: b.leaving[:0]}
}

// wakeOutput has the driver write what waits, unless it is at it. Call with mu held.
func (s *Socket) wakeOutput() {
	if !s.outputActive {
		s.outputActive = true
		s.driver().wake()
	}
}

// fillBatch fills b with what is to be written next, behind what it has already, and reports false if it has
// nothing then. Only one batch may be out at a time; settle ends it. Call with mu held, which is given up while a message
// is compressed or read.
func (s *Socket) fillBatch(b *batch) bool {
	if s.outputOver {
		return false
	}
	if s.sender.Closed() {
		return len(b.out) > 0
	}
	s.takeControl(b)
	for s.queue.n > 0 && !s.closeWant.urgent && len(b.out) < batchSize && b.tail == nil {
		if s.queue.at(0).blob != nil {
			if len(b.out) > 0 {
				break
			}
			s.blobFragment(b)
			continue
		}
		s.takeMessage(b)
	}
	if len(b.out) == 0 { // what came while a blob was read that was given up
		s.takeControl(b)
	}
	if s.closeWant.wanted && (s.queue.n == 0 || s.closeWant.urgent) && b.tail == nil {
		before := len(b.out)
		b.out = s.sender.AppendClose(b.out, s.closeWant.code, s.closeWant.reason)
		if s.settings.observer != nil {
			b.observeControl(before)
		}
		b.last = true
	}
	return len(b.out) > 0
}

// takeControl moves the Pings and Pongs that wait into b.
func (s *Socket) takeControl(b *batch) {
	if len(s.control) > 0 {
		b.out = append(b.out, s.control...)
		if s.settings.observer != nil {
			b.observeControl(len(b.out) - len(s.control))
		}
		s.control = s.control[:0]
	}
}

// take moves the oldest message of the queue to those that end in b.
func (s *Socket) take(b *batch) *outgoing {
	b.taken = append(b.taken, s.queue.pop())
	s.writing = number(b.taken[0].seq)
	o := &b.taken[len(b.taken)-1]
	s.inFlight += o.own()
	return o
}

// takeMessage moves the oldest message from the queue into b. To compress it, mu is given up.
func (s *Socket) takeMessage(b *batch) {
	o := s.take(b)
	f := wireForm{payload: o.payload(), shared: o.shared != nil || o.buf.isShared()}
	if s.compressor.wants(o.size(), o.compress) {
		s.mu.Unlock()
		f = s.compressor.form(o)
		s.mu.Lock()
	}
	if len(f.payload) <= ownWriteSize {
		before := len(b.out)
		b.out = s.sender.AppendMessage(b.out, o.opcode(), f.rsv, f.payload)
		f.own.free()
		b.endMessage()
		if s.settings.observer != nil {
			b.observeMessage(o.typ, o.size(), int64(len(b.out)-before))
		}
		return
	}
	h := s.sender.Begin(o.opcode(), f.rsv, int64(len(f.payload)), true)
	if h.Masked {
		f.unshare()
		frame.Mask(f.payload, h.Key)
	}
	b.out = h.Append(b.out)
	b.loan, b.tail = f.own, f.payload
	b.endMessage()
	if s.settings.observer != nil {
		b.observeMessage(o.typ, o.size(), int64(h.Size())+h.Length)
	}
}

// blobFragment reads the next fragment of the blob at the head of the queue into b. It gives up mu
// while it reads; if meanwhile the blob was given up, b stays as it was.
func (s *Socket) blobFragment(b *batch) {
	blob := s.queue.at(0).blob
	blob.begun = true
	n, fin := blob.next()
	first := blob.off == 0
	if first {
		blob.compressed = s.compressor.wants(blob.size, s.queue.at(0).compress)
	}
	buf, rsv := newBuffer(n), uint8(0)

	s.mu.Unlock()
	err := readFragment(blob, buf, n)
	if err == nil && blob.compressed {
		buf, rsv = s.compressor.compressed(buf, first, fin)
	}
	s.mu.Lock()

	if s.queue.n == 0 || s.queue.at(0).blob != blob || s.closeWant.urgent {
		buf.free()
		return
	}
	if err != nil {
		buf.free()
		s.failLocked(CloseInternalError, "", fmt.Errorf("websocket: cannot read a blob: %w", err))
		return
	}
	blob.off += int64(n)
	h := s.sender.Begin(frame.Binary, rsv, int64(len(buf.b)), fin)
	if h.Masked {
		frame.Mask(buf.b, h.Key)
	}
	b.out = h.Append(b.out)
	b.loan, b.tail = buf, buf.b
	blob.wire += int64(h.Size()) + h.Length
	if fin {
		s.take(b)
		b.endMessage()
		if s.settings.observer != nil {
			b.observeMessage(Binary, blob.size, blob.wire)
		}
	}
}

// readFragment reads the next n octets. The reader is the program's: a panic of it ends just its
// socket, as one in a listener does.
func readFragment(blob *blobSource, buf *buffer, n int) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	buf.b = buf.b[:n]
	got, err := blob.r.ReadAt(buf.b, blob.off)
	switch {
	case got == n:
		return nil
	case err == io.EOF:
		return fmt.Errorf("%w: %d of %d bytes", io.ErrUnexpectedEOF, blob.off+int64(got), blob.size)
	}
	return err
}

// settle reports how the writing of a batch went, and resets b. Call with mu held.
func (s *Socket) settle(b *batch, err error) {
	s.advanced()
	s.writing = 0
	if s.inFlight != 0 {
		s.inFlight = 0
	}
	drained := len(b.taken)+len(b.plain) > 0
	s.settlePlain(b)
	for i := range b.taken {
		if b.ends[i] > b.sent {
			continue
		}
		o := &b.taken[i]
		s.buffered -= o.size()
		if o.done != nil {
			s.post(event{kind: eventDone, done: o.done})
		}
		o.letGo()
	}
	if err != nil {
		s.outputFailed(b)
		b.reset()
		return
	}
	s.holdQueue()
	s.wakeFlushers()
	s.queue.shrink()
	if drained && s.queue.n == 0 && hears[drainListener](s) && s.ReadyState() == Open {
		s.postDrain()
	}
	s.restOutput()
	if b.last {
		s.closeSent()
	}
	b.reset()
}

// settlePlain takes those plain messages out of the count, and out of b, that the stream has taken. Call with mu
// held.
func (s *Socket) settlePlain(b *batch) {
	n, octets := 0, int64(0)
	for ; n < len(b.plain) && int64(b.plain[n].end) <= b.sent; n++ {
		octets += int64(b.plain[n].size)
	}
	if n > 0 {
		s.buffered -= octets
		b.plain = b.plain[:copy(b.plain, b.plain[n:])]
	}
	if len(b.leaving) > 0 {
		s.depart(b)
	}
}

// pieceTaken notes that the stream took a piece of a batch. While the heartbeat's Ping waits behind that
// batch, it is a sign of life: nothing can be expected of the peer then but to read.
func (s *Socket) pieceTaken() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moved()
}

// moved is pieceTaken for who holds mu.
func (s *Socket) moved() {
	s.advanced()
	if s.awaiting && len(s.control) > 0 {
		s.hear()
	}
}

// advanced notes for a closing socket, whose CloseTimeout it is, that the stream took something. Call with mu held.
func (s *Socket) advanced() {
	if s.ending != nil {
		s.ending.movedAt = engine.Since()
	}
}

// refuseOutput has no more messages taken: nothing will be written any more. Call with mu held.
func (s *Socket) refuseOutput() { s.outputOver = true }

// outputFailed gives up sending: the stream takes no more octets. What the peer sent before may still
// be read, a Close frame above all, so the socket goes on until its input ends, for a bounded time.
func (s *Socket) outputFailed(b *batch) {
	s.outputOver = true
	s.lost = s.lost || len(b.plain) > 0
	for i := range b.taken {
		if b.ends[i] > b.sent {
			s.lost = true
			s.giveUp(b.taken[i], ErrClosed, false)
		}
	}
	s.giveUpQueue()
	s.armTimer(s.settings.limits.CloseTimeout)
}
