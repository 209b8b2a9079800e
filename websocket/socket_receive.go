package websocket

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/frame"
)

// input makes events of the octets in s.in and delivers them, until they are used up or the socket is
// held. The driver calls it with the delivery token. It returns normally also when a listener
// panicked; when a listener called runtime.Goexit, it can be called again.
func (s *Socket) input() {
	defer s.recoverListener()
	if s.ReadyState() >= Closing && s.lingerOver(len(s.in)) {
		s.in = nil
		return
	}
	for !s.held() && !s.sated() {
		var ev protocol.Event
		ev, s.in = s.receiver.Next(s.in)
		switch ev.Kind {
		case protocol.None:
			s.in = nil
			s.progressed()
			s.holdInput()
			return
		case protocol.Working:
			s.made += s.receiver.Effort()
		case protocol.Data:
			if !s.receiver.InPlace() {
				s.made += s.receiver.Effort()
			}
			s.data(&ev)
			s.receiver.Release()
		case protocol.Ping:
			s.pinged(ev.Payload)
		case protocol.Pong:
			s.ponged(ev.Payload)
		case protocol.Close:
			s.tellControl(frame.Close, len(ev.Payload))
			s.closeReceived(ev.Payload)
		case protocol.Failure:
			s.fail(ev.Failure.Code, closeReason(ev.Failure), (*ProtocolError)(ev.Failure))
		}
	}
}

// portion is how many octets a turn inflates while others wait: they may be a thousand times as many as were read.
const portion = 64 << 10

// sated reports whether enough was made of the input for this turn.
func (s *Socket) sated() bool { return s.bound > 0 && s.made >= s.bound }

// unread reports whether there is something for input to do.
func (s *Socket) unread() bool { return len(s.in) > 0 || s.receiver.Pending() }

// closeReason makes the reason of the Close frame that answers a violation.
func closeReason(v *frame.Violation) string {
	reason := v.Detail
	if len(reason) > frame.MaxCloseReason {
		reason = strings.ToValidUTF8(reason[:frame.MaxCloseReason], "")
	}
	return reason
}

// data takes a piece of a message. One that came whole goes to the listeners where it lies.
func (s *Socket) data(ev *protocol.Event) {
	if s.ReadyState() != Open {
		s.assembly.drop()
		return
	}
	typ := MessageType(ev.Opcode)
	if ev.Last && s.settings.rated {
		s.obey(s.rating.meter.message())
		if s.ReadyState() != Open {
			s.assembly.drop()
			return
		}
	}
	if ev.First {
		wantBlob := typ == Binary && s.BinaryType() == BlobType
		if ev.Last && !wantBlob {
			s.deliverMessage(Message{typ: typ, data: ev.Payload})
			return
		}
		s.assembly.begin(wantBlob, s.provenRoom(ev.Payload))
	}
	if err := s.assembly.add(ev.Payload); err != nil {
		s.assembly.drop()
		s.fail(CloseInternalError, "", fmt.Errorf("websocket: cannot store a blob: %w", err))
		return
	}
	if ev.Last {
		m := s.assembly.end(typ)
		buf := s.assembly.buf
		s.prove(len(m.data))
		s.assembly = assembly{}
		defer buf.free()
		s.deliverMessage(m)
	}
}

func (s *Socket) pinged(payload []byte) {
	if s.floods() {
		return
	}
	s.tellControl(frame.Ping, len(payload))
	defer s.deliverControl(frame.Ping, payload)
	s.answerPing(payload)
}

func (s *Socket) ponged(payload []byte) {
	if s.floods() {
		return
	}
	s.tellControl(frame.Pong, len(payload))
	if rtt := s.matchPong(payload); rtt > 0 {
		s.tellRTT(rtt)
	}
	s.deliverControl(frame.Pong, payload)
}

// assembly is a message that did not come whole. It grows as octets arrive, never by what a header
// claims.
type assembly struct {
	buf  *buffer
	blob *Blob
}

func (a *assembly) begin(blob bool, room int) {
	if blob {
		a.blob = &Blob{}
	} else {
		a.buf = newBuffer(room)
	}
}

// provenRoom returns how much room to make at once for a message that begins with a piece: as much as the header of
// its frame claims, if the message before was as large.
func (s *Socket) provenRoom(piece []byte) int {
	claimed := int64(len(piece)) + s.receiver.Remaining()
	if !s.receiver.InPlace() || claimed > 1<<(s.state.Load()&provenMask>>proven) {
		return len(piece)
	}
	return int(claimed)
}

// prove notes the size of a message that has come.
func (s *Socket) prove(size int) {
	now := uint32(0)
	if size > largeRead {
		now = uint32(bits.Len(uint(size-1))) << proven
	}
	if before := s.state.Load() & provenMask; before != now {
		s.state.And(^before)
		s.state.Or(now)
	}
}

func (a *assembly) add(p []byte) error {
	if a.blob != nil {
		return a.blob.write(p)
	}
	if n := len(a.buf.b); len(p) > 0 && n < cap(a.buf.b) && &p[0] == &a.buf.b[:n+1][n] {
		a.buf.b = a.buf.b[:n+len(p)] // it was read to where it belongs
		return nil
	}
	if need := len(a.buf.b) + len(p); need > cap(a.buf.b) {
		a.grow(max(need, 2*cap(a.buf.b)))
	}
	a.buf.b = append(a.buf.b, p...)
	return nil
}

// grow moves the message to more memory.
func (a *assembly) grow(size int) {
	larger := newBuffer(size)
	larger.b = append(larger.b, a.buf.b...)
	a.buf.free()
	a.buf = larger
}

// roomInPlace returns memory to which what comes next of a large message can be read, so that it need not be moved
// there; nil if there is no such message.
func (s *Socket) roomInPlace() []byte {
	left := s.receiver.Remaining()
	if left < inPlaceSize || s.assembly.buf == nil || !s.receiver.InPlace() || s.unread() {
		return nil
	}
	return s.assembly.room(left)
}

// room returns memory for some of the left octets that are missing of a frame, behind what is there.
func (a *assembly) room(left int64) []byte {
	if len(a.buf.b) == cap(a.buf.b) {
		a.grow(min(4*cap(a.buf.b), len(a.buf.b)+int(min(left, 1<<30))))
	}
	room := a.buf.b[len(a.buf.b):cap(a.buf.b)]
	return room[:min(int64(len(room)), left)]
}

// inPlaceSize is how much of a frame must still be missing for it to be read in place.
const inPlaceSize = 32 << 10

// size returns the octets of memory that it takes.
func (a *assembly) size() (n int64) {
	if a.buf != nil {
		n = int64(cap(a.buf.b))
	}
	if a.blob != nil {
		n += int64(cap(a.blob.data))
	}
	return n
}

func (a *assembly) end(typ MessageType) Message {
	if a.blob != nil {
		return Message{typ: typ, blob: a.blob}
	}
	return Message{typ: typ, data: a.buf.b, buf: a.buf}
}

func (a *assembly) drop() {
	if *a == (assembly{}) {
		return
	}
	if a.blob != nil {
		a.blob.Close()
	}
	a.buf.free()
	*a = assembly{}
}
