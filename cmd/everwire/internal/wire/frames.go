package wire

import (
	"errors"
	"slices"

	"github.com/everwire/everwire/websocket/deflate"
	"github.com/everwire/everwire/websocket/frame"
)

// piece is how much of a payload is unmasked at a time.
const piece = 16 << 10

// errTooLarge is Message.Err for one that is not inflated to its end.
var errTooLarge = errors.New("the message is larger than is inflated here")

// frames is the part of a side that knows frames.
type frames struct {
	agreed   bool // permessage-deflate, or with perFrame deflate-frame
	perFrame bool
	foreign  bool // other extensions were agreed on: what RSV bits mean is theirs

	// The header in progress.
	header [frame.MaxHeaderSize]byte
	have   int

	// The frame in progress.
	inFrame bool
	current Frame
	key     uint32 // turned to the next octet's place
	broken  []*frame.Violation
	scratch [piece]byte
	closed  bool // a Close frame has passed
	late    bool // something has, after it, and was told

	// The message in progress.
	inMessage bool
	message   Message
	utf8      frame.UTF8
	notText   bool // its text is not UTF-8, which was told

	inflater  deflate.Decompressor
	takeover  bool
	inflating bool  // the message in progress, or with perFrame the frame
	given     error // why nothing is inflated any more
}

// frame takes what is there of one frame, and returns what comes after it.
func (d *Decoder) frame(s *side, octets []byte) (rest []byte) {
	if !s.inFrame {
		n := copy(s.header[s.have:], octets)
		size, err := s.current.Header.Parse(s.header[:s.have+n])
		switch {
		case err != nil:
			s.held = append([]byte(nil), s.header[:s.have]...)
			s.have = 0
			d.emit(s, Event{Violation: err})
			d.giveUp(s)
			return octets
		case size == 0:
			s.have += n
			return octets[n:]
		}
		octets = octets[size-s.have:]
		s.have = 0
		s.begin()
	}
	for len(octets) > 0 && s.current.Received < s.current.Length {
		n := int(min(int64(len(octets)), s.current.Length-s.current.Received, piece))
		p := s.scratch[:copy(s.scratch[:], octets[:n])]
		octets = octets[n:]
		s.key = frame.Mask(p, s.key)
		s.current.Received += int64(n)
		d.payload(s, p)
	}
	if s.current.Received == s.current.Length {
		d.whole(s)
	}
	return octets
}

// begin takes the header of a frame.
func (s *side) begin() {
	f := &s.current
	*f = Frame{Header: f.Header, Payload: f.Payload[:0]}
	if cap(f.Payload) > piece {
		f.Payload = nil // one large frame is not a reason to hold on to its memory
	}
	s.inFrame, s.key = true, f.Key
	s.broken = s.judge(s.broken[:0])
	if f.Opcode.Control() || f.Opcode.Reserved() {
		return
	}
	if f.Opcode != frame.Continuation {
		payload := s.message.Payload[:0]
		if cap(payload) > piece {
			payload = nil
		}
		s.message = Message{Opcode: f.Opcode, Payload: payload}
		s.inMessage, s.notText = true, false
		s.utf8.Reset()
		if s.inflating {
			s.stopInflating()
		}
	}
	if !s.inMessage {
		return
	}
	s.message.Frames++
	s.message.Wire += f.Length
	if s.agreed && f.Rsv&frame.Rsv1 != 0 && (s.perFrame || f.Opcode != frame.Continuation) {
		s.message.Compressed, s.inflating = true, true
	}
}

