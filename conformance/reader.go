package conformance

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"unicode/utf8"

	"github.com/everwire/everwire/conformance/internal/deflate"
)

// maxMessage is how large a message, and a frame, of a peer may be. No case makes a peer send more than 16
// MiB.
const maxMessage = 64 << 20

// A reader makes events of what a peer sends. It reports what is against the rules, and goes on as well as it
// can: it does not fail the connection.
type reader struct {
	in         *bufio.Reader
	s          *session
	fromClient bool // so that its frames are masked

	inflate *deflate.Inflater // nil if no compression was agreed on

	op         byte // of the message in progress; 0 between messages
	message    []byte
	compressed bool
}

// run reads until the stream ends.
func (r *reader) run(events chan<- event, stop <-chan struct{}) {
	defer close(events)
	for {
		ev, err := r.next()
		if err != nil {
			ev = event{kind: ended}
			if !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrDeadlineExceeded) {
				ev.err = err
			}
			if errors.Is(err, io.ErrUnexpectedEOF) {
				r.s.breach(Fragmentation, "the stream ended inside a frame")
			}
			r.s.note(false, ev.String())
		}
		if ev.kind == nothing {
			continue
		}
		select {
		case events <- ev:
		case <-stop:
			return
		}
		if err != nil {
			return
		}
	}
}

// next reads a frame, and returns the event that it makes, of kind nothing if none.
func (r *reader) next() (ev event, err error) {
	var head [14]byte
	if _, err := io.ReadFull(r.in, head[:1]); err != nil {
		return ev, err // between frames
	}
	if err := r.full(head[1:2]); err != nil {
		return ev, err
	}
	fin, rsv, op := head[0]&0x80 != 0, head[0]>>4&7, head[0]&0x0f
	masked, length := head[1]&0x80 != 0, uint64(head[1]&0x7f)
	size := 2
	switch length {
	case 126:
		if err := r.full(head[2:4]); err != nil {
			return ev, err
		}
		size = 4
		if length = uint64(binary.BigEndian.Uint16(head[2:])); length < 126 {
			r.s.breach(Minimal, "a length of %d was sent in 16 bits (RFC 6455 §5.2)", length)
		}
	case 127:
		if err := r.full(head[2:10]); err != nil {
			return ev, err
		}
		size = 10
		switch length = binary.BigEndian.Uint64(head[2:]); {
		case length>>63 != 0:
			r.s.breach(LengthTopBit, "the top bit of a length was set (RFC 6455 §5.2)")
		case length < 65536:
			r.s.breach(Minimal, "a length of %d was sent in 64 bits (RFC 6455 §5.2)", length)
		}
	}
	var key uint32
	if masked {
		if err := r.full(head[size : size+4]); err != nil {
			return ev, err
		}
		key = binary.BigEndian.Uint32(head[size:])
		r.s.masked(key)
		size += 4
	}
	if masked != r.fromClient {
		if masked {
			r.s.breach(Masking, "a server's frame was masked (RFC 6455 §5.1)")
		} else {
			r.s.breach(Masking, "a client's frame was not masked (RFC 6455 §5.1)")
		}
	}
	if length > maxMessage {
		return ev, fmt.Errorf("a frame of %d octets was announced", length)
	}
	payload, err := r.payload(int(length))
	if err != nil {
		return ev, err
	}
	if r.s.logging() {
		r.s.received(head[:size], payload, describe(op, fin, rsv, length, masked))
	}
	if masked {
		applyMask(payload, key)
	}
	return r.judge(op, fin, rsv, payload)
}

