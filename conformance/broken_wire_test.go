package conformance_test

import (
	"encoding/binary"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/everwire/everwire/conformance"
)

// An asked is a case as the peer in order was asked it: what the traits of cases are about.
type asked struct {
	*conformance.Result
	server bool // the peer's role
	sent   []wireFrame
	came   []wireFrame // the peer's
	texts  []wireMessage
}

// A wireFrame is one that was on the wire. Its payload may be cut.
type wireFrame struct {
	op      byte
	fin     bool
	rsv     byte
	length  uint64
	payload []byte
	conn    int // of which connection, where there are several: how many streams of the peer had ended before
}

func (f wireFrame) control() bool { return f.op >= 8 }
func (f wireFrame) data() bool    { return f.op == 1 || f.op == 2 }

// code is that of a Close frame, 1005 if there is none.
func (f wireFrame) code() int {
	if len(f.payload) < 2 {
		return 1005
	}
	return int(binary.BigEndian.Uint16(f.payload))
}

// A wireMessage is what the suite sent of one.
type wireMessage struct {
	op         byte
	compressed bool
	content    []byte // as it was on the wire
	lengths    []uint64
	whole      bool
	inside     []byte // opcodes of the control frames inside
	behind     []byte // of those behind octets of the message
	nested     bool   // another message began before its end
}

func newAsked(r *conformance.Result, server bool) *asked {
	a := &asked{Result: r, server: server}
	conn := 0
	for _, e := range r.Log {
		f, ok := parseFrame(e)
		f.conn = conn
		switch {
		case !e.Sent && strings.HasPrefix(e.Note, "the end of the stream"):
			conn++
		case !ok:
		case e.Sent:
			a.sent = append(a.sent, f)
		default:
			a.came = append(a.came, f)
		}
	}
	var m *wireMessage
	for _, f := range a.sent {
		switch {
		case f.control() && m != nil:
			m.inside = append(m.inside, f.op)
			if len(m.content) > 0 {
				m.behind = append(m.behind, f.op)
			}
			continue
		case f.data():
			if m != nil {
				m.nested = true
				a.texts = append(a.texts, *m)
			}
			m = &wireMessage{op: f.op, compressed: f.rsv&4 != 0}
		}
		if m == nil || f.op > 2 {
			continue
		}
		m.content = append(m.content, f.payload...)
		m.lengths = append(m.lengths, f.length)
		if f.fin {
			m.whole = f.length < 1<<32 // what is claimed to be longer never is
			a.texts = append(a.texts, *m)
			m = nil
		}
	}
	if m != nil {
		a.texts = append(a.texts, *m)
	}
	return a
}

var frameNote = regexp.MustCompile(`^(Continuation|Text|Binary|Close|Ping|Pong|reserved opcode|the first)\b`)

// parseFrame reads a frame from a log.
func parseFrame(e conformance.Entry) (f wireFrame, ok bool) {
	p := e.Octets
	if len(p) < 2 || !frameNote.MatchString(e.Note) {
		return f, false
	}
	f = wireFrame{op: p[0] & 0xf, fin: p[0]&0x80 != 0, rsv: p[0] >> 4 & 7, length: uint64(p[1] & 0x7f)}
	masked := p[1]&0x80 != 0
	p = p[2:]
	switch {
	case f.length == 126 && len(p) >= 2:
		f.length, p = uint64(binary.BigEndian.Uint16(p)), p[2:]
	case f.length == 127 && len(p) >= 8:
		f.length, p = binary.BigEndian.Uint64(p), p[8:]
	}
	if masked && len(p) >= 4 {
		key := p[:4]
		p = append([]byte(nil), p[4:]...)
		for i := range p {
			p[i] ^= key[i&3]
		}
	}
	f.payload = p
	return f, true
}

// A trait is something that cases have or have not.
type trait func(*asked) bool

func (t trait) and(o trait) trait { return func(a *asked) bool { return t(a) && o(a) } }
func (t trait) but(o trait) trait { return func(a *asked) bool { return t(a) && !o(a) } }
func (t trait) or(o trait) trait  { return func(a *asked) bool { return t(a) || o(a) } }

// tag: one of some tags.
func tag(tags ...conformance.Tag) trait {
	return func(a *asked) bool {
		for _, t := range tags {
			if a.Case.Has(t) {
				return true
			}
		}
		return false
	}
}

// asks: the suite sends a frame of some kind.
func asks(kind func(wireFrame) bool) trait {
	return func(a *asked) bool { return some(a.sent, kind) }
}

// gets: the peer in order sends a frame of some kind.
func gets(kind func(wireFrame) bool) trait {
	return func(a *asked) bool { return some(a.came, kind) }
}

