package websocket_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
)

// What the tests of hostile peers share: an end of ours, of either face and role, on a real TCP connection, with
// TLS or without, and an attacker who writes what octets it likes at the other end.

// A siege is one arrangement of our end. Connect makes one connection more, which is open on return.
type siege struct {
	name    string
	client  bool // our end is the client
	conn    bool // our end is a Conn, not a Socket
	secure  bool
	connect func(extensions string) *attacker
	accept  func() (a *attacker, dialled <-chan error) // one connection of our client's, before its handshake
	ends    chan ending                                // how our ends of the connections ended
	server  *websocket.Server
	address string // of our server
}

// An ending is what a program learns of a connection's end.
type ending struct {
	err      error // of OnError; of a Conn's Read
	code     websocket.CloseCode
	clean    bool
	messages int
	octets   int64
}

// An attacker is the peer's end of a connection.
type attacker struct {
	net.Conn // TLS and all
	t        *testing.T
	tcp      *net.TCPConn
	masks    bool
	in       *bufio.Reader
}

// demands are our end's options, where they are the same for both roles, and how a Conn is read.
type demands struct {
	limits      websocket.Limits
	compression websocket.Compression
	queue       websocket.Queue
	read        func(c *websocket.Conn) (octets int64, err error)
	where       func(s *siege) bool // default: everywhere
	setup       func(s *websocket.Socket)
}

// besieged runs a test with our end as the server and the client, as a Socket and a Conn, with and without TLS.
func besieged(t *testing.T, d demands, test func(t *testing.T, s *siege)) {
	for _, s := range []siege{
		{name: "Socket"}, {name: "Conn", conn: true},
		{name: "Socket over TLS", secure: true}, {name: "Conn over TLS", conn: true, secure: true},
		{name: "client's Socket", client: true}, {name: "client's Conn", client: true, conn: true},
		{name: "client's Socket over TLS", client: true, secure: true},
		{name: "client's Conn over TLS", client: true, conn: true, secure: true},
	} {
		if d.where != nil && !d.where(&s) {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			s.ends = make(chan ending, 2000)
			if s.client {
				s.lure(t, &d)
			} else {
				s.serve(t, &d)
			}
			test(t, &s)
		})
	}
}

func atServers(s *siege) bool      { return !s.client }
func overTCP(s *siege) bool        { return !s.secure }
func serversOverTCP(s *siege) bool { return !s.client && !s.secure }

// follow has a Socket report its end.
func (s *siege) follow(ws *websocket.Socket, d *demands) {
	var e ending
	ws.OnMessage(func(_ *websocket.Socket, m websocket.Message) {
		e.messages++
		e.octets += int64(m.Len())
	})
	ws.OnError(func(_ *websocket.Socket, err error) { e.err = err })
	ws.OnClose(func(_ *websocket.Socket, c websocket.CloseEvent) {
		e.code, e.clean = c.Code, c.WasClean
		s.ends <- e
	})
	if d.setup != nil {
		d.setup(ws)
	}
}

// read reads a Conn to its end, and reports that.
func (s *siege) read(c *websocket.Conn, d *demands) {
	var e ending
	for e.err == nil {
		var n int64
		if d.read != nil {
			n, e.err = d.read(c)
		} else {
			var data []byte
			_, data, e.err = c.Read(forever)
			n = int64(len(data))
		}
		if e.octets += n; e.err == nil {
			e.messages++
		}
	}
	e.code = websocket.CloseAbnormal
	var closed *websocket.CloseError
	if errors.As(e.err, &closed) {
		e.code, e.clean, e.err = closed.Code, true, nil
	}
	c.Close(websocket.CloseNormal, "") // waits until all is over
	s.ends <- e
}

func (s *siege) serve(t *testing.T, d *demands) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	s.address = ln.Addr().String()
	opts := websocket.AcceptOptions{Limits: d.limits, Compression: d.compression, Queue: d.queue, Origins: []string{"*"}}
	cfg := &tls.Config{Certificates: []tls.Certificate{certificate()}}
	s.server = &websocket.Server{
		Options: opts, TLSConfig: cfg, ErrorLog: log.New(io.Discard, "", 0),
	}
	s.server.OnConnection(func(ws *websocket.Socket, _ *http.Request) { s.follow(ws, d) })
	if s.conn {
		hs := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if c, err := websocket.Accept(w, r, &opts); err == nil {
				s.read(c, d)
			}
		}), ErrorLog: log.New(io.Discard, "", 0)}
		over := ln
		if s.secure {
			over = tls.NewListener(ln, cfg)
		}
		go hs.Serve(over)
		t.Cleanup(func() { hs.Close() })
	} else {
		served := inBackground(func() error {
			if s.secure {
				return s.server.ServeTLS(ln, "", "")
			}
			return s.server.Serve(ln)
		})
		t.Cleanup(func() {
			s.server.Close()
			<-served
		})
	}
	s.connect = func(extensions string) *attacker {
		a := s.knock(t)
		a.masks = true
		request := exampleRequest
		if extensions != "" {
			request += "Sec-WebSocket-Extensions: " + extensions + "\r\n"
		}
		_, err := io.WriteString(a, request+"\r\n")
		must(t, err)
		resp, err := http.ReadResponse(a.in, nil)
		must(t, err)
		equal(t, "status", resp.StatusCode, http.StatusSwitchingProtocols)
		return a
	}
}

// knock opens a stream to our server, TLS included, and sends nothing.
func (s *siege) knock(t *testing.T) *attacker {
	nc, err := net.Dial("tcp", s.address)
	must(t, err)
	return s.attacker(t, nc, tls.Client)
}