// payload reads a frame's. It takes memory as octets arrive, not by what the header claims.
func (r *reader) payload(n int) ([]byte, error) {
	const step = 1 << 20
	p := make([]byte, min(n, step))
	if err := r.full(p); err != nil {
		return nil, err
	}
	for len(p) < n {
		have := len(p)
		p = slices.Grow(p, min(n, 2*have)-have)[:min(n, 2*have)]
		if err := r.full(p[have:]); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// full reads p inside a frame.
func (r *reader) full(p []byte) error {
	_, err := io.ReadFull(r.in, p)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

func (r *reader) judge(op byte, fin bool, rsv byte, payload []byte) (event, error) {
	if rsv&(rsv2|rsv3) != 0 || rsv&rsv1 != 0 && r.inflate == nil {
		r.s.breach(ReservedBits, "a reserved bit was set that nothing agreed on defines (RFC 6455 §5.2)")
	}
	switch op {
	case opPing, opPong, opClose:
		if !fin {
			r.s.breach(ControlFin, "a control frame was fragmented (RFC 6455 §5.5)")
		}
		if len(payload) > 125 {
			r.s.breach(ControlLength, "a control frame had %d octets (RFC 6455 §5.5)", len(payload))
		}
		if rsv&rsv1 != 0 && r.inflate != nil {
			r.s.breach(DeflateBit, "a control frame had RSV1 set (RFC 7692 §6)")
		}
		switch op {
		case opPing:
			return event{kind: pinged, data: payload}, nil
		case opPong:
			return event{kind: ponged, data: payload}, nil
		}
		r.judgeClose(payload)
		return event{kind: closed, data: payload}, nil
	case opText, opBinary:
		if r.op != 0 {
			r.s.breach(Sequence, "a message began inside another (RFC 6455 §5.4)")
		}
		r.op, r.message, r.compressed = op, nil, rsv&rsv1 != 0 && r.inflate != nil
	case opContinuation:
		if r.op == 0 {
			r.s.breach(Sequence, "a continuation frame came where there was nothing to continue (RFC 6455 §5.4)")
			return event{}, nil
		}
		if rsv&rsv1 != 0 && r.inflate != nil {
			r.s.breach(DeflateBit, "a continuation frame had RSV1 set (RFC 7692 §6.1)")
		}
	default:
		r.s.breach(Opcodes, "a frame had the reserved opcode %#x (RFC 6455 §5.2)", op)
		return event{}, nil
	}
	if len(r.message)+len(payload) > maxMessage {
		return event{}, fmt.Errorf("a message of more than %d octets was sent", maxMessage)
	}
	if r.message == nil {
		r.message = payload
	} else {
		r.message = append(r.message, payload...)
	}
	if !fin {
		return event{}, nil
	}
	return r.whole()
}

// whole is called when the message in progress is there.
func (r *reader) whole() (event, error) {
	ev := event{kind: textMessage, data: r.message, compressed: r.compressed}
	if r.op == opBinary {
		ev.kind = binaryMessage
	}
	r.op, r.message = 0, nil
	if ev.compressed {
		data, err := r.inflate.Message(ev.data, maxMessage)
		var beyond *deflate.WindowError
		switch {
		case errors.As(err, &beyond):
			r.s.breach(DeflateWindow, "a compressed message breaks the window agreed on: %v (RFC 7692 §7.2.1)", err)
		case err != nil:
			r.s.breach(DeflateCorrupt, "a compressed message cannot be inflated: %v (RFC 7692 §7.2.2)", err)
		}
		ev.data = data
	}
	if ev.kind == textMessage && !utf8.Valid(ev.data) {
		r.s.breach(UTF8, "a text message was not UTF-8 (RFC 6455 §5.6)")
	}
	return ev, nil
}

func (r *reader) judgeClose(payload []byte) {
	if len(payload) == 1 {
		r.s.breach(CloseLength, "a Close frame's payload had 1 octet (RFC 6455 §5.5.1)")
	}
	if len(payload) < 2 {
		return
	}
	code, reason := closePayload(payload)
	if code < 1000 || code > 4999 || code >= 1004 && code <= 1006 || code >= 1015 && code < 3000 {
		r.s.breach(CloseCode, "a Close frame had the code %d (RFC 6455 §7.4)", code)
	}
	if !utf8.ValidString(reason) {
		r.s.breach(CloseReason, "a Close frame's reason was not UTF-8 (RFC 6455 §5.5.1)")
	}
}
