package sidebyside

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket/frame"
	"github.com/everwire/everwire/websocket/handshake"
)

// A peer is the other end of a connection: it sends and receives frames, legal or not.
type peer struct {
	t     *testing.T
	nc    net.Conn
	br    *bufio.Reader
	masks bool
}

const key = "dGhlIHNhbXBsZSBub25jZQ=="

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

// serverAndPeer makes a server's end of the package and a client that speaks frames.
func serverAndPeer(t *testing.T, p *pkg) (conn, *peer) {
	accepted := make(chan conn, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := p.upgrade(upgrader{}, w, r, nil)
		if err != nil {
			t.Errorf("cannot upgrade: %v", err)
		}
		accepted <- c
	}))
	t.Cleanup(srv.Close)
	nc, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(nc, "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", key)
	br := bufio.NewReader(nc)
	if resp, err := http.ReadResponse(br, nil); err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the handshake's answer is %v, %v", resp, err)
	}
	c := <-accepted
	t.Cleanup(func() { c.Close() })
	return c, &peer{t, nc, br, true}
}

// clientAndPeer makes a client's end of the package and a server that speaks frames.
func clientAndPeer(t *testing.T, p *pkg) (conn, *peer) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	served := make(chan *peer, 1)
	go func() {
		nc, err := ln.Accept()
		if err != nil {
			t.Error(err)
			served <- nil
			return
		}
		nc.SetDeadline(time.Now().Add(patience))
		br := bufio.NewReader(nc)
		r, err := http.ReadRequest(br)
		if err != nil {
			t.Error(err)
		} else {
			fmt.Fprintf(nc, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
				"Sec-WebSocket-Accept: %s\r\n\r\n", handshake.Accept(r.Header.Get("Sec-WebSocket-Key")))
		}
		served <- &peer{t, nc, br, false}
	}()
	c, _, err := p.dial(t.Context(), dialer{}, "ws://"+ln.Addr().String()+"/", nil)
	if err != nil {
		t.Fatalf("cannot dial: %v", err)
	}
	other := <-served
	t.Cleanup(func() { c.Close(); other.nc.Close() })
	return c, other
}

// send writes a frame.
func (p *peer) send(op frame.Opcode, fin bool, payload string) {
	p.raw(frame.Header{Fin: fin, Opcode: op}, payload)
}

func (p *peer) raw(h frame.Header, payload string) {
	p.t.Helper()
	h.Length, h.Masked = int64(len(payload)), p.masks
	if h.Masked {
		h.Key = 0x11223344
	}
	b := h.Append(nil)
	at := len(b)
	if b = append(b, payload...); h.Masked {
		frame.Mask(b[at:], h.Key)
	}
	if _, err := p.nc.Write(b); err != nil {
		p.t.Errorf("the peer cannot write: %v", err)
	}
}

func (p *peer) text(s string) { p.send(frame.Text, true, s) }

func (p *peer) closes(code frame.CloseCode, reason string) {
	p.send(frame.Close, true, string(frame.AppendClose(nil, code, reason)))
}

// receive reads a message, or a control frame, and says it; or that the stream has ended.
func (p *peer) receive() string {
	var message strings.Builder
	for typ := frame.Opcode(0); ; {
		h, payload, err := p.frame()
		if err != nil {
			return "the end of the stream"
		}
		switch {
		case h.Opcode == frame.Close:
			return fmt.Sprintf("Close %x %s", payload[:min(2, len(payload))], payload[min(2, len(payload)):])
		case h.Opcode.Control():
			return fmt.Sprintf("%s %q", h.Opcode, payload)
		case h.Opcode != frame.Continuation:
			typ = h.Opcode
		}
		if message.Write(payload); h.Fin {
			return fmt.Sprintf("%s %q", typ, message.String())
		}
	}
}

func (p *peer) frame() (h frame.Header, payload []byte, err error) {
	for b := []byte(nil); ; {
		one, err := p.br.ReadByte()
		if err != nil {
			return h, nil, err
		}
		b = append(b, one)
		if n, err := h.Parse(b); err != nil {
			p.t.Fatalf("an illegal frame came: %v", err)
		} else if n > 0 {
			break
		}
	}
	if h.Masked == p.masks {
		p.t.Errorf("a frame has masked = %t", h.Masked)
	}
	payload = make([]byte, h.Length)
	_, err = io.ReadFull(p.br, payload)
	frame.Mask(payload, h.Key)
	return h, payload, err
}

// A transcript is what a program and its peer have seen.
type transcript struct {
	mu    sync.Mutex
	lines []string
}

func (l *transcript) add(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
}

func (l *transcript) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

// compare runs a scenario on both packages and compares the transcripts. If wants is given, it is a line that only
// Everwire's has, and the line that gorilla's has instead.
func compare(t *testing.T, differs map[string]string, run func(t *testing.T, p *pkg, log *transcript)) {
	t.Helper()
	said := map[string]string{}
	for _, p := range packages {
		t.Run(p.name, func(t *testing.T) {
			log := &transcript{}
			run(t, p, log)
			said[p.name] = log.String()
		})
	}
	want := said["gorilla"]
	for theirs, ours := range differs {
		if !strings.Contains(want, theirs) {
			t.Errorf("gorilla's transcript has no %q to differ from:\n%s", theirs, want)
		}
		want = strings.ReplaceAll(want, theirs, ours)
	}
	if want == "" || said["everwire"] != want {
		t.Errorf("gorilla:\n%s\n\neverwire:\n%s", said["gorilla"], said["everwire"])
	}
}
