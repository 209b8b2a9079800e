//go:build linux || (everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd))

package websocket

import (
	"crypto/tls"
	"net"
	"time"
	"unsafe"

	"github.com/everwire/everwire/internal/engine"
)

// loopDriver drives a Socket on an event loop. Input, events and timers come to it on a loop's worker; output is written by
// whoever causes it, as far as the system takes it without waiting, and goes on on the loop.
//
// While a batch of input is processed the output is corked: what is sent meanwhile leaves in one write at its end.
type loopDriver struct {
	engine.Conn
	tls *loopTLS // what is between the Socket and the descriptor; nil: nothing

	// Guarded by Socket.mu.
	batch    *batch // being written, or collected for that
	corked   bool
	full     bool // the system took a part of batch, and room for the rest is waited for
	filling  bool // somebody makes a batch, and has given up mu meanwhile
	waiting  bool // who gives the delivery token back has the loop attend
	holding  bool // the delivery token is passed to Attend
	stolen   bool // the turn has lost its loop
	slow     int8 // turns to make off the loop, because one blocked it
	inputEnd bool // there is no more input: Socket.ending says why
}

// A socket whose listener blocked a loop has made so many turns off the loop, each of them quick, before it is trusted with
// a loop again.
const (
	slowTurns = 100
	quick     = 200 * time.Microsecond
)

// newDriver makes the driver of s over a stream. Call with mu held.
func newDriver(s *Socket, up *upgraded) driver {
	if s.settings.driver == EventLoops {
		if d := newLoopDriver(s, up); d != nil {
			s.driven = byLoop
			return d
		}
	}
	return s.driveBy(newGoroutineDriver(s, up))
}

// newLoopDriver returns nil if the stream cannot be on a loop.
func newLoopDriver(s *Socket, up *upgraded) *loopDriver {
	d := &s.loop
	if !d.take(up) {
		return nil
	}
	if len(up.ahead) > 0 {
		s.takeArrival()
		s.in, s.fresh = up.ahead, true
	}
	if len(up.answer) > 0 {
		d.batch = batches.Get().(*batch)
		d.batch.out = append(d.batch.out, up.answer...)
	}
	return d
}

// take takes the stream over, and reports false if it cannot be on a loop.
func (d *loopDriver) take(up *upgraded) bool {
	if up.greeted != nil {
		up.greeted.handOver(d)
		return true
	}
	if conn, ok := up.nc.(*tls.Conn); ok {
		return d.takeTLS(conn)
	}
	return d.Adopt(up.nc, d) == nil
}

// socket returns the Socket that the driver is a part of.
func (d *loopDriver) socket() *Socket {
	return (*Socket)(unsafe.Add(unsafe.Pointer(d), -int(unsafe.Offsetof(Socket{}.loop))))
}

// Lock and Unlock are the engine's way to Socket.mu.
func (d *loopDriver) Lock()   { d.socket().mu.Lock() }
func (d *loopDriver) Unlock() { d.socket().mu.Unlock() }

// run has the loop go on with the delivery token.
func (d *loopDriver) run() {
	d.socket().mu.Lock()
	defer d.socket().mu.Unlock()
	d.deliver()
}

func (d *loopDriver) deliver() {
	d.holding = true
	d.Post()
}

func (d *loopDriver) resume() { d.Post() }

func (d *loopDriver) freed() {
	if d.waiting || d.inputEnd {
		d.waiting = false
		d.Post()
	}
}

func (d *loopDriver) setTimer(after time.Duration) { d.SetTimer(after) }
func (d *loopDriver) timerRuns() bool              { return d.TimerRuns() }

func (d *loopDriver) shutdownWrite() {
	if d.tls != nil {
		d.endTLS()
		return
	}
	d.ShutdownWrite()
}

func (d *loopDriver) cut() {
	d.Abort()
	d.endInput(net.ErrClosed)
	d.Post()
}

