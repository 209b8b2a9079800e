package wire

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/everwire/everwire/websocket/frame"
)

// A Printer writes Events for people, a line for each but heads. Its lines look like this:
//
//	> GET /chat HTTP/1.1
//	< HTTP/1.1 101 Switching Protocols
//	→ text 5 fin mask=37fa213d "Hello"
//	← text 9 fin rsv1 f248cdc9c90700
//	← = text 5 inflated "Hello"
//	! the server breaks a rule: a server's frame is masked (RFC 6455 §5.1, close code 1002)
//
// Control characters, and octets that are not UTF-8, are written as escapes. The zero value but for W writes
// heads, redacted, and what broke a rule.
type Printer struct {
	W io.Writer

	Frames  bool // write frames, and what compressed messages are inflated to, if the Decoder tells messages
	Ends    bool // write where a direction ends
	NoHeads bool // leave out heads
	Secrets bool // write heads as they are: Authorization, Cookie and query strings included

	Stamps  bool   // begin each line with the time, to the microsecond
	Prefix  string // comes next
	Preview int    // how many octets of a payload are written; default 60, negative: none
}

// Print writes what e is, if p writes it, in one call of W.Write. It returns what that returned.
func (p *Printer) Print(e Event) error {
	lines := p.lines(e)
	if len(lines) == 0 {
		return nil
	}
	var b strings.Builder
	for _, line := range lines {
		if p.Stamps {
			b.WriteString(e.Time.Format("15:04:05.000000 "))
		}
		b.WriteString(p.Prefix)
		b.WriteString(line)
		b.WriteByte('\n')
	}
	_, err := io.WriteString(p.W, b.String())
	return err
}

func (p *Printer) lines(e Event) []string {
	switch {
	case e.Head != nil && !p.NoHeads:
		return p.head(e)
	case e.Frame != nil && p.Frames:
		return []string{Arrow(e.From) + " " + p.frame(e.Frame)}
	case e.Message != nil && p.Frames && e.Message.Compressed:
		return []string{Arrow(e.From) + " " + p.message(e.Message)}
	case e.Violation != nil:
		return []string{"! the " + e.From.String() + " breaks a rule: " + strings.TrimPrefix(e.Violation.Error(), "handshake: ")}
	case e.End != nil && p.Ends:
		return []string{Arrow(e.From) + " " + endLine(e.End)}
	}
	return nil
}

// Arrow returns "→" for what the client sends and "←" for what the server sends.
func Arrow(from Direction) string {
	if from == FromClient {
		return "→"
	}
	return "←"
}

func (p *Printer) head(e Event) []string {
	h, mark := e.Head, "> "
	if !p.Secrets {
		h = h.Redacted()
	}
	if e.From == FromServer {
		mark = "< "
	}
	lines := []string{mark + Visible(h.Line)}
	for _, f := range h.Fields {
		lines = append(lines, mark+Visible(f.Name)+": "+Visible(f.Value))
	}
	return append(lines, strings.TrimSpace(mark))
}

func (p *Printer) frame(f *Frame) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d", f.Opcode, f.Length)
	if f.Fin {
		b.WriteString(" fin")
	}
	for i, bit := range []uint8{frame.Rsv1, frame.Rsv2, frame.Rsv3} {
		if f.Rsv&bit != 0 {
			fmt.Fprintf(&b, " rsv%d", i+1)
		}
	}
	if f.Masked {
		fmt.Fprintf(&b, " mask=%02x%02x%02x%02x", byte(f.Key), byte(f.Key>>8), byte(f.Key>>16), byte(f.Key>>24))
	}
	if f.Cut {
		fmt.Fprintf(&b, " cut off after %d", f.Received)
	}
	if shown := Preview(f, p.preview()); shown != "" {
		b.WriteString(" " + shown)
	}
	return b.String()
}

// message is a line for what the frames before it do not show.
func (p *Printer) message(m *Message) string {
	if m.Err != nil {
		return "= not inflated: " + m.Err.Error()
	}
	f := &Frame{Header: frame.Header{Opcode: m.Opcode, Length: m.Length}, Payload: m.Payload, Truncated: m.Truncated}
	return strings.TrimSpace(fmt.Sprintf("= %s %d inflated %s", m.Opcode, m.Length, Preview(f, p.preview())))
}

func (p *Printer) preview() int {
	if p.Preview == 0 {
		return 60
	}
	return p.Preview
}

func endLine(e *End) string {
	line := "end after " + strconv.FormatInt(e.Octets, 10) + " octets"
	if e.Undecoded > 0 {
		line += fmt.Sprintf(", the last %d of which make no sense", e.Undecoded)
	}
	if e.Err != nil {
		line += ": " + Visible(e.Err.Error())
	}
	return line
}

// Preview returns the start of a frame's payload, up to limit octets, on one line: a Close frame's code and reason,
// text in quotes, anything else in hexadecimal digits; "" for an empty payload or a limit below 1.
func Preview(f *Frame, limit int) string {
	shown := f.Payload[:min(len(f.Payload), max(limit, 0))]
	if len(shown) == 0 {
		return ""
	}
	if f.Opcode == frame.Close && !f.Truncated {
		if code, reason, err := frame.ParseClose(f.Payload); err == nil {
			return strings.TrimSpace(code.String() + " " + quoted(reason))
		}
	}
	more := ""
	if int64(len(shown)) < f.Length {
		more = "…"
	}
	text := shown
	if more != "" {
		text = wholeCharacters(shown)
	}
	if f.Rsv == 0 && f.Opcode != frame.Binary && utf8.Valid(text) {
		return quoted(string(text)) + more
	}
	return fmt.Sprintf("%x", shown) + more
}

// wholeCharacters cuts off a character that is only begun at the end of b.
func wholeCharacters(b []byte) []byte {
	for i := 1; i <= min(utf8.UTFMax-1, len(b)); i++ {
		if c := b[len(b)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i]
			}
			break
		}
	}
	return b
}

func quoted(s string) string {
	if s == "" {
		return ""
	}
	return `"` + Visible(s) + `"`
}

// Visible returns s with control characters, and octets that are not UTF-8, as escapes.
func Visible(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if unicode.IsPrint(r) && (r != utf8.RuneError || size > 1) {
			b.WriteString(s[:size])
		} else {
			q := strconv.Quote(s[:size])
			b.WriteString(q[1 : len(q)-1])
		}
		s = s[size:]
	}
	return b.String()
}
