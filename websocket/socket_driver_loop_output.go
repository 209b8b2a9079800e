//go:build linux || (everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd))

package websocket

import (
	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/frame"
)

// wake has what waits written: at the end of the turn if there is one, else by the loop.
func (d *loopDriver) wake() {
	if !d.corked {
		d.Post()
	}
}

func (d *loopDriver) push() { d.flush() }

// send takes a message into the batch, and writes that unless it is corked.
func (d *loopDriver) send(m plain) bool {
	s := d.socket()
	if s.queue.n > 0 || d.full || d.filling || s.closeWant.wanted || s.sender.Closed() || s.sender.InMessage() {
		return false
	}
	size := len(m.payload)
	if s.compressor.wants(int64(size), m.compress) {
		return false
	}
	if size > ownWriteSize {
		return d.sendLarge(m)
	}
	b := d.batch
	if b != nil && len(b.out)+size > batchSize {
		d.flush()
		if d.full || d.filling {
			return false
		}
		b = d.batch
	}
	if b == nil {
		b = batches.Get().(*batch)
		d.batch = b
	}
	s.acceptPlain(b)
	b.out = s.sender.AppendMessage(b.out, frame.Opcode(m.typ), 0, m.payload)
	b.plain = append(b.plain, plainEnd{int32(len(b.out)), int32(size)})
	if s.settings.observer != nil {
		b.observeMessage(m.typ, int64(size), s.sender.Size(size))
	}
	s.buffered += int64(size)
	if !d.corked {
		d.flush()
	}
	return true
}

// acceptPlain numbers a message that goes into a batch without waiting in the queue.
func (s *Socket) acceptPlain(b *batch) {
	s.accepted = s.accepted.next()
	if s.writing == 0 {
		s.writing = s.accepted
	}
	s.takeControl(b) // a Pong that waits goes ahead of what is sent after its Ping
}

// sendLarge writes a message from where its caller has it, so that only what the system does not take at once is copied.
func (d *loopDriver) sendLarge(m plain) bool {
	s := d.socket()
	size := len(m.payload)
	if d.tls != nil || s.sender.Role() == protocol.Client || size > maxPlain {
		return false
	}
	if d.flush(); d.full || d.filling || s.outputActive || s.outputOver {
		return false
	}
	b := batches.Get().(*batch)
	d.batch = b
	s.acceptPlain(b)
	h := s.sender.Begin(frame.Opcode(m.typ), 0, int64(size), true)
	b.out = h.Append(b.out)
	b.tail = m.payload
	b.plain = append(b.plain, plainEnd{int32(len(b.out) + size), int32(size)})
	if s.settings.observer != nil {
		b.observeMessage(m.typ, int64(size), s.sender.Size(size))
	}
	s.buffered += int64(size)
	err := d.write(b)
	if left := b.size() - b.sent; err == nil && left > 0 {
		b.keepTail()
		s.needOutput()
		s.inFlight = left
		s.holdQueue()
		d.wait()
		return true
	}
	d.settle(err)
	return true
}

// maxPlain is the largest message that sendLarge takes.
const maxPlain = 1 << 30

// keepTail copies what of the tail the stream has not taken, and forgets what it has.
func (b *batch) keepTail() {
	out, tail := b.left()
	taken := int32(b.sent)
	b.out = b.out[:copy(b.out, out)]
	b.loan = newBuffer(len(tail))
	b.loan.b = append(b.loan.b, tail...)
	b.tail, b.sent = b.loan.b, 0
	for i := range b.plain {
		b.plain[i].end -= taken
	}
	for i := range b.leaving {
		b.leaving[i].end -= int64(taken)
	}
}

// flush writes what waits, as far as the system takes it now. Call with mu held; it is given up while a message is
// compressed.
func (d *loopDriver) flush() {
	for !d.full && !d.filling {
		if !d.fill() {
			if d.tls != nil {
				d.sendTLS()
			}
			return
		}
		b := d.batch
		err := d.write(b)
		if err == nil && b.sent < b.size() {
			d.wait()
			return
		}
		d.settle(err)
	}
}

// wait waits for room for the rest of the batch.
func (d *loopDriver) wait() {
	s := d.socket()
	d.full = true
	s.outputActive = true
	s.settlePlain(d.batch)
	s.moved()
	d.watch(d.Watches())
	if d.inputEnd { // endOutput waited for who made the batch
		d.Post()
	}
}

// fill makes a batch of what waits, and reports false if that is nothing, or takes time.
func (d *loopDriver) fill() bool {
	s := d.socket()
	if d.batch == nil {
		if !s.outputActive {
			return false
		}
		d.batch = batches.Get().(*batch)
	}
	b := d.batch
	if b.begun || b.tail != nil || s.queue.n == 0 && len(s.control) == 0 && !s.closeWant.wanted {
		if b.size() > 0 {
			return true
		}
		d.drop()
		return false
	}
	d.filling = true
	if s.queue.n > 0 && s.queue.at(0).blob != nil && len(b.out) == 0 && !s.closeWant.urgent {
		go d.fillBlob() // what it is read from may block
		return false
	}
	ok := s.fillBatch(b)
	d.filling = false
	if !ok {
		d.drop()
	}
	return ok
}

// fillBlob makes a batch of a blob's next fragment, and has it written.
func (d *loopDriver) fillBlob() {
	s := d.socket()
	s.mu.Lock()
	defer s.unlock()
	ok := s.fillBatch(d.batch)
	d.filling = false
	if !ok {
		d.drop()
		return
	}
	d.flush()
}

// drop ends the output for now. Call with mu held.
func (d *loopDriver) drop() {
	if d.batch != nil {
		d.batch.reset()
		batches.Put(d.batch)
		d.batch = nil
	}
	d.socket().outputActive = false
	d.freed()
}

// settle reports how the writing of the batch went.
func (d *loopDriver) settle(err error) {
	b := d.batch
	if b == nil {
		return
	}
	d.socket().settle(b, err)
	if !d.socket().outputActive {
		batches.Put(b)
		d.batch = nil
	}
}

// left returns what of the batch the stream has not taken.
func (b *batch) left() (out, tail []byte) {
	if b.sent < int64(len(b.out)) {
		return b.out[b.sent:], b.tail
	}
	return nil, b.tail[b.sent-int64(len(b.out)):]
}

// write gives the system of a batch what it takes.
func (d *loopDriver) write(b *batch) error {
	if !b.begun {
		b.begun = true
		d.socket().tapOutput(b)
	}
	if d.tls != nil {
		return d.writeTLS(b)
	}
	out, tail := b.left()
	n, err := 0, error(nil)
	switch {
	case len(tail) == 0 && b.last && d.socket().endsWithClose():
		n, err = d.SendLast(out)
	case len(tail) == 0:
		n, err = d.Send(out)
	case len(out) == 0:
		n, err = d.Send(tail)
	default:
		n, err = d.Send2(out, tail)
	}
	b.sent += int64(n)
	return err
}
