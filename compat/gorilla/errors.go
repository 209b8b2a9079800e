package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"

	everwire "github.com/everwire/everwire/websocket"
)

var (
	// ErrBadHandshake is what dialing returns, beside the answer, if the server answered and did not agree to
	// the handshake.
	ErrBadHandshake = errors.New("websocket: bad handshake")

	// ErrCloseSent is what writing returns after a Close frame was sent.
	ErrCloseSent = errors.New("websocket: close sent")

	// ErrReadLimit is what reading returns when a message is larger than the limit of [Conn.SetReadLimit]. The
	// peer is told with 1009.
	ErrReadLimit = errors.New("websocket: read limit exceeded")

	errMessageType = errors.New("websocket: bad write message type")
	errControlSize = errors.New("websocket: invalid control frame")
	errURL         = errors.New("malformed ws or wss URL")
)

// A CloseError is what reading returns once the peer's Close frame has come: its code, 1005
// ([CloseNoStatusReceived]) if it had none, and its reason. With code 1006 ([CloseAbnormalClosure])
// the stream ended without one.
type CloseError struct {
	Code int
	Text string
}

// Error gives the code, its name and the reason.
func (e *CloseError) Error() string {
	s := fmt.Sprintf("websocket: close %d", e.Code)
	if name := closeNames[e.Code]; name != "" {
		s += " (" + name + ")"
	}
	if e.Text != "" {
		s += ": " + e.Text
	}
	return s
}

var closeNames = map[int]string{
	CloseNormalClosure:           "normal",
	CloseGoingAway:               "going away",
	CloseProtocolError:           "protocol error",
	CloseUnsupportedData:         "unsupported data",
	CloseNoStatusReceived:        "no status",
	CloseAbnormalClosure:         "abnormal closure",
	CloseInvalidFramePayloadData: "invalid payload data",
	ClosePolicyViolation:         "policy violation",
	CloseMessageTooBig:           "message too big",
	CloseMandatoryExtension:      "mandatory extension missing",
	CloseInternalServerErr:       "internal server error",
	CloseTLSHandshake:            "TLS handshake error",
}

// IsCloseError reports whether err is a *[CloseError] with one of the codes. It looks at err itself, not at
// what err wraps.
func IsCloseError(err error, codes ...int) bool {
	e, ok := err.(*CloseError)
	return ok && slices.Contains(codes, e.Code)
}

// IsUnexpectedCloseError reports whether err is a *[CloseError] with none of the codes. It looks at err itself,
// not at what err wraps.
func IsUnexpectedCloseError(err error, expectedCodes ...int) bool {
	e, ok := err.(*CloseError)
	return ok && !slices.Contains(expectedCodes, e.Code)
}

// A HandshakeError says what was wrong with a client's handshake.
type HandshakeError struct{ message string }

// Error gives the reason.
func (e HandshakeError) Error() string { return e.message }

// netError makes an error as the net package has them.
func (c *Conn) netError(op string, err error) error {
	addr := c.RemoteAddr()
	return &net.OpError{Op: op, Net: addr.Network(), Source: c.LocalAddr(), Addr: addr, Err: err}
}

// readError says the error of a read in gorilla's words. Final says that reading has ended.
func (c *Conn) readError(err error) (said error, final bool) {
	var closed *everwire.CloseError
	var broke *everwire.ProtocolError
	var lost *net.OpError
	switch {
	case errors.As(err, &closed):
		c.ending.Store(true)
		return &CloseError{Code: int(closed.Code), Text: closed.Reason}, true
	case errors.Is(err, everwire.ErrMessageTooBig):
		c.ending.Store(true)
		return ErrReadLimit, true
	case errors.As(err, &broke):
		c.ending.Store(true)
		return err, true
	case err == context.Canceled: // the deadline's
		return c.netError("read", os.ErrDeadlineExceeded), false
	case err == everwire.ErrClosed:
		return c.netError("read", net.ErrClosed), true
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &CloseError{Code: CloseAbnormalClosure, Text: io.ErrUnexpectedEOF.Error()}, true
	case errors.As(err, &lost):
		return lost, true
	}
	return err, true
}

// writeError says the error of a write in gorilla's words.
func (c *Conn) writeError(err error) error {
	var lost *net.OpError
	switch {
	case err == nil:
		return nil
	case err == context.Canceled, err == context.DeadlineExceeded:
		return c.netError("write", os.ErrDeadlineExceeded)
	case err == everwire.ErrClosed && (c.closeSent.Load() || c.ending.Load()):
		return ErrCloseSent
	case err == everwire.ErrClosed:
		return c.netError("write", net.ErrClosed)
	case errors.As(err, &lost):
		return lost
	}
	return err
}
