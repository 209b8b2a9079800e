package websocket

import (
	"context"
	"errors"
	"fmt"

	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/frame"
)

// A ControlHandler is told of the control frames that a [Conn] receives: op is frame.Ping, frame.Pong or
// frame.Close; payload, at most 125 octets, is valid until it returns.
//
// For a Ping, handled says that the handler has seen to the answer: the Conn sends no Pong. It means nothing
// for the others. An error is returned to who is reading, as it is; the frame has no further effect and the
// Conn stays as it was. After a Close frame refused like that, the closing handshake is the program's: it can
// still write, answers with [Conn.WriteControl], and ends the connection with [Conn.Terminate].
type ControlHandler func(op frame.Opcode, payload []byte) (handled bool, err error)

// HandleControl sets the handler for control frames, of which there is one; nil, the default, is none. It is
// called in wire order by whatever reads, on its goroutine: a call of Read, a reader, CloseRead, Close. It may
// write to the Conn and terminate it, but not read from it or close it with Close, which would wait for
// itself.
//
// A program that must see every control frame sets the handler before it reads.
func (c *Conn) HandleControl(h ControlHandler) {
	if h == nil {
		c.controlHandler.Store(nil)
		return
	}
	c.controlHandler.Store(&h)
}

// receiveControl sees to a control frame, after the program's handler. Call with readLock held.
func (c *Conn) receiveControl(ev protocol.Event) error {
	handled := false
	if ev.Kind != protocol.Close {
		if err := c.flood.rises(c.settings.limits.ControlFrames); err != nil {
			return c.failPolicy(err)
		}
	}
	c.tellControl(controlOpcode(ev.Kind), len(ev.Payload))
	if h := c.controlHandler.Load(); h != nil {
		var err error
		if handled, err = (*h)(controlOpcode(ev.Kind), ev.Payload); err != nil {
			return err
		}
	}
	switch {
	case ev.Kind == protocol.Close:
		return c.peerClosed(ev.Payload)
	case ev.Kind == protocol.Pong:
		c.ponged(ev.Payload)
	case !handled:
		c.answerPing(ev.Payload)
	}
	return nil
}

func controlOpcode(k protocol.Kind) frame.Opcode {
	switch k {
	case protocol.Ping:
		return frame.Ping
	case protocol.Pong:
		return frame.Pong
	}
	return frame.Close
}

// WriteControl sends a control frame, also between the frames of a message, and returns when the operating
// system has taken it: op is frame.Ping, frame.Pong or frame.Close. A Pong that nobody asked for is legal
// (RFC 6455 §5.5.3). [Conn.Ping] waits for the answer, and [Conn.Close] does everything that closing needs;
// this is for programs that do so themselves. After a Close frame nothing can be written. The peer's
// arrives while somebody reads; nothing bounds how long that takes but the reader's context.
//
// A payload of more than 125 octets is [ErrInvalidControl]. That of a Close frame is empty, or a code and a
// reason as for Close (see frame.AppendClose), else it is [ErrInvalidClose]. If ctx ends while the frame waits
// for another, WriteControl returns its error and nothing has changed; so it is for a Ping or Pong of which
// no octet has left yet. If ctx ends later, the connection fails. On a connection that is closing or
// closed WriteControl returns [ErrClosed]. Other errors are the network's. In a page there are Close frames only,
// with the codes of [Socket.Close]; a Ping or Pong is [errors.ErrUnsupported].
func (c *Conn) WriteControl(ctx context.Context, op frame.Opcode, payload []byte) error {
	if err := c.checkControl(op, payload); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil { // also if the lock is free
		return err
	}
	if err := c.writeLock.acquire(ctx, c.done); err != nil {
		return err
	}
	defer c.writeLock.release()
	if err := c.writeDeadline.watch(ctx); err != nil {
		return err
	}
	out, begun := c.controlFrame(op, payload)
	if out == nil {
		return ErrClosed
	}
	n, err := c.nc.Write(out)
	switch {
	case err != nil && op == frame.Close:
		return c.writeBroke(ctx, max(int64(n), 1), begun, err) // that it was made cannot be undone
	case err != nil:
		return c.writeBroke(ctx, int64(n), begun, err)
	case op == frame.Close:
		c.closeSent(true)
	}
	c.tellControls(out)
	return nil
}

// checkControl says whether a control frame may be sent.
func (c *Conn) checkControl(op frame.Opcode, payload []byte) error {
	switch {
	case !op.Control() || op.Reserved():
		return fmt.Errorf("websocket: %s is not the opcode of a control frame", op)
	case len(payload) > frame.MaxControlPayload:
		return ErrInvalidControl
	case op == frame.Close:
		code, reason, err := frame.ParseClose(payload)
		if err != nil {
			return errors.Join(ErrInvalidClose, err)
		}
		if len(payload) > 0 {
			return checkCloseFrom(c.settings.page, code, reason)
		}
	case c.settings.page:
		return errNoControl
	}
	return nil
}

// controlFrame returns a control frame, a Close frame behind the Pongs that are owed, or nil if nothing can be
// sent any more; and whether it stands inside a message.
func (c *Conn) controlFrame(op frame.Opcode, payload []byte) (out []byte, begun bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.sendable() {
		return nil, false
	}
	begun = c.sender.InMessage()
	if op != frame.Close {
		return c.sender.AppendControl(nil, op, payload), begun
	}
	var bye goodbye
	if len(payload) > 0 {
		bye.code, bye.reason, _ = frame.ParseClose(payload) // checkControl has judged it
	}
	out = c.sender.AppendClose(c.control, bye.code, bye.reason)
	c.control = nil
	return out, begun
}
