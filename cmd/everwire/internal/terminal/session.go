package terminal

import (
	"context"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/dialer"
	"github.com/everwire/everwire/websocket"
)

// A session is a Run under way. All of it belongs to Run's goroutine.
type session struct {
	c      Config
	tty    *tty
	inbox  *inbox
	link   *link
	socket *websocket.Socket // open, or was

	status   status
	cause    error // of the error event, until the close event
	retry    dialer.Retry
	leaving  bool // the user has closed
	leaveBy  time.Time
	done     bool
	result   error
	pings    pings
	peer     int64 // Pings from the peer
	last     *arrival
	renderer renderer
	console
}

func newSession(c Config, t *tty) *session {
	s := &session{c: c, tty: t, inbox: newInbox(), retry: dialer.Retry{Backoff: c.Backoff}}
	s.screen.out = t.out
	s.status.name = visible(redacted(c.Name))
	s.renderer = renderer{style: style{c.Color}, timestamps: c.Timestamps, json: c.JSON, shown: c.Shown}
	s.file = historyFile(c.History)
	return s
}

// Times of the loop.
const (
	frameTime  = 20 * time.Millisecond  // between two drawings of what arrives
	escapeTime = 150 * time.Millisecond // after a lone ESC: no sequence follows
	tick       = time.Second            // of the clock in the status line
	fastTick   = 100 * time.Millisecond // of a countdown
	patience   = 3 * time.Second        // of a program that is to end
)

func (s *session) run(ctx context.Context) error {
	s.link = newLink(ctx, s.c, s.inbox)
	defer s.link.cut()
	s.screen.write(pasteOn)
	s.loadHistory()
	s.resize()
	s.connect()
	s.loop(ctx)
	s.draw()
	s.screen.erase()
	s.screen.write(pasteOff)
	return s.result
}

// loop waits for what happens next until the session is over.
func (s *session) loop(ctx context.Context) {
	ended, input, notes := ctx.Done(), s.tty.input, s.c.Notes
	timer := time.NewTimer(0)
	defer timer.Stop()
	for !s.done {
		timer.Reset(s.nextTime(time.Now()))
		select {
		case <-ended:
			ended = nil
			s.leaveWithin(patience)
		case typed, ok := <-input:
			if !ok { // the terminal is gone
				input = nil
				s.leaveWithin(patience)
				break
			}
			s.typed(s.decoder.feed(typed))
		case sig := <-s.tty.signals:
			if resumed(sig) {
				s.resume()
			}
			s.resize()
			s.draw()
		case text, ok := <-notes:
			if !ok {
				notes = nil
				break
			}
			s.say(note, text)
		case <-s.inbox.wake:
			s.drawDue = true
		case <-timer.C:
		}
		s.tick(time.Now())
	}
}

// nextTime is how long there is nothing to do but wait.
func (s *session) nextTime(now time.Time) time.Duration {
	next := now.Add(tick)
	if s.status.state == waiting {
		next = now.Add(fastTick)
		if s.status.retryAt.Before(next) {
			next = s.status.retryAt
		}
	}
	consider := func(at time.Time) {
		if at.Before(next) {
			next = at
		}
	}
	switch {
	case s.more:
		return 0
	case s.drawDue:
		consider(s.drawnAt.Add(frameTime))
	}
	if s.decoder.pending() {
		consider(s.typedAt.Add(escapeTime))
	}
	if s.status.state == open && s.c.PingInterval > 0 {
		consider(s.pings.due)
	}
	if !s.leaveBy.IsZero() {
		consider(s.leaveBy)
	}
	return max(next.Sub(now), 0)
}

// tick does what it is time for.
func (s *session) tick(now time.Time) {
	if s.decoder.pending() && now.Sub(s.typedAt) >= escapeTime {
		s.typed(s.decoder.timeout())
	}
	if !s.leaveBy.IsZero() && !now.Before(s.leaveBy) {
		s.done = true
	}
	if s.drawDue && !s.more && now.Sub(s.drawnAt) < frameTime {
		return
	}
	s.receive()
	if s.status.state == waiting && !now.Before(s.status.retryAt) {
		s.connect()
	}
	if s.status.state == open && s.c.PingInterval > 0 && !now.Before(s.pings.due) {
		s.probe(now)
	}
	s.draw()
}

// typed handles keys, and draws what comes of them at once: below what has arrived before.
func (s *session) typed(keys []key) {
	s.typedAt = time.Now()
	s.receive()
	for _, k := range keys {
		s.key(k)
	}
	s.draw()
}

// A drawing has so many events and octets at most: then keys are looked at again.
const (
	drawnEvents = 500
	drawnOctets = 64 << 10
)

// receive takes events from the inbox.
func (s *session) receive() {
	events, more, held := s.inbox.take(drawnEvents, drawnOctets)
	s.status.held, s.more, s.drawDue = held, more, false
	for _, e := range events {
		s.event(e)
	}
}

func (s *session) event(e event) {
	switch what := e.what.(type) {
	case opened:
		s.opened(what.socket, e.at)
	case arrival:
		s.status.arrived.add(len(what.data))
		s.last = &what
		s.lines = append(s.lines, s.renderer.message(e.at, received, what.kind, what.data, "; /save FILE keeps all")...)
	case pinged:
		s.peer++
	case pong:
		s.ponged(string(what), e.at)
	case failure:
		s.cause = what.err
	case websocket.CloseEvent:
		s.closed(what, e.at)
	case unopened:
		s.finish(&ExitError{StatusRefused, what.err})
	}
}

// say shows a note or an error.
func (s *session) say(k kind, text string) {
	s.lines = append(s.lines, s.renderer.say(time.Now(), k, text)...)
	s.drawDue = true
}
