package websocket

import (
	"fmt"
	"time"

	"github.com/everwire/everwire/internal/engine"
	"golang.org/x/time/rate"
)

// A meter measures what a peer sends by [Rates].
type meter struct {
	messages, bytes *rate.Limiter
	closes          bool
}

// newMeter returns nil if nothing is to be measured.
func newMeter(r *Rates) *meter {
	limiter := func(perSecond float64, least int) *rate.Limiter {
		if perSecond <= 0 {
			return nil
		}
		burst := perSecond * max(r.Burst, 0).Seconds()
		return rate.NewLimiter(rate.Limit(perSecond), max(int(min(burst, 1<<40)), least))
	}
	m := &meter{messages: limiter(r.Messages, 1), bytes: limiter(r.Bytes, largeRead), closes: r.Exceeded == CloseExceeded}
	if m.messages == nil && m.bytes == nil {
		return nil
	}
	return m
}

// read counts octets, at most largeRead, and returns how long to wait before more are read.
func (m *meter) read(n int) (wait time.Duration, err error) {
	return m.count(m.bytes, n, "bytes")
}

// message counts a message.
func (m *meter) message() (wait time.Duration, err error) {
	return m.count(m.messages, 1, "messages")
}

func (m *meter) count(l *rate.Limiter, n int, what string) (wait time.Duration, err error) {
	if l == nil {
		return 0, nil
	}
	now := time.Now()
	if m.closes {
		if !l.AllowN(now, n) {
			return 0, policyViolation(fmt.Sprintf("more than %v %s a second were sent", float64(l.Limit()), what))
		}
		return 0, nil
	}
	return l.ReserveN(now, n).DelayFrom(now), nil
}

// policyViolation is the error of a peer that keeps to the protocol and not to a limit.
func policyViolation(detail string) *ProtocolError {
	return &ProtocolError{Code: ClosePolicyViolation, Section: "RFC 6455 §7.4.1", Detail: detail}
}

// A flood counts control frames: how many there were, in the lower bits, since which second by the engine's clock, in the upper
// ones, which come round after an hour.
type flood uint32

const (
	floodTime  = 10 // seconds over which control frames are counted
	floodBits  = 20 // of the count, which stays at the highest: that is 100,000 a second
	mostFlood  = 1<<floodBits - 1
	floodRound = 1<<(32-floodBits) - 1
)

// rises counts a control frame, and returns an error if there are too many.
func (f *flood) rises(perSecond int) error {
	if perSecond < 0 {
		return nil
	}
	since, n := uint32(*f>>floodBits), uint32(*f&mostFlood)
	if now := uint32(engine.Since()/time.Second) & floodRound; n == 0 || (now-since)&floodRound >= floodTime {
		since, n = now, 0
	}
	n = min(n+1, mostFlood)
	*f = flood(since<<floodBits | n)
	if int64(n) > int64(perSecond)*floodTime {
		return policyViolation(fmt.Sprintf("more than %d control frames a second were sent", perSecond))
	}
	return nil
}