// endInput notes why there is no more input. Call with mu held.
func (d *loopDriver) endInput(err error) {
	if !d.inputEnd {
		d.inputEnd = true
		d.socket().ends().inputEnd = err
	}
}

func (d *loopDriver) endOfInput() error {
	s := d.socket()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ending.inputEnd
}

// Prepare takes the delivery token, if it is there, and returns where input is to be read to.
func (d *loopDriver) Prepare(w *engine.Worker) []byte {
	s := d.socket()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.delivering || d.unread() || s.held() || d.inputEnd {
		d.waiting = s.delivering
		d.watch(false)
		if !s.delivering && s.mailbox != nil { // it waited for input, which is not to be read now
			d.Post()
		}
		return nil
	}
	d.begin(w)
	if d.socket().away {
		d.watch(false)
		return w.Buffer()
	}
	if d.tls != nil {
		return w.Buffer()
	}
	if room := s.roomInPlace(); room != nil {
		return room
	}
	return w.Buffer()
}

// begin begins a turn: on the loop, unless its listeners may block. Call with mu held and the delivery token free.
func (d *loopDriver) begin(w *engine.Worker) {
	s := d.socket()
	s.delivering = true
	s.takeArrival()
	s.away, s.now = d.slow > 0 || w.Wary(), w.Now()
	s.made, s.bound = 0, 0
	if w.Hurried() && !s.away {
		s.bound = portion
	}
	d.corked, d.stolen = !s.away, false
}

// Received delivers what was read.
func (d *loopDriver) Received(w *engine.Worker, input []byte, err error) {
	if d.tls != nil {
		d.tls.received(input, err)
	} else {
		d.received(input, err)
	}
	if !d.socket().away {
		d.turn(w)
		return
	}
	d.keepInput()
	go d.turnAway()
}

func (d *loopDriver) received(input []byte, err error) {
	s := d.socket()
	if err != nil {
		s.mu.Lock()
		d.endInput(err)
		s.mu.Unlock()
	}
	s.in, s.fresh = input, len(input) > 0
}

// Attend does what was posted.
func (d *loopDriver) Attend(w *engine.Worker) {
	s := d.socket()
	s.mu.Lock()
	switch {
	case d.holding:
		d.holding = false
	case s.delivering:
		d.waiting = true
		d.flush()
		s.unlock()
		return
	case s.mailbox == nil && !d.unread() && !d.inputEnd:
		d.flush()
		d.watch(true)
		s.unlock()
		return
	}
	d.begin(w)
	if !s.away {
		s.mu.Unlock()
		d.turn(w)
		return
	}
	d.flush() // what was posted for may be output as well, which is not to wait for a listener
	s.unlock()
	go d.turnAway()
}

func (d *loopDriver) Writable(w *engine.Worker) {
	d.socket().mu.Lock()
	defer d.socket().unlock()
	d.full = false
	d.flush()
	d.watch(d.Watches())
}

func (d *loopDriver) Timeout(w *engine.Worker) { d.socket().tick() }

// Stolen notes that a listener of this socket's blocks: from now on it corks nothing, and blocks no loop.
func (d *loopDriver) Stolen() {
	d.socket().mu.Lock()
	defer d.socket().unlock()
	d.slow, d.stolen = slowTurns, true
	if d.corked {
		d.corked = false
		d.flush()
	}
}

// Closed ends the socket, as every turn off the loop if its listeners may block. It has the delivery token since finish.
func (d *loopDriver) Closed(w *engine.Worker) {
	d.Lock()
	away := d.slow > 0 || w.Wary()
	d.Unlock()
	if away {
		go d.closed()
	} else {
		d.closed()
	}
}

func (d *loopDriver) closed() {
	returned := false
	defer func() {
		if !returned { // a listener called runtime.Goexit
			go d.socket().releaseForGood()
		}
	}()
	if d.socket().ReadyState() != Closed {
		d.socket().end(d.endOfInput())
	}
	d.socket().release()
	returned = true
}

