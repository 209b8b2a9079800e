package wire

import (
	"fmt"
	"strings"
	"testing"

	"github.com/everwire/everwire/internal/leak"
	"github.com/everwire/everwire/websocket/deflate"
	"github.com/everwire/everwire/websocket/frame"
)

func TestMain(m *testing.M) { leak.VerifyTestMain(m) }

const (
	request = "GET /chat?token=x HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	response = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
	compressing = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
)

// A feed is octets of one direction.
type feed struct {
	from   Direction
	octets string
}

func client(s ...string) feed { return feed{FromClient, strings.Join(s, "")} }
func server(s ...string) feed { return feed{FromServer, strings.Join(s, "")} }

// opened is a handshake, followed by more.
func opened(more ...feed) []feed {
	return append([]feed{client(request, "\r\n"), server(response, "\r\n")}, more...)
}

func openedCompressing(more ...feed) []feed {
	return append([]feed{client(request, compressing, "\r\n"), server(response, compressing, "\r\n")}, more...)
}

const key = 0x3d21fa37

// masked is a client's frame, made of "fin", "rsv1" and so on.
func masked(op frame.Opcode, payload string, flags ...string) string {
	return encode(frame.Header{Opcode: op, Masked: true, Key: key}, payload, flags)
}

// plain is a server's.
func plain(op frame.Opcode, payload string, flags ...string) string {
	return encode(frame.Header{Opcode: op}, payload, flags)
}

func encode(h frame.Header, payload string, flags []string) string {
	h.Fin, h.Length = true, int64(len(payload))
	for _, f := range flags {
		switch f {
		case "more":
			h.Fin = false
		case "rsv1":
			h.Rsv |= frame.Rsv1
		case "rsv2":
			h.Rsv |= frame.Rsv2
		}
	}
	p := []byte(payload)
	if h.Masked {
		frame.Mask(p, h.Key)
	}
	return string(append(h.Append(nil), p...))
}

func closing(code frame.CloseCode, reason string) string {
	return string(frame.AppendClose(nil, code, reason))
}

// squeezed are the payloads of messages that are compressed with context takeover.
func squeezed(messages ...string) (out []string) {
	var c deflate.Compressor
	c.Init(15, 1, true)
	for _, m := range messages {
		out = append(out, string(c.AppendFragment(nil, []byte(m), true)))
		c.Remember([]byte(m))
	}
	return out
}

// line is an event on one line.
func line(e Event) string {
	who := e.From.String() + " "
	switch {
	case e.Head != nil:
		return who + e.Head.Line
	case e.Frame != nil:
		f := e.Frame
		s := fmt.Sprintf("%s%v %d %q", who, f.Opcode, f.Length, f.Payload)
		for _, flag := range []struct {
			on   bool
			text string
		}{
			{!f.Fin, "more"}, {f.Rsv != 0, fmt.Sprintf("rsv=%x", f.Rsv)}, {f.Masked != (e.From == FromClient), "wrongly masked"},
			{f.Truncated, "truncated"}, {f.Cut, fmt.Sprintf("cut after %d", f.Received)},
		} {
			if flag.on {
				s += " " + flag.text
			}
		}
		return s
	case e.Message != nil:
		m := e.Message
		s := fmt.Sprintf("%smessage %v %d of %d in %d %q", who, m.Opcode, m.Length, m.Wire, m.Frames, m.Payload)
		if m.Compressed {
			s += " compressed"
		}
		if m.Truncated {
			s += " truncated"
		}
		if m.Err != nil {
			s += " but " + m.Err.Error()
		}
		return s
	case e.Violation != nil:
		return who + "broke: " + e.Violation.Error()
	}
	s := fmt.Sprintf("%send %d", who, e.End.Octets)
	if e.End.Undecoded > 0 {
		s += fmt.Sprintf(" undecoded %d", e.End.Undecoded)
	}
	if e.End.Err != nil {
		s += " " + e.End.Err.Error()
	}
	return s
}

// run feeds a Decoder and returns the lines of what it told, as many octets at a time as split says for each.
func run(config Config, feeds []feed, split func() int) (lines []string) {
	d := NewDecoder(config, func(e Event) { lines = append(lines, line(e)) })
	for _, f := range feeds {
		for rest := []byte(f.octets); len(rest) > 0; {
			n := min(max(split(), 1), len(rest))
			d.Write(f.from, rest[:n])
			rest = rest[n:]
		}
	}
	d.Close()
	return lines
}

func atOnce() int { return 1 << 30 }
func singly() int { return 1 }
