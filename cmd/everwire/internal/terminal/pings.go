package terminal

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// pings are those that were sent on a connection.
type pings struct {
	due   time.Time // the next one of the program's own
	count int       // of those
	users []ping    // that the user sent, and whose Pong has not come
}

type ping struct {
	payload string
	at      time.Time
}

// ownPing is what the payload of the program's own Pings begins with: who looks at the wire sees whose they
// are.
const ownPing = "everwire-"

// maxPings bounds how many of the user's Pings may be unanswered.
const maxPings = 100

// probe sends a Ping of the program's own, which sets the round-trip time. A socket that is paused would not
// see the Pong.
func (s *session) probe(now time.Time) {
	s.pings.due = now.Add(s.c.PingInterval)
	if s.status.held {
		return
	}
	s.pings.count++
	if s.socket.Ping([]byte(ownPing+strconv.Itoa(s.pings.count))) == nil && s.status.unanswered.IsZero() {
		s.status.unanswered = now
	}
}

// ponged notes a Pong. One that answers the user's Ping is shown.
func (s *session) ponged(payload string, at time.Time) {
	s.status.unanswered = time.Time{}
	s.status.rtt = s.socket.RTT()
	if strings.HasPrefix(payload, ownPing) {
		return
	}
	i := slices.IndexFunc(s.pings.users, func(p ping) bool { return p.payload == payload })
	if i < 0 {
		return // nobody asked, or the heartbeat did
	}
	text := withPayload("pong after "+roundTrip(at.Sub(s.pings.users[i].at)), payload)
	s.pings.users = slices.Delete(s.pings.users, i, i+1)
	s.say(note, text)
}

func withPayload(text, payload string) string {
	if payload == "" {
		return text
	}
	return text + ": " + payload
}
