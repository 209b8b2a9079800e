package websocket

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	everwire "github.com/everwire/everwire/websocket"
)

// A Conn is a connection. [Upgrader.Upgrade] makes one at a server's end, [Dialer.Dial] at a client's.
//
// One goroutine at a time reads, and sets the handlers. Messages may be written, control frames too, and
// deadlines set and the Conn closed, by any number. A Conn must be closed.
type Conn struct {
	conn *everwire.Conn

	read, write deadline
	closed      atomic.Bool // Close was called
	closeSent   atomic.Bool // a Close frame was written
	ending      atomic.Bool // the connection has ended by itself, or is ending in the background
	timeouts    atomic.Int32

	// Of who reads.
	reader       *messageReader
	readErr      error // final
	failures     int
	pingHandler  func(appData string) error
	pongHandler  func(appData string) error
	closeHandler func(code int, text string) error

	writerMu sync.Mutex
	writer   io.Closer // of NextWriter, nil once it was closed
}

// options are those of both ends: what gorilla does not bound or do is off.
var (
	noLimits    = everwire.Limits{MessageSize: -1}
	noHeartbeat = everwire.Heartbeat{Interval: -1}
)

func newConn(conn *everwire.Conn) *Conn {
	c := &Conn{conn: conn}
	conn.HandleControl(c.receiveControl)
	return c
}

// Subprotocol returns the subprotocol that was chosen, or "".
func (c *Conn) Subprotocol() string { return c.conn.Subprotocol() }

// LocalAddr returns this end's network address.
func (c *Conn) LocalAddr() net.Addr { return c.conn.LocalAddr() }

// RemoteAddr returns the other end's network address. Behind a proxy it is the proxy's.
func (c *Conn) RemoteAddr() net.Addr { return c.conn.RemoteAddr() }

// NetConn returns the stream below, to set its socket options. To read, write or close it breaks the Conn.
func (c *Conn) NetConn() net.Conn { return c.conn.Stream() }

// UnderlyingConn returns the stream below.
//
// Deprecated: it is NetConn.
func (c *Conn) UnderlyingConn() net.Conn { return c.NetConn() }

// SetReadDeadline sets when reads, those that wait included, give up with an error whose Timeout is true. The
// zero time, at first, is never. Once the deadline was moved, reading goes on where it stopped. It returns nil.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.timeouts.Store(0)
	c.read.set(t)
	return nil
}

// SetWriteDeadline sets when writes, those that wait included, give up with an error whose Timeout is true. The
// zero time, at first, is never. If a part of a frame had left, the connection fails; if not, once the
// deadline was moved, writing goes on. It returns nil.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.write.set(t)
	return nil
}

// SetReadLimit sets how many octets a message may have. One that has more ends the connection with 1009, and
// reading with [ErrReadLimit]. Zero or less, at first, is no limit: a server sets one.
func (c *Conn) SetReadLimit(limit int64) { c.conn.SetReadLimit(limit) }

// Close ends the stream without a closing handshake. Calls that wait return an error that is [net.ErrClosed], as
// does a further Close. If this end has failed the connection, or both Close frames were exchanged, the end
// comes in order, in the background, within seconds.
//
// To close with a handshake, write a CloseMessage and read until there is an error, or, without it, just
// write a CloseMessage before Close.
func (c *Conn) Close() error {
	if c.closed.Swap(true) {
		return c.netError("close", net.ErrClosed)
	}
	c.read.set(time.Time{}) // no timer stays
	c.write.set(time.Time{})
	if c.ending.Load() {
		return nil
	}
	err := c.conn.Stream().Close() // and not a reset, which would take back what was written last
	c.conn.Terminate()
	return err
}
