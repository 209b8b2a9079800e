package protocol

import "github.com/everwire/everwire/websocket/frame"

// A Sender turns messages into frames (RFC 6455 §6.1) and keeps their order legal: no message begins
// inside another, and nothing follows a Close frame.
//
// Its methods append to dst and return it, as append does. Once a Close frame was appended they return
// dst unchanged; [Sender.Closed] tells. A Sender is not safe for concurrent use.
type Sender struct {
	role      Role
	inMessage bool
	closed    bool
}

// Init makes s ready to send as the given role.
func (s *Sender) Init(role Role) { *s = Sender{role: role} }

// Role returns which end of the connection s sends for.
func (s *Sender) Role() Role { return s.role }

// Closed reports whether a Close frame was appended.
func (s *Sender) Closed() bool { return s.closed }

// InMessage reports whether a fragment was appended that was not its message's last.
func (s *Sender) InMessage() bool { return s.inMessage }

// Begin returns the header of the next frame of a message and the key to mask its payload with, 0 for
// a server. Opcode is the message's type, in each of its frames; rsv has RSV1 set where the payload is
// compressed and the frame has to say so. The caller sends the header and the masked payload, and sees to it
// that no other message begins in between.
func (s *Sender) Begin(opcode frame.Opcode, rsv uint8, length int64, fin bool) frame.Header {
	h := frame.Header{Fin: fin, Rsv: rsv, Opcode: opcode, Length: length}
	if s.inMessage {
		h.Opcode = frame.Continuation
	}
	s.inMessage = !fin
	s.mask(&h)
	return h
}

// AppendMessage appends a whole message as one frame, with the reserved bits that say whether it is
// compressed.
func (s *Sender) AppendMessage(dst []byte, opcode frame.Opcode, rsv uint8, payload []byte) []byte {
	if n := len(payload); n < 126 && s.role == Server && !s.inMessage && !s.closed { // as most are
		dst = append(dst, 0x80|rsv<<4|byte(opcode), byte(n))
		return append(dst, payload...)
	}
	return s.AppendFragment(dst, opcode, rsv, payload, true)
}

// AppendFragment appends the next fragment of a message; opcode is the message's type, in each of its
// fragments, rsv the frame's own.
func (s *Sender) AppendFragment(dst []byte, opcode frame.Opcode, rsv uint8, payload []byte, fin bool) []byte {
	if s.closed {
		return dst
	}
	return appendFrame(dst, s.Begin(opcode, rsv, int64(len(payload)), fin), payload)
}

// AppendControl appends a Ping or Pong frame, also between a message's fragments. Payload is at most
// 125 octets.
func (s *Sender) AppendControl(dst []byte, opcode frame.Opcode, payload []byte) []byte {
	if s.closed {
		return dst
	}
	h := frame.Header{Fin: true, Opcode: opcode, Length: int64(len(payload))}
	s.mask(&h)
	return appendFrame(dst, h, payload)
}

// AppendClose appends a Close frame, without a payload for code 0 or 1005. It is the last.
func (s *Sender) AppendClose(dst []byte, code frame.CloseCode, reason string) []byte {
	var payload [frame.MaxControlPayload]byte
	dst = s.AppendControl(dst, frame.Close, frame.AppendClose(payload[:0], code, reason))
	s.closed = true
	return dst
}

// Size returns how many octets a frame takes whose payload has n.
func (s *Sender) Size(n int) int64 {
	return int64(frame.Header{Masked: s.role == Client, Length: int64(n)}.Size() + n)
}

func (s *Sender) mask(h *frame.Header) {
	if s.role == Client {
		h.Masked, h.Key = true, frame.NewKey()
	}
}

func appendFrame(dst []byte, h frame.Header, payload []byte) []byte {
	dst = h.Append(dst)
	at := len(dst)
	dst = append(dst, payload...)
	if h.Masked {
		frame.Mask(dst[at:], h.Key)
	}
	return dst
}

// Undo takes back the last Begin, none of whose octets left. InMessage is what it was before.
func (s *Sender) Undo(inMessage bool) { s.inMessage = inMessage }
