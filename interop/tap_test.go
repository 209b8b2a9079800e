package interop

import (
	"bytes"
	"net"
	"sync"
	"testing"

	"github.com/everwire/everwire/websocket/frame"
)

// A tap is the stream below our end. It shows what frames left by it, and lets a test write behind the
// library's back, which does not send what is wrong.
type tap struct {
	net.Conn // as an interface, so that nobody writes past the tap

	mu             sync.Mutex
	sent, received []byte
}

func (w *tap) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	w.mu.Lock()
	w.received = append(w.received, b[:n]...)
	w.mu.Unlock()
	return n, err
}

func (w *tap) Write(b []byte) (int, error) {
	w.mu.Lock()
	w.sent = append(w.sent, b...)
	w.mu.Unlock()
	return w.Conn.Write(b)
}

func (w *tap) CloseWrite() error { return w.Conn.(*net.TCPConn).CloseWrite() }

// frames returns the headers of the frames that our end has sent.
func (w *tap) frames(t *testing.T) []frame.Header {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	return headers(t, w.sent)
}

// theirFrames returns the headers of the frames that our end has received.
func (w *tap) theirFrames(t *testing.T) []frame.Header {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	return headers(t, w.received)
}

// headers are those of the frames that follow the opening handshake.
func headers(t *testing.T, stream []byte) []frame.Header {
	t.Helper()
	_, rest, found := bytes.Cut(stream, []byte("\r\n\r\n"))
	if !found {
		t.Fatal("no opening handshake went through the tap")
	}
	var all []frame.Header
	for len(rest) > 0 {
		var h frame.Header
		n, err := h.Parse(rest)
		if n == 0 || err != nil || len(rest) < n+int(h.Length) {
			t.Fatalf("what went through the tap is no frame: %x, %v", rest[:min(len(rest), 20)], err)
		}
		all = append(all, h)
		rest = rest[n+int(h.Length):]
	}
	return all
}

// inject writes a frame that our end did not make.
func (w *tap) inject(t *testing.T, h frame.Header, payload string) {
	t.Helper()
	h.Length = int64(len(payload))
	b := h.Append(nil)
	at := len(b)
	b = append(b, payload...)
	if h.Masked {
		frame.Mask(b[at:], h.Key)
	}
	if _, err := w.Conn.Write(b); err != nil {
		t.Fatal(err)
	}
}

// tapping is a listener whose connections are tapped, if it is asked to.
type tapping struct {
	net.Listener
	asked bool

	mu   sync.Mutex
	last *tap
}

func (l *tapping) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil || !l.asked {
		return nc, err
	}
	w := &tap{Conn: nc}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = w
	return w, nil
}

// accepted is the tap of the last connection, nil if it has none.
func (l *tapping) accepted() *tap {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}
