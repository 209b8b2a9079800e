package websocket_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// A connection may end at any octet of a session, in either direction. Whatever our end is, it learns of an
// abnormal end, unless both Close frames were complete; nothing panics, and nothing is left.
func TestAConnectionThatIsCutAtAnyOctet(t *testing.T) {
	for _, how := range []wstest.Cut{wstest.CutEOF, wstest.CutReset} {
		for _, row := range []struct {
			name    string
			session func(c *cutSession, t *testing.T)
			conn    bool
		}{
			{"Socket", (*cutSession).ofServer, false}, {"Conn", (*cutSession).ofServer, true},
			{"client's Socket", (*cutSession).ofClient, false}, {"client's Conn", (*cutSession).ofClient, true},
		} {
			for _, writes := range []bool{false, true} {
				name := fmt.Sprintf("%v of what %s %s", how, row.name, map[bool]string{false: "reads", true: "writes"}[writes])
				t.Run(name, func(t *testing.T) {
					for at := int64(0); ; at++ {
						c := &cutSession{at: at, how: how, writes: writes, siege: siege{conn: row.conn}}
						synctest.Test(t, func(t *testing.T) { row.session(c, t) })
						if t.Failed() {
							t.Fatalf("cut at octet %d", at)
						}
						if c.passed < at { // it was longer than the session
							if at < 100 {
								t.Errorf("the session has just %d octets", at)
							}
							return
						}
					}
				})
			}
		}
	}
}

// A cutSession is a session whose stream is cut below our end, which echoes.
type cutSession struct {
	siege
	at     int64
	how    wstest.Cut
	writes bool
	faulty *wstest.FaultyConn
	passed int64
}

func (c *cutSession) wrap(nc net.Conn) net.Conn {
	c.faulty = wstest.Faulty(nc)
	c.direction().CutAfter(c.at, c.how)
	return c.faulty
}

func (c *cutSession) direction() *wstest.Direction {
	if c.writes {
		return c.faulty.Writes()
	}
	return c.faulty.Reads()
}

// frames are what the peer sends: whole, in fragments, with a Ping between, compressed, and a Close frame.
func (c *cutSession) frames(masks bool) string {
	a := &attacker{masks: masks}
	return a.frame(0x81, "Hello") + a.frame(0x01, "Hel") + a.frame(0x89, "ping") + a.frame(0x80, "lo") +
		a.frame(0xC1, "\xf2\x48\xcd\xc9\xc9\x07\x00") + a.frame(0x42, "\xf2\x48\xcd") + a.frame(0x80, "\xc9\xc9\x07\x00") +
		a.frame(0x82, strings.Repeat("x", 126)) + a.frame(0x88, "\x03\xe8bye")
}

func (c *cutSession) demands() *demands {
	return &demands{
		read: func(c *websocket.Conn) (int64, error) {
			typ, data, err := c.Read(forever)
			if err == nil {
				c.Write(forever, typ, data)
			}
			return int64(len(data)), err
		},
		setup: func(s *websocket.Socket) {
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
		},
	}
}

// check judges how our end ended. Heard are the octets that the peer was sent.
func (c *cutSession) check(t *testing.T, e ending, received, total int64) {
	t.Helper()
	whole := received == total
	switch {
	case e.clean && (e.code != websocket.CloseNormal || !whole):
		t.Errorf("%d of %d octets came, and the end was clean with %d", received, total, e.code)
	case !e.clean && e.code != websocket.CloseAbnormal && !(whole && e.code == websocket.CloseNormal):
		t.Errorf("%d of %d octets came, and the end was not clean with %d", received, total, e.code)
	case !e.clean && !c.writes && c.how == wstest.CutEOF && whole:
		t.Errorf("all octets came, and the end was not clean: %v", e.err)
	case e.messages > 5:
		t.Errorf("there were %d messages", e.messages)
	}
}

func (c *cutSession) ofServer(t *testing.T) {
	c.ends = make(chan ending, 1)
	ln := wstest.Listen()
	handled := make(chan bool, 1)
	hs := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handled <- true
		if !c.conn {
			websocket.Upgrade(w, r, cutOptions, func(s *websocket.Socket) { c.follow(s, c.demands()) })
			return
		}
		conn, err := websocket.Accept(w, r, cutOptions)
		if err != nil {
			c.ends <- ending{err: err, code: websocket.CloseAbnormal}
			return
		}
		c.read(conn, c.demands())
	})}
	served := inBackground(func() error { return hs.Serve(&wrappingListener{ln, c.wrap}) })
	nc, err := ln.Dial(context.Background(), "tcp", "x:80")
	must(t, err)
	request := exampleRequest + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
	wire := request + c.frames(true)
	go func() {
		io.WriteString(nc, wire)
		nc.(*wstest.PipeConn).CloseWrite()
	}()
	io.Copy(io.Discard, nc)
	nc.Close()
	synctest.Wait()
	received := c.faulty.Reads().Bytes()
	c.passed = c.direction().Bytes()
	switch {
	case received < int64(len(request)):
		equal(t, "handshakes", len(handled), 0)
	default:
		c.check(t, <-c.ends, received, int64(len(wire)))
	}
	hs.Close()
	<-served
}

var cutOptions = &websocket.AcceptOptions{Origins: []string{"*"}, Compression: websocket.Compression{Threshold: -1}}

// wrappingListener wraps what it accepts.
type wrappingListener struct {
	net.Listener
	wrap func(net.Conn) net.Conn
}

func (l *wrappingListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err == nil {
		nc = l.wrap(nc)
	}
	return nc, err
}

func (c *cutSession) ofClient(t *testing.T) {
	c.ends = make(chan ending, 1)
	near, far := wstest.Pipe()
	opts := &websocket.DialOptions{
		Compression: websocket.Compression{Threshold: -1},
		DialContext: func(context.Context, string, string) (net.Conn, error) { return c.wrap(near), nil },
	}
	if c.conn {
		go func() {
			conn, err := websocket.Dial(forever, "ws://site.com/chat", opts)
			if err != nil {
				c.ends <- ending{err: err, code: websocket.CloseAbnormal}
				return
			}
			c.read(conn, c.demands())
		}()
	} else {
		websocket.New("ws://site.com/chat", opts, func(s *websocket.Socket) { c.follow(s, c.demands()) })
	}
	total := int64(1) << 40
	in := bufio.NewReader(far)
	if r, err := http.ReadRequest(in); err == nil {
		wire := switching(r) + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n" + c.frames(false)
		total = int64(len(wire))
		go func() {
			io.WriteString(far, wire)
			far.(*wstest.PipeConn).CloseWrite()
		}()
		io.Copy(io.Discard, in)
	}
	far.Close()
	e := <-c.ends
	c.passed = c.direction().Bytes()
	c.check(t, e, c.faulty.Reads().Bytes(), total)
	var refused *websocket.HandshakeError
	if errors.As(e.err, &refused) && e.messages > 0 {
		t.Error("a connection that was open ended with a HandshakeError")
	}
}
