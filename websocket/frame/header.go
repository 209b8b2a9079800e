package frame

import "encoding/binary"

// Sizes from RFC 6455 §5.2 and §5.5.
const (
	MaxHeaderSize     = 14  // 2 octets, a 64-bit length and a masking key
	MaxControlPayload = 125 // control frames carry no extended length (§5.5)
)

// Opcode says what a frame is (RFC 6455 §5.2). It is four bits on the wire; the values that are not
// named here are reserved.
type Opcode uint8

const (
	Continuation Opcode = 0x0 // a further fragment of the message begun before
	Text         Opcode = 0x1 // a message, or its first fragment, of UTF-8 text
	Binary       Opcode = 0x2 // a message, or its first fragment, of arbitrary octets
	Close        Opcode = 0x8 // the closing handshake (§5.5.1)
	Ping         Opcode = 0x9 // asks for a Pong with the same payload (§5.5.2)
	Pong         Opcode = 0xA // answers a Ping, or comes unasked (§5.5.3)
)

// Control reports whether o is a control opcode, reserved ones (0xB–0xF) included.
func (o Opcode) Control() bool { return o >= 0x8 }

// Reserved reports whether RFC 6455 gives o no meaning.
func (o Opcode) Reserved() bool { return o > Binary && o < Close || o > Pong }

// String gives the opcode's name in lower case, or "reserved 0xN".
func (o Opcode) String() string {
	switch o {
	case Continuation:
		return "continuation"
	case Text:
		return "text"
	case Binary:
		return "binary"
	case Close:
		return "close"
	case Ping:
		return "ping"
	case Pong:
		return "pong"
	}
	return "reserved 0x" + string("0123456789ABCDEF"[o&0xF])
}

// Reserved bits, as they stand in [Header].Rsv.
const (
	Rsv1 uint8 = 0x4
	Rsv2 uint8 = 0x2
	Rsv3 uint8 = 0x1
)

// A Header is what stands before a frame's payload (RFC 6455 §5.2). The zero value is an empty,
// unmasked, non-final continuation frame.
type Header struct {
	Fin    bool   // the last fragment of its message
	Rsv    uint8  // Rsv1 | Rsv2 | Rsv3
	Opcode Opcode // four bits
	Masked bool   // Key masks the payload
	Key    uint32 // the masking key in wire order: its first octet is the lowest; 0 if not Masked
	Length int64  // octets of payload, 0 to 1<<63-1
}

// Parse reads a header from the start of b and returns the octets it took, or 0 if b is too short to
// hold it all: call again with more. It refuses, as a [*Violation] with code 1002, what can have no
// meaning in any state: a length not in its shortest form, seen when the length is whole, or one with
// its top bit set, seen at that octet. What is allowed when is the business of the state machine above.
//
// After an error or 0, h holds no meaning.
func (h *Header) Parse(b []byte) (n int, err error) {
	if len(b) < 2 {
		return 0, nil
	}
	h.Fin = b[0]&0x80 != 0
	h.Rsv = b[0] >> 4 & 0x7
	h.Opcode = Opcode(b[0] & 0xF)
	h.Masked = b[1]&0x80 != 0
	h.Key = 0
	n = 2
	switch l := b[1] & 0x7F; l {
	default:
		h.Length = int64(l)
	case 126:
		if len(b) < 4 {
			return 0, nil
		}
		h.Length = int64(binary.BigEndian.Uint16(b[2:]))
		if h.Length < 126 {
			return 0, errNotMinimal
		}
		n = 4
	case 127:
		if len(b) > 2 && b[2]&0x80 != 0 {
			return 0, errTopBit
		}
		if len(b) < 10 {
			return 0, nil
		}
		h.Length = int64(binary.BigEndian.Uint64(b[2:]))
		if h.Length <= 0xFFFF {
			return 0, errNotMinimal
		}
		n = 10
	}
	if h.Masked {
		if len(b) < n+4 {
			return 0, nil
		}
		h.Key = binary.LittleEndian.Uint32(b[n:])
		n += 4
	}
	return n, nil
}

// Size returns how many octets Append will add.
func (h Header) Size() int {
	n := 2
	switch {
	case h.Length > 0xFFFF:
		n = 10
	case h.Length > 125:
		n = 4
	}
	if h.Masked {
		n += 4
	}
	return n
}

// Append adds the header's octets to dst, the length in its shortest form.
func (h Header) Append(dst []byte) []byte {
	b0 := h.Rsv<<4 | uint8(h.Opcode)
	if h.Fin {
		b0 |= 0x80
	}
	var mask uint8
	if h.Masked {
		mask = 0x80
	}
	switch {
	case h.Length <= 125:
		dst = append(dst, b0, mask|uint8(h.Length))
	case h.Length <= 0xFFFF:
		dst = append(dst, b0, mask|126, uint8(h.Length>>8), uint8(h.Length))
	default:
		dst = append(dst, b0, mask|127)
		dst = binary.BigEndian.AppendUint64(dst, uint64(h.Length))
	}
	if h.Masked {
		dst = binary.LittleEndian.AppendUint32(dst, h.Key)
	}
	return dst
}
