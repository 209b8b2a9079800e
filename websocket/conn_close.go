package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/frame"
)

// goodbye is what our Close frame says.
type goodbye struct {
	code   CloseCode
	reason string
}

// Close sends a Close frame with code and reason, waits until the peer has answered it and the stream
// has ended, and returns nil. The frame goes behind the frame that is being written, also in the middle
// of a message that a [Conn.Writer] has not ended. Messages that still arrive are discarded, unless
// another call is reading them.
//
// If the peer does not answer within [Limits.CloseTimeout] of the call, or takes nothing, the
// connection is cut and Close returns [ErrCloseTimeout]. If the peer closed first, Close waits for the
// end of the stream, at most CloseTimeout and [Limits.LingerTime], and returns nil. Otherwise it
// returns what ended the connection: [ErrClosed] after Terminate, a [*ProtocolError], a network error.
// Whatever it returns, the Conn is closed afterwards; a further Close returns the same.
//
// Code and reason are as for [Socket.Close]; if they are not, Close returns [ErrInvalidClose] at once
// and the Conn stays as it was.
func (c *Conn) Close(code CloseCode, reason string) error {
	if err := checkCloseFrom(c.settings.page, code, reason); err != nil {
		return err
	}
	ctx, cancel := timeoutContext(c.settings.limits.CloseTimeout)
	defer cancel()
	c.sendClose(ctx, goodbye{code, reason}) // if it cannot be sent, the peer's may still be read
	c.awaitClose(ctx)
	select {
	case <-c.ended:
	case <-ctx.Done():
		c.abort(ErrCloseTimeout)
	}
	<-c.done
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing.Complete() && !c.closing.Failed() {
		return nil
	}
	return c.err
}

// Terminate ends the connection at once, without a closing handshake, and resets the stream. Calls that
// wait return [ErrClosed]. If the connection has ended, because the peer closed it or broke a rule, Terminate does
// nothing: the closing handshake goes on in the background, which takes no longer than [Limits] say. So a
// function can defer Terminate, whatever it returns for.
func (c *Conn) Terminate() { c.abort(ErrClosed) }

// timeoutContext is context.WithTimeout, but for the negative timeout, which never ends.
func timeoutContext(d time.Duration) (context.Context, context.CancelFunc) {
	if d < 0 {
		return context.WithCancel(context.Background())
	}
	return context.WithTimeout(context.Background(), d)
}

// sendClose writes our Close frame, behind the frame that is being written, and reports whether the
// stream has taken it, now or before. If the connection is ending by itself, its goodbye goes before
// the caller's.
func (c *Conn) sendClose(ctx context.Context, bye goodbye) bool {
	if c.writeLock.acquire(ctx, c.done) != nil {
		return false
	}
	defer c.writeLock.release()
	out := c.closeFrame(bye)
	if out == nil {
		return c.closeSent(false)
	}
	c.writeDeadline.watch(ctx)
	if _, err := c.nc.Write(out); err != nil {
		c.writeFailed(err)
		return false
	}
	c.tellControls(out)
	return c.closeSent(true)
}

// closeFrame returns our Close frame behind the Pongs that are owed, or nil if it was made before or
// cannot be written.
func (c *Conn) closeFrame(bye goodbye) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.writeErr != nil || c.sender.Closed() {
		return nil
	}
	if c.err != nil {
		bye = c.goodbye
	}
	out := c.sender.AppendClose(c.control, bye.code, bye.reason)
	c.control = nil
	return out
}

// closeSent notes that our Close frame was written, if so, and reports whether it ever was.
func (c *Conn) closeSent(now bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now {
		c.closing.Send()
	}
	return c.closing.Sent()
}

// awaitClose reads until the peer's Close frame, unless another reader meets it first.
func (c *Conn) awaitClose(ctx context.Context) {
	if c.readLock.acquire(ctx, c.ended) != nil {
		return
	}
	defer c.readLock.release()
	for {
		if _, err := c.next(ctx); err != nil {
			return
		}
	}
}

// peerClosed takes the peer's Close frame. The closing handshake is completed in the background, so
// that who reads learns of it at once.
func (c *Conn) peerClosed(payload []byte) error {
	code, reason, _ := frame.ParseClose(payload) // the Receiver has judged it
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closing.Receive(code)
	if c.settings.page { // the browser has answered it
		c.closing.Send()
	}
	return c.end(&CloseError{Code: code, Reason: reason}, goodbye{code: code})
}

// fail fails the connection (RFC 6455 §7.1.7) and returns why.
func (c *Conn) fail(err error, code CloseCode, reason string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.closing.Fail()
	}
	return c.end(err, goodbye{code, reason})
}

// broke fails the connection because the peer broke a rule.
func (c *Conn) broke(v *frame.Violation) error {
	return c.fail((*ProtocolError)(v), v.Code, closeReason(v))
}

