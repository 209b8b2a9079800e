package websocket

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"time"

	"github.com/everwire/everwire/internal/engine"
	"github.com/everwire/everwire/websocket/frame"
)

// jittered varies d by ±10 %, so that connections made together do not all ping together.
func jittered(d time.Duration) time.Duration {
	return d - d/10 + rand.N(d/5+1)
}

// hear notes that something arrived, or that silence so far is no sign of death.
func (s *Socket) hear() {
	if s.settings.heartbeat.Interval > 0 {
		s.heard.Store(uint32(momentAt(engine.Since())))
	}
}

// A moment is a time by the engine's clock in units of 2^20 ns, about a millisecond. It comes round after 52 days.
type moment uint32

func momentAt(t time.Duration) moment { return moment(t >> 20) }

// before tells which of two moments was first that are less than 26 days apart.
func (m moment) before(other moment) bool { return int32(m-other) < 0 }

// until returns the time from m to a later moment.
func (m moment) until(later moment) time.Duration { return time.Duration(later-m) << 20 }

// silence returns how long nothing has arrived.
func (s *Socket) silence() time.Duration {
	return moment(s.heard.Load()).until(momentAt(engine.Since()))
}

// startHeartbeat begins to listen for the peer's life. Call with mu held.
func (s *Socket) startHeartbeat() {
	s.hear()
	s.armOpen()
}

// armOpen sets the timer of an open socket to what comes first: that an Interval of silence is over, that
// the Pong should have come, or that a message has stood still for too long. Call with mu held.
func (s *Socket) armOpen() {
	due := time.Duration(0) // 0 is never
	now := engine.Since()
	switch h := &s.settings.heartbeat; {
	case s.awaiting:
		due = max(min(h.Timeout-s.pingedAt.until(momentAt(now)), h.Interval), 1)
	case h.Interval > 0:
		due = max(jittered(h.Interval)-s.silence(), 1)
	}
	since, timeout := s.standsSince.Load(), s.settings.limits.ProgressTimeout
	if since != 0 && timeout > 0 {
		left := max(time.Duration(since)+timeout-now, 1)
		if due == 0 || left < due {
			due = left
		}
	}
	s.armTimer(due)
}

// beat is the heartbeat's tick. Time that passes in listeners, or while reading is paused, says
// nothing about the peer. Call with mu held.
func (s *Socket) beat() {
	if s.delivering || s.held() {
		s.hear()
		if s.standsSince.Load() != 0 {
			s.standsSince.Store(int64(engine.Since()))
		}
	}
	interval, timeout := s.settings.heartbeat.Interval, s.settings.heartbeat.Timeout
	now := engine.Since()
	at := momentAt(now)
	if s.awaiting && !moment(s.heard.Load()).before(s.pingedAt) {
		s.awaiting = false
	}
	switch silence := s.silence(); {
	case s.stalled():
		v := policyViolation("a message has begun and does not go on")
		s.failLocked(v.Code, v.Detail, v)
		return
	case s.awaiting && s.pingedAt.until(at) >= timeout: // nothing came since the Ping
		s.closing.Fail()
		s.setState(Closing)
		s.postError(ErrHeartbeat)
		s.cut()
		return
	case s.awaiting:
	case interval > 0 && silence >= interval-interval/10:
		s.pingedAt, s.unponged = at, true
		var payload [beatSize]byte
		binary.BigEndian.PutUint64(payload[:], uint64(now)^beatSecret)
		s.sendControl(frame.Ping, payload[:])
		if timeout < 0 { // nothing is concluded from silence
			s.hear()
		} else {
			s.awaiting = true
		}
	}
	s.armOpen()
}

// The payload of the heartbeat's Pings is the time, so that the Pong tells how long ago that was. It is nobody's business how long
// the process runs.
const beatSize = 8

var beatSecret = rand.Uint64()

// Ping queues a Ping with a payload of at most 125 octets, ahead of the messages that wait. The Pong
// comes to OnPong and sets RTT. It returns [ErrNotOpen], [ErrClosed] or [ErrInvalidControl]; in a page always an
// error that is [errors.ErrUnsupported].
func (s *Socket) Ping(payload []byte) error {
	if len(payload) > frame.MaxControlPayload {
		return ErrInvalidControl
	}
	if s.settings.page {
		return errNoControl
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.ReadyState() {
	case Connecting:
		return ErrNotOpen
	case Closing, Closed:
		return ErrClosed
	}
	s.more().ping = &pingOut{payload: bytes.Clone(payload), at: engine.Since()}
	s.sendControl(frame.Ping, payload)
	return nil
}

// matchPong measures the round trip if payload answers the program's last Ping, or the heartbeat's; else it returns 0.
func (s *Socket) matchPong(payload []byte) (rtt time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ping != nil && bytes.Equal(payload, s.ping.payload):
		rtt = s.measured(s.ping.at)
		s.extra.ping = nil
		s.restExtra()
	case s.unponged && len(payload) == beatSize:
		if at := time.Duration(binary.BigEndian.Uint64(payload) ^ beatSecret); momentAt(at) == s.pingedAt && at <= engine.Since() {
			rtt = s.measured(at)
			s.unponged = false
		}
	}
	return rtt
}

// measured notes the time since a Ping. Call with mu held.
func (s *Socket) measured(since time.Duration) time.Duration {
	s.rtt.Store(uint32(min(max((engine.Since()-since)/rttUnit, 1), math.MaxUint32)))
	return s.RTT()
}

// maxControlWaiting bounds the octets of Pings and Pongs that wait. A peer that pings and does not
// read gets, past it, no more answers: RFC 6455 §5.5.3 asks only for the most recent.
const maxControlWaiting = 16 << 10

// answerPing queues the Pong (RFC 6455 §5.5.2).
func (s *Socket) answerPing(payload []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sendControl(frame.Pong, payload)
}

// sendControl queues a Ping or Pong. Call with mu held.
func (s *Socket) sendControl(opcode frame.Opcode, payload []byte) {
	if s.outputOver || s.sender.Closed() {
		return
	}
	s.needOutput()
	if len(s.control) > maxControlWaiting {
		s.control = s.control[:0] // whole frames, none of them begun
	}
	s.control = s.sender.AppendControl(s.control, opcode, payload)
	s.wakeOutput()
}
