package wstest

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// Pipe returns the two ends of a connection in memory; both are *[PipeConn]. What one end writes the other
// reads, in both directions at once. Unlike [net.Pipe] it is buffered, so that programs which count on a
// socket's buffer (both ends write first, then read) do not lock up on it.
func Pipe(opts ...Option) (a, b net.Conn) {
	return newPipe(newAddr(), newAddr(), configure(opts).pipeSize)
}

func newPipe(addrA, addrB Addr, size int) (a, b *PipeConn) {
	mu := new(sync.Mutex)
	a = &PipeConn{mu: mu, local: addrA, remote: addrB, in: ring{limit: size}}
	b = &PipeConn{mu: mu, local: addrB, remote: addrA, in: ring{limit: size}}
	a.peer, b.peer = b, a
	for _, c := range []*PipeConn{a, b} {
		c.readers.L, c.writers.L = mu, mu
	}
	return a, b
}

// PipeConn is one end of a [Pipe], or of a connection made through a [Listener]. It has the methods of a
// *[net.TCPConn] that decide how a connection ends. All of them may be called from any goroutine, at any
// time, as often as wanted.
//
// It behaves as TCP on loopback does. Where TCP leaves the outcome to the timing of packets, it takes the
// strictest one there is, always:
//
//	this end did                 the peer's reads then give          the peer's writes then give
//	CloseWrite                   what is buffered, then io.EOF       success: this end still reads
//	Close, nothing unread        what is buffered, then io.EOF       EPIPE
//	Close, input left unread     ECONNRESET, the buffered is lost    ECONNRESET
//	SetLinger(0), then Close     ECONNRESET, the buffered is lost    ECONNRESET
//
// Strictest means: a reset destroys all that the peer has not read, its end of stream included, as if it were
// still in flight (Linux gives a reader what had reached its socket before); and a Write to an end that is
// closed fails at once (on a network the first one succeeds, and its loss shows in the next).
//
// Errors other than io.EOF are *[net.OpError]: errors.Is finds [net.ErrClosed] on an end that was closed
// here, [os.ErrDeadlineExceeded], [syscall.ECONNRESET] and [syscall.EPIPE] in them.
type PipeConn struct {
	local, remote Addr
	peer          *PipeConn
	mu            *sync.Mutex // the pair's: guards all that follows at both ends; never held while waiting

	in    ring // from the peer, not yet read
	ended bool // the peer writes no more: after in comes io.EOF

	sawEnd        bool // a Read returned io.EOF, and every further one will
	reset         bool // by the peer
	closed        bool // by Close
	abort         bool // by SetLinger(0)
	writing       bool // a Write has its turn: Writes do not mix their bytes
	readDeadline  deadline
	writeDeadline deadline
	readers       sync.Cond // wait for in, its end, readDeadline
	writers       sync.Cond // wait for room at the peer, their turn, writeDeadline
}

// Read reads what has arrived, at least one byte, into p; it waits if nothing has. A p of length 0 gives 0,
// nil at once. After the peer's last byte it returns io.EOF.
func (c *PipeConn) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		switch {
		case c.closed:
			return 0, c.opError("read", net.ErrClosed)
		case len(p) == 0:
			return 0, nil
		case c.readDeadline.expired:
			return 0, c.opError("read", os.ErrDeadlineExceeded)
		case c.sawEnd:
			return 0, io.EOF
		case c.reset:
			return 0, c.opError("read", os.NewSyscallError("read", syscall.ECONNRESET))
		case c.in.len() > 0:
			n := c.in.read(p)
			c.peer.writers.Broadcast()
			return n, nil
		case c.ended:
			c.sawEnd = true
			return 0, io.EOF
		}
		c.readers.Wait()
	}
}

// Write writes all of p, and waits while the peer's buffer is full. The bytes of one Write stay together when
// several goroutines write. If it fails, the first n bytes are on their way to the peer (unless the
// connection was reset) and the others are not; after a deadline, a further Write may go on from there.
func (c *PipeConn) Write(p []byte) (n int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.writing {
		if err := c.writeError(); err != nil {
			return 0, c.opError("write", err)
		}
		c.writers.Wait()
	}
	c.writing = true
	defer c.endWrite()
	for {
		if err := c.writeError(); err != nil {
			return n, c.opError("write", err)
		}
		if k := c.peer.in.write(p[n:]); k > 0 {
			n += k
			c.peer.readers.Broadcast()
		}
		if n == len(p) {
			return n, nil
		}
		c.writers.Wait()
	}
}

