//go:build linux || (everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd))

package engine

import (
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A Handler is what stands above a [Conn]. But for Lock and Unlock its methods are called by a worker, for one
// connection at a time, and may block: then the loop goes on with another worker, while the call goes on with this
// one. Two calls for the same connection can therefore overlap; a Handler sees to it by its lock and state.
type Handler interface {
	// Locker guards the connection's descriptor and what a Conn's methods say. The engine takes it to close the
	// descriptor.
	sync.Locker

	// Prepare returns memory for input that is there to be read, w.Buffer or memory of its own; or nil, if it
	// is not the time: then it has changed the interest.
	Prepare(w *Worker) []byte

	// Received is called after each Prepare that returned memory, with what lies in it now, or why that is
	// nothing: io.EOF or a system's error. Without both, there was nothing to read.
	Received(w *Worker, input []byte, err error)

	Writable(w *Worker) // there is room for output again
	Attend(w *Worker)   // after Post
	Timeout(w *Worker)  // after SetTimer
	Stolen()            // a call of this handler's lost its loop; it goes on, elsewhere
	Closed(w *Worker)   // the descriptor is closed; nothing more is called
}

// A Conn is a connected socket on a loop. Embed it, call [Conn.Adopt] before anything else, and do not copy it.
type Conn struct {
	handler  Handler
	loop     *Loop
	fd       int32
	slot     uint32
	gen      uint32
	wheeled  uint32 // the tick of its valid entry in the wheel, 0 if there is none; guarded by the wheel
	due      atomic.Int64
	mail     atomic.Uint32 // what the loop was told and has not seen
	interest interest
	prompt   bool  // closing the descriptor does not wait
	spell    uint8 // to which cost belongs; this and that are the worker's own
	cost     cost
}

// What is in Conn.mail.
const (
	posted   = 1 << iota
	finished // Finish was called; stays
	deferred // posted for the heavy lane
)

// interest is what the poller watches a descriptor for, and where.
type interest uint8

const (
	reading interest = 1 << iota
	writing
	heavy // no interest: the lane that the connection is in, which is to say the poller's set

	watched = reading | writing
)

// Adopt takes a stream over, which is closed in favor of a descriptor of the Conn's own, and puts it on the loop with
// the fewest connections. Nothing is called before [Conn.Watch], [Conn.Post] or [Conn.SetTimer]. If it fails the stream is as
// it was: it is not a TCP or Unix domain socket of package net itself (what wraps one may hold octets, or keep account), or the
// system lacks descriptors.
func (c *Conn) Adopt(nc net.Conn, h Handler) error {
	e, err := acquire()
	if err != nil {
		return err
	}
	fd, err := descriptor(nc)
	if err != nil {
		e.release()
		return err
	}
	c.handler, c.fd = h, int32(fd)
	e.fewest().add(c)
	return nil
}

// Watch says what the loop is to watch for: input, and room for output. Call with the handler's lock held. It fails if
// the system lacks memory for it.
func (c *Conn) Watch(input, output bool) error {
	want := c.interest & heavy
	if input {
		want |= reading
	}
	if output {
		want |= writing
	}
	if want == c.interest || c.fd < 0 {
		return nil
	}
	err := c.loop.poller.control(int(c.fd), c.id(), c.interest, want)
	if err == nil {
		c.interest = want
	}
	return err
}

// Watches reports whether the loop watches for input. Call with the handler's lock held.
func (c *Conn) Watches() bool { return c.interest&reading != 0 }

// Send gives octets to the system, as many as it takes without waiting; fewer than there are is no error. Call with the handler's
// lock held.
func (c *Conn) Send(p []byte) (n int, err error) {
	if c.fd < 0 {
		return 0, syscall.EBADF
	}
	return send(int(c.fd), p)
}

// Send2 is Send for two pieces, one after the other.
func (c *Conn) Send2(p, q []byte) (n int, err error) {
	if c.fd < 0 {
		return 0, syscall.EBADF
	}
	return send2(int(c.fd), p, q)
}

// ShutdownWrite ends this end's half of the stream. Call with the handler's lock held.
func (c *Conn) ShutdownWrite() {
	if c.fd >= 0 {
		shutdownWrite(int(c.fd))
	}
}

// Abort resets the connection at once. The descriptor stays, until Finish. Call with the handler's lock held.
func (c *Conn) Abort() {
	if c.fd >= 0 {
		abort(int(c.fd))
	}
}

// Finish has the loop close the descriptor, and call Closed. No call of the handler's may be between its Prepare and
// the end of its Received.
func (c *Conn) Finish() {
	if c.mail.Or(finished)&finished == 0 {
		c.loop.post(c)
	}
}

// Post has the loop call Attend soon; many calls before that are as one. It can be called anywhere.
func (c *Conn) Post() {
	if c.mail.Or(posted)&posted == 0 {
		c.loop.post(c)
	}
}

// PostLater is Post for what costs much: whatever connections that cost little have to do goes first.
func (c *Conn) PostLater() {
	if c.mail.Or(deferred)&deferred == 0 {
		c.loop.postLater(c)
	}
}

// SetTimer has the loop call Timeout once after d, give or take 17 ms, in place of what was set before; never, if d is
// not positive. It can be called anywhere.
func (c *Conn) SetTimer(d time.Duration) {
	if d <= 0 {
		c.due.Store(0)
		return
	}
	c.due.Store(int64(time.Since(epoch) + d))
	c.loop.wheel.watch(c)
}

// TimerRuns reports whether Timeout is still to be called, besides what is being called or about to be.
func (c *Conn) TimerRuns() bool { return c.due.Load() != 0 }

// id is what the poller reports of the connection.
func (c *Conn) id() uint64 { return uint64(c.gen)<<32 | uint64(c.slot) }
