package protocol

import (
	"encoding/binary"
	"strconv"

	"github.com/everwire/everwire/websocket/frame"
)

// Kind says what an [Event] is.
type Kind uint8

const (
	None    Kind = iota // the input is used up
	Working             // much was done (see Effort), and nothing came of it yet: call Next again, with what is left
	Data                // a piece of a message
	Ping                // a Ping frame, to be answered with a Pong
	Pong                // a Pong frame
	Close               // the peer's Close frame; nothing comes after it
	Failure             // the peer broke the protocol; nothing comes after it
)

// An Event is what a [Receiver] makes of its input.
type Event struct {
	Kind   Kind
	Opcode frame.Opcode // Data: Text or Binary, the type of the whole message
	First  bool         // Data: the message begins with this piece
	Last   bool         // Data: the message ends with this piece

	// Payload holds, unmasked and inflated, a piece of a message or the whole payload of a control frame.
	// It lies in the input or in the Receiver, and is valid until the next call of Next or Release.
	Payload []byte

	// Failure is why the connection must be failed, in an event of that kind.
	Failure *frame.Violation
}

// A Receiver turns a peer's octets into events (RFC 6455 §5, §6.2). It never waits for a whole frame:
// what is there of a message's payload is unmasked, checked for UTF-8 and handed on at once.
//
// Call Init before use. A Receiver is not safe for concurrent use.
type Receiver struct {
	role Role
	done bool // a Close frame or a failure ended the input

	// The message in progress: opcode is Continuation between messages.
	opcode    frame.Opcode
	handedOn  bool // a piece of it was yielded
	utf8      frame.UTF8
	fragments int32
	size      int64 // octets of payload: announced by its frames so far, or inflated

	// The data frame in progress.
	inFrame bool
	fin     bool
	checked bool   // the piece that was taken has passed through utf8 already
	key     uint32 // turned to the next octet's place
	left    int64  // octets still to come

	arrived  uint64 // see Arrived
	limits   *Limits
	partial  *partial
	inflater *inflater // where compression was agreed on
	tap      Tap       // nil: nobody looks on
}

// Limits bound what a peer may make of a message. Zero means no bound.
type Limits struct {
	MessageSize int64 // octets of payload of one message; past it the connection fails with 1009
	Fragments   int   // frames of one message; past it the connection fails with 1009
}

// Init makes r ready for the octets of a peer of the given role's opposite end: with role Server they
// come from a client. Limits are shared, not copied, and must neither be nil nor change: SetLimits puts others
// in their place.
func (r *Receiver) Init(role Role, limits *Limits) {
	*r = Receiver{role: role, limits: limits}
}

// SetLimits puts other limits in the place of those that Init was given, from the next frame on, and for what is
// still to be inflated of a message. They are shared in the same way. It belongs to whoever calls Next.
func (r *Receiver) SetLimits(limits *Limits) { r.limits = limits }

// Next takes octets from in, which it unmasks in place, and returns the first event in them and the
// octets after it. An event of kind None means that all were taken; feed what arrives next. After
// Close or Failure all further input is swallowed (RFC 6455 §1.4, §7.1.7).
func (r *Receiver) Next(in []byte) (ev Event, rest []byte) {
	if r.partial != nil {
		if ev, in = r.resume(in); ev.Kind != None {
			return ev, in
		}
	}
	if len(in) > minMasked && r.role == Server && !r.inFrame && !r.done && r.inflater == nil && r.opcode == frame.Continuation {
		if n := wholeMessage(in, r.limits.MessageSize); n > 0 {
			return r.message(in[:n:n]), in[n:]
		}
	}
	for !r.done && (len(in) > 0 || r.inFrame && r.left == 0 || r.Pending()) {
		if r.inFrame {
			if ev, in = r.payload(in); ev.Kind != None {
				return ev, in
			}
			continue // nothing of a message, such as an empty fragment in the middle of it
		}
		var hdr frame.Header
		n, err := hdr.Parse(in)
		switch {
		case err != nil:
			return r.fail(err.(*frame.Violation)), nil
		case n == 0:
			r.keep(in)
			return Event{}, nil
		}
		if v := r.judge(&hdr); v != nil {
			return r.fail(v), nil
		}
		if hdr.Opcode.Control() {
			end := n + int(hdr.Length)
			if len(in) < end {
				r.keep(in)
				return Event{}, nil
			}
			return r.control(&hdr, in[n:end:end]), in[end:]
		}
		r.begin(&hdr)
		in = in[n:]
	}
	return Event{}, nil
}