// lost ends a connection whose stream broke or ended without a Close frame, and returns why.
func (c *Conn) lost(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return c.abort(fmt.Errorf("websocket: connection lost: %w", err))
}

// end brings the connection to its end, in the background: our Close frame, if none was sent, FIN, and
// what is left to read. It returns why the connection ended, which is err unless it had ended before.
// Call with mu held.
func (c *Conn) end(err error, bye goodbye) error {
	if c.err == nil {
		c.err, c.goodbye = err, bye
		close(c.ended)
		go c.complete()
	}
	return c.err
}

// abort ends the connection at once and returns why it ended, which is err unless it had ended, or was
// ending, before.
func (c *Conn) abort(err error) error {
	if !c.note(err) {
		return c.failure()
	}
	reset(c.nc)
	c.finish()
	return err
}

// note makes err the reason why the connection ended, and reports whether it is the first.
func (c *Conn) note(err error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return false
	}
	c.err = err
	close(c.ended)
	return true
}

// failure returns why the connection ended or is ending, or nil.
func (c *Conn) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// complete is the background part of end.
func (c *Conn) complete() {
	c.readDeadline.end() // who waits for octets gives up readLock
	ctx, cancel := timeoutContext(c.settings.limits.CloseTimeout)
	defer cancel()
	if c.sendClose(ctx, goodbye{}) {
		c.linger()
	} else {
		reset(c.nc)
	}
	c.finish()
}

// linger ends our half of the stream, and reads and discards until the peer has ended the other, within
// the limits: closing with unread input would reset the stream and destroy our Close frame on its way. Once both
// Close frames are there a client lets the server end its half first.
func (c *Conn) linger() {
	limits := &c.settings.limits
	if limits.LingerTime < 0 || c.closesFirst() {
		c.nc.Close()
		return
	}
	if c.readLock.acquire(context.Background(), c.done) != nil {
		return
	}
	defer c.readLock.release()
	most := limits.LingerBytes
	if most < 0 {
		most = 1<<63 - 1
	}
	end := time.Now().Add(limits.LingerTime)
	if c.peerEndsFirst() {
		c.nc.SetReadDeadline(time.Now().Add(limits.LingerTime / 2))
		if isEnd(c.discard(&most)) {
			c.nc.Close()
			return
		}
	}
	closeWrite(c.nc)
	c.nc.SetReadDeadline(end)
	err := c.discard(&most)
	if err == nil { // enough: a reset now could reach the peer, or a proxy before it, ahead of our Close frame
		time.Sleep(time.Until(end))
	}
	if isEnd(err) {
		c.nc.Close()
	} else {
		reset(c.nc)
	}
}

// isEnd reports whether an error is the end of a stream, in TLS or not.
func isEnd(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// peerEndsFirst reports whether the peer is a server that owes us the end of its half (RFC 6455 §7.1.1).
func (c *Conn) peerEndsFirst() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.role == protocol.Client && c.closing.Complete()
}

// closesFirst reports whether to close without waiting for the peer: on a stream that cannot be ended
// in one direction, the server closes once the handshake is done (RFC 6455 §7.1.1), and nothing is lost.
func (c *Conn) closesFirst() bool {
	_, halves := c.nc.(interface{ CloseWrite() error })
	c.mu.Lock()
	defer c.mu.Unlock()
	return !halves && c.role == protocol.Server && c.closing.Complete()
}

// discard reads what comes, n octets at most, and drops it, taking it from n. Call with readLock held.
func (c *Conn) discard(n *int64) error {
	buf := newBuffer(largeRead)
	defer buf.free()
	piece, since := lingerPiece(*n), int64(0)
	for *n > 0 {
		m, err := c.nc.Read(buf.b[:min(*n, largeRead)])
		*n -= int64(m)
		if err != nil {
			return err
		}
		c.turn.read(m)
		if since += int64(m); since >= piece {
			since = 0
			time.Sleep(lingerRest)
		}
	}
	return nil
}

// finish is the last thing that happens to a Conn. It may happen again.
func (c *Conn) finish() {
	c.readDeadline.end()
	c.writeDeadline.end()
	if c.over() {
		c.tellClosed()
	}
}

// over notes that the stream is closed, and reports whether it was not before.
func (c *Conn) over() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.heartbeat.timer != nil {
		c.heartbeat.timer.Stop()
	}
	select {
	case <-c.done:
		return false
	default:
		close(c.done)
		if c.info.deflate.Agreed() {
			go c.releaseInflater()
		}
		return true
	}
}

// releaseInflater gives back what a compressed message holds that was not read to its end. Who still holds
// readLock waits for nothing any more.
func (c *Conn) releaseInflater() {
	c.readLock.acquire(context.Background(), nil)
	defer c.readLock.release()
	c.receiver.Stop()
	c.receiver.Release()
}
