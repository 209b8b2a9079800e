package conformance

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// An event is something that a peer did: it sent a message or a control frame, or its stream ended.
type event struct {
	kind       eventKind
	data       []byte // a message's content, inflated if it was compressed; a control frame's payload
	compressed bool
	err        error // of a stream that ended otherwise than by FIN
}

type eventKind uint8

const (
	nothing eventKind = iota // no event came in time
	textMessage
	binaryMessage
	pinged
	ponged
	closed // a Close frame
	ended  // the stream
)

// is reports whether two events are the same to a peer's program.
func (e event) is(other event) bool {
	return e.kind == other.kind && bytes.Equal(e.data, other.data)
}

func (e event) String() string {
	switch e.kind {
	case textMessage:
		return "the text " + quote(e.data)
	case binaryMessage:
		return "the binary message " + quote(e.data)
	case pinged:
		return "a Ping " + quote(e.data)
	case ponged:
		return "a Pong " + quote(e.data)
	case closed:
		code, reason := closePayload(e.data)
		if code == 1005 {
			return "a Close frame without a code"
		}
		return fmt.Sprintf("a Close frame with code %d and reason %s", code, quote([]byte(reason)))
	case ended:
		if e.err != nil {
			return fmt.Sprintf("the end of the stream (%v)", e.err)
		}
		return "the end of the stream"
	}
	return "nothing"
}

// quote shows some octets: as text if they are, else in hexadecimal.
func quote(p []byte) string {
	const most = 40
	cut := p[:min(len(p), most)]
	s := fmt.Sprintf("%x", cut)
	if utf8.Valid(p) || len(cut) < len(p) && utf8.Valid(bytes.ToValidUTF8(cut, nil)) && utf8.Valid(cut[:max(0, len(cut)-3)]) {
		s = fmt.Sprintf("%q", bytes.ToValidUTF8(cut, nil))
	}
	if len(cut) < len(p) {
		s += fmt.Sprintf("… (%d octets)", len(p))
	}
	return s
}

// closePayload takes a Close frame's payload apart; code 1005 means that there was none.
func closePayload(p []byte) (code int, reason string) {
	if len(p) < 2 {
		return 1005, ""
	}
	return int(p[0])<<8 | int(p[1]), string(p[2:])
}

func wantText(p string) event { return event{kind: textMessage, data: []byte(p)} }
func wantBinary(p []byte) event {
	return event{kind: binaryMessage, data: p}
}
func wantPong(p string) event { return event{kind: ponged, data: []byte(p)} }
