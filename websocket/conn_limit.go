package websocket

// SetReadLimit changes how many octets a received message may have ([Limits.MessageSize]), such as after a
// client has said who it is. Zero or less is no limit. Calls that read which begin later obey it;
// of a message in progress, what has come before counts.
func (c *Conn) SetReadLimit(octets int64) {
	if octets <= 0 {
		octets = -1
	}
	c.readLimit.Store(octets)
}

// applyReadLimit puts the limit in force. The limits that the receiver holds are this Conn's alone: Dial and
// Accept make settings for each. Call with readLock held.
func (c *Conn) applyReadLimit() {
	if n := c.readLimit.Load(); n != 0 {
		c.settings.receive.MessageSize = max(n, 0)
	}
}
