package websocket

import (
	"crypto/tls"
	"net"
	"sync"
	"time"

	"github.com/everwire/everwire/internal/engine"
)

// goroutineDriver drives a Socket over any net.Conn: one goroutine reads and delivers, another one
// writes while there is something to write.
type goroutineDriver struct {
	s       *Socket
	nc      net.Conn
	changed sync.Cond     // what freed and resume tell of has changed; its lock is Socket.mu
	timer   *time.Timer   // guarded by Socket.mu
	due     time.Duration // when it fires, by the engine's clock; guarded too
	answer  []byte        // goes out before all else; the writing goroutine's own
	pace    pace          // so is this

	// Methods bound once, so that passing them on allocates nothing.
	writer, pieceTaken func()

	// Guarded by Socket.mu.
	acquiring bool // the reading goroutine waits for the delivery token
	passed    bool // to it

	// The reading goroutine's own. They outlive it if a listener calls runtime.Goexit.
	holding   bool // the delivery token
	lingering bool // what is read is discarded
	unread    bool // Socket.in is not used up
	large     bool // much is still to come of a frame
	fresh     int  // octets in Socket.in that it has not been told of
	buf       *buffer
	turn      turn
	err       error // what ended the input

	halfClosing sync.WaitGroup
}

// Sizes of the buffer a read is made into: small while nothing much comes, since each idle connection
// holds one.
const (
	smallRead = 4 << 10
	largeRead = 64 << 10
)

// newGoroutineDriver makes the driver of s over a stream. It can be told to write at once, and reads
// from run on.
func newGoroutineDriver(s *Socket, up *upgraded) *goroutineDriver {
	s.takeArrival() // for good
	s.in = up.ahead
	d := &goroutineDriver{s: s, nc: up.nc, answer: up.answer, holding: true, fresh: len(up.ahead)}
	d.changed.L = &s.mu
	d.writer, d.pieceTaken = d.write, s.pieceTaken
	return d
}

// run starts reading. The caller passes on the delivery token.
func (d *goroutineDriver) run() { go d.read() }

// read is the reading goroutine. A listener that ends its goroutine by runtime.Goexit, as t.FailNow
// does, ends just itself: another goroutine goes on.
func (d *goroutineDriver) read() {
	returned := false
	defer func() {
		if !returned {
			go d.read()
		}
	}()
	d.readAll()
	d.finish()
	returned = true
}

// readAll reads and delivers until the input ends.
func (d *goroutineDriver) readAll() {
	s := d.s
	for {
		if d.holding {
			s.deliverMailbox(eventsAtOnce)
			if d.fresh > 0 {
				s.arrived(d.fresh, engine.Since())
				d.fresh = 0
			}
			if s.unread() {
				s.input()
			}
			d.unread, d.large = s.unread(), s.receiver.Remaining() > smallRead
			if !d.releaseSoon() {
				go d.deliverMailbox()
			}
			d.holding = false
		}
		d.waitWhileHeld()
		switch {
		case d.unread: // it was held
		case d.err != nil:
			return
		default:
			d.fill()
		}
		d.acquire()
		d.holding = true
	}
}

// acquire waits for the delivery token.
func (d *goroutineDriver) acquire() {
	d.s.mu.Lock()
	for d.s.delivering && !d.passed {
		d.acquiring = true
		d.changed.Wait()
	}
	d.acquiring, d.passed = false, false
	d.s.delivering = true
	d.s.mu.Unlock()
}

// releaseSoon gives the delivery token back when the mailbox is empty, and returns false if there are so many events that others
// may wait.
func (d *goroutineDriver) releaseSoon() bool {
	for range eventsAtOnce {
		if !d.s.deliverNext(true) {
			return true
		}
	}
	return false
}

// pass gives the reading goroutine the delivery token, with what is in the mailbox, if that waits for it.
func (d *goroutineDriver) pass() bool {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	if d.acquiring {
		d.passed = true
		d.changed.Broadcast()
	}
	return d.acquiring
}

