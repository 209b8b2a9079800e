package conformance

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

// A mirror is a client in memory that keeps what the suite writes, write by write, and behaves as the
// standard asks but for the faults it is given.
type mirror struct {
	code  int  // stands in its Close frames, instead of the right one; -1 is none
	drop  bool // it ends the stream where it should send a Close frame
	late  bool // it looks at a text only when that is whole
	mute  bool // it answers neither messages nor Pings
	busy  bool // it answers no Ping inside a message
	extra bool // it sends a text that nobody asked for, at first
	gift  bool // it does before its Close frame
	eager bool // it begins to close
	deaf  bool // it does nothing but read

	wire   []byte // what it read, but for the handshake's answer
	bounds []int  // where in it each write ended

	conn           net.Conn
	rest           []byte // read and not yet understood
	op             byte   // of the message in progress
	message        []byte
	failed, closed bool
}

// ask has a case asked of it. Time is simulated.
func (m *mirror) ask(t *testing.T, c *Case) (r *Result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := connected()
		parsed, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET / HTTP/1.1\r\nHost: mirror\r\nUpgrade: websocket\r\n" +
			"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")))
		if err != nil {
			t.Fatal(err)
		}
		s := newSession(context.Background(), c, Client, &Options{})
		s.request, s.in = &request{parsed: parsed}, bufio.NewReader(ours)
		s.take(ours)
		done := make(chan struct{})
		m.conn = theirs
		go func() {
			defer close(done)
			m.serve()
		}()
		r = s.perform()
		<-done
	})
	return r
}

func (m *mirror) serve() {
	defer m.conn.Close()
	buf := make([]byte, 1<<20)
	answered := false
	for {
		n, err := m.conn.Read(buf)
		if err != nil {
			return
		}
		if !answered { // the suite writes that by one write
			answered = true
			if m.eager {
				m.sendClose(1000)
			}
			continue
		}
		m.wire = append(m.wire, buf[:n]...)
		m.bounds = append(m.bounds, len(m.wire))
		m.rest = append(m.rest, buf[:n]...)
		if m.deaf {
			continue
		}
		if m.extra && !m.closed {
			m.extra = false
			m.say(text("who asked?"))
		}
		for {
			f, size := understand(m.rest)
			if size < 0 {
				m.glance(f)
				break
			}
			m.rest = m.rest[size:]
			m.heed(f)
		}
	}
}

// understand takes the first frame of what was read apart. size is negative if it is not all there; what
// there is of its payload is returned then.
func understand(p []byte) (f frame, size int) {
	if len(p) < 2 {
		return f, -1
	}
	f.op, f.more, f.rsv = p[0]&0xf, p[0]&0x80 == 0, p[0]>>4&7
	n, at := int(p[1]&0x7f), 2
	for extra := map[int]int{126: 2, 127: 8}[n]; extra > 0; extra-- {
		if at == 2 {
			n = 0
		}
		if at >= len(p) {
			return f, -1
		}
		n = n<<8 | int(p[at])
		at++
	}
	if len(p) < at+n {
		f.payload = p[at:]
		return f, -1
	}
	f.payload = p[at : at+n]
	return f, at + n
}

// glance looks at a frame of which only a part is there.
func (m *mirror) glance(f frame) {
	if !m.late && !m.failed && !m.closed && f.op == opText && hopeless(f.payload) {
		m.fail(1007)
	}
}

// hopeless reports whether octets are not the beginning of any text.
func hopeless(p []byte) bool {
	for len(p) > 0 && utf8.FullRune(p) {
		r, n := utf8.DecodeRune(p)
		if r == utf8.RuneError && n == 1 {
			return true
		}
		p = p[n:]
	}
	return false
}

func (m *mirror) heed(f frame) {
	control := f.op >= opClose
	switch {
	case m.failed || m.closed: // but it waits for the Close frame's answer, or the end of the stream
		return
	case f.rsv != 0, f.op > opBinary && f.op < opClose, f.op > opPong, control && (f.more || len(f.payload) > 125),
		f.op == opContinuation && m.op == 0, (f.op == opText || f.op == opBinary) && m.op != 0:
		m.fail(1002)
	case f.op == opPing && !m.mute && (!m.busy || m.op == 0):
		m.say(pong(string(f.payload)))
	case f.op == opClose:
		code, reason := closePayload(f.payload)
		_, forbidden := map[int]bool{1004: true, 1006: true}[code]
		switch {
		case len(f.payload) == 1, len(f.payload) > 1 && code == 1005, forbidden, code < 1000, code > 1011 && code < 3000, code > 4999:
			m.fail(1002)
		case !utf8.ValidString(reason):
			m.fail(1007)
		case code == 1005:
			m.sendClose(1000)
		default:
			m.sendClose(code)
		}
	case control:
	default:
		if f.op != opContinuation {
			m.op, m.message = f.op, nil
		}
		m.message = append(m.message, f.payload...)
		switch {
		case m.op == opText && (!m.late && hopeless(m.message) || !f.more && !utf8.Valid(m.message)):
			m.fail(1007)
		case f.more:
		default:
			if !m.mute {
				m.say(frame{op: m.op, payload: m.message})
			}
			m.op = 0
		}
	}
}

func (m *mirror) fail(code int) {
	m.failed = true
	m.sendClose(code)
}

func (m *mirror) sendClose(code int) {
	m.closed = true
	if m.gift {
		m.say(text("who asked?"))
	}
	if m.code != 0 {
		code = m.code
	}
	if m.drop {
		m.conn.(*duplex).CloseWrite()
		return
	}
	m.say(closing(max(code, 0), ""))
}

func (m *mirror) say(f frame) { m.conn.Write(f.append(nil, true)) }

// A duplex is one end of a stream in memory each half of which can be ended. A read gets what one write
// wrote.
type duplex struct{ in, out net.Conn }

func connected() (a, b *duplex) {
	in, out := net.Pipe()
	in2, out2 := net.Pipe()
	return &duplex{in, out2}, &duplex{in2, out}
}

func (d *duplex) Read(p []byte) (int, error)  { return d.in.Read(p) }
func (d *duplex) Write(p []byte) (int, error) { return d.out.Write(p) }
func (d *duplex) CloseWrite() error           { return d.out.Close() }
func (d *duplex) Close() error                { return errors.Join(d.in.Close(), d.out.Close()) }
func (d *duplex) LocalAddr() net.Addr         { return d.in.LocalAddr() }
func (d *duplex) RemoteAddr() net.Addr        { return d.in.RemoteAddr() }
func (d *duplex) SetDeadline(t time.Time) error {
	return errors.Join(d.in.SetDeadline(t), d.out.SetDeadline(t))
}
func (d *duplex) SetReadDeadline(t time.Time) error  { return d.in.SetReadDeadline(t) }
func (d *duplex) SetWriteDeadline(t time.Time) error { return d.out.SetWriteDeadline(t) }
