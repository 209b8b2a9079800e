package protocol

import "github.com/everwire/everwire/websocket/frame"

// Closing follows the closing handshake (RFC 6455 §7.1). The zero value is a connection that is open.
// It is not safe for concurrent use.
//
//	         Send                    Receive
//	open ───────────▶ close sent ───────────────▶ closed cleanly
//	 │ │
//	 │ └─ Receive ──▶ close received ─── Send ──▶ closed cleanly
//	 └─── Fail ─────▶ failed: 1006, not clean, whatever comes
type Closing struct {
	sent, received, failed bool

	code frame.CloseCode // of the first Close frame received
}

// Send notes that this end's Close frame was sent. It reports false, and nothing changes, if one was
// sent before.
func (c *Closing) Send() bool {
	if c.sent {
		return false
	}
	c.sent = true
	return true
}

// Receive notes the peer's Close frame. There is no second one.
func (c *Closing) Receive(code frame.CloseCode) {
	if !c.received {
		c.received, c.code = true, code
	}
}

// Fail notes that this end failed the connection (RFC 6455 §7.1.7): whatever follows, the outcome is 1006.
func (c *Closing) Fail() { c.failed = true }

// Started reports whether a Close frame went either way, or this end failed the connection.
func (c *Closing) Started() bool { return c.sent || c.received || c.failed }

// Sent reports whether this end sent a Close frame.
func (c *Closing) Sent() bool { return c.sent }

// Received reports whether the peer's Close frame came.
func (c *Closing) Received() bool { return c.received }

// Failed reports whether this end failed the connection.
func (c *Closing) Failed() bool { return c.failed }

// Complete reports whether both Close frames were exchanged, so that the connection below may end.
func (c *Closing) Complete() bool { return c.sent && c.received }

// Outcome tells how a connection whose stream has ended was closed: the code of the first
// Close frame received, whose reason is then that of the end, or 1006 if none came or this end failed the connection
// (RFC 6455 §7.1.5), and whether it closed cleanly: both Close frames exchanged, and not failed here.
func (c *Closing) Outcome() (code frame.CloseCode, clean bool) {
	if c.failed || !c.received {
		return frame.CloseAbnormal, false
	}
	return c.code, c.sent
}
