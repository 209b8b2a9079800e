package websocket

import (
	"log/slog"
	"runtime/debug"
)

// Delivery of events. A socket has one delivery token. Who holds it may run listeners; everybody else
// puts events into the mailbox, and the holder delivers them before giving the token back. Thus
// listeners never run at the same time, and whoever causes an event never waits for one.

type eventKind uint8

const (
	eventOpen eventKind = iota
	eventError
	eventClose
	eventDrain
	eventDrop
	eventDone // a SendFunc's message is settled
)

type event struct {
	kind    eventKind
	err     error
	close   CloseEvent
	dropped outgoing
	done    func(error)
}

// post puts an event into the mailbox. Call with mu held.
func (s *Socket) post(ev event) {
	if s.ended {
		return
	}
	s.mailbox = append(s.mailbox, ev)
	if !s.delivering {
		s.delivering = true
		s.driver.deliver()
	}
}

// postError posts the socket's one error event, or nothing if there was one. Call with mu held.
func (s *Socket) postError(err error) {
	if !s.errored {
		s.post(event{kind: eventError, err: err})
		s.errored = true
	}
}

// release delivers the mailbox and gives the delivery token back.
func (s *Socket) release() {
	for s.deliverNext(true) {
	}
}

// deliverMailbox delivers the mailbox and keeps the token.
func (s *Socket) deliverMailbox() {
	for s.deliverNext(false) {
	}
}

func (s *Socket) deliverNext(release bool) (more bool) {
	s.mu.Lock()
	if len(s.mailbox) == 0 {
		s.mailbox = nil
		if release {
			s.delivering = false
			if s.driver != nil {
				s.driver.freed()
			}
		}
		s.mu.Unlock()
		return false
	}
	ev := s.mailbox[0]
	s.mailbox[0] = event{}
	s.mailbox = s.mailbox[1:]
	s.mu.Unlock()

	more = true // also after a panic
	defer s.recoverListener()
	s.dispatch(ev)
	return more
}

// recoverListener, deferred around listeners, ends the socket if one panicked.
func (s *Socket) recoverListener() {
	if v := recover(); v != nil {
		s.panicked(v, debug.Stack())
	}
}

func (s *Socket) panicked(v any, stack []byte) {
	err := &PanicError{Value: v, Stack: stack}
	l := s.listeners.Load()
	if l == nil || len(l.error) == 0 {
		slog.Error("websocket: panic in a callback", "value", v, "stack", string(stack))
	}
	s.fail(CloseInternalError, "", err)
}

func (s *Socket) dispatch(ev event) {
	l := s.listeners.Load()
	if l == nil {
		l = &listeners{}
	}
	switch ev.kind {
	case eventOpen:
		each(l.open, func(f func(*Socket)) { f(s) })
	case eventError:
		each(l.error, func(f func(*Socket, error)) { f(s, ev.err) })
	case eventClose:
		if s.onEnded != nil {
			defer s.onEnded()
		}
		each(l.close, func(f func(*Socket, CloseEvent)) { f(s, ev.close) })
	case eventDrain:
		each(l.drain, func(f func(*Socket)) { f(s) })
	case eventDrop:
		d := Drop{Message: ev.dropped.message(), Key: ev.dropped.key, Reason: ev.err}
		each(l.drop, func(f func(*Socket, Drop)) { f(s, d) })
		ev.dropped.letGo()
	case eventDone:
		ev.done(ev.err)
	}
}

// message gives a dropped message back to the program. That of a blob is empty: its source is the
// caller's.
func (o *outgoing) message() Message {
	if o.blob != nil {
		return Message{typ: o.typ}
	}
	return Message{typ: o.typ, data: o.payload()}
}

// deliverMessage runs the message listeners on the goroutine that read the message.
func (s *Socket) deliverMessage(m Message) {
	l := s.listeners.Load()
	if l == nil {
		return
	}
	for _, x := range l.message {
		if !x.removed.Load() {
			x.f(s, m)
		}
	}
	if poisonBuffers {
		poison(m.data)
	}
}

// deliverControl runs the listeners of a Ping or Pong.
func (s *Socket) deliverControl(list []*listener[func(*Socket, []byte)], payload []byte) {
	each(list, func(f func(*Socket, []byte)) { f(s, payload) })
	if poisonBuffers {
		poison(payload)
	}
}

// poison overwrites octets that a listener was told not to keep.
func poison(b []byte) {
	for i := range b {
		b[i] = 0xDB
	}
}
