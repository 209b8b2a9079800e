package websocket

import (
	"errors"
	"runtime/debug"
	"time"

	"github.com/everwire/everwire/internal/engine"
	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/frame"
)

// What a Conn tells its Observer of.

func (c *Conn) observed() *Observer { return c.settings.observer }

// counting is what a Conn counts for its Observer.
type counting struct {
	received    int64     // octets of the message being read; owned by who holds readLock
	toldArrived uint64    // what the Receiver had read before it
	sent, wire  int64     // octets of the message being written; owned by who holds messageLock
	pingedAt    time.Time // when the last Ping was queued, zero once it is answered; guarded by mu
}

// recoverObserver, deferred around the functions, ends the connection if one panicked.
func (c *Conn) recoverObserver() {
	if v := recover(); v != nil {
		c.fail(&PanicError{Value: v, Stack: debug.Stack()}, CloseInternalError, "")
	}
}

// tellOpened tells of the handshake and of the new connection.
func (c *Conn) tellOpened(up *upgraded) {
	o := c.settings.observer
	if o == nil {
		return
	}
	defer c.recoverObserver()
	if o.Handshake != nil {
		o.Handshake(up.request, statusUpgraded, nil, engine.Since()-up.began)
	}
	if o.Opened != nil {
		o.Opened(c)
	}
}

// tellClosed tells of the end.
func (c *Conn) tellClosed() {
	o := c.settings.observer
	if o == nil || o.Closed == nil {
		return
	}
	defer logPanic()
	c.mu.Lock()
	code, clean := c.closing.Outcome()
	e := CloseEvent{Code: code, WasClean: clean}
	var closed *CloseError
	if code != CloseAbnormal && errors.As(c.err, &closed) {
		e.Reason = closed.Reason
	}
	c.mu.Unlock()
	o.Closed(c, e)
}

// tellPiece counts a piece of a message that was read, and tells of the message if it is the last. Call with readLock held.
func (c *Conn) tellPiece(ev *protocol.Event) {
	n := &c.counting
	n.received += int64(len(ev.Payload))
	if !ev.Last {
		return
	}
	octets, arrived := n.received, c.receiver.Arrived()
	wire := int64(arrived - n.toldArrived)
	n.received, n.toldArrived = 0, arrived
	if o := c.settings.observer; o.Received != nil {
		defer c.recoverObserver()
		o.Received(c, MessageType(ev.Opcode), octets, wire)
	}
}

// tellSent counts what a writer has given of a message, and tells of the message if that was the last. Call with
// messageLock held.
func (c *Conn) tellSent(t MessageType, octets int, last bool, err error) {
	o, n := c.settings.observer, &c.counting
	if o == nil {
		return
	}
	n.sent += int64(octets)
	if !last && err == nil {
		return
	}
	sent, wire := n.sent, n.wire
	n.sent, n.wire = 0, 0
	if err == nil && o.Sent != nil {
		defer c.recoverObserver()
		o.Sent(c, t, sent, wire)
	}
}

// tellControl tells of a control frame that came.
func (c *Conn) tellControl(op frame.Opcode, octets int) {
	if o := c.settings.observer; o != nil && o.Control != nil {
		defer c.recoverObserver()
		o.Control(c, op, false, octets)
	}
}

// tellControls tells of control frames that were written. Call with writeLock held.
func (c *Conn) tellControls(out []byte) {
	o := c.settings.observer
	if o == nil || o.Control == nil {
		return
	}
	defer c.recoverObserver()
	for len(out) > 0 {
		h, size := controlFrame(out)
		o.Control(c, h.Opcode, true, int(h.Length))
		out = out[size:]
	}
}

// tellThrottled tells that nothing will be read for a time.
func (c *Conn) tellThrottled(d time.Duration) {
	if o := c.settings.observer; o != nil && o.Throttled != nil {
		defer c.recoverObserver()
		o.Throttled(c, d)
	}
}

// answered takes the Pong of the last Ping, and returns when that was queued; zero if it is another's. Call with mu held.
func (n *counting) answered(last bool) time.Time {
	at := n.pingedAt
	if last {
		n.pingedAt = time.Time{}
		return at
	}
	return time.Time{}
}

// tellRTT tells of a round trip that began at a moment, if it is one.
func (c *Conn) tellRTT(began time.Time) {
	if o := c.settings.observer; o != nil && o.RTT != nil && !began.IsZero() {
		defer c.recoverObserver()
		o.RTT(c, max(time.Since(began), 1)) // 0 would be none
	}
}
