package websocket

import "github.com/everwire/everwire/internal/protocol"

// SetReadLimit changes how many octets a received message may have ([Limits.MessageSize]), such as after a
// client has said who it is. Zero or less is no limit. It is in force for the frames that calls read which
// begin after it, and for what is still to come of a message in progress.
func (c *Conn) SetReadLimit(octets int64) {
	if octets <= 0 {
		octets = -1
	}
	c.readLimit.Store(octets)
}

// applyReadLimit puts the limit in force. Call with readLock held.
func (c *Conn) applyReadLimit() {
	if n := c.readLimit.Swap(0); n != 0 {
		c.receiver.SetLimits(&protocol.Limits{MessageSize: max(n, 0), Fragments: c.settings.receive.Fragments})
	}
}
