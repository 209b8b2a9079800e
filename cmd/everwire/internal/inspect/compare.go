package inspect

import (
	"bytes"
	"fmt"
	"regexp"
	"unicode/utf8"

	"github.com/everwire/everwire/cmd/everwire/internal/wire"
	"github.com/everwire/everwire/websocket/frame"
)

// maxDifferences is how many are told of a connection.
const maxDifferences = 20

// compare tells in which messages, and in which Close frame, what was heard differs from what was expected. Of a
// recording that was cut, what comes behind its end is no difference.
func compare(expected, heard []*said, cut bool, ignore []*regexp.Regexp) (differences []string) {
	add := func(format string, values ...any) {
		if len(differences) < maxDifferences {
			differences = append(differences, fmt.Sprintf(format, values...))
		} else if len(differences) == maxDifferences {
			differences = append(differences, "and more")
		}
	}
	expected, closed := apart(expected)
	heard, closes := apart(heard)
	for i := range max(len(expected), len(heard)) {
		switch {
		case i >= len(heard):
			add("message %d is missing: %s", i+1, expected[i].show(0))
		case i >= len(expected):
			if !cut {
				add("message %d is more than was recorded: %s", i+1, heard[i].show(0))
			}
		case expected[i].unclear != "" || heard[i].unclear != "":
			add("message %d cannot be compared: %s", i+1, expected[i].unclear+heard[i].unclear)
		default:
			was, is := without(expected[i].payload, ignore), without(heard[i].payload, ignore)
			if at := commonPrefix(was, is); expected[i].op != heard[i].op || !bytes.Equal(was, is) {
				add("message %d is %s instead of %s", i+1,
					(&said{op: heard[i].op, payload: is}).show(at), (&said{op: expected[i].op, payload: was}).show(at))
			}
		}
	}
	switch {
	case closed == nil:
	case closes == nil:
		add("it ended without a Close frame instead of with %s", closed.show(0))
	case !bytes.Equal(closed.payload, closes.payload):
		add("it was closed with %s instead of %s", closes.show(0), closed.show(0))
	}
	return differences
}

// apart separates the messages from the first Close frame.
func apart(all []*said) (messages []*said, closed *said) {
	for _, m := range all {
		switch {
		case m.op != frame.Close:
			messages = append(messages, m)
		case closed == nil:
			closed = m
		}
	}
	return messages, closed
}

func without(b []byte, ignore []*regexp.Regexp) []byte {
	for _, r := range ignore {
		b = r.ReplaceAllLiteral(b, []byte("…"))
	}
	return b
}

func commonPrefix(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// show writes a message in short, so that the octet at a place can be seen.
func (m *said) show(at int) string {
	const before, size = 20, 60
	if m.unclear != "" {
		return fmt.Sprintf("%s (%s)", m.op, m.unclear)
	}
	payload, from := m.payload, ""
	if m.op == frame.Close {
		if len(payload) == 0 {
			return "no code"
		}
		return wire.Preview(&wire.Frame{Header: frame.Header{Opcode: m.op, Length: int64(len(payload))}, Payload: payload}, size)
	}
	if at > 2*before {
		start := min(at-before, len(payload))
		for start > 0 && start < len(payload) && !utf8.RuneStart(payload[start]) {
			start--
		}
		payload, from = payload[start:], "…"
	}
	f := &wire.Frame{Header: frame.Header{Opcode: m.op, Length: int64(len(payload))}, Payload: payload}
	shown := wire.Preview(f, size)
	if shown == "" {
		shown = `""`
	}
	return fmt.Sprintf("%s %d %s%s", m.op, len(m.payload), from, shown)
}
