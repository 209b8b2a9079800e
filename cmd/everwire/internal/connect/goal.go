package connect

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/everwire/everwire/websocket"
)

// A Wait is how long to wait for answers once all of the input was sent: until so many messages have come since
// the beginning, or for a time. Zero is no Wait.
type Wait struct {
	Messages int
	Time     time.Duration
}

// ParseWait reads a number, or a time such as 500ms or 2s.
func ParseWait(text string) (Wait, error) {
	if n, err := strconv.Atoi(text); err == nil && n > 0 {
		return Wait{Messages: n}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return Wait{Time: d}, nil
	}
	return Wait{}, errors.New("must be a number of messages, such as 1, or a time, such as 500ms or 2s")
}

// String is what ParseWait reads, "" for no Wait.
func (w Wait) String() string {
	switch {
	case w.Messages > 0:
		return strconv.Itoa(w.Messages)
	case w.Time > 0:
		return w.Time.String()
	}
	return ""
}

func (w Wait) given() bool { return w != Wait{} }

// A goal is what must come before a session has done its job. Several connections may serve one.
type goal struct {
	wait   int // messages
	expect *regexp.Regexp

	mu      sync.Mutex
	seen    int
	sent    bool // all of the input was
	matched bool
}

// saw notes a message, and reports whether the goal is reached now.
func (g *goal) saw(m websocket.Message) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seen++
	if g.expect != nil && g.expect.Match(m.Bytes()) {
		g.matched = true
	}
	return g.reached()
}

// inputSent notes that all of the input was sent, and reports whether the goal is reached now.
func (g *goal) inputSent() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sent = true
	return g.reached()
}

// done reports whether the goal is reached.
func (g *goal) done() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.reached()
}

// reached needs mu. Where nothing must come, nothing is reached.
func (g *goal) reached() bool {
	return g.matched || g.expect == nil && g.wait > 0 && g.sent && g.seen >= g.wait
}

// missing says what has not come, "" if nothing is missing.
func (g *goal) missing() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.expect != nil && !g.matched:
		return fmt.Sprintf("no message matched %q (of %d)", g.expect, g.seen)
	case g.expect == nil && g.seen < g.wait:
		return fmt.Sprintf("%d of %d messages came", g.seen, g.wait)
	}
	return ""
}
