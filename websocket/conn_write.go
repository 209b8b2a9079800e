package websocket

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/frame"
)

// Write sends a message as one frame, and returns when the operating system has taken it.
//
// If ctx ends before the first octet has left, Write returns its error and the connection stays as it
// was; later, Write returns its error too, but the connection fails. (TLS cannot tell the two apart:
// over TLS a write that was waiting for the peer to read, not just for another write, fails the
// connection.) Text that is not UTF-8 is [ErrInvalidUTF8] and changes nothing. On a connection that is
// closing or closed Write returns [ErrClosed]. Other errors are the network's; nothing more can be sent
// then, but what the peer sent before can still be read.
func (c *Conn) Write(ctx context.Context, t MessageType, data []byte) error {
	if err := checkMessage(t, data); err != nil {
		return err
	}
	if err := c.settings.checkSize(int64(len(data))); err != nil {
		return err
	}
	if err := c.acquireMessage(ctx); err != nil {
		return err
	}
	defer c.messageLock.release()
	err := c.writeMessage(ctx, t, data)
	c.tellSent(t, len(data), true, err)
	return err
}

// WritePrepared sends a message that was encoded before, with the errors of Write. It is compressed as [Prepared]
// says, whatever SetCompression said.
func (c *Conn) WritePrepared(ctx context.Context, p *Prepared) error {
	if err := c.acquireMessage(ctx); err != nil {
		return err
	}
	defer c.messageLock.release()
	err := c.writePrepared(ctx, p)
	c.tellSent(p.typ, len(p.data), true, err)
	return err
}

// writePrepared writes the message in the form that suits. Call with messageLock held.
func (c *Conn) writePrepared(ctx context.Context, p *Prepared) error {
	if c.compressor.wants(int64(len(p.data)), p.compress) {
		if compressed := p.compressed(c.compressor.bits, c.compressor.level); compressed != nil {
			err := c.writeFrame(ctx, p.typ, frame.Rsv1, compressed, true)
			if err == nil {
				c.compressor.Remember(p.data)
			}
			return err
		}
	}
	return c.writeFrame(ctx, p.typ, 0, p.data, true)
}

// SetCompression says which of the messages that are begun from now on are compressed, where compression was
// agreed on. Default: those that are large.
func (c *Conn) SetCompression(choice Compress) { c.compress.Store(uint32(choice)) }

// writeMessage writes a whole message. Call with messageLock held.
func (c *Conn) writeMessage(ctx context.Context, t MessageType, data []byte) error {
	if c.compressor.wants(int64(len(data)), Compress(c.compress.Load())) {
		if buf := c.compressor.message(data); buf != nil {
			defer buf.free()
			err := c.writeFrame(ctx, t, frame.Rsv1, buf.b, true)
			if err == nil {
				c.compressor.Remember(data)
			}
			return err
		}
	}
	return c.writeFrame(ctx, t, 0, data, true)
}

// WriteJSON marshals v and sends it as a text message, with the errors of Write or of [json.Marshal].
func (c *Conn) WriteJSON(ctx context.Context, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("websocket: %w", err)
	}
	return c.Write(ctx, Text, data)
}

// acquireMessage takes messageLock, unless nothing can be sent.
func (c *Conn) acquireMessage(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.messageLock.acquire(ctx, c.ended); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.sendable() {
		c.messageLock.release()
		return ErrClosed
	}
	return nil
}

// sendable reports whether anything but a Close frame may be sent. Call with mu held.
func (c *Conn) sendable() bool {
	return c.err == nil && c.writeErr == nil && !c.sender.Closed()
}

