package wstest

import (
	"errors"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

// FaultyConn is a connection that misbehaves as told; see [Faulty]. All methods may be called from any
// goroutine. Close it as any connection: that closes the wrapped one.
type FaultyConn struct {
	nc net.Conn

	mu     sync.Mutex // guards all that follows; never held while waiting, nor while nc reads, writes or closes
	reads  Direction
	writes Direction
	closed bool // by Close
	reset  bool // by CutReset
	owed   debt
}

// debt is what nc must be told as soon as no CutSilent keeps it from the peer.
type debt struct{ halfClose, reset, close bool }

type (
	halfCloser interface{ CloseWrite() error }
	lingerer   interface{ SetLinger(sec int) error }
)

// Faulty wraps nc in a connection whose two directions, [FaultyConn.Reads] and [FaultyConn.Writes], can be
// split, delayed, corrupted and cut, also while they are in use. As made it changes nothing.
//
// From here on nc belongs to the wrapper. It sets nc's deadlines to interrupt calls that wait, so set yours on
// the wrapper only; where nc has none that work, calls that wait in it take no notice of anything but data.
// To be faulty under TLS, wrap what is below the *tls.Conn, which does not survive an interrupted Write.
func Faulty(nc net.Conn) *FaultyConn {
	f := &FaultyConn{nc: nc}
	f.reads = Direction{conn: f, flow: flow{op: "read", setInterrupt: nc.SetReadDeadline}}
	f.writes = Direction{conn: f, flow: flow{op: "write", setInterrupt: nc.SetWriteDeadline}}
	f.reads.flow.cond.L = &f.mu
	f.writes.flow.cond.L = &f.mu
	return f
}

// Reads returns the direction of the bytes that come from the wrapped connection.
func (f *FaultyConn) Reads() *Direction { return &f.reads }

// Writes returns the direction of the bytes that go to the wrapped connection.
func (f *FaultyConn) Writes() *Direction { return &f.writes }

// NetConn returns the wrapped connection, for what the wrapper does not pass on, such as closing it for good
// after a Close that a CutSilent kept from it.
func (f *FaultyConn) NetConn() net.Conn { return f.nc }

// Read reads from the wrapped connection, as [FaultyConn.Reads] is set.
func (f *FaultyConn) Read(p []byte) (int, error) {
	f.mu.Lock()
	n, err := f.read(p)
	f.unlock()
	return n, err
}

func (f *FaultyConn) read(p []byte) (int, error) {
	d := &f.reads
	if err := d.enter(); err != nil {
		return 0, err
	}
	defer d.leave()
	for began := time.Now(); ; {
		if err := d.stopped(); err != nil {
			return 0, err
		}
		if len(p) == 0 {
			return 0, nil
		}
		if d.silent() {
			d.flow.cond.Wait()
			continue
		}
		if d.pause(began) {
			continue
		}
		n, err := d.receive(p[:d.limit(len(p))])
		if n > 0 {
			raw := d.rawCopy(p[:n])
			if !d.corrupt(p[:n]) {
				d.flow.surplus = append(raw, d.flow.surplus...)
				continue
			}
			d.advance(n)
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// Write writes to the wrapped connection, as [FaultyConn.Writes] is set. The n of a Write that fails is the
// number of bytes that passed. The bytes of one Write stay together when several goroutines write.
func (f *FaultyConn) Write(p []byte) (int, error) {
	f.mu.Lock()
	n, err := f.write(p)
	f.unlock()
	return n, err
}

func (f *FaultyConn) write(p []byte) (n int, err error) {
	d := &f.writes
	if err := d.enter(); err != nil {
		return 0, err
	}
	defer d.leave()
	for began := time.Now(); ; {
		if err := d.stopped(); err != nil {
			return n, err
		}
		if d.silent() {
			return len(p), nil
		}
		if d.pause(began) {
			continue
		}
		piece := p[n:][:d.limit(len(p)-n)]
		if d.corrupts() {
			piece = slices.Clone(piece)
			if !d.corrupt(piece) {
				continue
			}
		}
		k, err := d.call(f.nc.Write, piece)
		n += k
		d.advance(k)
		if err != nil || n == len(p) {
			return n, err
		}
		began = time.Now()
	}
}

// CloseWrite ends this end's stream with the wrapped connection's CloseWrite; further Writes fail with
// EPIPE. If the wrapped connection has none, the error is [errors.ErrUnsupported] and nothing has changed.
// During a CutSilent of the Writes the peer does not learn of it.
func (f *FaultyConn) CloseWrite() error {
	f.mu.Lock()
	if err := f.closeWrite(); err != nil {
		f.mu.Unlock()
		return err
	}
	return f.unlock()
}

func (f *FaultyConn) closeWrite() error {
	_, able := f.nc.(halfCloser)
	switch {
	case f.closed:
		return f.opError("close", net.ErrClosed)
	case f.reset:
		return f.opError("close", os.NewSyscallError("shutdown", syscall.ENOTCONN))
	case f.writes.flow.ended:
		return nil
	case !able:
		return f.opError("close", errors.ErrUnsupported)
	}
	f.writes.flow.ended = true
	f.owed.halfClose = true
	f.wake()
	return nil
}

// SetLinger calls the wrapped connection's SetLinger; with 0, Close resets the connection. If the wrapped
// connection has none, the error is [errors.ErrUnsupported].
func (f *FaultyConn) SetLinger(sec int) error {
	l, able := f.nc.(lingerer)
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.closed:
		return f.opError("set", net.ErrClosed)
	case f.reset:
		return nil
	case !able:
		return f.opError("set", errors.ErrUnsupported)
	}
	return l.SetLinger(sec)
}

// Close closes the wrapped connection, and Reads and Writes that wait fail with [net.ErrClosed], as does a
// second Close. During a CutSilent of the Writes the wrapped connection stays open, since its peer must not
// learn of the Close: it is closed when the cut is undone, or through [FaultyConn.NetConn].
func (f *FaultyConn) Close() error {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return f.opError("close", net.ErrClosed)
	}
	f.closed = true
	f.owed.close = !f.reset
	f.reads.flow.deadline.stop()
	f.writes.flow.deadline.stop()
	f.wake()
	return f.unlock()
}

// LocalAddr returns the wrapped connection's local address.
func (f *FaultyConn) LocalAddr() net.Addr { return f.nc.LocalAddr() }

// RemoteAddr returns the wrapped connection's remote address.
func (f *FaultyConn) RemoteAddr() net.Addr { return f.nc.RemoteAddr() }

// SetDeadline sets the deadlines of Reads and Writes both.
func (f *FaultyConn) SetDeadline(t time.Time) error { return f.setDeadlines(t, &f.reads, &f.writes) }

// SetReadDeadline sets the deadline of Reads, as [net.Conn] says. It also ends the wait of a delay or a cut.
func (f *FaultyConn) SetReadDeadline(t time.Time) error { return f.setDeadlines(t, &f.reads) }

// SetWriteDeadline sets the deadline of Writes, as [net.Conn] says. It also ends the wait of a delay.
func (f *FaultyConn) SetWriteDeadline(t time.Time) error { return f.setDeadlines(t, &f.writes) }

func (f *FaultyConn) setDeadlines(t time.Time, directions ...*Direction) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return f.opError("set", net.ErrClosed)
	}
	for _, d := range directions {
		d.flow.deadline.set(t, &f.mu, d.wake)
	}
	return nil
}

func (f *FaultyConn) wake() {
	f.reads.wake()
	f.writes.wake()
}

// unlock lets go of the mutex and then tells the wrapped connection what was decided under it.
func (f *FaultyConn) unlock() error {
	var due debt
	if !f.writes.silent() {
		due, f.owed = f.owed, debt{}
	}
	f.mu.Unlock()
	return due.pay(f.nc)
}

func (due debt) pay(nc net.Conn) error {
	half, able := nc.(halfCloser)
	if due.reset {
		if l, ok := nc.(lingerer); ok {
			l.SetLinger(0)
		}
	}
	switch {
	case due.reset, due.close, due.halfClose && !able:
		return nc.Close()
	case due.halfClose:
		return half.CloseWrite()
	}
	return nil
}

func (f *FaultyConn) opError(op string, err error) error {
	return opError(op, f.nc.LocalAddr(), f.nc.RemoteAddr(), err)
}
