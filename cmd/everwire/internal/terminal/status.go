package terminal

import (
	"fmt"
	"strings"
	"time"
)

// A state is where the session is.
type state int

const (
	connecting state = iota
	open
	closingDown
	waiting // for the next attempt to connect
)

// A tally counts what went one way.
type tally struct{ messages, octets int64 }

func (t *tally) add(octets int) {
	t.messages++
	t.octets += int64(octets)
}

// A status is what the last line of the screen tells.
type status struct {
	name          string
	state         state
	since         time.Time // the connection opened
	retryAt       time.Time // when waiting
	rtt           time.Duration
	unanswered    time.Time // when the Ping was sent that still has no Pong; zero if none
	sent, arrived tally
	held          bool // more arrives than can be shown, and the server has to wait
}

// latePong is how long a Pong may take before the line says that it is missing.
const latePong = 3 * time.Second

// line is the status in fewer than width columns: what matters less is left out first.
func (s *status) line(now time.Time, width int, st style) string {
	type part struct {
		text, sgr string
		rank      int // the highest is left out first
	}
	var parts []part
	add := func(rank int, sgr, text string) { parts = append(parts, part{text, sgr, rank}) }
	switch s.state {
	case connecting:
		add(0, sgrYellow, "connecting")
	case open:
		add(0, sgrGreen, "open")
	case closingDown:
		add(0, sgrYellow, "closing")
	case waiting:
		left := max(s.retryAt.Sub(now), 0)
		add(0, sgrYellow, fmt.Sprintf("reconnecting in %.1f s", left.Seconds()))
		add(1, sgrDim, "Enter: now")
	}
	if s.state == open {
		late := now.Sub(s.unanswered)
		switch {
		case s.held:
			add(1, sgrYellow, "the server waits: more comes than is shown")
		case !s.unanswered.IsZero() && late >= latePong:
			add(1, sgrYellow, fmt.Sprintf("no pong for %d s", late/time.Second))
		case s.rtt > 0:
			add(4, sgrDim, "rtt "+roundTrip(s.rtt))
		}
	}
	add(3, sgrDim, fmt.Sprintf("sent %s (%s)", grouped(s.sent.messages), brief(s.sent.octets)))
	add(2, sgrDim, fmt.Sprintf("received %s (%s)", grouped(s.arrived.messages), brief(s.arrived.octets)))
	if !s.since.IsZero() && s.state == open {
		add(5, sgrDim, clock(now.Sub(s.since)))
	}
	add(6, sgrDim, s.name)

	const between = " | "
	for worst := 6; ; worst-- {
		var plain, painted []string
		for _, p := range parts {
			if p.rank <= worst {
				plain = append(plain, p.text)
				painted = append(painted, st.paint(p.sgr, p.text))
			}
		}
		if columns(strings.Join(plain, between)) < width {
			return strings.Join(painted, st.paint(sgrDim, between))
		}
		if worst == 0 {
			return st.paint(parts[0].sgr, cutColumns(parts[0].text, width-1))
		}
	}
}
