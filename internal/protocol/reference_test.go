package protocol_test

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/frame"
)

// An event is what has come of a stream so far. All pieces of a message are one event, placed where
// the message ended, or last if it has not. A failure takes the unfinished message with it, for how
// much of that was handed on before depends on how the octets came.
type event struct {
	what    string // text, binary, ping, pong, close or failure
	payload string // of a failure the close code and the section
	open    bool   // a message that has not ended
}

func (e event) String() string {
	s := fmt.Sprintf("%s %q", e.what, e.payload)
	if e.what == "failure" {
		s = e.what + " " + e.payload
	}
	if e.open {
		s += "…"
	}
	return s
}

func failure(code frame.CloseCode, section string) event {
	return event{what: "failure", payload: fmt.Sprintf("%d %s", code, section)}
}

// A place is where a stream stands. Once the input has ended it is zero.
type place struct {
	remaining        uint64
	final, inMessage bool
}

// naive is a second implementation, to hold the Receiver against: it looks at all that has arrived
// from the first octet on, frame by frame as RFC 6455 §5.2 draws it, and copies what it wants. To be
// slow is its privilege.
func naive(arrived []byte, role protocol.Role, limits protocol.Limits) (events []event, at place) {
	var (
		opcode    byte // of the message in progress, 0 if there is none
		message   []byte
		begun     bool // there is something to tell about it
		fragments int
		size      uint64
	)
	unfinished := func() ([]event, place) {
		at.inMessage = opcode != 0
		if begun {
			events = append(events, event{messageType(opcode), string(message), true})
		}
		return events, at
	}
	failed := func(code frame.CloseCode, section string) ([]event, place) {
		return append(events, failure(code, section)), place{}
	}
	for b := arrived; ; {
		if len(b) < 2 {
			return unfinished()
		}
		fin, rsv, op := b[0]>>7 == 1, b[0]>>4&7, b[0]&0xF
		masked, length := b[1]>>7 == 1, uint64(b[1]&0x7F)
		b = b[2:]

		if extended := map[uint64]int{126: 2, 127: 8}[length]; extended > 0 {
			if extended == 8 && len(b) >= 1 && b[0] >= 0x80 {
				return failed(1002, "RFC 6455 §5.2")
			}
			if len(b) < extended {
				return unfinished()
			}
			length = 0
			for _, c := range b[:extended] {
				length = length<<8 | uint64(c)
			}
			if extended == 2 && length < 126 || extended == 8 && length < 65536 {
				return failed(1002, "RFC 6455 §5.2")
			}
			b = b[extended:]
		}
		key := []byte{0, 0, 0, 0}
		if masked {
			if len(b) < 4 {
				return unfinished()
			}
			key, b = b[:4], b[4:]
		}

		control := op >= 8
		switch {
		case rsv != 0:
			return failed(1002, "RFC 6455 §5.2")
		case !slices.Contains([]byte{0, 1, 2, 8, 9, 10}, op):
			return failed(1002, "RFC 6455 §5.2")
		case role == protocol.Server && !masked, role == protocol.Client && masked:
			return failed(1002, "RFC 6455 §5.1")
		case control && (!fin || length > 125):
			return failed(1002, "RFC 6455 §5.5")
		case !control && (op == 0) != (opcode != 0):
			return failed(1002, "RFC 6455 §5.4")
		case !control && limits.MessageSize > 0 && size+length > uint64(limits.MessageSize):
			return failed(1009, "RFC 6455 §7.4.1")
		case !control && size+length >= 1<<63:
			return failed(1009, "RFC 6455 §7.4.1")
		case !control && limits.Fragments > 0 && fragments+1 > limits.Fragments:
			return failed(1009, "RFC 6455 §7.4.1")
		}

		whole := uint64(len(b)) >= length
		here := b
		if whole {
			here = b[:length]
		}
		b = b[len(here):]
		payload := make([]byte, len(here))
		for i := range here {
			payload[i] = here[i] ^ key[i%4]
		}

		if control {
			if !whole {
				return unfinished()
			}
			switch op {
			case 8:
				if why := naiveClose(payload); why != (event{}) {
					return append(events, why), place{}
				}
				events = append(events, event{"close", string(payload), false})
				events, _ = unfinished()
				return events, place{}
			case 9:
				events = append(events, event{"ping", string(payload), false})
			case 10:
				events = append(events, event{"pong", string(payload), false})
			}
			continue
		}

		if op != 0 {
			opcode = op
		}
		fragments++
		size += length
		message = append(message, payload...)
		begun = begun || whole || len(payload) > 0
		ended := whole && fin
		if opcode == 1 && !(ended && utf8.Valid(message) || !ended && maybeUTF8(message)) {
			return failed(1007, "RFC 6455 §8.1")
		}
		if !whole {
			at = place{remaining: length - uint64(len(here)), final: fin}
			return unfinished()
		}
		if ended {
			events = append(events, event{messageType(opcode), string(message), false})
			opcode, message, begun, fragments, size = 0, nil, false, 0, 0
		}
	}
}

func messageType(opcode byte) string {
	return map[byte]string{1: "text", 2: "binary"}[opcode]
}

// naiveClose judges the payload of a Close frame by RFC 6455 §5.5.1 and §7.4 and the registry.
func naiveClose(payload []byte) (why event) {
	if len(payload) == 0 {
		return event{}
	}
	if len(payload) == 1 {
		return failure(1002, "RFC 6455 §5.5.1")
	}
	code := int(payload[0])*256 + int(payload[1])
	registered := []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014}
	if !slices.Contains(registered, code) && (code < 3000 || code > 4999) {
		return failure(1002, "RFC 6455 §7.4")
	}
	if !utf8.Valid(payload[2:]) {
		return failure(1007, "RFC 6455 §5.5.1")
	}
	return event{}
}

// maybeUTF8 reports whether b can be the beginning of valid UTF-8: whole characters, and at the end
// perhaps some octets of one that is not complete, which utf8.FullRune tells from ones that never
// will be.
func maybeUTF8(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			return !utf8.FullRune(b)
		}
		b = b[n:]
	}
	return true
}
