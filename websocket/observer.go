package websocket

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/everwire/everwire/websocket/frame"
)

// An Observer is told what happens on connections, for metrics, traces and logs: on those of a [Server], by
// Server.Observer, or on those made with [AcceptOptions] or [DialOptions], by their field of that name. Any of the
// functions may be nil. Set them before the first connection; many connections call them at the same time.
//
// What is asked for rather than told is in [Server.Stats]; [Socket.Tap] shows the frames of one connection.
//
// # Goroutines
//
// A function runs on the goroutine that does what it is told of, which may be an event loop's, or that of a program's Send:
// it must be quick, and wait for nothing, so take no lock that the program holds while it sends. It may call any method of a
// [Socket]. Of a [Conn] it must call none that reads, writes or waits; Terminate is fine.
//
// Opened is the first that is called for a connection, behind its Handshake, and Closed the last. In between, Sent, and Control
// for frames that are sent, are called in the order in which these leave, one at a time, but beside all else. The others
// are called as a Socket's listeners are: one at a time, in the order of the wire, and before the listeners for the same
// thing. Those of a Conn run on the goroutine that reads, or writes; what a call of the program's is at when the connection
// ends may be told of after Closed.
//
// A panic in a function is one in a listener: it ends that connection with code 1011 and a [PanicError]. If there is none
// left to end, in Closed or after a handshake that failed, it is logged.
type Observer struct {
	// Handshake is told how each opening handshake went: with status 101 and a nil err if it was accepted, at a Server or by
	// Upgrade before the answer leaves; else, after the answer, with its status and what [Server.OnRefused] is told.
	// Took is the time since the request was there. It runs on the goroutine that serves the request.
	//
	// R must not be kept; its query, Authorization, Cookie and Sec-WebSocket-Protocol may be secrets. A request that asks for
	// no upgrade is one that is refused, unless it is for the Server's Handler.
	//
	// Where a Server listens by itself, it is told as well of connections that end before a request could be read:
	// scanners, failing TLS, who is too slow, who sends something else. R is nil then, status 0, err is an [ErrNoRequest], and
	// took the time since the connection was accepted.
	//
	// At a client's end r is nil, status that of the server's answer, or 0 if there was none, and took all the time that
	// connecting took, redirects included. It runs on the goroutine that connects.
	Handshake func(r *http.Request, status int, err error, took time.Duration)

	// Opened is told of a new connection: at a server's end before the setup function, or OnConnection, is called with
	// it, at a client's before the open event.
	Opened func(c Connection)

	// Closed is told that a connection is over, once for each that was Opened, with what the close event says, and before
	// its listeners.
	Closed func(c Connection, e CloseEvent)

	// Received is told of each message that has come whole, before it is delivered: how many octets it has, and how many
	// octets of frames it came in, headers included, compressed if it was. One that is not delivered, because the
	// socket is not OPEN any more, is not told of. Of a Conn it is told when the last piece is read, be it by Close,
	// which drops it.
	Received func(c Connection, t MessageType, octets, wire int64)

	// Sent is told of each message whose last octet the operating system has taken: how many octets it has, and in how many
	// octets of frames it left.
	Sent func(c Connection, t MessageType, octets, wire int64)

	// Control is told of each Ping, Pong and Close frame that came, and, if sent, of each that the operating system has
	// taken, with the octets of its payload. Which code a Close frame had, Closed tells.
	Control func(c Connection, op frame.Opcode, sent bool, octets int)

	// Dropped is told of each message that a full queue gave up, and of each broadcast that it refused, as OnDrop is. The
	// Drop's Message is valid until the function returns. A Send that is refused is not told of: its caller knows.
	Dropped func(s *Socket, d Drop)

	// RTT is told of each time measured from a Ping to its Pong, of the heartbeat's Pings and the program's. It is more than 0.
	RTT func(c Connection, d time.Duration)

	// Handled is told how long the message listeners took for a message, also if one panicked.
	Handled func(s *Socket, d time.Duration)

	// Throttled is told that a peer has gone over [Rates], and for how long nothing will be read from it.
	Throttled func(c Connection, d time.Duration)
}

// A Connection is a [*Socket] or a [*Conn], as an [Observer] is told of both. It can be compared, and be the key of a map; a
// type switch tells which it is.
type Connection interface {
	URL() string
	Subprotocol() string
	Extensions() string
	LocalAddr() net.Addr
	RemoteAddr() net.Addr
	TLS() *tls.ConnectionState

	observed() *Observer // nobody else's type is a Connection
}

// ErrNoRequest is in the error that [Observer.Handshake] is told for a connection to a listening [Server] that ended, or was
// ended, before a request could be read from it.
var ErrNoRequest = errors.New("websocket: the connection ended without a request that could be read")