// minMasked is the size of the shortest header of a masked frame.
const minMasked = 6

// wholeMessage returns the size of the frame that in begins with, if that is as most are: whole, a message of its own, of fewer
// than 126 octets, and nothing is wrong with it. Else it returns 0, and Next goes the long way.
func wholeMessage(in []byte, limit int64) int {
	const final, masked = 0x80, 0x80
	size := int(in[1] &^ masked)
	switch {
	case in[0] != final|byte(frame.Text) && in[0] != final|byte(frame.Binary),
		in[1]&masked == 0, size >= 126,
		limit > 0 && int64(size) > limit,
		len(in) < minMasked+size:
		return 0
	}
	return minMasked + size
}

// message makes an event of a frame that wholeMessage has found.
func (r *Receiver) message(f []byte) Event {
	payload := f[minMasked:]
	frame.Mask(payload, binary.LittleEndian.Uint32(f[2:]))
	r.arrived += uint64(len(f))
	opcode := frame.Opcode(f[0] & 0x0F)
	if r.tap != nil {
		r.show(f[:minMasked], payload)
	}
	if opcode == frame.Text && !(r.utf8.Write(payload) && r.utf8.Complete()) {
		r.opcode = opcode
		return r.handOn(nil, true) // which says what is wrong
	}
	return Event{Kind: Data, Opcode: opcode, First: true, Last: true, Payload: payload}
}

// Stop makes r swallow all further input, after this end failed the connection for a reason of its
// own.
func (r *Receiver) Stop() { r.done, r.inFrame, r.left = true, false, 0 }

// InMessage reports whether a message has begun and not yet ended.
func (r *Receiver) InMessage() bool { return r.opcode != frame.Continuation }

// Idle reports whether the Receiver is as after Init.
func (r *Receiver) Idle() bool {
	return !r.done && !r.inFrame && !r.InMessage() && r.partial == nil && r.inflater == nil
}

// Arrived returns how many octets of data frames have arrived, headers included.
func (r *Receiver) Arrived() uint64 { return r.arrived }

// Remaining returns how many octets are still to come in the data frame in progress. If they are InPlace,
// they can be read straight to where they are wanted. It is 0 outside of a data frame, and once the input
// has ended.
func (r *Receiver) Remaining() int64 { return r.left }

// InPlace reports whether the payload of the data frame in progress comes as it is, so that events refer to
// the input; compressed payload is inflated into memory of the Receiver's.
func (r *Receiver) InPlace() bool { return r.inflater == nil || !r.inflater.active }

// Final reports whether the data frame in progress is its message's last, so that Remaining is what
// is left of the message.
func (r *Receiver) Final() bool { return r.inFrame && r.fin }

// judge holds a header against the state of the connection.
func (r *Receiver) judge(h *frame.Header) *frame.Violation {
	switch {
	case h.Rsv != 0 && !r.mayBeCompressed(h):
		return judgeReserved(h, r.inflater)
	case h.Opcode.Reserved():
		return violation("RFC 6455 §5.2", "a frame has the "+h.Opcode.String()+" opcode")
	case h.Masked != (r.role == Server):
		if h.Masked {
			return violation("RFC 6455 §5.1", "a frame from the server is masked")
		}
		return violation("RFC 6455 §5.1", "a frame from the client is not masked")
	case h.Opcode.Control():
		switch {
		case !h.Fin:
			return violation("RFC 6455 §5.5", "a "+h.Opcode.String()+" frame is fragmented")
		case h.Length > frame.MaxControlPayload:
			return violation("RFC 6455 §5.5", "a "+h.Opcode.String()+" frame has a payload of more than 125 octets")
		}
		return nil
	case h.Opcode == frame.Continuation && !r.InMessage():
		return violation("RFC 6455 §5.4", "a continuation frame continues no message")
	case h.Opcode != frame.Continuation && r.InMessage():
		return violation("RFC 6455 §5.4", "a "+h.Opcode.String()+" frame interrupts a fragmented message")
	}
	return r.judgeSize(h)
}

