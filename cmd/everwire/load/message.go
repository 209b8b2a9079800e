package load

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"text/template"
	"time"
)

// Variables are what a message may say about itself: the fields and methods of Plan.Template's dot.
type Variables struct {
	Connection int       // the connection's number, from 0
	Sequence   int64     // the message's number on that connection, from 0; it goes on where the connection is replaced
	Time       Timestamp // when it is made
}

// A Timestamp is a time that prints as RFC 3339 does, with nanoseconds.
type Timestamp struct{ time.Time }

func (t Timestamp) String() string { return t.Format(time.RFC3339Nano) }

// maxRandom bounds what a slip of the pen in a template asks for.
const maxRandom = 1 << 20

// Random returns n random letters and digits, at most 2^20; for a negative n none.
func (Variables) Random(n int) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, min(max(n, 0), maxRandom))
	for i := range b {
		b[i] = alphabet[rand.IntN(len(alphabet))]
	}
	return string(b)
}

// renderer returns what makes a plan's messages; nil where they are all the same. It tries a template, which shows
// names that do not exist.
func (p *Plan) renderer() (func(Variables) ([]byte, error), error) {
	if p.Message != nil {
		return func(v Variables) ([]byte, error) { return limited(p.Message(v)) }, nil
	}
	if p.Template == "" {
		return nil, nil
	}
	t, err := template.New("message").Parse(p.Template)
	if err != nil {
		return nil, err
	}
	render := func(v Variables) ([]byte, error) {
		var b bytes.Buffer
		if err := t.Execute(&b, v); err != nil {
			return nil, err
		}
		return limited(b.Bytes())
	}
	_, err = render(Variables{Time: Timestamp{time.Now()}})
	return render, err
}

func limited(message []byte) ([]byte, error) {
	if len(message) > maxSize {
		return nil, fmt.Errorf("a message of %d octets; the limit is %d", len(message), maxSize)
	}
	return message, nil
}

// An outbox is what a connection has of messages that are rendered: frames that wait for the socket, and what
// is to come back. Both are as long as the window allows.
type outbox struct {
	frames   []byte
	pos      int      // of the first octet that the socket has not taken
	ends     []int    // where frames end that hold a message, in frames; looked at with ExpectNone only
	expected [][]byte // in order; looked at with ExpectExact only
}

// keepBox is up to how many octets an outbox keeps for the next messages.
const keepBox = 4 << 10

func (b *outbox) empty() bool { return b == nil || b.pos == len(b.frames) }

// took takes note that the socket took n octets, and says how many messages that ended.
func (b *outbox) took(n int) (messages int) {
	b.pos += n
	for len(b.ends) > 0 && b.ends[0] <= b.pos {
		b.ends = b.ends[1:]
		messages++
	}
	if b.pos == len(b.frames) {
		b.frames, b.pos, b.ends = b.frames[:0], 0, b.ends[:0]
		if cap(b.frames) > keepBox {
			b.frames, b.ends = nil, nil
		}
	}
	return messages
}

// compact makes room where the socket never took everything.
func (b *outbox) compact() {
	if b.pos < keepBox || b.pos < len(b.frames)/2 {
		return
	}
	for i := range b.ends {
		b.ends[i] -= b.pos
	}
	b.frames, b.pos = b.frames[:copy(b.frames, b.frames[b.pos:])], 0
}

// answered takes the oldest n messages out of what is expected.
func (b *outbox) answered(n int) {
	clear(b.expected[:n])
	if b.expected = b.expected[n:]; len(b.expected) == 0 {
		b.expected = nil
	}
}

// A writer renders messages for who owns it.
type writer struct {
	*setup
	sequence []int64 // of each connection's next message
	deflater deflater
	view     content // what the connection at hand must get back
}

func newWriter(s *setup, connections int) *writer {
	w := &writer{setup: s, sequence: make([]int64, connections)}
	w.view = content{opcode: s.content.opcode, deflated: s.content.deflated, lenient: s.content.lenient, single: true}
	return w
}

// put renders a message for the ith connection, whose number is given, into its box.
func (w *writer) put(b *outbox, i, number int) error {
	message, err := w.render(Variables{number, w.sequence[i], Timestamp{time.Now()}})
	if err != nil {
		return because(SystemError, 0, "rendering a message: %w", err)
	}
	w.sequence[i]++
	b.compact()
	first, payload := finBit|w.content.opcode, message
	if w.content.deflated {
		first |= rsv1Bit
		payload = w.deflater.compress(message)
	}
	b.frames = appendMasked(b.frames, first, payload)
	switch w.plan.Expect {
	case ExpectExact:
		b.expected = append(b.expected, message)
	case ExpectNone:
		b.ends = append(b.ends, len(b.frames))
	}
	return nil
}

// of is what a connection with this box must get next, valid until the next call.
func (w *writer) of(b *outbox) *content {
	if w.view.lenient {
		return &w.view
	}
	if w.view.surplus = b == nil || len(b.expected) == 0; !w.view.surplus {
		w.view.message = b.expected[0]
	}
	return &w.view
}
