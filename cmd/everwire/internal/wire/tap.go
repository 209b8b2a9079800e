package wire

import (
	"errors"
	"io"
	"net"
	"sync"
)

// Wrap returns nc with d looking on: what is written goes to d as coming from whom, what is read as coming from
// the other end. So a client's stream is wrapped with FromClient, one that a listener has accepted with FromServer.
//
// It may stand above TLS, where nc is a tls.Conn, and passes everything through: deadlines, and CloseWrite and
// SetLinger where nc has them. The stream's type is hidden, so that a Socket on it is driven by goroutines. Closing
// it closes d.
//
// What is written is told before it is written, so that an answer never comes before its request. Where a Write
// fails or is cut short by a deadline, d has been told more than has gone; who goes on with the rest, as a
// Socket does, makes up for it.
func Wrap(nc net.Conn, d *Decoder, whom Direction) net.Conn {
	return tapped(nc, d, whom)
}

func tapped(nc net.Conn, w watcher, whom Direction) net.Conn {
	t := &tap{Conn: nc, watcher: w, whom: whom}
	if _, ok := nc.(closeWriter); ok {
		return &halfTap{t}
	}
	return t
}

type closeWriter interface{ CloseWrite() error }

// A watcher looks on: a Decoder, or what stands before one.
type watcher interface {
	Write(from Direction, octets []byte)
	End(from Direction, err error)
	Close()
}

// A tap is a stream that is looked at.
type tap struct {
	net.Conn
	watcher watcher
	whom    Direction

	writing sync.Mutex
	ahead   int // octets that were told but not written
}

func (t *tap) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	if n > 0 {
		t.watcher.Write(t.whom.Other(), b[:n])
	}
	var timeout net.Error
	switch {
	case err == nil:
	case err == io.EOF:
		t.watcher.End(t.whom.Other(), nil)
	case errors.As(err, &timeout) && timeout.Timeout():
	case errors.Is(err, net.ErrClosed):
	default:
		t.watcher.End(t.whom.Other(), err)
	}
	return n, err
}

func (t *tap) Write(b []byte) (int, error) {
	t.writing.Lock()
	defer t.writing.Unlock()
	if len(b) > t.ahead {
		t.watcher.Write(t.whom, b[t.ahead:])
	}
	n, err := t.Conn.Write(b)
	t.ahead = max(t.ahead, len(b)) - n
	return n, err
}

func (t *tap) Close() error {
	err := t.Conn.Close()
	t.watcher.Close()
	return err
}

// SetLinger is that of a TCP connection; on another stream it does nothing.
func (t *tap) SetLinger(seconds int) error {
	if tcp, ok := under(t.Conn).(interface{ SetLinger(int) error }); ok {
		return tcp.SetLinger(seconds)
	}
	return nil
}

// under returns the stream that TLS is on, or nc.
func under(nc net.Conn) net.Conn {
	if t, ok := nc.(interface{ NetConn() net.Conn }); ok {
		return t.NetConn()
	}
	return nc
}

// A halfTap is on a stream that can be shut down for writing.
type halfTap struct{ *tap }

func (t *halfTap) CloseWrite() error {
	err := t.Conn.(closeWriter).CloseWrite()
	t.watcher.End(t.whom, nil)
	return err
}