// writeError is why nothing can be written now, in the order in which package net looks.
func (c *PipeConn) writeError() error {
	switch {
	case c.closed:
		return net.ErrClosed
	case c.writeDeadline.expired:
		return os.ErrDeadlineExceeded
	case c.reset:
		return os.NewSyscallError("write", syscall.ECONNRESET)
	case c.peer.ended, c.peer.closed:
		return os.NewSyscallError("write", syscall.EPIPE)
	}
	return nil
}

func (c *PipeConn) endWrite() {
	c.writing = false
	c.writers.Broadcast()
}

// CloseWrite ends this end's stream: the peer reads what is buffered, then io.EOF; this end can still read.
// A Write that waits, and every further one, fails with EPIPE. A second call does nothing. After a reset by
// the peer the error is [syscall.ENOTCONN].
func (c *PipeConn) CloseWrite() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return c.opError("close", net.ErrClosed)
	case c.reset:
		return c.opError("close", os.NewSyscallError("shutdown", syscall.ENOTCONN))
	}
	c.peer.ended = true
	c.wake()
	return nil
}

// Close closes this end, without waiting; calls that wait here fail with [net.ErrClosed], as does a second
// Close. If the peer had sent bytes that were not read here, or after SetLinger(0), the connection is reset:
// the peer loses what it had not yet read. Otherwise the peer reads it all, then io.EOF. Because of this a
// program that must be heard to the end calls CloseWrite, reads until io.EOF, and then closes.
func (c *PipeConn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return c.opError("close", net.ErrClosed)
	}
	c.closed = true
	c.readDeadline.stop()
	c.writeDeadline.stop()
	if c.abort || c.in.len() > 0 {
		c.peer.reset = true
	} else {
		c.peer.ended = true
	}
	c.wake()
	return nil
}

// SetLinger with 0 makes Close reset the connection: the peer loses what it has not read, and its reads and
// writes fail with [syscall.ECONNRESET]. Any other value is the default: Close returns at once and the peer
// can read everything written before.
func (c *PipeConn) SetLinger(sec int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return c.opError("set", net.ErrClosed)
	}
	c.abort = sec == 0
	return nil
}

// SetDeadline sets the deadlines of reads and writes both.
func (c *PipeConn) SetDeadline(t time.Time) error { return c.setDeadlines(t, true, true) }

// SetReadDeadline makes Reads fail with [os.ErrDeadlineExceeded] once t has come, those included that wait
// now, and even if there is something to read. A later t, or the zero t which means never, makes them work
// again; nothing is lost in between.
func (c *PipeConn) SetReadDeadline(t time.Time) error { return c.setDeadlines(t, true, false) }

// SetWriteDeadline does for Writes what SetReadDeadline does for Reads. The n that an interrupted Write
// returns says how much of it went.
func (c *PipeConn) SetWriteDeadline(t time.Time) error { return c.setDeadlines(t, false, true) }

func (c *PipeConn) setDeadlines(t time.Time, read, write bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return c.opError("set", net.ErrClosed)
	}
	if read {
		c.readDeadline.set(t, c.mu, c.readers.Broadcast)
	}
	if write {
		c.writeDeadline.set(t, c.mu, c.writers.Broadcast)
	}
	return nil
}

// LocalAddr returns this end's [Addr].
func (c *PipeConn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the peer's [Addr].
func (c *PipeConn) RemoteAddr() net.Addr { return c.remote }

// wake lets everyone who waits at either end look again.
func (c *PipeConn) wake() {
	for _, end := range []*PipeConn{c, c.peer} {
		end.readers.Broadcast()
		end.writers.Broadcast()
	}
}

func (c *PipeConn) opError(op string, err error) error {
	return opError(op, c.local, c.remote, err)
}
