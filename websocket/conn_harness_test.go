package websocket_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/internal/testcert"
	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
	"github.com/everwire/everwire/websocket/wstest"
)

// What the tests of Conn share: connected pairs over every kind of stream, and a peer that speaks
// frames, legal or not.

var forever = context.Background()

// connPair makes a server's and a client's Conn that are connected; both are terminated at the test's end.
type connPair func(t *testing.T, opts *wstest.PairOptions) (s, c *websocket.Conn)

// overStreams runs a test over each kind of stream.
func overStreams(t *testing.T, test func(t *testing.T, conns connPair)) {
	t.Run("memory", func(t *testing.T) { test(t, memoryConns) })
	t.Run("TCP", func(t *testing.T) { test(t, tcpConns) })
	t.Run("TLS", func(t *testing.T) { test(t, tlsConns) })
}

func memoryConns(t *testing.T, opts *wstest.PairOptions) (s, c *websocket.Conn) {
	t.Helper()
	return wstest.Conns(t, opts)
}

func tcpConns(t *testing.T, opts *wstest.PairOptions) (s, c *websocket.Conn) {
	t.Helper()
	return networkConns(t, opts, (*httptest.Server).Start)
}

func tlsConns(t *testing.T, opts *wstest.PairOptions) (s, c *websocket.Conn) {
	t.Helper()
	return networkConns(t, opts, (*httptest.Server).StartTLS)
}

// networkConns connects through the kernel. The wrapper Client goes below TLS; Server is not supported.
func networkConns(t *testing.T, opts *wstest.PairOptions, start func(*httptest.Server)) (s, c *websocket.Conn) {
	t.Helper()
	opts = withoutCompression(opts)
	accepted := make(chan *websocket.Conn, 1)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := websocket.Accept(w, r, &opts.Accept)
		if err != nil {
			t.Errorf("cannot accept: %v", err)
		}
		accepted <- s
	}))
	start(srv)
	t.Cleanup(srv.Close)
	dial := opts.Dial
	if srv.TLS != nil {
		dial.TLSConfig = srv.Client().Transport.(*http.Transport).TLSClientConfig
	}
	if opts.Client != nil {
		dial.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			nc, err := new(net.Dialer).DialContext(ctx, network, addr)
			if err == nil {
				nc = opts.Client(nc)
			}
			return nc, err
		}
	}
	c, err := websocket.Dial(forever, srv.URL, &dial)
	if err != nil {
		t.Fatalf("cannot connect: %v", err)
	}
	s = <-accepted
	t.Cleanup(func() {
		s.Terminate()
		c.Terminate()
	})
	return s, c
}

// memoryTLSConns makes a pair whose stream is TLS over a Pipe, for bubbles. The wrappers go below TLS.
func memoryTLSConns(t *testing.T, opts *wstest.PairOptions) (s, c *websocket.Conn) {
	t.Helper()
	if opts == nil {
		opts = &wstest.PairOptions{}
	}
	layered := *opts
	layered.Client = func(nc net.Conn) net.Conn {
		if opts.Client != nil {
			nc = opts.Client(nc)
		}
		return tls.Client(nc, &tls.Config{InsecureSkipVerify: true})
	}
	layered.Server = func(nc net.Conn) net.Conn {
		if opts.Server != nil {
			nc = opts.Server(nc)
		}
		return tls.Server(nc, &tls.Config{Certificates: []tls.Certificate{certificate()}})
	}
	return wstest.Conns(t, &layered)
}

// certificate is one that nobody trusts. It is made once, also if a bubble is the first to ask.
var certificate = sync.OnceValue(func() tls.Certificate { return testcert.New().TLS })

