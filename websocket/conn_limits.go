package websocket

import (
	"context"
	"time"
)

// failPolicy fails the connection of a peer that does not keep to a limit.
func (c *Conn) failPolicy(err error) error {
	v := err.(*ProtocolError)
	return c.fail(v, v.Code, v.Detail)
}

// obey does what a meter says. Call with readLock held.
func (c *Conn) obey(wait time.Duration, err error) error {
	if err != nil {
		return c.failPolicy(err)
	}
	if wait > 0 {
		c.throttled = time.Now().Add(wait)
		c.tellThrottled(wait)
	}
	return nil
}

// awaitThrottle waits until Rates allow to read on. Call with readLock held.
func (c *Conn) awaitThrottle(ctx context.Context) error {
	wait := time.Until(c.throttled)
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.ended:
		return c.failure()
	}
}

// A stall measures how long calls have waited for a message in progress to go on. It is owned by who holds
// readLock, but for the timer's function.
type stall struct {
	timer   *time.Timer
	began   time.Time     // of the wait under way
	waited  time.Duration // before it, since something arrived
	arrived uint64
}

// awaitProgress begins a wait inside a message, and reports whether it did.
func (c *Conn) awaitProgress() bool {
	timeout := c.settings.limits.ProgressTimeout
	if timeout <= 0 || !c.receiver.InMessage() {
		return false
	}
	s := &c.stall
	if n := c.receiver.Arrived(); n != s.arrived {
		s.arrived, s.waited = n, 0
	}
	if s.timer == nil {
		s.timer = time.AfterFunc(timeout-s.waited, c.stalled)
	} else {
		s.timer.Reset(timeout - s.waited)
	}
	s.began = time.Now()
	return true
}

// awaitedProgress ends it.
func (c *Conn) awaitedProgress() {
	c.stall.timer.Stop()
	c.stall.waited += time.Since(c.stall.began)
}

func (c *Conn) stalled() { c.failPolicy(policyViolation("a message has begun and does not go on")) }
