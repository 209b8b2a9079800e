package wire

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket/frame"
)

func TestPrinter(t *testing.T) {
	head := &Head{Line: "GET /a?token=x HTTP/1.1", Fields: []Field{{"Host", "b\x1b"}, {"cookie", "c"}, {"Referer", "http://d?e"}}}
	of := func(op frame.Opcode, payload string, change func(*Frame)) Event {
		f := &Frame{Header: frame.Header{Fin: true, Opcode: op, Length: int64(len(payload))}, Payload: []byte(payload)}
		if change != nil {
			change(f)
		}
		return Event{From: FromServer, Frame: f}
	}
	message := func(m Message) Event {
		m.Compressed = true
		return Event{Message: &m}
	}
	frames := Printer{Frames: true}
	for _, row := range []struct {
		name string
		p    Printer
		e    Event
		want string
	}{
		{"a request", Printer{}, Event{Head: head},
			"> GET /a?… HTTP/1.1\n> Host: b\\x1b\n> cookie: …\n> Referer: http://d?…\n>\n"},
		{"a request with its secrets", Printer{Secrets: true}, Event{Head: head},
			"> GET /a?token=x HTTP/1.1\n> Host: b\\x1b\n> cookie: c\n> Referer: http://d?e\n>\n"},
		{"a response", Printer{}, Event{From: FromServer, Head: &Head{Line: "HTTP/1.1 101 Yes"}}, "< HTTP/1.1 101 Yes\n<\n"},
		{"no heads", Printer{NoHeads: true}, Event{Head: head}, ""},
		{"no frames", Printer{}, of(frame.Text, "a", nil), ""},
		{"stamps and a prefix", Printer{Frames: true, Stamps: true, Prefix: "#1 "}, Event{Time: time.Date(1, 1, 1, 2, 3, 4, 5000, time.UTC),
			Frame: &Frame{Header: frame.Header{Opcode: frame.Ping}}}, "02:03:04.000005 #1 → ping 0\n"},
		{"text", frames, of(frame.Text, "a \"b\" \\ \n\x00\x1b[31mä", nil), `← text 17 fin "a "b" \ \n\x00\x1b[31mä"` + "\n"},
		{"a masked frame", frames, of(frame.Text, "a", func(f *Frame) { f.Masked, f.Key = true, key }), "← text 1 fin mask=37fa213d \"a\"\n"},
		{"binary", frames, of(frame.Binary, "ab", nil), "← binary 2 fin 6162\n"},
		{"compressed", frames, of(frame.Text, "ab", func(f *Frame) { f.Rsv = 7 }), "← text 2 fin rsv1 rsv2 rsv3 6162\n"},
		{"not UTF-8", frames, of(frame.Text, "a\xff", nil), "← text 2 fin 61ff\n"},
		{"cut off inside a character", Printer{Frames: true, Preview: 3}, of(frame.Text, "abäc", nil), "← text 5 fin \"ab\"…\n"},
		{"not kept whole", Printer{Frames: true, Preview: 3}, of(frame.Binary, "ab", func(f *Frame) { f.Length, f.Truncated = 9, true }), "← binary 9 fin 6162…\n"},
		{"no preview", Printer{Frames: true, Preview: -1}, of(frame.Text, "abc", nil), "← text 3 fin\n"},
		{"cut", frames, of(frame.Text, "ab", func(f *Frame) { f.Length, f.Cut, f.Received, f.Truncated = 9, true, 2, true }),
			"← text 9 fin cut off after 2 \"ab\"…\n"},
		{"a Close frame", frames, of(frame.Close, "\x03\xe8bye\n", nil), "← close 6 fin 1000 normal closure \"bye\\n\"\n"},
		{"a Close frame without a reason", frames, of(frame.Close, "\x0f\xa1", nil), "← close 2 fin 4001\n"},
		{"a Close frame that is none", frames, of(frame.Close, "\x03", nil), "← close 1 fin \"\\x03\"\n"},
		{"inflated", frames, message(Message{Opcode: frame.Text, Payload: []byte("abc"), Length: 3}), "→ = text 3 inflated \"abc\"\n"},
		{"not inflated", frames, message(Message{Err: errors.New("why")}), "→ = not inflated: why\n"},
		{"not compressed", frames, Event{Message: &Message{Payload: []byte("abc")}}, ""},
		{"a violation", Printer{}, Event{Violation: violation(1002, "§1", "wrong")}, "! the client breaks a rule: wrong (§1, close code 1002)\n"},
		{"no end", Printer{}, Event{End: &End{}}, ""},
		{"an end", Printer{Ends: true}, Event{End: &End{Octets: 5}}, "→ end after 5 octets\n"},
		{"a bad end", Printer{Ends: true}, Event{From: FromServer, End: &End{Octets: 5, Undecoded: 2, Err: io.ErrUnexpectedEOF}},
			"← end after 5 octets, the last 2 of which make no sense: unexpected EOF\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var b strings.Builder
			row.p.W = &b
			if err := row.p.Print(row.e); err != nil || b.String() != row.want {
				t.Errorf("%v, got\n%q\nwant\n%q", err, b.String(), row.want)
			}
		})
	}
}
