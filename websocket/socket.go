package websocket

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/everwire/everwire/internal/protocol"
)

// ReadyState is where a [Socket] is in its life (WHATWG, readyState).
type ReadyState uint32

const (
	Connecting ReadyState = iota // the opening handshake is under way
	Open                         // messages may be sent and received
	Closing                      // the closing handshake is under way, or the connection is failing
	Closed                       // the connection is gone, or was never made
)

// String gives the WHATWG's name: "CONNECTING", "OPEN", "CLOSING" or "CLOSED".
func (r ReadyState) String() string {
	switch r {
	case Connecting:
		return "CONNECTING"
	case Open:
		return "OPEN"
	case Closing:
		return "CLOSING"
	}
	return "CLOSED"
}

// A Socket is the browser's WebSocket object in Go, the same at both ends: it pushes events to
// listeners and takes messages to send without ever blocking. [New] makes one that connects to a
// server; [Upgrade], or a [Server], makes one of a browser's request.
//
// # Events
//
// Listeners are added by OnOpen, OnMessage, OnError, OnClose, OnPing, OnPong, OnDrain and OnDrop. The
// setup function that the Socket was made with runs before anything is delivered, so listeners added
// there miss nothing. Those of one Socket never run at the same time, and come in this order: open,
// messages as they were sent, at most one error, close exactly once, then nothing. Different Sockets'
// listeners run concurrently. A listener may call every method of its own and of other Sockets, and
// may block: only its own Socket waits. Meanwhile that Socket reads nothing, so that Pings go unanswered
// and the end of the connection is not noticed; and a listener must not wait for another event of its
// Socket. No method runs a listener before it returns.
//
// A panic in a listener ends its Socket with code 1011 and a [PanicError].
//
// # Concurrency
//
// All methods are safe for concurrent use. What is sent in an order leaves in that order.
type Socket struct {
	// One record of 224 octets holds what an idle socket needs; see TestAnIdleSocketIsSmall. The pointers that are
	// embedded lead to parts that it has only for a time.

	loop     loopDriver // if driven is byLoop
	settings *settings
	info     *connInfo

	listeners atomic.Pointer[listenerNode]
	heard     atomic.Uint32 // the moment when something last arrived
	rtt       atomic.Uint32 // in units of rttUnit
	state     atomic.Uint32 // ReadyState and flags; see below

	mu sync.Mutex // guards what follows

	accepted number // of the last message ever taken into the queue

	*arrival        // when the delivery token is held (see socket_deliver.go)
	*output         // when something is to be sent
	*extra          // what most never have
	group    *Group // the first that it is in; more are in extra

	writing  number // of the first message of the batch being written, 0 if there is none
	pingedAt moment // when the heartbeat's last Ping was sent

	groupIndex uint32
	flood      flood    // belongs to who holds the delivery token
	buffered   int64    // see BufferedAmount
	remote     endpoint // if it is one
	closing    protocol.Closing
	sender     protocol.Sender

	driven driven

	delivering   bool // somebody holds the delivery token
	ended        bool // the close event is in the mailbox or was delivered
	errored      bool // an error event is in the mailbox or was delivered
	outputActive bool // the driver was woken and has not run out of batches
	outputOver   bool // the stream takes no more octets
	lost         bool // the connection ended with messages unsent
	lingering    bool
	shutDown     bool // our half of the stream is ended
	cutOff       bool // this end cut the stream
	timed        bool // tick is to be called
	awaiting     bool // nothing has come since a Ping of the heartbeat
	unponged     bool // nor its Pong
}

// What is in Socket.state.
const (
	readyBits  = 3      // a ReadyState; changed with mu held
	blobs      = 1 << 2 // BinaryType is BlobType
	paused     = 1 << 3
	readEnough = 1 << 4 // while lingering, for good or until tick
	tapped     = 1 << 5 // there are taps; changed with mu held

	proven     = 8 // where six bits begin that say how large the message before was; changed with the delivery token
	provenMask = 63 << proven
)

// rttUnit is what Socket.rtt counts in, which reaches to 18 minutes.
const rttUnit = 256 * time.Nanosecond

// A number counts the messages of a socket: from 1, round and round without 0. Few enough of them wait at a time that it is
// clear which of two came first.
type number uint32

func (n number) next() number { return max(n+1, 1) }

func (n number) before(m number) bool { return int32(n-m) < 0 }

func newSocket(role protocol.Role, set *settings, state ReadyState) *Socket {
	s := &Socket{settings: set, delivering: true, info: &noInfo, output: &noOutput, arrival: &noArrival, extra: &noExtra}
	s.sender.Init(role)
	if set.rated {
		s.more().rating = &rating{meter: newMeter(&set.rates)}
	}
	s.state.Store(uint32(state))
	return s
}

