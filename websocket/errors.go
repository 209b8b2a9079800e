package websocket

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/everwire/everwire/websocket/frame"
)

// Errors that say why a call did nothing. The connection is as it was before, unless the error's own
// comment says otherwise.
var (
	// ErrNotOpen is what sending, Ping and Flush return while the socket is still CONNECTING.
	ErrNotOpen = errors.New("websocket: not open yet")

	// ErrClosed is what sending, Flush and Ping return on a connection that is closing or closed. Reading
	// a Conn returns instead why it ended, and ErrClosed only after Terminate.
	ErrClosed = errors.New("websocket: closed")

	// ErrInvalidClose is returned for a close code that may not be sent, or a reason that is longer
	// than 123 octets or not UTF-8.
	ErrInvalidClose = errors.New("websocket: invalid close code or reason")

	// ErrInvalidUTF8 is returned for a text message that is not UTF-8 (RFC 6455 §5.6). Nothing of it
	// was sent, unless a fragment of a [Conn.Writer] had left: then the connection fails with 1011.
	ErrInvalidUTF8 = errors.New("websocket: text is not UTF-8")

	// ErrInvalidControl is returned for the payload of a Ping longer than 125 octets (RFC 6455 §5.5).
	ErrInvalidControl = errors.New("websocket: control frame payload exceeds 125 octets")

	// ErrQueueFull is returned for a message that a socket's [Queue] has no room for, and is the
	// reason of a [Drop] that made room. Under the policy CloseSlow the socket is CLOSING afterwards.
	ErrQueueFull = errors.New("websocket: send queue is full")

	// ErrReplaced is the reason of a [Drop] whose message gave way to a newer one with its key.
	ErrReplaced = errors.New("websocket: replaced by a newer message with the same key")
)

// Errors that say why a connection or a Server ended.
var (
	// ErrMessageTooBig matches, by [errors.Is], the error of a connection that ended because its peer
	// sent more in a message than [Limits] allow. The peer was told so with code 1009.
	ErrMessageTooBig = errors.New("websocket: message too big")

	// ErrHeartbeat is the error of a connection that ended because its peer sent nothing within
	// [Heartbeat.Timeout] of a Ping, not even the Pong.
	ErrHeartbeat = errors.New("websocket: peer is silent, no pong came")

	// ErrCloseTimeout is the error of a connection that this end closed and whose peer did not
	// answer the Close frame, or took nothing of what was queued ahead of it, within
	// [Limits.CloseTimeout].
	ErrCloseTimeout = errors.New("websocket: peer did not answer the close frame in time")

	// ErrBudget is the error of a socket that ended because its [Server.Budget] was used up and it held the
	// most of it. The peer was told to try again later, with code 1013.
	ErrBudget = errors.New("websocket: the server's memory for messages is used up, and this socket held the most of it")

	// ErrInCallback is what [Server.Shutdown] returns, and does nothing, when a callback of a Socket's calls it: it
	// would wait for that callback to return.
	ErrInCallback = errors.New("websocket: Shutdown was called in a callback, which it would wait for; call it on another goroutine")

	// ErrServerClosed is what the serving methods of a [Server] return after Shutdown or Close.
	ErrServerClosed = errors.New("websocket: server closed")
)

// A CloseError says that the peer closed the connection with a Close frame. Code is 1005
// ([CloseNoStatus]) if its frame had none.
type CloseError struct {
	Code   CloseCode
	Reason string
}

// Error gives the code and the reason.
func (e *CloseError) Error() string {
	if e.Reason == "" {
		return "websocket: closed by peer: " + e.Code.String()
	}
	return fmt.Sprintf("websocket: closed by peer: %s: %q", e.Code, e.Reason)
}

// CloseCodeOf returns the code of the [CloseError] in err's chain, or 1006 ([CloseAbnormal]) if there
// is none.
func CloseCodeOf(err error) CloseCode {
	var e *CloseError
	if errors.As(err, &e) {
		return e.Code
	}
	return CloseAbnormal
}

// A ProtocolError says that the peer broke the protocol, or a limit, and that this end therefore
// failed the connection: Code was sent to the peer, and nothing more is sent or received
// (RFC 6455 §7.1.7).
type ProtocolError struct {
	Code    CloseCode // 1002, 1007 or 1009; 1008 for a limit of rates or time, and from Conn.CloseRead
	Section string    // the rule, such as "RFC 6455 §5.2"
	Detail  string    // what the peer did
}

// Error gives what happened, the rule and the code.
func (e *ProtocolError) Error() string {
	return "websocket: " + (*frame.Violation)(e).Error()
}

// Is makes errors.Is(err, ErrMessageTooBig) true for code 1009.
func (e *ProtocolError) Is(target error) bool {
	return target == ErrMessageTooBig && e.Code == CloseMessageTooBig
}

// A HandshakeError says that an opening handshake failed. At the client's end Response is what the
// server answered, with the first KiB of its body in Response.Body (reading it needs no connection,
// closing it is not needed), or nil if no answer could be read; at the server's end Response is nil
// and Status is what the client was answered.
type HandshakeError struct {
	Response *http.Response
	Status   int
	Reason   string
	Err      error // what lies beneath, if anything: a network or TLS error, the hook's error
}

// Error gives the reason, and the status where there is one.
func (e *HandshakeError) Error() string {
	msg := "websocket: handshake failed: " + e.Reason
	if e.Status != 0 {
		msg = fmt.Sprintf("%s (status %d)", msg, e.Status)
	}
	return msg
}

// Unwrap returns Err.
func (e *HandshakeError) Unwrap() error { return e.Err }

// A PanicError is the error of a socket in one of whose callbacks the program panicked. The peer was
// sent code 1011; other sockets and the server go on.
type PanicError struct {
	Value any    // what was passed to panic
	Stack []byte // the stack of the panic, as from runtime/debug.Stack
}

// Error gives the value and the stack.
func (e *PanicError) Error() string {
	return fmt.Sprintf("websocket: panic in a callback: %v\n%s", e.Value, e.Stack)
}

// Unwrap returns the panic's value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}
