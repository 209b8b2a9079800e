package websocket_test

import (
	"io"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// A flooding is a stream of which, once it is released and has carried something more, small messages can be read
// without ever waiting.
type flooding struct {
	net.Conn
	released atomic.Bool
	closed   chan struct{}
	close    sync.Once
	left     int
}

func (f *flooding) Close() error {
	f.close.Do(func() { close(f.closed) })
	return f.Conn.Close()
}

func (f *flooding) Read(p []byte) (int, error) {
	if !f.released.Load() {
		return f.Conn.Read(p)
	}
	if f.left <= 0 {
		return 0, io.EOF
	}
	const message = "\x82\x06hello!"
	n := 0
	for n+len(message) <= len(p) {
		n += copy(p[n:], message)
	}
	f.left -= n
	return n, nil
}

// On one processor, whoever reads from a peer that sends without end lets others run in between.
func TestAFloodLetsOthersRun(t *testing.T) {
	const flood, most = 4 << 20, 64 << 10 // octets in all, and read in one go
	for _, face := range []struct {
		name string
		read func(t *testing.T, pair *wstest.PairOptions, release func(), gone <-chan struct{})
	}{
		{"Socket", func(t *testing.T, pair *wstest.PairOptions, release func(), gone <-chan struct{}) {
			s, _ := wstest.Sockets(t, pair, nil, nil)
			release()
			s.SendText("")
			<-gone
		}},
		{"Conn", func(t *testing.T, pair *wstest.PairOptions, release func(), gone <-chan struct{}) {
			s, c := wstest.Conns(t, pair)
			release()
			s.Write(forever, websocket.Text, nil)
			for {
				if _, _, err := c.Read(forever); err != nil {
					return
				}
			}
		}},
		{"Conn that closes", func(t *testing.T, pair *wstest.PairOptions, release func(), gone <-chan struct{}) {
			pair.Dial.Limits = websocket.Limits{MessageSize: 1, LingerBytes: -1}
			s, c := wstest.Conns(t, pair)
			release()
			s.Write(forever, websocket.Text, nil)
			c.Read(forever) // too large: what follows is discarded
			<-gone
		}},
	} {
		t.Run(face.name, func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			f := &flooding{closed: make(chan struct{}), left: flood}
			pair := &wstest.PairOptions{Client: func(nc net.Conn) net.Conn {
				f.Conn = nc
				return f
			}}
			var runs int
			var over atomic.Bool
			stopped := make(chan struct{})
			face.read(t, pair, func() {
				go func() {
					defer close(stopped)
					for !over.Load() {
						runs++
						runtime.Gosched()
					}
				}()
				f.released.Store(true)
			}, f.closed)
			over.Store(true)
			<-stopped
			if want := flood / most / 2; runs < want {
				t.Errorf("while %d octets were read, another goroutine ran %d times, want at least %d", flood, runs, want)
			}
		})
	}
}