// ReadyState returns where the Socket is in its life.
func (s *Socket) ReadyState() ReadyState { return ReadyState(s.state.Load() & readyBits) }

// BufferedAmount returns how many octets of application data, before framing, were given to Send and
// the like and have not left: a message leaves the count when the operating system has taken its last
// octet, or when a full queue dropped it. What is sent in CLOSING or CLOSED counts as well, though it
// goes nowhere, and closing does not reset the count (WHATWG, bufferedAmount).
//
// In a page, a message leaves the count when the browser has sent it.
func (s *Socket) BufferedAmount() int64 {
	s.mu.Lock()
	buffered := s.buffered
	s.mu.Unlock()
	if s.settings.page {
		return buffered + s.inBrowser()
	}
	return buffered
}

// BinaryType returns how binary messages are handed over. Default: [ArrayBuffer].
func (s *Socket) BinaryType() BinaryType {
	if s.state.Load()&blobs != 0 {
		return BlobType
	}
	return ArrayBuffer
}

// SetBinaryType changes how binary messages are handed over, from the next one that begins.
func (s *Socket) SetBinaryType(t BinaryType) { s.flag(blobs, t == BlobType) }

// Subprotocol returns the subprotocol that was chosen, or "" (WHATWG, protocol). It is set once the
// Socket is OPEN.
func (s *Socket) Subprotocol() string { return s.infoNow().subprotocol }

// Extensions returns the extensions in use as the server's answer named them, or "" (WHATWG,
// extensions). It is set once the Socket is OPEN.
func (s *Socket) Extensions() string { return s.infoNow().extensions }

// URL returns the URL that was connected to; at a server's end, the one that was asked for.
func (s *Socket) URL() string { return s.infoNow().url }

// LocalAddr returns this end's network address, or nil before the Socket is OPEN.
func (s *Socket) LocalAddr() net.Addr { return s.infoNow().local }

// RemoteAddr returns the other end's network address, or nil before the Socket is OPEN. Behind a proxy
// it is the proxy's, unless that speaks the PROXY protocol; see [Socket.ClientAddr].
func (s *Socket) RemoteAddr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.remoteAddr()
}

// TLS returns the state of the TLS connection below, or nil if there is none. Do not change it.
func (s *Socket) TLS() *tls.ConnectionState { return s.infoNow().tls }

// RequestHeader returns a field of the request that made this Socket, if [AcceptOptions].KeepHeader
// names it; else "". Requests are not kept whole: they would outweigh an idle connection many times.
func (s *Socket) RequestHeader(name string) string { return s.infoNow().header.Get(name) }

// infoNow returns what is known of the connection: but for the URL, nothing before it is open.
func (s *Socket) infoNow() *connInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.info
}

// RTT returns the last measured time from a Ping, of the heartbeat or by [Socket.Ping], to its Pong; 0
// before the first. It is a multiple of 256 ns.
func (s *Socket) RTT() time.Duration { return time.Duration(s.rtt.Load()) * rttUnit }

// Context returns the Socket's own context, which is cancelled when the connection has ended, or is cut
// from this end, and always before the close event is delivered. It is not the context of the request
// that made it, which ends when its handler returns. While a listener runs nothing is read, so that the
// peer's going is not noticed.
func (s *Socket) Context() context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lifetime == nil {
		l := &lifetime{}
		l.Context, l.cancel = context.WithCancel(context.Background())
		if s.ended || s.cutOff {
			l.cancel()
		}
		s.more().lifetime = l
	}
	return s.lifetime.Context
}

// cancelContext ends Context. Call with mu held.
func (s *Socket) cancelContext() {
	if s.lifetime != nil {
		s.lifetime.cancel()
	}
}

// Pause stops delivering messages once the running listener has returned, and stops reading, so that
// TCP's window holds the peer back. Meanwhile Pings are not answered, a Close frame of the peer is not
// seen, and the heartbeat stands still. Close and Terminate end the pause. In a page nothing holds the peer
// back: up to 64 MiB of messages are kept, and with more the connection ends.
func (s *Socket) Pause() { s.flag(paused, true) }

// Resume undoes Pause.
func (s *Socket) Resume() {
	s.flag(paused, false)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resumeReading()
}

// held reports whether input waits: that of an open socket for Resume or Rates, that of a lingering one for tick, and, once
// enough was discarded, for the end.
func (s *Socket) held() bool {
	state := s.state.Load()
	return (state&paused != 0 || s.throttled()) && ReadyState(state&readyBits) == Open || state&readEnough != 0
}

// flag sets or clears a flag in state.
func (s *Socket) flag(bit uint32, on bool) {
	if on {
		s.state.Or(bit)
	} else {
		s.state.And(^bit)
	}
}

// resumeReading tells the driver that held may have become false. Call with mu held.
func (s *Socket) resumeReading() {
	if s.driver() != nil {
		s.driver().resume()
	}
}