// writeFrame writes the next frame of a message. Call with messageLock held.
func (c *Conn) writeFrame(ctx context.Context, t MessageType, rsv uint8, payload []byte, fin bool) error {
	if err := c.writeLock.acquire(ctx, c.ended); err != nil {
		return err
	}
	defer c.writeLock.release()
	if err := c.writeDeadline.watch(ctx); err != nil {
		return err
	}
	if err := c.writeOwed(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	if !c.sendable() {
		c.mu.Unlock()
		return ErrClosed
	}
	begun := c.sender.InMessage()
	h := c.sender.Begin(frame.Opcode(t), rsv, int64(len(payload)), fin)
	c.mu.Unlock()

	if sent, err := c.writeOctets(&h, payload); err != nil {
		return c.writeBroke(ctx, sent, begun, err)
	}
	c.counting.wire += int64(h.Size()) + h.Length
	return nil
}

// writeOwed writes the Pings and Pongs that wait, so that the answer to what came behind a Ping does not overtake its
// Pong. Call with writeLock held.
func (c *Conn) writeOwed(ctx context.Context) error {
	c.mu.Lock()
	out := c.control
	if len(out) == 0 || !c.sendable() {
		c.mu.Unlock()
		return nil
	}
	c.control = nil
	c.mu.Unlock()
	n, err := c.nc.Write(out)
	if err == nil {
		c.tellControls(out)
		return nil
	}
	if n == 0 && ctx.Err() != nil && errors.Is(err, os.ErrDeadlineExceeded) && !c.overTLS() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.control = append(out, c.control...) // flushControl, which waits for writeLock, writes it
		return ctx.Err()
	}
	return c.writeGaveOut(ctx, err)
}

// writeOctets writes a frame and returns how many of its octets the stream took.
func (c *Conn) writeOctets(h *frame.Header, payload []byte) (int64, error) {
	if c.role == protocol.Server && len(payload) > ownWriteSize && !c.overTLS() {
		return c.writeInPlace(h, payload)
	}
	return c.writeCopied(h, payload)
}

// writeCopied writes a frame by way of a buffer: the caller's octets are not ours to mask.
func (c *Conn) writeCopied(h *frame.Header, payload []byte) (sent int64, err error) {
	buf := newBuffer(h.Size() + min(len(payload), batchSize))
	defer buf.free()
	buf.b = h.Append(buf.b)
	for key := h.Key; ; c.pieceTaken() {
		at := len(buf.b)
		n := min(len(payload), batchSize)
		buf.b = append(buf.b, payload[:n]...)
		if h.Masked {
			key = frame.Mask(buf.b[at:], key)
		}
		taken, err := c.nc.Write(buf.b)
		sent += int64(taken)
		if payload = payload[n:]; err != nil || len(payload) == 0 {
			return sent, err
		}
		buf.b = buf.b[:0]
	}
}

// writeInPlace writes a frame from where its payload lies, piece by piece as well: it shows between
// pieces that the peer reads.
func (c *Conn) writeInPlace(h *frame.Header, payload []byte) (sent int64, err error) {
	buf := newBuffer(h.Size())
	defer buf.free()
	buf.b = h.Append(buf.b)
	piece := c.pace.begin(payload)
	c.parts = [2][]byte{buf.b, piece}
	c.vector = c.parts[:]
	sent, err = c.vector.WriteTo(c.nc)
	c.parts = [2][]byte{}
	for payload = payload[len(piece):]; err == nil && len(payload) > 0; payload = payload[len(piece):] {
		c.pace.end(piece)
		c.pieceTaken()
		piece = c.pace.begin(payload)
		var taken int
		taken, err = c.nc.Write(piece)
		sent += int64(taken)
	}
	c.pace.end(piece)
	return sent, err
}

// writeBroke sorts out why the stream did not take a frame, and returns what to tell the caller. Begun
// says whether the frame continues a message.
func (c *Conn) writeBroke(ctx context.Context, sent int64, begun bool, err error) error {
	cause := ctx.Err()
	if cause != nil && sent == 0 && errors.Is(err, os.ErrDeadlineExceeded) && !c.overTLS() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.sender.Undo(begun)
		return cause
	}
	return c.writeGaveOut(ctx, err)
}

// writeGaveOut notes that the stream takes no more octets, and returns what to tell who was writing.
func (c *Conn) writeGaveOut(ctx context.Context, err error) error {
	cause := ctx.Err()
	c.writeFailed(err)
	switch {
	case c.failure() != nil: // it was interrupted
		return ErrClosed
	case cause != nil: // %v: who reads must not take this for the end of a context of theirs
		c.fail(fmt.Errorf("websocket: a frame was abandoned: %v", cause), CloseInternalError, "")
		return cause
	}
	return fmt.Errorf("websocket: cannot write: %w", err)
}

// overTLS reports whether the stream is TLS, which takes nothing more after a write that timed out,
// though it may say that it took nothing of that.
func (c *Conn) overTLS() bool {
	_, ok := c.nc.(*tls.Conn)
	return ok
}

// writeFailed notes that the stream takes no more octets. Reading goes on: a Close frame may have come
// that says why.
func (c *Conn) writeFailed(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.writeErr == nil {
		c.writeErr = err
	}
}