// bubbles runs a test in a bubble, under a name.
func bubbles(t *testing.T, name string, test func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

// inMemory runs a test in a bubble over plain and TLS streams.
func inMemory(t *testing.T, test func(t *testing.T, conns connPair)) {
	bubbles(t, "plain", func(t *testing.T) { test(t, memoryConns) })
	bubbles(t, "TLS", func(t *testing.T) { test(t, memoryTLSConns) })
}

// rawPeer is the other end of a Conn: it sends and receives frames as the test says.
type rawPeer struct {
	t     *testing.T
	nc    net.Conn
	masks bool
	in    []byte
}

// serverAndRaw makes a server's Conn with a raw client. It works in a bubble.
func serverAndRaw(t *testing.T, opts *websocket.AcceptOptions) (*websocket.Conn, *rawPeer) {
	t.Helper()
	pair := &wstest.PairOptions{}
	if opts != nil {
		pair.Accept = *opts
	}
	raw := &rawPeer{t: t, masks: true}
	pair.Dial.Heartbeat.Interval = -1
	pair.Client = func(nc net.Conn) net.Conn { raw.nc = nc; return nc }
	s, _ := wstest.Conns(t, pair)
	return s, raw
}

// clientAndRaw makes a client's Conn with a raw server. It works in a bubble.
func clientAndRaw(t *testing.T, opts *websocket.DialOptions) (*websocket.Conn, *rawPeer) {
	t.Helper()
	pair := &wstest.PairOptions{}
	if opts != nil {
		pair.Dial = *opts
	}
	raw := &rawPeer{t: t}
	pair.Accept.Heartbeat.Interval = -1
	pair.Server = func(nc net.Conn) net.Conn { raw.nc = nc; return nc }
	_, c := wstest.Conns(t, pair)
	return c, raw
}

// endAndRaw runs a test in a bubble for both roles of the Conn.
func endAndRaw(t *testing.T, limits websocket.Limits, beat websocket.Heartbeat, test func(t *testing.T, c *websocket.Conn, raw *rawPeer)) {
	bubbles(t, "server", func(t *testing.T) {
		c, raw := serverAndRaw(t, &websocket.AcceptOptions{Limits: limits, Heartbeat: beat})
		test(t, c, raw)
	})
	bubbles(t, "client", func(t *testing.T) {
		c, raw := clientAndRaw(t, &websocket.DialOptions{Limits: limits, Heartbeat: beat})
		test(t, c, raw)
	})
}

// frame encodes a frame as this peer sends it.
func (p *rawPeer) frame(opcode frame.Opcode, fin bool, payload string) []byte {
	h := frame.Header{Fin: fin, Opcode: opcode, Masked: p.masks, Length: int64(len(payload))}
	return p.encode(h, payload)
}

func (p *rawPeer) encode(h frame.Header, payload string) []byte {
	if h.Masked {
		h.Key = 0x5A17C3E9
	}
	b := h.Append(nil)
	at := len(b)
	b = append(b, payload...)
	if h.Masked {
		frame.Mask(b[at:], h.Key)
	}
	return b
}

// header encodes the header of a frame of n octets.
func (p *rawPeer) header(opcode frame.Opcode, fin bool, n int64) []byte {
	return p.encode(frame.Header{Fin: fin, Opcode: opcode, Masked: p.masks, Length: n}, "")
}

func (p *rawPeer) text(s string) []byte { return p.frame(frame.Text, true, s) }

func (p *rawPeer) closing(code websocket.CloseCode, reason string) []byte {
	return p.frame(frame.Close, true, string(frame.AppendClose(nil, code, reason)))
}

// write sends octets as they are.
func (p *rawPeer) write(pieces ...[]byte) {
	p.t.Helper()
	if _, err := p.nc.Write(bytes.Join(pieces, nil)); err != nil {
		p.t.Fatalf("the raw peer cannot write: %v", err)
	}
}

// endOutput sends FIN.
func (p *rawPeer) endOutput() { p.nc.(interface{ CloseWrite() error }).CloseWrite() }

// read receives a frame. The error is the stream's.
func (p *rawPeer) read() (h frame.Header, payload []byte, err error) {
	p.t.Helper()
	for {
		n, err := h.Parse(p.in)
		if err != nil {
			p.t.Fatalf("the raw peer received an illegal frame: %v", err)
		}
		if end := n + int(h.Length); n > 0 && len(p.in) >= end {
			payload = bytes.Clone(p.in[n:end])
			p.in = p.in[end:]
			if h.Masked == p.masks {
				p.t.Fatalf("the raw peer received a frame with masked = %t", h.Masked)
			}
			frame.Mask(payload, h.Key)
			return h, payload, nil
		}
		var some [4096]byte
		got, err := p.nc.Read(some[:])
		if p.in = append(p.in, some[:got]...); got == 0 {
			return h, nil, err
		}
	}
}

// wantFrame receives a frame that must be as given.
func (p *rawPeer) wantFrame(opcode frame.Opcode, payload string) {
	p.t.Helper()
	h, got, err := p.read()
	if err != nil || h.Opcode != opcode || string(got) != payload {
		p.t.Fatalf("the raw peer received a %s frame of %.100q, %v; want %s of %.100q", h.Opcode, got, err, opcode, payload)
	}
}

// wantClose receives a Close frame with code, which must come next.
func (p *rawPeer) wantClose(code websocket.CloseCode) {
	p.t.Helper()
	h, payload, err := p.read()
	if err != nil || h.Opcode != frame.Close {
		p.t.Fatalf("the raw peer received %s, %v; want a Close frame", h.Opcode, err)
	}
	if got, reason, err := frame.ParseClose(payload); err != nil || got != code {
		p.t.Fatalf("the Close frame has code %d, reason %q, %v; want %d", got, reason, err, code)
	}
}

// wantEnd reads the end of the stream, which must come next.
func (p *rawPeer) wantEnd() {
	p.t.Helper()
	if h, _, err := p.read(); err != io.EOF {
		p.t.Fatalf("the raw peer received %s, %v; want the end of the stream", h.Opcode, err)
	}
}

// wantMessage reads a message that must be as given.
func wantMessage(t *testing.T, c *websocket.Conn, typ websocket.MessageType, data string) {
	t.Helper()
	gotType, got, err := c.Read(forever)
	if err != nil || gotType != typ || string(got) != data {
		t.Fatalf("Read = %s %.100q (%d), %v; want %s %.100q (%d)", gotType, got, len(got), err, typ, data, len(data))
	}
}

// wantClosed reads the peer's Close frame.
func wantClosed(t *testing.T, c *websocket.Conn, code websocket.CloseCode) {
	t.Helper()
	if _, _, err := c.Read(forever); websocket.CloseCodeOf(err) != code {
		t.Fatalf("Read: %v; want close code %d", err, code)
	}
}

// wantError checks an error by errors.Is, or that it is nil.
func wantError(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("%s: %v; want %v", what, got, want)
	}
}

