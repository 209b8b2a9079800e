package websocket

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"unicode/utf8"
	"unsafe"
)

// An Outgoing is a message to send by [Socket.SendWith], for when Send and SendText do not say
// enough.
type Outgoing struct {
	// Type is Text or Binary; zero means Binary.
	Type MessageType

	// Data is the message. It is copied: change it after SendWith has returned as you like.
	Data []byte

	// Compress says whether the message is compressed. Default: if it is large.
	Compress Compress

	// Key names what the message is about. Under the policies [ReplaceByKey] and [Conflate] a newer
	// message replaces those with the same key that still wait. Empty: it replaces none.
	Key string

	// Topic, if not nil, is what the message belongs to: its policy counts for this message instead of [Queue.Full].
	Topic *Topic

	// Done, if set, is called once the operating system has taken the message's last octet, with nil;
	// or, if the message is dropped or the connection ends before, with the reason. It runs as a
	// listener does. It is not called if SendWith returns an error.
	Done func(err error)
}

// Send queues a binary message and returns at once. The bytes are copied.
//
// In CONNECTING it returns [ErrNotOpen]; in CLOSING and CLOSED [ErrClosed], and the bytes still count in
// BufferedAmount; when the queue is full, what [Queue.Full] says.
func (s *Socket) Send(data []byte) error {
	return s.send(plain{typ: Binary, payload: data})
}

// SendText queues a text message and returns at once, with the errors of Send, or [ErrInvalidUTF8].
func (s *Socket) SendText(text string) error {
	if !utf8.ValidString(text) {
		return ErrInvalidUTF8
	}
	return s.send(plain{typ: Text, payload: unsafe.Slice(unsafe.StringData(text), len(text))})
}

// SendFunc queues a binary message as Send does, and calls done as [Outgoing.Done] says.
func (s *Socket) SendFunc(data []byte, done func(err error)) error {
	return s.SendWith(Outgoing{Data: data, Done: done})
}

// SendMessage queues a message as it was received, on this or another socket, and returns at once, with
// the errors of Send. One that came as a [Blob] is sent as by SendBlob: do not close the Blob before it
// has left.
func (s *Socket) SendMessage(m Message) error {
	if m.blob != nil {
		return s.SendBlob(m.blob, m.blob.Size())
	}
	if m.buf != nil && len(m.data) > ownWriteSize {
		return s.enqueue(outgoing{buf: m.buf.share(), typ: m.typ})
	}
	return s.send(plain{typ: m.typ, payload: m.data}) // a peer's text was checked
}

// SendWith queues a message and returns at once, with the errors of Send, or [ErrInvalidUTF8].
func (s *Socket) SendWith(m Outgoing) error {
	typ := cmp.Or(m.Type, Binary)
	if err := checkMessage(typ, m.Data); err != nil {
		return err
	}
	if m.Done == nil && m.Key == "" && m.Topic == nil {
		return s.send(plain{typ, m.Compress, m.Data})
	}
	buf := newBuffer(len(m.Data))
	buf.b = append(buf.b, m.Data...)
	return s.enqueue(outgoing{buf: buf, typ: typ, compress: m.Compress, about: m.about(), done: m.Done})
}

// A plain message is nothing but its payload, which is the caller's.
type plain struct {
	typ      MessageType
	compress Compress
	payload  []byte
}

// send hands a message to the driver, if nothing waits before it, or queues a copy.
func (s *Socket) send(m plain) error {
	s.mu.Lock()
	if s.ReadyState() == Open && !s.outputOver && s.settings.checkSize(int64(len(m.payload))) == nil && s.driver().send(m) {
		s.unlock()
		return nil
	}
	s.unlock() // a batch before it may have left
	buf := newBuffer(len(m.payload))
	buf.b = append(buf.b, m.payload...)
	return s.enqueue(outgoing{buf: buf, typ: m.typ, compress: m.compress})
}

// SendPrepared queues a message that was encoded before, without copying it, with the errors of Send.
func (s *Socket) SendPrepared(p *Prepared) error {
	return s.enqueue(p.outgoing())
}

// SendBlob queues a binary message of size octets that is read from r, from offset 0, only as it is
// sent: it never is in memory whole, and goes out in fragments, between which Pings and Pongs pass. It
// returns at once, with the errors of Send; a negative size is an error as well. R is read beside the
// listeners, by one goroutine at a time, until the message has left or the socket is closed.
//
// While a call of r's ReadAt takes its time, nothing else leaves, Pings and Pongs included.
//
// If r fails, panics, or has fewer octets, the connection ends with code 1011, because a message that has
// begun cannot be taken back. In a page the blob is gathered, since a page cannot send fragments, and one larger
// than 256 MiB is refused.
func (s *Socket) SendBlob(r io.ReaderAt, size int64) error {
	if size < 0 {
		return errors.New("websocket: the size of a blob is negative")
	}
	return s.enqueue(outgoing{blob: &blobSource{r: r, size: size}, typ: Binary})
}

// enqueue takes a message into the queue, or says why not.
func (s *Socket) enqueue(o outgoing) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.ReadyState() {
	case Connecting:
		o.buf.free()
		return ErrNotOpen
	case Closing, Closed:
		s.buffered += o.size()
		o.buf.free()
		return ErrClosed
	}
	if s.outputOver {
		s.buffered += o.size()
		o.buf.free()
		return ErrClosed
	}
	if err := s.settings.checkSize(o.size()); err != nil {
		o.buf.free()
		return err
	}
	if !s.makeRoom(&o) {
		o.buf.free()
		return ErrQueueFull
	}
	s.needOutput()
	s.accepted = s.accepted.next()
	o.seq = uint64(s.accepted)
	s.holdShared(&o)
	s.queue.push(o)
	s.holdQueue()
	s.buffered += o.size()
	s.wakeOutput()
	return nil
}