// says: the suite sends a message of some kind.
func says(kind func(wireMessage) bool) trait {
	return func(a *asked) bool { return some(a.texts, kind) }
}

func some[T any](list []T, kind func(T) bool) bool {
	for _, e := range list {
		if kind(e) {
			return true
		}
	}
	return false
}

func anyFrame(wireFrame) bool        { return true }
func dataFrame(f wireFrame) bool     { return f.data() }
func textFrame(f wireFrame) bool     { return f.op == 1 }
func closeFrame(f wireFrame) bool    { return f.op == 8 }
func pingFrame(f wireFrame) bool     { return f.op == 9 }
func pongFrame(f wireFrame) bool     { return f.op == 10 }
func reservedFrame(f wireFrame) bool { return f.op > 2 && f.op < 8 || f.op > 10 }

// failing: the peer in order fails the connection.
var failing = trait(func(a *asked) bool {
	return some(a.came, func(f wireFrame) bool {
		return f.op == 8 && (f.code() == 1002 || f.code() == 1007 || f.code() == 1009) &&
			!some(a.sent, func(g wireFrame) bool { return g.op == 8 && g.code() == f.code() })
	})
})

// closing: it answers a Close frame.
var closing = trait(func(a *asked) bool {
	return some(a.came, func(f wireFrame) bool {
		return f.op == 8 && (f.code() != 1002 && f.code() != 1007 && f.code() != 1009 ||
			some(a.sent, func(g wireFrame) bool { return g.op == 8 && g.code() == f.code() }))
	})
})

// family: the case is of a family.
func family(n int) trait { return func(a *asked) bool { return a.Case.Family() == n } }

// told: what the peer in order does is INFORMATIONAL, and so would be something else.
var told = trait(func(a *asked) bool { return a.Behavior == conformance.Informational })

// mute: the suite sends a Close frame without a code. Who takes one that is wrong answers it without a code,
// which is also a way to fail the connection.
var mute = asks(func(f wireFrame) bool { return f.op == 8 && f.length < 2 })

// classic: the case is one of the classic suite, for which a connection may be failed without a Close frame.
var classic = trait(func(a *asked) bool { return a.Case.Family() <= 13 })

// behindClose: the suite sends a frame of some kind behind a Close frame, in the same connection.
func behindClose(kind func(wireFrame) bool) trait {
	return func(a *asked) bool {
		closed := map[int]bool{}
		for _, f := range a.sent {
			if closed[f.conn] && kind(f) {
				return true
			}
			closed[f.conn] = closed[f.conn] || f.op == 8
		}
		return false
	}
}

// stray: the suite sends a continuation frame with nothing to continue.
var stray = trait(func(a *asked) bool {
	open := false
	for _, f := range a.sent {
		switch {
		case f.op == 0 && !open:
			return true
		case f.op <= 2, f.control() && !f.fin:
			open = !f.fin
		}
	}
	return false
})

// switching: the peer in order switches to WebSocket.
var switching = trait(func(a *asked) bool { return strings.HasPrefix(a.Response, "HTTP/1.1 101 ") })

// answering: it answers with a status.
func answering(status string) trait {
	return func(a *asked) bool { return strings.HasPrefix(a.Response, "HTTP/1.1 "+status+" ") }
}

// requesting: the request is like a pattern.
func requesting(pattern string) trait {
	p := regexp.MustCompile(pattern)
	return func(a *asked) bool { return p.MatchString(a.Request) }
}

// responding: the answer is like a pattern.
func responding(pattern string) trait {
	p := regexp.MustCompile(pattern)
	return func(a *asked) bool { return p.MatchString(a.Response) }
}

// byRole is one trait for servers and another for clients.
func byRole(ofServer, ofClient trait) trait {
	return func(a *asked) bool {
		if a.server {
			return ofServer(a)
		}
		return ofClient(a)
	}
}

// agreeing: the answer agrees on compression with parameters that are like a pattern.
func agreeing(parameters string) trait {
	return responding(`(?i)Sec-WebSocket-Extensions: *permessage-deflate[^\r\n]*` + parameters)
}

// wrongOnlyBy: a text is no UTF-8 for octets like a pattern, and for nothing else. The octets stand for
// themselves.
func wrongOnlyBy(pattern string) trait {
	p := regexp.MustCompile(pattern)
	return says(func(m wireMessage) bool {
		if m.op != 1 || m.compressed || utf8.Valid(m.content) {
			return false
		}
		latin := make([]rune, len(m.content))
		for i, b := range m.content {
			latin[i] = rune(b)
		}
		rest := make([]byte, 0, len(latin))
		for _, r := range p.ReplaceAllString(string(latin), "?") {
			rest = append(rest, byte(r))
		}
		return utf8.Valid(rest)
	})
}
