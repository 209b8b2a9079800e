package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/everwire/everwire/internal/leak"
)

func TestMain(m *testing.M) { leak.VerifyTestMain(m) }

// A record is one line of the log.
type record map[string]any

// A logbook collects the log and lets a test wait for a line of it.
type logbook struct {
	mu      sync.Mutex
	changed *sync.Cond
	text    bytes.Buffer
	records []record
}

func newLogbook() *logbook {
	b := &logbook{}
	b.changed = sync.NewCond(&b.mu)
	return b
}

func (b *logbook) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Write takes one line.
func (b *logbook) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var r record
	if err := json.Unmarshal(line, &r); err != nil {
		return 0, err
	}
	b.text.Write(line)
	b.records = append(b.records, r)
	b.changed.Broadcast()
	return len(line), nil
}

// await returns the nth line, from 1, with a message, once it is there.
func (b *logbook) await(t *testing.T, n int, msg string) record {
	t.Helper()
	defer context.AfterFunc(t.Context(), b.changed.Broadcast)()
	b.mu.Lock()
	defer b.mu.Unlock()
	for t.Context().Err() == nil {
		seen := 0
		for _, r := range b.records {
			if r["msg"] == msg {
				if seen++; seen == n {
					return r
				}
			}
		}
		b.changed.Wait()
	}
	t.Fatalf("there is no line %d with %q in\n%s", n, msg, &b.text)
	return nil
}

func (b *logbook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// A screen is standard output that a test can wait for.
type screen struct{ written chan string }

func newScreen() *screen { return &screen{make(chan string, 1)} }

func (s *screen) Write(p []byte) (int, error) {
	s.written <- string(p)
	return len(p), nil
}

// A running server, as Run has started it.
type running struct {
	config Config
	screen string // what it wrote
	base   string // the first address it wrote, http://host:port
	ws     string // the same for WebSockets
	log    *logbook
	stop   context.CancelFunc
	ended  <-chan error
}

// run starts Run, on a port of its own, and waits until it serves. At the end of the test it must have ended
// without an error, or do so when it is told to.
func run(t *testing.T, cfg Config) *running {
	t.Helper()
	r, err := begin(t, cfg)
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	return r
}

// begin is run for what may fail.
func begin(t *testing.T, cfg Config) (*running, error) {
	t.Helper()
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	ctx, stop := context.WithCancel(context.Background())
	ended, out, log := make(chan error, 1), newScreen(), newLogbook()
	go func() { ended <- Run(ctx, cfg, out, log.logger()) }()
	r := &running{config: cfg, log: log, stop: stop, ended: ended}
	select {
	case r.screen = <-out.written:
	case err := <-ended:
		stop()
		return nil, err
	}
	line, _, _ := strings.Cut(r.screen, "\n")
	r.base = strings.TrimSuffix(strings.TrimPrefix(line, "Everwire serves "), "/")
	r.ws = "ws" + strings.TrimPrefix(r.base, "http")
	t.Cleanup(func() {
		r.end(t)
		http.DefaultClient.CloseIdleConnections()
	})
	return r, nil
}

// end stops the server and waits. A second end does nothing.
func (r *running) end(t *testing.T) {
	t.Helper()
	r.stop()
	if r.ended == nil {
		return
	}
	if err := <-r.ended; err != nil {
		t.Errorf("Run: %v", err)
	}
	r.ended = nil
}

// newTestSite returns a site with rooms of its own, to the end of the test.
func newTestSite(t *testing.T, log *slog.Logger) *site {
	t.Helper()
	rooms, err := openRooms(t.Context(), Config{}, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(rooms.close)
	return newSite(Config{}, rooms, log)
}
