package wstest

import (
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

// flow is the state of a [Direction], as against its settings.
type flow struct {
	op           string                         // "read" or "write"
	setInterrupt func(deadline time.Time) error // the wrapped connection's SetReadDeadline or SetWriteDeadline

	passed   int64
	surplus  []byte   // read from the wrapped connection before a setting came that keeps it back
	ended    bool     // by CutEOF, or by CloseWrite
	deadline deadline // the user's

	busy        bool      // a Read or Write has its turn; others wait for theirs
	calling     bool      // it is in a call of the wrapped connection
	interrupted bool      // that call was interrupted; the wrapped deadline must be cleared before the next
	cond        sync.Cond // everything that waits here, its L the connection's mutex
}

// longAgo is a deadline that has passed on every clock, synctest's of the year 2000 included.
var longAgo = time.Unix(1, 0)

// enter waits for the turn of a Read or Write, leave gives it up.
func (d *Direction) enter() error {
	for d.flow.busy {
		if err := d.stopped(); err != nil {
			return err
		}
		d.flow.cond.Wait()
	}
	d.flow.busy = true
	return nil
}

func (d *Direction) leave() {
	d.flow.busy = false
	d.flow.cond.Broadcast()
}

// stopped is the error with which everything in this direction ends now, if any, in the order in which
// package net looks.
func (d *Direction) stopped() error {
	f := d.conn
	switch {
	case f.closed:
		return f.opError(d.flow.op, net.ErrClosed)
	case d.flow.deadline.expired:
		return f.opError(d.flow.op, os.ErrDeadlineExceeded)
	case f.reset:
		return f.opError(d.flow.op, os.NewSyscallError(d.flow.op, syscall.ECONNRESET))
	case d.flow.ended && d == &f.reads:
		return io.EOF
	case d.flow.ended:
		return f.opError(d.flow.op, os.NewSyscallError(d.flow.op, syscall.EPIPE))
	}
	return nil
}

// silent reports whether a CutSilent is in effect.
func (d *Direction) silent() bool {
	return d.cut == CutSilent && d.flow.passed >= d.cutAt
}

// settle lets a cut that has been reached take effect. CutSilent needs nothing done: it is looked up.
func (d *Direction) settle() {
	f := d.conn
	if d.flow.passed < d.cutAt {
		return
	}
	switch {
	case d.cut == CutEOF && !d.flow.ended:
		d.flow.ended = true
		if d == &f.writes {
			f.owed.halfClose = true
		}
	case d.cut == CutReset && !f.reset:
		f.reset = true
		f.owed.reset = true
	default:
		return
	}
	f.wake()
}

// wake lets everyone who waits in this direction look again. Who waits in the wrapped connection is only
// disturbed if there is cause.
func (d *Direction) wake() {
	if d.silent() || d.stopped() != nil {
		d.interrupt()
	}
	d.flow.cond.Broadcast()
}

// interrupt ends a call of the wrapped connection that is going on.
func (d *Direction) interrupt() {
	if d.flow.calling && !d.flow.interrupted {
		d.flow.interrupted = true
		d.flow.setInterrupt(longAgo)
	}
}

// pause waits out, in part, what is left of the delay of a piece begun at the given time. When it has waited
// it returns true: things may have changed meanwhile.
func (d *Direction) pause(began time.Time) bool {
	left := d.delay - time.Since(began)
	if d.delay <= 0 || left <= 0 {
		return false
	}
	timer := time.AfterFunc(left, func() {
		d.conn.mu.Lock()
		defer d.conn.mu.Unlock()
		d.flow.cond.Broadcast()
	})
	d.flow.cond.Wait()
	timer.Stop()
	return true
}

// limit returns how many of n bytes may pass at once now.
func (d *Direction) limit(n int) int {
	n = d.split.piece(d.flow.passed, n)
	if d.cut != 0 && d.cutAt > d.flow.passed {
		n = atMost(n, d.cutAt-d.flow.passed)
	}
	return n
}

// corrupts reports whether corrupt may change anything.
func (d *Direction) corrupts() bool { return len(d.masks) > 0 || d.spoil != nil }

// corrupt changes b, the bytes that come next. It lets go of the mutex while the user's function runs, and
// returns false if something came meanwhile by which b, as a piece, may no longer pass.
func (d *Direction) corrupt(b []byte) bool {
	for offset, mask := range d.masks {
		if i := offset - d.flow.passed; i >= 0 && i < int64(len(b)) {
			b[i] ^= mask
		}
	}
	if d.spoil == nil {
		return true
	}
	spoil, at := d.spoil, d.flow.passed
	d.conn.mu.Unlock()
	spoil(at, b)
	d.conn.mu.Lock()
	return !d.silent() && d.stopped() == nil && d.limit(len(b)) == len(b)
}

// rawCopy keeps b as it was, where corrupt may have to be undone.
func (d *Direction) rawCopy(b []byte) []byte {
	if d.spoil == nil {
		return nil
	}
	return slices.Clone(b)
}

// call reads or writes b on the wrapped connection, without the mutex. An error is not returned if it is, or
// is hidden by, what has meanwhile happened to the direction; the caller looks at that next.
func (d *Direction) call(op func([]byte) (int, error), b []byte) (int, error) {
	if d.flow.interrupted {
		d.flow.interrupted = false
		d.flow.setInterrupt(time.Time{})
	}
	d.flow.calling = true
	d.conn.mu.Unlock()
	n, err := op(b)
	d.conn.mu.Lock()
	d.flow.calling = false
	if d.flow.interrupted && isTimeout(err) || d.silent() || d.stopped() != nil {
		err = nil
	}
	return n, err
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

// receive fills p with what comes next and returns how much of it the settings let pass, which they may
// newly forbid; the rest is kept for later.
func (d *Direction) receive(p []byte) (n int, err error) {
	if len(d.flow.surplus) > 0 {
		n = d.limit(copy(p, d.flow.surplus))
		d.flow.surplus = d.flow.surplus[n:]
		return n, nil
	}
	n, err = d.call(d.conn.nc.Read, p)
	pass := d.limit(n)
	if d.flow.ended || d.conn.reset || d.silent() {
		pass = 0
	}
	if pass < n {
		d.flow.surplus = slices.Clone(p[pass:n])
		err = nil // it comes again, after the rest
	}
	return pass, err
}

// advance counts n bytes as passed.
func (d *Direction) advance(n int) {
	d.flow.passed += int64(n)
	d.settle()
}