// fill reads into s.in.
func (d *goroutineDriver) fill() {
	size := smallRead
	if d.lingering || d.large {
		size = largeRead
	}
	if d.buf == nil || cap(d.buf.b) != size {
		d.buf.free()
		d.buf = newBuffer(size)
	}
	n, err := d.nc.Read(d.buf.b[:size])
	d.s.in, d.fresh, d.err = d.buf.b[:n], n, err
	d.turn.read(n)
}

func (d *goroutineDriver) waitWhileHeld() {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	for d.s.held() {
		d.changed.Wait()
	}
	d.lingering = d.s.lingering
}

// finish closes the stream and ends the socket. A Close frame of ours that is still being written is
// waited for; the socket's timer bounds that.
func (d *goroutineDriver) finish() {
	s := d.s
	s.mu.Lock()
	if !s.closing.Received() && !s.closing.Failed() {
		d.nc.Close() // nobody reads what we write: this ends the writing
	}
	for s.outputActive {
		d.changed.Wait()
	}
	s.refuseOutput()
	s.mu.Unlock()
	d.halfClosing.Wait()
	d.nc.Close()
	d.buf.free()
	d.buf = nil

	if !d.holding {
		d.acquire()
		d.holding = true
	}
	if s.ReadyState() != Closed {
		s.end(d.err)
	}
	s.release()
}

func (d *goroutineDriver) wake() { go d.writer() }

func (d *goroutineDriver) push() {}

func (d *goroutineDriver) send(plain) bool { return false }

// write writes until there is nothing to write.
func (d *goroutineDriver) write() {
	b := batches.Get().(*batch)
	b.out = append(b.out, d.answer...)
	d.answer = nil
	returned := false
	defer func() {
		if !returned { // a function of an Observer's has ended this goroutine
			go d.write()
		}
	}()
	for d.nextBatch(b) {
		err := b.writeTo(d.nc, &d.pace, d.pieceTaken)
		d.s.mu.Lock()
		d.s.settle(b, err)
		d.s.unlock()
	}
	b.reset()
	batches.Put(b)
	returned = true
}

// nextBatch fills b with what is to be written next, and reports false if there is nothing.
func (d *goroutineDriver) nextBatch(b *batch) bool {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	if d.s.fillBatch(b) {
		d.s.tapOutput(b)
		return true
	}
	d.s.outputActive = false
	d.freed()
	return false
}

func (d *goroutineDriver) deliver() { go d.deliverMailbox() }

// deliverMailbox delivers events that did not come from reading, and survives Goexit as read does.
func (d *goroutineDriver) deliverMailbox() {
	returned := false
	defer func() {
		if !returned {
			go d.deliverMailbox()
		}
	}()
	for !d.releaseSoon() && !d.pass() {
	}
	returned = true
}

func (d *goroutineDriver) resume() { d.changed.Broadcast() }

func (d *goroutineDriver) freed() { d.changed.Broadcast() }

func (d *goroutineDriver) timerRuns() bool { return engine.Since() < d.due }

func (d *goroutineDriver) setTimer(after time.Duration) {
	d.due = engine.Since() + after
	switch {
	case after <= 0:
		if d.timer != nil {
			d.timer.Stop()
		}
	case d.timer == nil:
		d.timer = time.AfterFunc(after, d.s.tick)
	default:
		d.timer.Reset(after)
	}
}

// shutdownWrite half-closes the stream. Over TLS that writes a record, which may block.
func (d *goroutineDriver) shutdownWrite() {
	if nc, ok := d.nc.(*net.TCPConn); ok {
		nc.CloseWrite()
		return
	}
	d.halfClosing.Go(func() { closeWrite(d.nc) })
}

func (d *goroutineDriver) cut() {
	reset(d.nc)
	d.changed.Broadcast()
}

// closeWrite ends this end's half of a stream, as far as the stream knows halves.
func closeWrite(nc net.Conn) {
	if half, ok := nc.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	if t, ok := nc.(*tls.Conn); ok {
		closeWrite(t.NetConn())
	}
}

// reset closes a stream at once: by RST where there is TCP below, and without TLS's farewell, which
// could block.
func reset(nc net.Conn) {
	if t, ok := nc.(*tls.Conn); ok {
		nc = t.NetConn()
	}
	if tcp, ok := nc.(interface{ SetLinger(sec int) error }); ok {
		tcp.SetLinger(0)
	}
	nc.Close()
}
