package websocket

import "time"

// heartbeat is the state of a Conn's heartbeat, guarded by Conn.mu. It counts silence: the time that
// calls have waited for octets since the last ones came. While nobody waits, silence does not grow,
// because what has come is not seen.
type heartbeat struct {
	timer  *time.Timer // nil if there is no heartbeat
	waited time.Duration
	since  time.Time     // when the wait that goes on began, or zero
	next   time.Duration // the silence at which something is due: a Ping, or, once it was sent, the end
	pinged bool
}

func (c *Conn) startHeartbeat() {
	interval := c.settings.heartbeat.Interval
	if interval <= 0 {
		return
	}
	c.mu.Lock() // tick may come at once
	defer c.mu.Unlock()
	c.heartbeat.next = jittered(interval)
	c.heartbeat.timer = time.AfterFunc(c.heartbeat.next, c.tick)
}

// waiting notes that a call waits for octets from now on, unless the connection has ended.
func (c *Conn) waiting() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.heartbeat.timer != nil {
		c.heartbeat.since = time.Now()
	}
	return c.err
}

// waited notes that the call waits no more, and whether octets came.
func (c *Conn) waited(heard bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := &c.heartbeat
	if h.timer == nil {
		return
	}
	since := h.since
	h.since = time.Time{}
	if heard {
		c.heard()
	} else {
		h.waited += time.Since(since)
	}
}

// heard notes a sign of life. Call with mu held.
func (c *Conn) heard() {
	h := &c.heartbeat
	h.waited = 0
	if !h.since.IsZero() {
		h.since = time.Now()
	}
	if h.pinged {
		h.pinged = false
		h.next = jittered(c.settings.heartbeat.Interval)
	}
}

// pieceTaken notes that the stream took a piece of a frame. While a Ping waits behind that frame, it is
// a sign of life: the Ping could not leave, so that nothing can be expected of the peer but to read.
func (c *Conn) pieceTaken() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.control) > 0 && c.heartbeat.pinged {
		c.heard()
	}
}

// tick looks whether something is due.
func (c *Conn) tick() {
	if !c.beat() {
		c.abort(ErrHeartbeat)
	}
}

// beat sends the Ping that is due, and reports false if its time to be answered is over.
func (c *Conn) beat() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return true
	}
	h, set := &c.heartbeat, &c.settings.heartbeat
	silence := h.waited
	if !h.since.IsZero() {
		silence += time.Since(h.since)
	}
	if silence >= h.next {
		if h.pinged && set.Timeout > 0 {
			return false
		}
		c.sendPing()
		h.pinged = true
		if set.Timeout > 0 {
			h.next = silence + set.Timeout
		} else {
			h.next = silence + jittered(set.Interval)
		}
	}
	again := h.next - silence
	if h.since.IsZero() {
		again = max(again, set.Interval/20) // silence stands still
	}
	h.timer.Reset(again)
	return true
}
