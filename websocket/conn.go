package websocket

import (
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/everwire/everwire/internal/protocol"
)

// A Conn is a connection that the program pulls messages from: idiomatic Go, with a context for every
// call that may wait. [Dial] makes one as a client, [Accept] as a server.
//
//	for {
//		typ, data, err := c.Read(ctx)
//		if err != nil {
//			return err // a *CloseError if the peer closed
//		}
//		if err := c.Write(ctx, typ, data); err != nil {
//			return err
//		}
//	}
//
// # Reading
//
// Somebody must read, or the peer's Pings and Close frame go unanswered: a program that only writes
// calls [Conn.CloseRead]. A read whose context ends loses nothing: the next one goes on where it
// stopped, even inside a message or a frame.
//
// # Writing
//
// A write whose context ends before its first octet has left changes nothing; later, the connection
// fails, because a frame cannot be taken back.
//
// # Concurrency
//
// All methods may be called concurrently. Concurrent writers' messages do not mix; concurrent readers
// take turns message by message with Read, but share one message with Reader.
//
// A Conn must be closed, by Close or Terminate, unless reading has returned an error that is not its
// context's.
type Conn struct {
	nc       net.Conn
	role     protocol.Role
	settings *settings
	info     connInfo

	// Inbound, owned by who holds readLock.
	readLock     lock
	readDeadline interrupter
	receiver     protocol.Receiver
	message      incoming
	in           []byte  // read, and not yet made into events
	buf          *buffer // what in lies in
	raw          rawInput
	lent         atomic.Pointer[buffer]
	proven       int // the size of the last message
	turn         turn
	stall        stall
	meter        *meter    // nil if there are no Rates
	throttled    time.Time // when they allow to read on
	flood        flood

	controlHandler atomic.Pointer[ControlHandler]
	readLimit      atomic.Int64 // what SetReadLimit asked for and is not in force yet: -1 for none, 0 for nothing

	// Outbound. A message holds messageLock from its first frame to its last, a frame writeLock.
	messageLock   lock
	writeLock     lock
	writeDeadline interrupter
	compressor    *compressor // owned by who holds messageLock
	compress      atomic.Uint32
	vector        net.Buffers
	parts         [2][]byte
	pace          pace

	counting counting // for an Observer

	mu        sync.Mutex // guards what follows; never held while waiting
	sender    protocol.Sender
	closing   protocol.Closing
	writeErr  error  // the stream takes no more octets
	control   []byte // encoded Pings and Pongs that wait
	flushing  bool   // a goroutine writes them
	pings     []ping
	pingCount uint64
	heartbeat heartbeat
	err       error         // why the connection ended, or is ending
	goodbye   goodbye       // with which Close frame, if none was sent before
	ended     chan struct{} // closed when err is set
	done      chan struct{} // closed when the stream is
}

func newConn(nc net.Conn, role protocol.Role, set *settings, ahead []byte, info connInfo) *Conn {
	c := &Conn{
		nc: nc, role: role, settings: set, info: info,
		readLock: newLock(), messageLock: newLock(), writeLock: newLock(),
		in:    ahead,
		ended: make(chan struct{}), done: make(chan struct{}),
	}
	c.raw.init(c)
	c.readDeadline.set = nc.SetReadDeadline
	c.writeDeadline.set = nc.SetWriteDeadline
	c.receiver.Init(role, &set.receive)
	c.sender.Init(role)
	c.meter = newMeter(&set.rates)
	if info.deflate.Agreed() {
		c.receiver.Inflate(info.deflate)
		c.compressor = newCompressor(role, &set.compression, info.deflate)
	}
	c.startHeartbeat()
	return c
}

// Subprotocol returns the subprotocol that was chosen, or "".
func (c *Conn) Subprotocol() string { return c.info.subprotocol }

// Extensions returns the extensions in use as the server's answer named them, or "".
func (c *Conn) Extensions() string { return c.info.extensions }

// URL returns the URL that was connected to; at a server's end, the one that was asked for.
func (c *Conn) URL() string { return c.info.url }

// LocalAddr returns this end's network address.
func (c *Conn) LocalAddr() net.Addr { return c.info.local }

// RemoteAddr returns the other end's network address. Behind a proxy it is the proxy's.
func (c *Conn) RemoteAddr() net.Addr { return c.info.remote }

// TLS returns the state of the TLS connection below, or nil if there is none. Do not change it.
func (c *Conn) TLS() *tls.ConnectionState { return c.info.tls }
