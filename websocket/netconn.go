package websocket

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// NetConn returns c as a [net.Conn], to carry a protocol that knows only streams. Each Write sends one
// message of type t; Read reads the messages' octets one after the other, of either type. The peer's
// Close frame with 1000 or 1001 is io.EOF. Close is [Conn.Close] with 1000; afterwards errors are
// [net.ErrClosed]. A Write of more than the peer's [Limits.MessageSize] ends the connection.
//
// Deadlines behave as net.Conn says, also for calls under way: a Read that times out loses nothing, a
// Write that times out before its first octet has left may be repeated. One that times out later ends
// the connection, as [Conn.Write] says.
//
// The Conn must not be read or written in other ways meanwhile.
func (c *Conn) NetConn(t MessageType) net.Conn {
	n := &netConn{c: c, typ: t}
	n.read.renew()
	n.write.renew()
	return n
}

type netConn struct {
	c           *Conn
	typ         MessageType
	read, write netDeadline
	closed      atomic.Bool
}

func (n *netConn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c, ctx := n.c, n.read.context()
	for {
		if err := c.beginRead(ctx); err != nil {
			return 0, n.translate(err)
		}
		got, err := c.readSome(ctx, p)
		c.readLock.release()
		switch {
		case got > 0:
			return got, nil
		case err != io.EOF: // that is only the message's end
			return 0, n.translate(err)
		}
	}
}

func (n *netConn) Write(p []byte) (int, error) {
	if err := n.c.Write(n.write.context(), n.typ, p); err != nil {
		return 0, n.translate(err)
	}
	return len(p), nil
}

// translate says an error in the words of package net.
func (n *netConn) translate(err error) error {
	var peer *CloseError
	switch {
	case err == context.Canceled:
		return os.ErrDeadlineExceeded
	case n.closed.Load():
		return net.ErrClosed
	case errors.As(err, &peer) && (peer.Code == CloseNormal || peer.Code == CloseGoingAway):
		return io.EOF
	}
	return err
}

func (n *netConn) Close() error {
	n.closed.Store(true)
	n.read.stop()
	n.write.stop()
	return n.c.Close(CloseNormal, "")
}

func (n *netConn) LocalAddr() net.Addr  { return n.c.LocalAddr() }
func (n *netConn) RemoteAddr() net.Addr { return n.c.RemoteAddr() }

func (n *netConn) SetDeadline(t time.Time) error { return n.setDeadlines(t, &n.read, &n.write) }

func (n *netConn) SetReadDeadline(t time.Time) error { return n.setDeadlines(t, &n.read) }

func (n *netConn) SetWriteDeadline(t time.Time) error { return n.setDeadlines(t, &n.write) }

func (n *netConn) setDeadlines(t time.Time, deadlines ...*netDeadline) error {
	if n.closed.Load() {
		return net.ErrClosed
	}
	for _, d := range deadlines {
		d.set(t)
	}
	return nil
}

// netDeadline is a deadline in the form of contexts. One that is moved before it has passed moves for
// the calls under way too.
type netDeadline struct {
	mu     sync.Mutex
	ctx    context.Context
	cancel context.CancelFunc
	timer  *time.Timer
	moves  int // how often the deadline was set
}

// renew makes the deadline one that has not passed.
func (d *netDeadline) renew() { d.ctx, d.cancel = context.WithCancel(context.Background()) }

func (d *netDeadline) context() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ctx
}

func (d *netDeadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.moves++
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	if d.ctx.Err() != nil {
		d.renew()
	}
	if t.IsZero() {
		return
	}
	wait := time.Until(t)
	if wait <= 0 {
		d.cancel()
		return
	}
	move := d.moves
	d.timer = time.AfterFunc(wait, func() { d.pass(move) })
}

// pass is called when the timer of a move ran out. The deadline may have been moved on meanwhile.
func (d *netDeadline) pass(move int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.moves == move {
		d.cancel()
	}
}

func (d *netDeadline) stop() { d.set(time.Time{}) }
