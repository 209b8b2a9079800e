package websocket

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/everwire/everwire/internal/engine"
	"github.com/everwire/everwire/websocket/frame"
)

// pingOut is the last Ping that was sent, to measure the round trip.
type pingOut struct {
	payload []byte // nil once it was answered
	at      time.Time
	count   uint64 // of the heartbeat's, which is their payload
	beat    int64  // when the heartbeat's last one was sent, by its clock
}

// jittered varies d by ±10 %, so that connections made together do not all ping together.
func jittered(d time.Duration) time.Duration {
	return d - d/10 + rand.N(d/5+1)
}

// hear notes that something arrived, or that silence so far is no sign of death.
func (s *Socket) hear() {
	if s.settings.heartbeat.Interval > 0 {
		s.heard.Store(int64(engine.Since()))
	}
}

// silence returns how long nothing has arrived.
func (s *Socket) silence() time.Duration {
	return engine.Since() - time.Duration(s.heard.Load())
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
		due = max(min(time.Duration(s.ping.beat)+h.Timeout-now, h.Interval), 1)
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
	if s.awaiting && s.heard.Load() >= s.ping.beat {
		s.awaiting = false
	}
	switch silence := s.silence(); {
	case s.stalled():
		v := policyViolation("a message has begun and does not go on")
		s.failLocked(v.Code, v.Detail, v)
		return
	case s.awaiting && now >= time.Duration(s.ping.beat)+timeout: // nothing came since the Ping
		s.closing.Fail()
		s.setState(Closing)
		s.postError(ErrHeartbeat)
		s.cut()
		return
	case s.awaiting:
	case interval > 0 && silence >= interval-interval/10:
		s.ping.count++
		s.sendPing(binary.BigEndian.AppendUint64(nil, s.ping.count))
		if timeout < 0 { // nothing is concluded from silence
			s.hear()
		} else {
			s.awaiting, s.ping.beat = true, int64(now)
		}
	}
	s.armOpen()
}

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
	s.sendPing(payload)
	return nil
}

func (s *Socket) sendPing(payload []byte) {
	s.ping.payload = append(s.ping.payload[:0:0], payload...)
	if s.ping.payload == nil {
		s.ping.payload = []byte{}
	}
	s.ping.at = time.Now()
	s.sendControl(frame.Ping, payload)
}

// matchPong measures the round trip if payload answers the last Ping.
func (s *Socket) matchPong(payload []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ping.payload != nil && bytes.Equal(payload, s.ping.payload) {
		s.rtt.Store(int64(max(time.Since(s.ping.at), 1)))
		s.ping.payload = nil
	}
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
	if s.outputErr != nil || s.sender.Closed() {
		return
	}
	if len(s.control) > maxControlWaiting {
		s.control = s.control[:0] // whole frames, none of them begun
	}
	s.control = s.sender.AppendControl(s.control, opcode, payload)
	s.wakeOutput()
}
