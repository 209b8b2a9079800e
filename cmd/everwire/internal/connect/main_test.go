package connect

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/everwire/everwire/internal/leak"
	"github.com/everwire/everwire/websocket"
)

func TestMain(m *testing.M) { leak.VerifyTestMain(m) }

// serve returns the URL of a server whose connections are f's, one goroutine for each. It ends with the test.
func serve(t *testing.T, f func(c *websocket.Conn)) string {
	t.Helper()
	var open sync.WaitGroup
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		open.Add(1)
		defer open.Done()
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Limits: websocket.Limits{MessageSize: -1}})
		if err != nil {
			return
		}
		defer c.Terminate()
		f(c)
	}))
	t.Cleanup(func() {
		srv.Close()
		open.Wait()
	})
	return "ws" + strings.TrimPrefix(srv.URL, "http")
}

// echo returns the URL of a server that sends every message back.
func echo(t *testing.T) string {
	return serve(t, func(c *websocket.Conn) {
		for m, err := range c.Messages(context.Background()) {
			if err != nil || c.Write(context.Background(), m.Type(), m.Bytes()) != nil {
				return
			}
		}
	})
}

// A result is what a run has left.
type result struct {
	out, err string
	status   int
	text     string // of the ExitError
}

// to is a client's Config with what it is given as input.
func to(url, input string) Config {
	return Config{URL: url, Dial: &websocket.DialOptions{Limits: websocket.Limits{MessageSize: -1}}, In: strings.NewReader(input)}
}

// run runs c to its end.
func run(ctx context.Context, c Config) result {
	var out, err buffer
	if c.Out == nil {
		c.Out = &out
	}
	if c.Err == nil {
		c.Err = &err
	}
	status, text := statusOf(Run(ctx, c))
	return result{out.String(), err.String(), status, text}
}

func statusOf(err error) (int, string) {
	var e *ExitError
	if errors.As(err, &e) {
		return e.Status, e.Error()
	}
	if err != nil {
		return -1, err.Error()
	}
	return 0, ""
}

// A buffer takes output from several goroutines, and tells who waits for some of it.
type buffer struct {
	mu      sync.Mutex
	text    bytes.Buffer
	written chan struct{} // closed by the next Write, nil if nobody waits
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.written != nil {
		close(b.written)
		b.written = nil
	}
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *buffer) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text.Reset()
}

// await waits until what was written has text, and returns what follows it.
func (b *buffer) await(t *testing.T, text string) string {
	t.Helper()
	for {
		b.mu.Lock()
		if b.written == nil {
			b.written = make(chan struct{})
		}
		all, more := b.text.String(), b.written
		b.mu.Unlock()
		if _, after, ok := strings.Cut(all, text); ok {
			return after
		}
		select {
		case <-more:
		case <-t.Context().Done():
			t.Fatalf("%q was not written, but %q", text, all)
		}
	}
}

// pipe is an input that stays open until the test's end.
func pipe(t *testing.T) (io.Reader, *io.PipeWriter) {
	r, w := io.Pipe()
	t.Cleanup(func() { w.Close() })
	return r, w
}
