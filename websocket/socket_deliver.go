package websocket

import (
	"log/slog"
	"runtime/debug"
	"sync"

	"github.com/everwire/everwire/websocket/frame"
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
	eventDone   // a SendFunc's message is settled
	eventTapped // who taps the socket has changed
)

type event struct {
	kind    eventKind
	err     error
	close   CloseEvent
	dropped outgoing
	untold  int // of messages that were dropped after that
	done    func(error)

	next *event // in a mailbox; that of the last is the first
}

var events = sync.Pool{New: func() any { return new(event) }}

// post puts an event into the mailbox. Call with mu held.
func (s *Socket) post(ev event) {
	if s.ended {
		return
	}
	s.addEvent(ev)
	if !s.delivering {
		s.delivering = true
		s.driver().deliver()
	}
}

func (s *Socket) addEvent(ev event) {
	s.needOutput()
	e := events.Get().(*event)
	*e = ev
	if last := s.mailbox; last != nil {
		e.next, last.next = last.next, e
	} else {
		e.next = e
	}
	s.mailbox = e
}

// postDrain posts that all has left, unless listeners are still to be told of an earlier time. Call with mu held.
func (s *Socket) postDrain() {
	if !s.drainDue && !s.ended {
		s.post(event{kind: eventDrain})
		s.drainDue = true
	}
}

// postDrop posts that a message was dropped. It is kept until listeners have been told, and these may be slow, so what
// is to be told is bounded: of what is beyond that, the last that is told says how much there was. Call with mu held.
func (s *Socket) postDrop(o outgoing, reason error) {
	if s.ended {
		o.letGo()
		return
	}
	if s.lastDrop != nil && s.drops.full(&s.settings.queue, &o) {
		s.lastDrop.untold++
		o.letGo()
		return
	}
	if !o.held {
		s.holdShared(&o)
	}
	s.post(event{kind: eventDrop, dropped: o, err: reason})
	s.lastDrop = s.mailbox
	s.drops.add(&o)
	s.holdQueue()
}

// drops are the messages of which listeners are still to be told that they were dropped.
type drops struct {
	n      int
	memory int64
	own    int64 // of that, what is not shared
}

// What they may take in any case: a queue may be for one message.
const (
	dropsBytes    = 64 << 10
	dropsMessages = 1024
)

// full reports whether one more is more than a queue's bounds allow.
func (d *drops) full(q *Queue, o *outgoing) bool {
	return q.Bytes >= 0 && d.memory+o.memory() > max(q.Bytes, dropsBytes) ||
		q.Messages >= 0 && d.n >= max(q.Messages, dropsMessages)
}

func (d *drops) add(o *outgoing) {
	d.n++
	d.memory += o.memory()
	d.own += o.own()
}

func (d *drops) remove(o *outgoing) {
	d.n--
	d.memory -= o.memory()
	d.own -= o.own()
}

// takeEvent takes the oldest event out of the mailbox, which has one.
func (s *Socket) takeEvent() event {
	first := s.mailbox.next
	switch first.kind {
	case eventDrop:
		s.drops.remove(&first.dropped)
		if s.lastDrop == first {
			s.lastDrop = nil
		}
		s.holdQueue()
	case eventDrain:
		s.drainDue = false
	}
	if first == s.mailbox {
		s.mailbox = nil
		s.restOutput()
	} else {
		s.mailbox.next = first.next
	}
	ev := *first
	*first = event{}
	events.Put(first)
	return ev
}

// postError posts the socket's one error event, or nothing if there was one. Call with mu held.
func (s *Socket) postError(err error) {
	if !s.errored {
		s.post(event{kind: eventError, err: err})
		s.errored = true
	}
}

// release delivers the mailbox and gives the delivery token back, for good: there is no more input.
func (s *Socket) release() {
	for s.deliverNext(true) {
	}
}

// eventsAtOnce is how many events are delivered before who waits for the token has it. A listener may cause events as fast as they
// are delivered: one that sends the next message when the last has left, for example. The input has its turn all the same.
const eventsAtOnce = 64

// deliverMailbox delivers at most n events and keeps the token. It returns how many more it might have been.
func (s *Socket) deliverMailbox(n int) (left int) {
	for n > 0 && s.deliverNext(false) {
		n--
	}
	return n
}

func (s *Socket) deliverNext(release bool) (more bool) {
	s.mu.Lock()
	if s.mailbox == nil {
		if release {
			s.delivering = false
			if s.driver() != nil {
				s.driver().freed()
			}
		}
		s.mu.Unlock()
		return false
	}
	ev := s.takeEvent()
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
	s.fail(CloseInternalError, "", s.panicError(v, stack))
}

// panicError makes an error of a panic, and logs it if nobody hears that.
func (s *Socket) panicError(v any, stack []byte) error {
	if !hears[errorListener](s) {
		slog.Error("websocket: panic in a callback", "value", v, "stack", string(stack))
	}
	return &PanicError{Value: v, Stack: stack}
}

func (s *Socket) dispatch(ev event) {
	l := s.listeners.Load()
	switch ev.kind {
	case eventOpen:
		each(l, func(f openListener) { f(s) })
	case eventError:
		each(l, func(f errorListener) { f(s, ev.err) })
	case eventClose:
		if s.settings.server != nil {
			defer s.leaveServer()
		}
		s.tellClosed(ev.close)
		each(l, func(f closeListener) { f(s, ev.close) })
	case eventDrain:
		each(l, func(f drainListener) { f(s) })
	case eventDrop:
		s.dispatchDrop(l, &ev)
	case eventDone:
		ev.done(ev.err)
	case eventTapped:
		s.tapInput()
	}
}

func (s *Socket) dispatchDrop(l *listenerNode, ev *event) {
	defer ev.dropped.letGo() // also after a panic
	d := Drop{Message: ev.dropped.message(), Key: ev.dropped.key(), Topic: ev.dropped.topic(), Reason: ev.err, Untold: ev.untold}
	s.tellDropped(d)
	each(l, func(f dropListener) { f(s, d) })
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
	if o := s.settings.observer; o != nil {
		s.deliverObserved(o, m)
		return
	}
	s.listenTo(m)
}

func (s *Socket) listenTo(m Message) {
	l := s.listeners.Load()
	if l == nil {
		return
	}
	l.message(s, m)
	if poisonBuffers && !m.buf.isShared() {
		poison(m.data)
	}
}

// deliverControl runs the listeners of a Ping or Pong.
func (s *Socket) deliverControl(opcode frame.Opcode, payload []byte) {
	l := s.listeners.Load()
	if opcode == frame.Ping {
		each(l, func(f pingListener) { f(s, payload) })
	} else {
		each(l, func(f pongListener) { f(s, payload) })
	}
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
