package terminal

import (
	"fmt"
	"io"
	"time"

	"github.com/everwire/everwire/websocket"
)

// connect starts an attempt.
func (s *session) connect() {
	s.status.state, s.status.since, s.status.rtt = connecting, time.Time{}, 0
	s.cause = nil
	s.pings = pings{}
	s.link.connect()
}

func (s *session) opened(socket *websocket.Socket, at time.Time) {
	if s.leaving {
		return
	}
	s.socket = socket
	s.status.state, s.status.since = open, at
	s.status.unanswered = time.Time{}
	s.pings.due = at
	text := "connected to " + s.status.name
	if p := socket.Subprotocol(); p != "" {
		text += ", subprotocol " + p
	}
	s.say(note, text)
}

// closed is the end of a connection, or of an attempt.
func (s *session) closed(e websocket.CloseEvent, at time.Time) {
	lasted := time.Duration(0)
	opened := !s.status.since.IsZero()
	if opened {
		lasted = at.Sub(s.status.since)
	}
	s.status.since = time.Time{}
	end := s.endOf(e, opened)
	again := s.c.Reconnect && !s.leaving
	if end != nil && end.Status == StatusRefused {
		again = again && websocket.Retryable(end.Err)
	}
	switch {
	case s.leaving && end == nil:
		s.say(note, "closed: "+closing(e.Code, e.Reason))
	case s.leaving:
		s.say(note, "closed without the server's answer")
	case end == nil:
		s.say(note, "closed by the server: "+closing(e.Code, e.Reason))
	case again: // else it is what Run returns, for whoever called to say
		s.say(failed, s.c.Explain(end.Err))
	}
	if !again {
		s.finish(end)
		return
	}
	var cause error
	if end != nil {
		cause = end.Err
	}
	s.status.state = waiting
	s.status.retryAt = time.Now().Add(s.retry.After(cause, lasted))
}

// endOf returns nil for an end in order, and else what there is to say of it.
func (s *session) endOf(e websocket.CloseEvent, was bool) *ExitError {
	status := StatusAbnormal
	if !was {
		status = StatusRefused
	}
	switch {
	case s.cause != nil:
		return &ExitError{status, s.cause}
	case e.Code == websocket.CloseAbnormal:
		return &ExitError{status, fmt.Errorf("the connection ended without a closing handshake: %w", io.ErrUnexpectedEOF)}
	case s.leaving, e.Code == websocket.CloseNormal, e.Code == websocket.CloseGoingAway, e.Code == websocket.CloseNoStatus:
		return nil
	}
	return &ExitError{status, &websocket.CloseError{Code: e.Code, Reason: e.Reason}}
}

// finish ends the session; whoever leaves has no error.
func (s *session) finish(end *ExitError) {
	s.done = true
	if end != nil && !s.leaving {
		s.result = end
	}
}

// leave closes the connection and lets the server answer; a second time it does not wait for that.
func (s *session) leave(code websocket.CloseCode, reason string) error {
	switch {
	case s.status.state != open:
		s.leaving, s.done = true, true
	default:
		if err := s.socket.Close(code, reason); err != nil {
			return err
		}
		s.leaving = true
		s.status.state = closingDown
	}
	return nil
}

func (s *session) leaveWithin(d time.Duration) {
	if !s.leaving {
		s.leave(websocket.CloseNormal, "")
	}
	if s.leaveBy.IsZero() {
		s.leaveBy = time.Now().Add(d)
	}
}