func (s *siege) attacker(t *testing.T, nc net.Conn, secure func(net.Conn, *tls.Config) *tls.Conn) *attacker {
	a := &attacker{Conn: nc, t: t, tcp: nc.(*net.TCPConn)}
	if s.secure {
		a.Conn = secure(nc, &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{certificate()}})
	}
	a.SetDeadline(time.Now().Add(time.Minute)) // so that a test that goes wrong says so
	a.in = bufio.NewReader(a.Conn)
	t.Cleanup(func() { a.tcp.Close() })
	return a
}

// lure has our client connect to the attacker.
func (s *siege) lure(t *testing.T, d *demands) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { ln.Close() })
	opts := &websocket.DialOptions{
		Limits: d.limits, Compression: d.compression, Queue: d.queue, TLSConfig: &tls.Config{InsecureSkipVerify: true},
	}
	url := map[bool]string{false: "ws://", true: "wss://"}[s.secure] + ln.Addr().String()
	dial := func() error {
		if s.conn {
			c, err := websocket.Dial(forever, url, opts)
			if err == nil {
				go s.read(c, d)
			}
			return err
		}
		opened := make(chan error, 3)
		_, err := websocket.New(url, opts, func(ws *websocket.Socket) {
			s.follow(ws, d)
			ws.OnOpen(func(*websocket.Socket) { opened <- nil })
			ws.OnError(func(_ *websocket.Socket, err error) { opened <- err })
		})
		if err != nil {
			return err
		}
		return <-opened
	}
	s.accept = func() (*attacker, <-chan error) {
		dialled := inBackground(dial)
		nc, err := ln.Accept()
		must(t, err)
		return s.attacker(t, nc, tls.Server), dialled
	}
	s.connect = func(extensions string) *attacker {
		a, dialled := s.accept()
		r, err := http.ReadRequest(a.in)
		must(t, err)
		answer := switching(r)
		if extensions != "" {
			answer += "Sec-WebSocket-Extensions: " + extensions + "\r\n"
		}
		_, err = io.WriteString(a, answer+"\r\n")
		must(t, err)
		must(t, <-dialled)
		return a
	}
}

// ended waits for the end of one of our ends.
func (s *siege) ended(t *testing.T) ending {
	t.Helper()
	select {
	case e := <-s.ends:
		return e
	case <-time.After(30 * time.Second):
		t.Fatal("our end does not end")
		panic("unreachable")
	}
}

// frame is a frame of the attacker's, with a key of zeros if it needs one.
func (a *attacker) frame(first byte, payload string) string {
	return a.header(first, int64(len(payload))) + payload
}

// header is the header of a frame that announces n octets.
func (a *attacker) header(first byte, n int64) string {
	h := frame.Header{Fin: first&0x80 != 0, Rsv: first >> 4 & 7, Opcode: frame.Opcode(first & 15), Masked: a.masks, Length: n}
	return string(h.Append(nil))
}

// announce is the header of a frame whose 64-bit length is what the caller says, lawful or not.
func (a *attacker) announce(first byte, length uint64) string {
	b := []byte{first, 127}
	for i := 56; i >= 0; i -= 8 {
		b = append(b, byte(length>>i))
	}
	if a.masks {
		b[1] |= 0x80
		b = append(b, 0, 0, 0, 0)
	}
	return string(b)
}

// keepWriting writes pieces again and again, beginning with first, until that fails or most octets are
// written; it returns how many were.
func (a *attacker) keepWriting(first, piece string, most int64) (n int64) {
	m, err := io.WriteString(a, first)
	n = int64(m)
	again := []byte(strings.Repeat(piece, max(1, (64<<10)/len(piece))))
	for err == nil && n < most {
		m, err = a.Write(again)
		n += int64(m)
	}
	return n
}

// outcome is the Close frame that the attacker is sent, 0 for none, and how the stream ends: io.EOF or an error.
type outcome struct {
	code   websocket.CloseCode
	pongs  int
	frames int // in all
	err    error
}

// hear reads frames to the stream's end.
func (a *attacker) hear() (o outcome) {
	for {
		h, payload, err := a.readFrame()
		if err != nil {
			o.err = err
			return o
		}
		o.frames++
		switch h.Opcode {
		case frame.Pong:
			o.pongs++
		case frame.Close:
			if o.code == 0 {
				o.code, _, _ = frame.ParseClose(payload)
			}
		}
	}
}

func (a *attacker) readFrame() (h frame.Header, payload []byte, err error) {
	var b []byte
	for n := 0; n == 0; {
		c, err := a.in.ReadByte()
		if err != nil {
			return h, nil, err
		}
		b = append(b, c)
		if n, err = h.Parse(b); err != nil {
			return h, nil, err
		}
	}
	payload = make([]byte, h.Length)
	if _, err = io.ReadFull(a.in, payload); err == nil && h.Masked {
		frame.Mask(payload, h.Key)
	}
	return h, payload, err
}

// wantCode reads to the Close frame, which must have code, and leaves.
func (a *attacker) wantCode(code websocket.CloseCode) {
	a.t.Helper()
	for {
		h, payload, err := a.readFrame()
		if err != nil {
			a.t.Fatalf("the stream ended without a Close frame: %v", err)
		}
		if h.Opcode == frame.Close {
			got, reason, err := frame.ParseClose(payload)
			if err != nil || got != code {
				a.t.Fatalf("the code is %d %q, %v; want %d", got, reason, err, code)
			}
			a.Conn.Close()
			return
		}
	}
}

// reset ends the stream by RST.
func (a *attacker) reset() {
	a.tcp.SetLinger(0)
	a.tcp.Close()
}
