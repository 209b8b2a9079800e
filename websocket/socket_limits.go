package websocket

import (
	"time"

	"github.com/everwire/everwire/internal/engine"
)

// arrived is called by the driver, with the delivery token, when it has read octets.
func (s *Socket) arrived(n int, now time.Duration) {
	if s.settings.heartbeat.Interval > 0 {
		s.heard.Store(uint32(momentAt(now)))
	}
	if s.settings.rated {
		s.obey(s.rating.meter.read(n))
	}
}

// obey does what a meter says: wait before reading on, or end.
func (s *Socket) obey(wait time.Duration, err error) {
	switch {
	case err != nil:
		s.failPolicy(err)
	case wait > 0:
		s.tellThrottled(wait)
		s.mu.Lock()
		defer s.mu.Unlock()
		r := s.rating
		r.until.Store(int64(engine.Since() + wait))
		if r.throttle == nil {
			r.throttle = time.AfterFunc(wait, s.unthrottle)
		} else {
			r.throttle.Reset(wait)
		}
	}
}

func (s *Socket) unthrottle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resumeReading()
}

// throttled reports whether Rates keep input waiting.
func (s *Socket) throttled() bool {
	if !s.settings.rated {
		return false
	}
	until := s.rating.until.Load()
	return until != 0 && int64(engine.Since()) < until
}

// failPolicy fails the connection of a peer that does not keep to a limit.
func (s *Socket) failPolicy(err error) {
	v := err.(*ProtocolError)
	s.fail(v.Code, v.Detail, v)
}

// floods counts a Ping or Pong, and reports whether that was one too many.
func (s *Socket) floods() bool {
	err := s.flood.rises(s.settings.limits.ControlFrames)
	if err != nil {
		s.failPolicy(err)
	}
	return err != nil
}

// progressed notes, once input is used up, whether a message has begun to arrive, and when something of it
// last did.
func (s *Socket) progressed() {
	if !s.receiver.InMessage() {
		if s.standsSince.Load() != 0 {
			s.standsSince.Store(0)
		}
		return
	}
	n := s.receiver.Arrived()
	if n == s.arrivedBefore {
		return // a control frame
	}
	s.arrivedBefore = n
	began := s.standsSince.Swap(int64(engine.Since())) == 0
	if began && s.settings.limits.ProgressTimeout > 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.armOpen()
	}
}

// stalled reports whether a message has stood still for too long. Call with mu held.
func (s *Socket) stalled() bool {
	since, timeout := s.standsSince.Load(), s.settings.limits.ProgressTimeout
	return since != 0 && timeout > 0 && engine.Since()-time.Duration(since) >= timeout
}
