package websocket

import (
	"context"
	"errors"
	"slices"
	"time"

	everwire "github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
)

// answerTimeout is how long the default handlers wait for the stream to take their answer.
const answerTimeout = time.Second

// WriteControl writes a control frame, also between the frames of a message. A frame that does not get its turn before
// the deadline is not written; the zero time is no deadline. [Conn.SetWriteDeadline] does not matter.
// Data has at most 125 octets.
func (c *Conn) WriteControl(messageType int, data []byte, deadline time.Time) error {
	ctx := context.Background()
	if !deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline)
		defer cancel()
	}
	return c.writeControl(ctx, messageType, data)
}

func (c *Conn) writeControl(ctx context.Context, messageType int, data []byte) error {
	if !isControl(messageType) {
		return errMessageType
	}
	err := c.conn.WriteControl(ctx, frame.Opcode(messageType), data)
	switch {
	case errors.Is(err, everwire.ErrInvalidControl):
		return errControlSize
	case err == nil && messageType == CloseMessage:
		c.closeSent.Store(true)
	}
	return c.writeError(err)
}

// SetPingHandler sets what to do about a Ping: h is called with its body on the goroutine that reads, and should
// answer with a PongMessage. An error ends reading and is returned there. Nil, at first, answers.
func (c *Conn) SetPingHandler(h func(appData string) error) { c.pingHandler = h }

// PingHandler returns what is done about a Ping.
func (c *Conn) PingHandler() func(appData string) error {
	if c.pingHandler != nil {
		return c.pingHandler
	}
	return func(appData string) error {
		c.WriteControl(PongMessage, []byte(appData), time.Now().Add(answerTimeout)) // if it fails, so will others
		return nil
	}
}

// SetPongHandler sets what to do about a Pong: h is called with its body on the goroutine that reads. An error ends
// reading and is returned there. Nil, at first, does nothing.
func (c *Conn) SetPongHandler(h func(appData string) error) { c.pongHandler = h }

// PongHandler returns what is done about a Pong.
func (c *Conn) PongHandler() func(appData string) error {
	if c.pongHandler != nil {
		return c.pongHandler
	}
	return func(string) error { return nil }
}

// SetCloseHandler sets what to do about the peer's Close frame: h is called with its code, 1005
// ([CloseNoStatusReceived]) if it has none, and its reason, on the goroutine that reads, and should answer with a
// CloseMessage. An error is returned by the read, instead of the *[CloseError]. Nil, at first, answers with
// the code.
func (c *Conn) SetCloseHandler(h func(code int, text string) error) { c.closeHandler = h }

// CloseHandler returns what is done about the peer's Close frame.
func (c *Conn) CloseHandler() func(code int, text string) error {
	if c.closeHandler != nil {
		return c.closeHandler
	}
	return func(code int, _ string) error {
		// If this fails, it was sent before, or cannot be.
		c.WriteControl(CloseMessage, FormatCloseMessage(code, ""), time.Now().Add(answerTimeout))
		return nil
	}
}

// receiveControl is called by what reads with each control frame.
func (c *Conn) receiveControl(op frame.Opcode, payload []byte) (handled bool, err error) {
	switch op {
	case frame.Ping:
		if c.pingHandler == nil {
			return false, nil // answered without waiting for a peer that does not read
		}
		err = c.pingHandler(string(payload))
	case frame.Pong:
		err = c.PongHandler()(string(payload))
	case frame.Close:
		err = c.receiveClose(slices.Clone(payload))
	}
	c.readErr = err
	return true, err
}

// receiveClose has the peer's Close frame answered. If that was done, the connection ends in order by itself; if
// not, it stays for the program to write to and to close.
func (c *Conn) receiveClose(payload []byte) error {
	code, reason, _ := frame.ParseClose(payload) // the Conn has judged it
	if err := c.CloseHandler()(int(code), reason); err != nil {
		return err
	}
	if c.closeSent.Load() {
		return nil
	}
	return &CloseError{Code: int(code), Text: reason}
}
