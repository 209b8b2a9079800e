package websocket

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/deflate"
	"github.com/everwire/everwire/websocket/internal/page"
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
	role     protocol.Role
	settings *settings
	driver   driver
	info     connInfo

	listeners  atomic.Pointer[listeners]
	readyState atomic.Uint32
	binaryType atomic.Uint32
	buffered   atomic.Int64
	rtt        atomic.Int64
	paused     atomic.Bool
	enough     atomic.Bool  // was read while lingering
	heard      atomic.Int64 // when something last arrived, by the heartbeat's clock

	throttledUntil atomic.Int64 // by the same clock
	standsSince    atomic.Int64 // when something of the message in progress last arrived; 0 between messages

	// Whoever holds the delivery token (see socket_deliver.go) owns these.
	receiver protocol.Receiver
	in       []byte // read, and not yet made into events
	assembly assembly
	meter    *meter // nil if there are no Rates
	flood    flood

	inputHolding holding

	arrivedBefore uint64 // what the receiver said of it

	mu sync.Mutex // guards what follows

	// delivery
	delivering bool
	mailbox    []event
	ended      bool // the close event is in the mailbox or was delivered
	errored    bool // an error event is in the mailbox or was delivered

	// output
	sender       protocol.Sender
	queue        sendQueue
	control      []byte // encoded Ping and Pong frames that wait
	closeWant    closeRequest
	outputActive bool   // the driver was woken and has not run out of batches
	accepted     uint64 // messages ever taken into the queue
	writing      uint64 // the first message of the batch being written, 0 if there is none
	lost         bool   // the connection ended with messages unsent
	flushers     []flusher
	outputErr    error // the stream takes no more octets
	compressor   *compressor
	inFlight     int64 // octets of the messages of the batch being written that are nobody else's
	queueHolding holding

	// closing
	closing   protocol.Closing
	lingering bool
	shutDown  bool // our half of the stream is ended
	lingered  int64
	cutOff    bool          // this end cut the stream
	movedAt   time.Duration // when the stream last took something, by the heartbeat's clock

	// heartbeat
	tickAt   time.Time
	throttle *time.Timer // ends a wait that Rates demand
	awaiting bool        // a Ping of the heartbeat is out
	ping     pingOut

	ctx      context.Context
	cancel   context.CancelFunc
	groups   set[*Group]
	values   []value
	dialStop context.CancelFunc // gives up connecting
	onEnded  func()             // the server's, after the close event; set before the driver runs

	// What the budget knows of this socket, guarded by its mutex.
	holds, weight int64
	doomed        bool // closed for it
}

// connInfo is what is known of a connection once it is open, and does not change.
type connInfo struct {
	url         string
	subprotocol string
	extensions  string
	deflate     deflate.Params // not Agreed: no compression
	header      http.Header    // the request's, as AcceptOptions.KeepHeader says
	local       net.Addr
	remote      net.Addr
	client      *netip.Addr // whose connection a trusted proxy passes on; nil: that of remote
	tls         *tls.ConnectionState
	page        *page.Stream // in a page: the stream
}

func newSocket(role protocol.Role, set *settings, state ReadyState) *Socket {
	s := &Socket{role: role, settings: set, delivering: true}
	s.receiver.Init(role, &set.receive)
	s.sender.Init(role)
	s.meter = newMeter(&set.rates)
	s.readyState.Store(uint32(state))
	return s
}

// ReadyState returns where the Socket is in its life.
func (s *Socket) ReadyState() ReadyState { return ReadyState(s.readyState.Load()) }

// BufferedAmount returns how many octets of application data, before framing, were given to Send and
// the like and have not left: a message leaves the count when the operating system has taken its last
// octet, or when a full queue dropped it. What is sent in CLOSING or CLOSED counts as well, though it
// goes nowhere, and closing does not reset the count (WHATWG, bufferedAmount).
//
// In a page, a message leaves the count when the browser has sent it.
func (s *Socket) BufferedAmount() int64 {
	if s.settings.page {
		return s.buffered.Load() + s.inBrowser()
	}
	return s.buffered.Load()
}

// BinaryType returns how binary messages are handed over. Default: [ArrayBuffer].
func (s *Socket) BinaryType() BinaryType { return BinaryType(s.binaryType.Load()) }

// SetBinaryType changes how binary messages are handed over, from the next one that begins.
func (s *Socket) SetBinaryType(t BinaryType) { s.binaryType.Store(uint32(t)) }

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
func (s *Socket) RemoteAddr() net.Addr { return s.infoNow().remote }

// TLS returns the state of the TLS connection below, or nil if there is none. Do not change it.
func (s *Socket) TLS() *tls.ConnectionState { return s.infoNow().tls }

// RequestHeader returns a field of the request that made this Socket, if [AcceptOptions].KeepHeader
// names it; else "". Requests are not kept whole: they would outweigh an idle connection many times.
func (s *Socket) RequestHeader(name string) string { return s.infoNow().header.Get(name) }

// infoNow returns what is known of the connection: but for the URL, nothing before it is open.
func (s *Socket) infoNow() connInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.info
}

// RTT returns the last measured time from a Ping, of the heartbeat or by [Socket.Ping], to its Pong; 0
// before the first.
func (s *Socket) RTT() time.Duration { return time.Duration(s.rtt.Load()) }

// Context returns the Socket's own context, which is cancelled when the connection has ended, or is cut
// from this end, and always before the close event is delivered. It is not the context of the request
// that made it, which ends when its handler returns. While a listener runs nothing is read, so that the
// peer's going is not noticed.
func (s *Socket) Context() context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx == nil {
		s.ctx, s.cancel = context.WithCancel(context.Background())
		if s.ended || s.cutOff {
			s.cancel()
		}
	}
	return s.ctx
}

// cancelContext ends Context. Call with mu held.
func (s *Socket) cancelContext() {
	if s.cancel != nil {
		s.cancel()
	}
}

// Pause stops delivering messages once the running listener has returned, and stops reading, so that
// TCP's window holds the peer back. Meanwhile Pings are not answered, a Close frame of the peer is not
// seen, and the heartbeat stands still. Close and Terminate end the pause. In a page nothing holds the peer
// back: up to 64 MiB of messages are kept, and with more the connection ends.
func (s *Socket) Pause() { s.paused.Store(true) }

// Resume undoes Pause.
func (s *Socket) Resume() {
	s.paused.Store(false)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resumeReading()
}

// held reports whether input waits: that of an open socket for Resume or Rates, that of a lingering one, once
// enough was discarded, for the end.
func (s *Socket) held() bool {
	return (s.paused.Load() || s.throttled()) && s.ReadyState() == Open || s.enough.Load()
}

// resumeReading tells the driver that held may have become false. Call with mu held.
func (s *Socket) resumeReading() {
	if s.driver != nil {
		s.driver.resume()
	}
}
