package inspect

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/record"
	"github.com/everwire/everwire/internal/leak"
	"github.com/everwire/everwire/internal/testcert"
	"github.com/everwire/everwire/websocket"
)

func TestMain(m *testing.M) { leak.VerifyTestMain(m) }

var cert = testcert.New("localhost", "127.0.0.1")

// A buffer takes output from several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// A running is a proxy that serves.
type running struct {
	url      string // ws or wss, without a path
	address  string
	journal  buffer
	recorded buffer
	stop     func() // ends it, and waits for that
}

// start has a proxy serve for a test. Changes of it come last.
func start(t *testing.T, target string, change func(*Proxy)) *running {
	t.Helper()
	r := &running{}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.address = ln.Addr().String()
	p := &Proxy{Target: target, Dial: &websocket.DialOptions{TLSConfig: cert.Client(), Proxy: websocket.NoProxy}}
	p.Journal.W = &r.journal
	p.Record = record.NewWriter(&r.recorded, record.Header{Start: time.Now(), Target: target})
	if change != nil {
		change(p)
	}
	r.url = "ws://" + r.address
	if p.Secure {
		ln, r.url = tls.NewListener(ln, cert.Server()), "wss://"+r.address
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Serve(ctx, ln) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

// entries stops the proxy and returns what was recorded.
func (r *running) entries(t *testing.T) []record.Entry {
	t.Helper()
	r.stop()
	return readAll(t, r.recorded.String())
}

func readAll(t *testing.T, text string) (entries []record.Entry) {
	t.Helper()
	rr, err := record.NewReader(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for {
		e, err := rr.Next()
		if err != nil {
			if err.Error() != "EOF" {
				t.Fatal(err)
			}
			return entries
		}
		entries = append(entries, e)
	}
}

// dialing trusts the certificate of the tests.
func dialing() *websocket.DialOptions {
	return &websocket.DialOptions{TLSConfig: cert.Client(), Proxy: websocket.NoProxy, Limits: websocket.Limits{MessageSize: 64 << 20}}
}

// echo serves, over TLS or not, and returns the URL.
func echo(t *testing.T, secure bool, opts websocket.AcceptOptions) string {
	t.Helper()
	opts.Limits.MessageSize = 64 << 20
	opts.Origins = []string{"*"}
	srv := &websocket.Server{Options: opts}
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
	})
	h := httptest.NewUnstartedServer(srv)
	if secure {
		h.TLS = cert.Server()
		h.StartTLS()
	} else {
		h.Start()
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		srv.Shutdown(ctx)
		h.Close()
	})
	return "ws" + strings.TrimPrefix(h.URL, "http")
}

var all = websocket.Compression{Threshold: -1, ServerTakeover: websocket.KeepContext, ClientTakeover: websocket.KeepContext}