func (r *Receiver) judgeSize(h *frame.Header) *frame.Violation {
	if n := r.limits.Fragments; n > 0 && int(r.fragments) >= n {
		return tooBig("a message has more than " + strconv.Itoa(n) + " fragments")
	}
	if r.inflater != nil && r.inflater.willInflate(h) {
		return r.inflater.judgeSize(h, r.limits.MessageSize)
	}
	if max := r.limits.MessageSize; max > 0 && r.size > max-h.Length {
		return largerThan(max)
	}
	if r.size+h.Length < 0 {
		return tooBig("a message is larger than can be counted")
	}
	return nil
}

// begin enters a data frame that was judged.
func (r *Receiver) begin(h *frame.Header) {
	if r.inflater != nil {
		r.inflater.begin(h)
	}
	if h.Opcode != frame.Continuation {
		r.opcode = h.Opcode
	}
	r.fragments++
	r.arrived += uint64(h.Size())
	if r.InPlace() {
		r.size += h.Length
	}
	r.inFrame, r.fin = true, h.Fin
	r.key, r.left = h.Key, h.Length
	if r.tap != nil {
		r.tap.Begin(*h)
	}
}

// payload hands on what is here of the data frame in progress.
func (r *Receiver) payload(in []byte) (Event, []byte) {
	if !r.InPlace() {
		return r.inflate(in)
	}
	piece, rest := r.take(in)
	r.inFrame = r.left > 0
	return r.handOn(piece, r.fin && !r.inFrame), rest
}

// take takes from in what belongs to the data frame in progress, and unmasks it.
func (r *Receiver) take(in []byte) (piece, rest []byte) {
	piece = in
	if int64(len(piece)) > r.left {
		piece = in[:r.left:r.left]
	}
	r.checked = r.role == Server && r.opcode == frame.Text && r.InPlace() && len(piece) >= checkedSize
	switch {
	case r.checked:
		r.key, _ = r.utf8.Unmask(piece, r.key) // handOn asks what came of it
	case r.role == Server:
		r.key = frame.Mask(piece, r.key)
	}
	if r.tap != nil {
		r.tap.Payload(piece)
	}
	r.left -= int64(len(piece))
	r.arrived += uint64(len(piece))
	return piece, in[len(piece):]
}

// checkedSize is from how many octets on it is faster to unmask text and to check it in one pass.
const checkedSize = 512

// handOn makes an event of the next piece of the message. An empty one in the middle is no event.
func (r *Receiver) handOn(piece []byte, last bool) Event {
	if r.opcode == frame.Text {
		text := piece
		if r.checked {
			text, r.checked = nil, false
		}
		if !r.utf8.Write(text) {
			return r.fail(invalidUTF8("a text message is not UTF-8"))
		}
		if last && !r.utf8.Complete() {
			return r.fail(invalidUTF8("a text message ends inside a character"))
		}
	}
	if len(piece) == 0 && !last && r.handedOn {
		return Event{}
	}
	ev := Event{Kind: Data, Opcode: r.opcode, First: !r.handedOn, Last: last, Payload: piece}
	r.handedOn = true
	if last {
		r.opcode = frame.Continuation
		r.size, r.fragments, r.handedOn = 0, 0, false
	}
	return ev
}

// control makes an event of a whole control frame.
func (r *Receiver) control(h *frame.Header, payload []byte) Event {
	if h.Masked {
		frame.Mask(payload, h.Key)
	}
	if r.tap != nil {
		r.tap.Begin(*h)
		r.tap.Payload(payload)
	}
	switch h.Opcode {
	case frame.Ping:
		return Event{Kind: Ping, Payload: payload}
	case frame.Pong:
		return Event{Kind: Pong, Payload: payload}
	}
	if _, _, err := frame.ParseClose(payload); err != nil {
		return r.fail(err.(*frame.Violation))
	}
	r.done = true
	return Event{Kind: Close, Payload: payload}
}

func (r *Receiver) fail(v *frame.Violation) Event {
	r.Stop()
	return Event{Kind: Failure, Failure: v}
}

func violation(section, detail string) *frame.Violation {
	return &frame.Violation{Code: frame.CloseProtocolError, Section: section, Detail: detail}
}

func invalidUTF8(detail string) *frame.Violation {
	return &frame.Violation{Code: frame.CloseInvalidPayload, Section: "RFC 6455 §8.1", Detail: detail}
}

func largerThan(max int64) *frame.Violation {
	return tooBig("a message is larger than the limit of " + strconv.FormatInt(max, 10) + " bytes")
}

func tooBig(detail string) *frame.Violation {
	return &frame.Violation{Code: frame.CloseMessageTooBig, Section: "RFC 6455 §7.4.1", Detail: detail}
}