// turn delivers what there is, and gives the delivery token back. A listener that calls runtime.Goexit ends just
// itself: another goroutine goes on. W is nil off the loop.
func (d *loopDriver) turn(w *engine.Worker) {
	s := d.socket()
	returned := false
	defer func() {
		if !returned {
			s.mu.Lock()
			d.corked, d.stolen = false, true
			d.flush()
			s.mu.Unlock()
			go d.turnAway()
		}
	}()
	for left := eventsAtOnce; ; {
		left = s.deliverMailbox(left)
		if s.fresh {
			s.fresh = false
			s.arrived(len(s.in), s.now)
		}
		if s.unread() {
			s.input()
		}
		if !d.open() && d.rest(w, left == 0) {
			break
		}
	}
	returned = true
	if s.settings.observer != nil { // not before: a function of the program's may end this goroutine
		s.mu.Lock()
		s.unlock()
	}
}

// turnAway is turn on a goroutine of its own, for listeners that may block.
func (d *loopDriver) turnAway() {
	began := time.Now()
	d.turn(nil)
	d.socket().mu.Lock()
	defer d.socket().mu.Unlock()
	switch {
	case time.Since(began) > quick:
		d.slow = slowTurns
	case d.slow > 0:
		d.slow--
	}
}

// rest ends a turn: what was sent meanwhile is written, and the delivery token given back, unless there is more to deliver. Of many
// events the rest waits for another turn.
func (d *loopDriver) rest(w *engine.Worker, many bool) bool {
	s := d.socket()
	s.mu.Lock()
	defer s.mu.Unlock()
	corked := d.corked
	d.corked = false
	if d.batch != nil || s.outputActive || d.tls != nil {
		d.flush()
	}
	ended := d.inputEnd && !d.unread() && d.endOutput()
	sated := d.unread() && s.sated()
	if s.mailbox != nil && !many || d.unread() && !s.held() && !sated {
		d.corked = corked && !d.stolen
		return false
	}
	more := s.mailbox != nil
	if ended && !more { // the delivery token stays for Closed
		s.refuseOutput()
		if d.tls != nil {
			d.endTLS()
		}
		d.Finish()
		return true
	}
	d.keepInput()
	if w != nil {
		w.Spend(s.made)
	}
	s.restArrival()
	s.delivering = false
	d.watch(!sated)
	if sated || more {
		d.PostLater() // when there was a look for input
	}
	if d.waiting {
		d.waiting = false
		d.Post()
	}
	return true
}

// endOutput reports whether nothing will be written any more, now that there is no more input. A Close frame that is still being
// written is waited for; the socket's timer bounds that. Call with mu held.
func (d *loopDriver) endOutput() bool {
	s := d.socket()
	if d.filling {
		return false // who does calls freed
	}
	if s.outputActive && (s.cutOff || !s.closing.Received() && !s.closing.Failed()) { // nobody reads what we write
		d.full = false
		d.settle(net.ErrClosed)
		d.drop()
	}
	return !s.outputActive
}

// keepInput sees to it that what is left of the input is in memory of its own, so that the worker can use its buffer.
func (d *loopDriver) keepInput() {
	s := d.socket()
	s.receiver.Keep()
	s.in, s.kept = ownMemory(s.in, s.kept)
	if d.tls != nil {
		d.tls.keep()
	}
}

// ownMemory moves octets to memory of their own, unless they are in it already, and gives it back when there are none.
func ownMemory(in []byte, own *buffer) ([]byte, *buffer) {
	switch {
	case len(in) == 0:
		own.free()
		return nil, nil
	case own == nil:
		own = newBuffer(len(in))
		own.b = append(own.b, in...)
		return own.b, own
	}
	return in, own
}

// watch has the loop watch for input, if it is wanted and the time for it, and for room for output, if that is
// waited for. Call with mu held.
func (d *loopDriver) watch(input bool) {
	input = input && !d.inputEnd && !d.socket().delivering && !d.socket().held()
	if err := d.Watch(input, d.full); err != nil {
		d.endInput(err)
		d.Post()
	}
}