// send writes a message.
func send(t *testing.T, c *websocket.Conn, typ websocket.MessageType, data string) {
	t.Helper()
	wantError(t, "Write", c.Write(forever, typ, []byte(data)), nil)
}

// inBackground runs f and returns a channel of its result.
func inBackground[T any](f func() T) <-chan T {
	result := make(chan T, 1)
	go func() { result <- f() }()
	return result
}

// expiring returns a context that ends after d of a bubble's time.
func expiring(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(forever, d)
	context.AfterFunc(ctx, cancel)
	return ctx
}

// streamOptions are for tests of large messages.
var streamOptions = wstest.PairOptions{
	Accept: websocket.AcceptOptions{Limits: websocket.Limits{MessageSize: -1}},
	Dial:   websocket.DialOptions{Limits: websocket.Limits{MessageSize: -1}},
}

// wantNoGoroutines fails the test, which runs in a bubble, if a goroutine of a Conn is left.
func wantNoGoroutines(t *testing.T) {
	t.Helper()
	synctest.Wait()
	stacks := make([]byte, 1<<20)
	own := string(stacks[:runtime.Stack(stacks, false)])
	_, bubble, _ := strings.Cut(strings.SplitN(own, "]", 2)[0], "synctest")
	stacks = stacks[:runtime.Stack(stacks, true)]
	for stack := range strings.SplitSeq(string(stacks), "\n\n") {
		if strings.Contains(stack, "synctest"+bubble+"]") && strings.Contains(stack, "websocket.(*Conn)") {
			t.Errorf("a goroutine is left:\n%s", stack)
		}
	}
}