// judge adds what a frame's header breaks of the rules (RFC 6455 §5).
func (s *side) judge(broken []*frame.Violation) []*frame.Violation {
	f := &s.current
	add := func(section, detail string) {
		broken = append(broken, violation(frame.CloseProtocolError, section, detail))
	}
	control := f.Opcode.Control()
	switch {
	case s.from == FromClient && !f.Masked:
		add("RFC 6455 §5.1", "a client's frame is not masked")
	case s.from == FromServer && f.Masked:
		add("RFC 6455 §5.1", "a server's frame is masked")
	}
	if f.Opcode.Reserved() {
		add("RFC 6455 §5.2", "the opcode is "+f.Opcode.String())
	}
	allowed := uint8(0)
	switch {
	case s.foreign:
		allowed = frame.Rsv1 | frame.Rsv2 | frame.Rsv3
	case s.agreed && !control && (s.perFrame || f.Opcode != frame.Continuation):
		allowed = frame.Rsv1
	}
	if f.Rsv&^allowed != 0 {
		add("RFC 6455 §5.2", "a reserved bit is set that nothing agreed on gives a meaning")
	}
	if control && !f.Fin {
		add("RFC 6455 §5.5", "a control frame is fragmented")
	}
	if control && f.Length > frame.MaxControlPayload {
		add("RFC 6455 §5.5", "a control frame's payload is larger than 125 octets")
	}
	switch {
	case f.Opcode == frame.Continuation && !s.inMessage:
		add("RFC 6455 §5.4", "a continuation frame where no message has begun")
	case (f.Opcode == frame.Text || f.Opcode == frame.Binary) && s.inMessage:
		add("RFC 6455 §5.4", "a message begins inside another")
	}
	if s.closed && !s.late {
		s.late = true
		add("RFC 6455 §5.5.1", "a frame after the Close frame")
	}
	return broken
}

// payload takes a piece of a frame's payload, unmasked.
func (d *Decoder) payload(s *side, p []byte) {
	f := &s.current
	limit := d.config.Payload
	if f.Opcode.Control() {
		limit = max(limit, frame.MaxControlPayload)
	}
	f.Payload = keep(f.Payload, p, limit)
	if f.Opcode.Control() || f.Opcode.Reserved() || !s.inMessage {
		return
	}
	if !s.inflating {
		d.content(s, p)
		return
	}
	d.inflate(s, p, false)
}

// content takes a piece of a message.
func (d *Decoder) content(s *side, p []byte) {
	m := &s.message
	m.Length += int64(len(p))
	if d.config.Messages {
		m.Payload = keep(m.Payload, p, d.config.Payload)
	}
	if m.Opcode == frame.Text && !s.foreign && !s.notText && !s.utf8.Write(p) {
		s.badText()
	}
}

func (s *side) badText() {
	s.notText = true
	s.broken = append(s.broken, violation(frame.CloseInvalidPayload, "RFC 6455 §8.1", "text that is not UTF-8"))
}

// keep appends p to b as far as limit allows. It grows by what has come, never by what was announced.
func keep(b, p []byte, limit int) []byte {
	return append(b, p[:max(min(len(p), limit-len(b)), 0)]...)
}

// whole ends a frame, and the message that it ends.
func (d *Decoder) whole(s *side) {
	f := &s.current
	s.inFrame = false
	data := !f.Opcode.Control() && !f.Opcode.Reserved() && s.inMessage
	if data && s.inflating && (f.Fin || s.perFrame) {
		d.inflate(s, nil, true)
		s.inflating = false
	}
	last := data && f.Fin
	if last && s.message.Opcode == frame.Text && !s.notText && !s.foreign && s.message.Err == nil &&
		(!s.message.Compressed || d.config.Messages) && !s.utf8.Complete() {
		s.badText()
	}
	if f.Opcode == frame.Close {
		s.closed = true
		if _, _, err := frame.ParseClose(f.Payload); err != nil && int64(len(f.Payload)) == f.Length {
			s.broken = append(s.broken, asViolation(err))
		}
	}
	f.Truncated = int64(len(f.Payload)) < f.Length
	d.emit(s, Event{Frame: f})
	for _, v := range s.broken {
		d.emit(s, Event{Violation: v})
	}
	if !last {
		return
	}
	s.inMessage = false
	if d.config.Messages {
		m := &s.message
		m.Truncated = int64(len(m.Payload)) < m.Length
		d.emit(s, Event{Message: m})
	}
}

func asViolation(err error) *frame.Violation {
	var v *frame.Violation
	if errors.As(err, &v) {
		return v
	}
	return violation(frame.CloseProtocolError, "RFC 6455 §5.5.1", err.Error())
}

// endFrames ends a direction that may be inside a frame.
func (d *Decoder) endFrames(s *side) {
	if s.inflating {
		s.stopInflating()
	}
	if s.have > 0 {
		s.opaque += int64(s.have)
		s.have = 0
	}
	if !s.inFrame {
		return
	}
	s.inFrame = false
	s.current.Cut = true
	s.current.Truncated = int64(len(s.current.Payload)) < s.current.Length
	d.emit(s, Event{Frame: &s.current})
	for _, v := range slices.Clone(s.broken) {
		d.emit(s, Event{Violation: v})
	}
}
