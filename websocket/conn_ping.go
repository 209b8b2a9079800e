package websocket

import (
	"context"
	"encoding/binary"
	"slices"
	"time"

	"github.com/everwire/everwire/websocket/frame"
)

// ping is a call of Ping that waits. A Ping's payload is its number.
type ping struct {
	number   uint64
	answered chan struct{}
}

// Ping sends a Ping and waits for its Pong, which arrives only while somebody reads. The Pong of a
// later Ping counts as well, because a peer need not answer each (RFC 6455 §5.5.3).
//
// If ctx ends first, Ping returns its error and the connection stays as it was. On a connection that
// is closing or closed, or that nothing can be sent on any more, it returns [ErrClosed]; in a page always an
// error that is [errors.ErrUnsupported].
func (c *Conn) Ping(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.settings.page {
		return errNoControl
	}
	c.mu.Lock()
	if !c.sendable() {
		c.mu.Unlock()
		return ErrClosed
	}
	p := ping{number: c.sendPing(), answered: make(chan struct{})}
	c.pings = append(c.pings, p)
	c.mu.Unlock()
	select {
	case <-p.answered:
		return nil
	case <-ctx.Done():
		c.forgetPing(p)
		return ctx.Err()
	case <-c.ended:
		return ErrClosed
	}
}

func (c *Conn) forgetPing(p ping) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.pings, p); i >= 0 {
		c.pings = slices.Delete(c.pings, i, i+1)
	}
}

// sendPing queues a Ping and returns its number. Call with mu held.
func (c *Conn) sendPing() uint64 {
	c.pingCount++
	var payload [8]byte
	binary.BigEndian.PutUint64(payload[:], c.pingCount)
	if c.settings.observer != nil {
		c.counting.pingedAt = time.Now()
	}
	c.sendControl(frame.Ping, payload[:])
	return c.pingCount
}

// ponged tells who waits for the Pong.
func (c *Conn) ponged(payload []byte) {
	if len(payload) != 8 {
		return
	}
	c.tellRTT(c.ponging(binary.BigEndian.Uint64(payload)))
}

// ponging takes the Pong of a Ping, and returns when that was queued if it was the last one.
func (c *Conn) ponging(number uint64) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if number > c.pingCount {
		return time.Time{} // nobody sent that
	}
	for len(c.pings) > 0 && c.pings[0].number <= number {
		close(c.pings[0].answered)
		c.pings = slices.Delete(c.pings, 0, 1)
	}
	return c.counting.answered(number == c.pingCount)
}

// answerPing queues the Pong (RFC 6455 §5.5.2).
func (c *Conn) answerPing(payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sendControl(frame.Pong, payload)
}

// sendControl queues a Ping or Pong. It is written by a goroutine of its own, so that who reads never
// waits for a peer that does not, or ahead of the next frame, whichever comes first. Call with mu held.
func (c *Conn) sendControl(opcode frame.Opcode, payload []byte) {
	if !c.sendable() {
		return
	}
	if len(c.control) > maxControlWaiting {
		c.control = c.control[:0] // RFC 6455 §5.5.3 asks only for the most recent
	}
	c.control = c.sender.AppendControl(c.control, opcode, payload)
	if !c.flushing {
		c.flushing = true
		go c.flushControl()
	}
}

// flushControl writes the Pings and Pongs that wait, and those that come meanwhile.
func (c *Conn) flushControl() {
	if c.writeLock.acquire(context.Background(), c.done) != nil {
		return
	}
	defer c.writeLock.release()
	for {
		c.writeDeadline.watch(context.Background())
		out := c.takeControl()
		if out == nil {
			return
		}
		if _, err := c.nc.Write(out); err != nil {
			c.writeFailed(err)
		} else {
			c.tellControls(out)
		}
	}
}

// takeControl returns what waits, or nil: then flushing is over. Our Close frame takes what waits with
// it, if it is first.
func (c *Conn) takeControl() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.control
	c.control = nil
	if c.writeErr != nil { // a frame may have been abandoned in its middle
		out = nil
	}
	c.flushing = out != nil
	return out
}