// makeRoom applies the policy for one more message. Call with mu held.
func (s *Socket) makeRoom(o *outgoing) bool {
	full := o.policy(s.settings.queue.Full)
	fits := s.fits(o)
	if fits && full != Conflate {
		return true
	}
	switch full {
	case DropOldest:
		for i := 0; i < s.queue.n && !s.fits(o); {
			if x := s.queue.at(i); x.topic() != o.topic() || x.begun() {
				i++
				continue
			}
			s.dropQueued(i, ErrQueueFull)
			o.topic().count(droppedOldest)
		}
	case ReplaceByKey, Conflate:
		for i := 0; o.key() != "" && i < s.queue.n; {
			if x := s.queue.at(i); !x.replacedBy(o) || x.begun() {
				i++
				continue
			}
			s.dropQueued(i, ErrReplaced)
			o.topic().count(replaced)
		}
	case CloseSlow:
		s.startClosing(CloseTryAgainLater, "", true)
		o.topic().count(closedSlow)
		return false
	}
	if fits = s.fits(o); !fits {
		o.topic().count(refusedNewest)
	}
	return fits
}

// fits reports whether one more message keeps the queue within its bounds. A blob that has begun does
// not wait any more.
func (s *Socket) fits(o *outgoing) bool {
	q := &s.settings.queue
	waiting := s.queue.n
	if waiting > 0 && s.queue.at(0).begun() {
		waiting--
	}
	return waiting == 0 ||
		(q.Bytes < 0 || s.queue.memory+o.memory() <= q.Bytes) &&
			(q.Messages < 0 || waiting < q.Messages)
}

// dropQueued drops a message that waits untouched. Call with mu held.
func (s *Socket) dropQueued(i int, reason error) {
	o := s.queue.remove(i)
	s.holdQueue()
	s.buffered -= o.size()
	s.giveUp(o, reason, true)
}

// giveUp settles a message that will not be sent. Call with mu held.
func (s *Socket) giveUp(o outgoing, reason error, report bool) {
	if o.done != nil {
		s.post(event{kind: eventDone, done: o.done, err: reason})
	}
	if report && s.tellsDrops() {
		s.postDrop(o, reason)
		return
	}
	o.letGo()
}

// giveUpQueue settles all that waits and was not begun, when the connection is ending. Its octets stay
// in BufferedAmount. Call with mu held.
func (s *Socket) giveUpQueue() {
	for s.queue.n > 0 {
		s.lost = true
		s.giveUp(s.queue.pop(), ErrClosed, false)
	}
	s.queue.shrink()
	s.holdQueue()
	s.wakeFlushers()
}

// flusher is a call of Flush that waits for the messages numbered up to seq.
type flusher struct {
	seq  uint64
	done chan struct{}
}

// Flush waits until the operating system has taken every message sent before, or the queue's policy
// has dropped it, and returns nil; or until ctx is done, and returns its error; or until the
// connection ends with some of them unsent, and returns [ErrClosed]. In CONNECTING it returns
// [ErrNotOpen]. It may be called in a listener: the queue moves meanwhile. In a page it waits until the
// browser has sent them.
func (s *Socket) Flush(ctx context.Context) error {
	err := s.flushQueue(ctx)
	if err == nil && s.settings.page {
		return s.awaitBrowser(ctx)
	}
	return err
}

// flushQueue waits until the stream has taken what was sent before.
func (s *Socket) flushQueue(ctx context.Context) error {
	s.mu.Lock()
	if s.driver() != nil {
		s.driver().push()
	}
	switch {
	case s.ReadyState() == Connecting:
		s.mu.Unlock()
		return ErrNotOpen
	case s.accepted.before(s.oldestUnsent()):
		defer s.unlock()
		return s.flushResult()
	}
	f := flusher{seq: uint64(s.accepted), done: make(chan struct{})}
	s.needOutput()
	s.flushers = append(s.flushers, f)
	s.unlock()
	select {
	case <-f.done:
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.flushResult()
	case <-ctx.Done():
		s.mu.Lock()
		defer s.mu.Unlock()
		if i := slices.Index(s.flushers, f); i >= 0 { // else it was woken, and the output may have been given back
			s.flushers = slices.Delete(s.flushers, i, i+1)
		}
		return ctx.Err()
	}
}

// flushResult says whether all that was settled could be written or dropped by policy. Call with mu
// held.
func (s *Socket) flushResult() error {
	if s.lost {
		return ErrClosed
	}
	return nil
}

// oldestUnsent returns the number of the oldest message that is neither written nor given up. Call
// with mu held.
func (s *Socket) oldestUnsent() number {
	switch {
	case s.writing != 0:
		return s.writing
	case s.queue.n > 0:
		return number(s.queue.at(0).seq)
	}
	return s.accepted.next()
}

// wakeFlushers ends the calls of Flush whose messages are settled. Call with mu held.
func (s *Socket) wakeFlushers() {
	if len(s.flushers) == 0 {
		return
	}
	oldest := s.oldestUnsent()
	waiting := s.flushers[:0]
	for _, f := range s.flushers {
		if number(f.seq).before(oldest) {
			close(f.done)
		} else {
			waiting = append(waiting, f)
		}
	}
	clear(s.flushers[len(waiting):])
	s.flushers = waiting
}
