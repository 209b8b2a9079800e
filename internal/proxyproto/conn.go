package proxyproto

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// conn is a connection that begins with a header.
type conn struct {
	net.Conn
	refused func(net.Addr, error)

	once          sync.Once // reads the header; makes what follows
	err           error
	remote, local net.Addr

	mu       sync.Mutex // guards what follows
	rest     []byte     // read with the header
	deadline time.Time  // for reading, as the user of the connection set it
	limit    time.Time  // for the header; zero once it is read
}

func (c *conn) Read(b []byte) (int, error) {
	c.once.Do(c.readHeader)
	if c.err != nil {
		return 0, c.err
	}
	if n := c.takeRest(b); n > 0 {
		return n, nil
	}
	return c.Conn.Read(b)
}

func (c *conn) takeRest(b []byte) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := copy(b, c.rest)
	if c.rest = c.rest[n:]; len(c.rest) == 0 {
		c.rest = nil // gives the memory back
	}
	return n
}

func (c *conn) RemoteAddr() net.Addr {
	c.once.Do(c.readHeader)
	return c.remote
}

func (c *conn) LocalAddr() net.Addr {
	c.once.Do(c.readHeader)
	return c.local
}

func (c *conn) readHeader() {
	h, rest, err := receive(c.Conn)
	if err != nil {
		c.Conn.Close()
		if c.err = err; errors.As(err, new(Error)) {
			c.err = &net.OpError{Op: "read", Net: c.local.Network(), Source: c.local, Addr: c.remote, Err: err}
			c.refused(c.remote, err)
		}
		return
	}
	if h.Source.IsValid() {
		c.remote, c.local = net.TCPAddrFromAddrPort(h.Source), net.TCPAddrFromAddrPort(h.Destination)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rest, c.limit = rest, time.Time{}
	c.Conn.SetReadDeadline(c.deadline)
}

// receive reads a header, and returns what came behind it as well. The error is an [Error] or the stream's.
func receive(r io.Reader) (h Header, rest []byte, err error) {
	b := make([]byte, 0, 512)
	for {
		if len(b) == cap(b) {
			b = append(make([]byte, 0, MaxSize), b...) // it suffices: Parse takes no more
		}
		m, readErr := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+m]
		h, n, err := Parse(b)
		switch {
		case err != nil:
			return Header{}, nil, err
		case n > 0:
			return h, b[n:], nil // what readErr is, the next Read will say
		case errors.Is(readErr, os.ErrDeadlineExceeded):
			return Header{}, nil, ErrTimeout
		case readErr != nil:
			return Header{}, nil, readErr
		}
	}
}

// SetDeadline sets the deadlines for reading and writing.
func (c *conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.Conn.SetWriteDeadline(t)
}

// SetReadDeadline sets the deadline for reading, which can make the header's shorter, not longer.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	if !c.limit.IsZero() && (t.IsZero() || c.limit.Before(t)) {
		t = c.limit
	}
	return c.Conn.SetReadDeadline(t)
}

// CloseWrite ends this end's half of the connection, if the one below has halves.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// SetLinger sets what Close does with octets not yet sent, if TCP is below.
func (c *conn) SetLinger(sec int) error {
	if tcp, ok := c.Conn.(interface{ SetLinger(sec int) error }); ok {
		return tcp.SetLinger(sec)
	}
	return errors.ErrUnsupported
}
