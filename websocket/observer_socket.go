package websocket

import (
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/everwire/everwire/internal/engine"
	"github.com/everwire/everwire/websocket/frame"
)

// What a Socket tells its Observer of. What arrives, who holds the delivery token tells right away. What leaves shows with
// Socket.mu held, and is told once mu is free: first it is noted in the batch, then, when the stream has taken
// it, in output.departed.

func (s *Socket) observed() *Observer { return s.settings.observer }

// leaving is a frame or message on its way out.
type leaving struct {
	end    int64 // of its batch, where it ends
	octets int64 // of payload
	wire   int64 // of frames; 0 for a control frame
	opcode frame.Opcode
}

// observeMessage notes a message that ends with what the batch has so far.
func (b *batch) observeMessage(t MessageType, octets, wire int64) {
	b.leaving = append(b.leaving, leaving{int64(len(b.out) + len(b.tail)), octets, wire, frame.Opcode(t)})
}

// observeControl notes the control frames that end what the batch has, from an offset of it on.
func (b *batch) observeControl(from int) {
	for rest := b.out[from:]; len(rest) > 0; {
		h, size := controlFrame(rest)
		from += size
		rest = rest[size:]
		b.leaving = append(b.leaving, leaving{end: int64(from), octets: h.Length, opcode: h.Opcode})
	}
}

// controlFrame reads the header of a frame of ours, and returns how many octets the frame has.
func controlFrame(p []byte) (h frame.Header, size int) {
	n, _ := h.Parse(p)
	return h, n + int(h.Length)
}

// depart takes from a batch what the stream has taken of what is noted there. Call with mu held.
func (s *Socket) depart(b *batch) {
	n := 0
	for n < len(b.leaving) && b.leaving[n].end <= b.sent {
		n++
	}
	if n == 0 {
		return
	}
	s.needOutput()
	s.departed = append(s.departed, b.leaving[:n]...)
	b.leaving = b.leaving[:copy(b.leaving, b.leaving[n:])]
}

// unlock gives mu up, and tells of what has left.
func (s *Socket) unlock() {
	if len(s.departed) > 0 {
		s.unlockAndTell()
		return
	}
	s.mu.Unlock()
}

func (s *Socket) unlockAndTell() {
	if s.telling {
		s.mu.Unlock()
		return
	}
	s.telling = true
	s.tellDeparted()
}

// tellDeparted tells of what has left, and of what leaves meanwhile. Call with mu held and telling set; it returns without.
func (s *Socket) tellDeparted() {
	ended := false
	defer func() {
		if !ended { // a function of the program's has ended this goroutine, by runtime.Goexit
			s.mu.Lock()
			s.told()
		}
	}()
	for len(s.departed) > 0 {
		now := s.departed
		s.departed, s.spare = s.spare, nil
		s.mu.Unlock()
		for i := range now {
			s.tellSent(&now[i])
		}
		s.mu.Lock()
		if cap(now) <= mostSpare {
			s.spare = now[:0]
		}
	}
	s.told()
	ended = true
}

// mostSpare is for how many frames and messages memory is kept.
const mostSpare = 1024

// told lets another one tell, and gives mu up.
func (s *Socket) told() {
	s.telling = false
	if s.toldAll != nil {
		close(s.toldAll)
		s.toldAll = nil
	}
	s.restOutput()
	s.mu.Unlock()
}

// tellSent tells of one. If the function panics, the rest is told of too.
func (s *Socket) tellSent(l *leaving) {
	defer s.recoverObserver()
	o := s.settings.observer
	switch {
	case l.opcode.Control():
		if o.Control != nil {
			o.Control(s, l.opcode, true, int(l.octets))
		}
	case o.Sent != nil:
		o.Sent(s, MessageType(l.opcode), l.octets, l.wire)
	}
}

// recoverObserver, deferred around a function that is called without the delivery token, ends the socket if it panicked.
func (s *Socket) recoverObserver() {
	v := recover()
	if v == nil {
		return
	}
	err := s.panicError(v, debug.Stack())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failLocked(CloseInternalError, "", err)
}

// holdDeparted has nothing told of that leaves, until Opened has returned. Call with mu held.
func (s *Socket) holdDeparted() {
	if s.settings.observer != nil {
		s.needOutput()
		s.telling = true
	}
}

// tellOpened tells of the handshake and of the new connection. The caller holds the delivery token.
func (s *Socket) tellOpened(up *upgraded) {
	o := s.settings.observer
	if o == nil {
		return
	}
	defer func() {
		s.mu.Lock()
		s.tellDeparted()
	}()
	defer s.recoverListener()
	if o.Handshake != nil {
		o.Handshake(up.request, statusUpgraded, nil, engine.Since()-up.began)
	}
	if o.Opened != nil {
		o.Opened(s)
	}
}

// tellClosed tells of the end, when all else is told.
func (s *Socket) tellClosed(e CloseEvent) {
	o := s.settings.observer
	if o == nil {
		return
	}
	s.mu.Lock()
	for s.telling {
		if s.toldAll == nil {
			s.toldAll = make(chan struct{})
		}
		told := s.toldAll
		s.mu.Unlock()
		<-told
		s.mu.Lock()
	}
	opened := s.driver() != nil
	s.unlock()
	if o.Closed != nil && opened {
		defer logPanic()
		o.Closed(s, e)
	}
}

// logPanic, deferred around a function of an Observer's that there is no connection left for to end, logs its panic.
func logPanic() {
	if v := recover(); v != nil {
		slog.Error("websocket: panic in a function of an Observer", "value", v, "stack", string(debug.Stack()))
	}
}

// tellControl tells of a control frame that came.
func (s *Socket) tellControl(opcode frame.Opcode, octets int) {
	if o := s.settings.observer; o != nil && o.Control != nil {
		o.Control(s, opcode, false, octets)
	}
}

// tellRTT tells of a round trip that was measured.
func (s *Socket) tellRTT(d time.Duration) {
	if o := s.settings.observer; o != nil && o.RTT != nil {
		o.RTT(s, d)
	}
}

// tellsDrops reports whether anybody is told of messages that are dropped.
func (s *Socket) tellsDrops() bool {
	o := s.settings.observer
	return o != nil && o.Dropped != nil || hears[dropListener](s)
}

// tellDropped tells of a message that was dropped.
func (s *Socket) tellDropped(d Drop) {
	if o := s.settings.observer; o != nil && o.Dropped != nil {
		o.Dropped(s, d)
	}
}

// tellThrottled tells that nothing will be read for a time.
func (s *Socket) tellThrottled(d time.Duration) {
	if o := s.settings.observer; o != nil && o.Throttled != nil {
		o.Throttled(s, d)
	}
}

// deliverObserved is deliverMessage for a socket with an Observer.
func (s *Socket) deliverObserved(o *Observer, m Message) {
	arrived := s.receiver.Arrived()
	wire := int64(arrived - s.toldArrived)
	s.toldArrived = arrived
	if o.Received != nil {
		o.Received(s, m.typ, m.Len(), wire)
	}
	if o.Handled != nil {
		defer func(began time.Duration) { o.Handled(s, engine.Since()-began) }(engine.Since())
	}
	s.listenTo(m)
}
