package shed

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// asking returns a request for a WebSocket.
func asking() *http.Request {
	r := httptest.NewRequest("GET", "/chat", nil)
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "websocket")
	return r
}

// answerOf is what a handshake is answered by a Gate, behind which is nobody.
func answerOf(g *Gate, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	g.Guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })).ServeHTTP(w, r)
	return w
}

func TestAnswerOfAGateThatIsShut(t *testing.T) {
	g := NewGate(Limits{}, quiet())
	g.shut[Memory].Store(true)
	refused := 0
	g.Refused = func(*http.Request) { refused++ }
	seen := map[string]bool{}
	for range 100 {
		w := answerOf(g, asking())
		after := w.Header().Get("Retry-After")
		seconds, err := strconv.Atoi(after)
		if w.Code != 503 || err != nil || seconds < soonest || seconds > latest || w.Header().Get("Connection") != "close" {
			t.Fatalf("status %d, header %v", w.Code, w.Header())
		}
		if w.Body.String() != "too busy: memory\n" {
			t.Fatalf("body %q", w.Body)
		}
		seen[after] = true
	}
	if len(seen) < 10 {
		t.Errorf("100 clients were told to come again after %v seconds: that is not spread", seen)
	}
	if f := g.Figures(); f.Shed[Memory] != 100 || !f.Shut[Memory] || refused != 100 {
		t.Errorf("%d were counted and %d told of, of 100", f.Shed[Memory], refused)
	}
	if w := answerOf(g, httptest.NewRequest("GET", "/chat", nil)); w.Code != http.StatusTeapot {
		t.Errorf("a page: status %d", w.Code)
	}
	g.shut[Memory].Store(false)
	if w := answerOf(g, asking()); w.Code != http.StatusTeapot {
		t.Errorf("when there is room again: status %d", w.Code)
	}
	g.Leave()
	if w := answerOf(g, asking()); w.Code != 503 || w.Body.String() != "shutting down\n" {
		t.Errorf("at the end: status %d %q", w.Code, w.Body)
	}
}

// A handshake that is refused further in, or panics, takes no place.
func TestWhoIsRefusedTakesNoPlace(t *testing.T) {
	g := NewGate(Limits{Connections: 2}, quiet())
	for range 10 {
		if w := answerOf(g, asking()); w.Code != http.StatusTeapot {
			t.Fatalf("status %d", w.Code)
		}
	}
	func() {
		defer func() { recover() }()
		g.Guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("no") })).ServeHTTP(httptest.NewRecorder(), asking())
	}()
	if n := g.Figures().Connections; n != 0 {
		t.Errorf("%d are inside", n)
	}
}

// A hundred at once, of whom ten may stay: exactly ten do. It opens again when enough have gone.
func TestConnectionsAreCountedExactly(t *testing.T) {
	const most, all = 40, 200
	var log bytes.Buffer
	g := NewGate(Limits{Connections: most}, slog.New(slog.NewTextHandler(&log, nil)))
	srv := &websocket.Server{}
	g.Watch(srv)
	left := make(chan struct{}, all) // after the Gate has counted one out: its listener was first
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		s.OnClose(func(*websocket.Socket, websocket.CloseEvent) { left <- struct{}{} })
	})
	door := httptest.NewServer(g.Guard(srv))
	defer door.Close()
	var mu sync.Mutex
	var inside []*websocket.Conn
	refused := 0
	var coming sync.WaitGroup
	for range all {
		coming.Go(func() {
			c, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(door.URL, "http"), nil)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				inside = append(inside, c)
			} else {
				refused++
			}
		})
	}
	coming.Wait()
	if len(inside) != most || refused != all-most {
		t.Errorf("%d are inside and %d were refused, want %d and %d", len(inside), refused, most, all-most)
	}
	f := g.Figures()
	if f.Connections != most || !f.Shut[Connections] || f.Shed[Connections] != all-most {
		t.Errorf("figures %+v", f)
	}
	// The room begins at 95 %, which is two fewer.
	inside[0].Terminate()
	<-left
	if !g.Figures().Shut[Connections] {
		t.Error("with one fewer it is open already")
	}
	inside[1].Terminate()
	<-left
	if g.Figures().Shut[Connections] {
		t.Error("with two fewer it is still shut")
	}
	for _, c := range inside[2:] {
		c.Terminate()
	}
	if err := srv.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := g.Figures().Connections; n != 0 {
		t.Errorf("%d are inside at the end", n)
	}
	for _, want := range []string{"shedding load: new connections are answered with 503\" cause=connections connections=40",
		"taking connections again\" cause=connections connections=38"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log has no %q:\n%s", want, &log)
		}
	}
}

func TestLowConnections(t *testing.T) {
	for most, want := range map[int]int{1: 0, 2: 1, 10: 9, 40: 38, 1000: 950} {
		if got := lowConnections(most); got != want {
			t.Errorf("of %d: %d, want %d", most, got, want)
		}
	}
}

// played are figures that a test sets.
type played struct{ memory, late, loops atomic.Int64 }

// watched runs a Gate on figures that are played, for as long as f runs.
func watched(t *testing.T, limits Limits, f func(g *Gate, p *played)) {
	synctest.Test(t, func(t *testing.T) {
		g, p := NewGate(limits, quiet()), &played{}
		g.meter = meter{
			memory: p.memory.Load,
			late:   func(time.Time) time.Duration { return time.Duration(p.late.Load()) },
			loops:  func() time.Duration { return time.Duration(p.loops.Load()) },
		}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { g.run(ctx) })
		time.Sleep(look / 2) // between two looks
		f(g, p)
		cancel()
		running.Wait()
	})
}

// pass lets looks happen.
func pass(looks int) {
	time.Sleep(time.Duration(looks) * look)
	synctest.Wait()
}

func TestMemoryOverItsLimitShutsTheGate(t *testing.T) {
	watched(t, Limits{Memory: 1000}, func(g *Gate, p *played) {
		shut := func() bool { return g.Figures().Shut[Memory] }
		p.memory.Store(1001)
		pass(rising - 1)
		if shut() {
			t.Error("shut too early")
		}
		pass(1)
		if !shut() {
			t.Errorf("open at 1001 octets")
		}
		p.memory.Store(950)
		pass(10 * falling)
		if !shut() {
			t.Error("open with 95 % in use")
		}
		p.memory.Store(900)
		pass(falling)
		if shut() {
			t.Error("shut with 90 % in use")
		}
	})
}

func TestLagOverItsLimitShutsTheGate(t *testing.T) {
	const limit = 100 * time.Millisecond
	tests := []struct {
		name   string
		figure func(*played) *atomic.Int64
		rise   int // looks
	}{
		{"timers", func(p *played) *atomic.Int64 { return &p.late }, rising},
		{"loops, in which one pause shows for ten seconds", func(p *played) *atomic.Int64 { return &p.loops }, 120},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			watched(t, Limits{Lag: limit}, func(g *Gate, p *played) {
				shut := func() bool { return g.Figures().Shut[Lag] }
				figure := tt.figure(p)
				figure.Store(int64(10 * limit))
				pass(tt.rise - 1)
				if shut() {
					t.Error("shut too early")
				}
				pass(1)
				if !shut() {
					t.Errorf("open after %d looks", tt.rise)
				}
				figure.Store(int64(limit * 6 / 10))
				pass(10 * falling)
				if !shut() {
					t.Error("open at 60 % of the limit")
				}
				figure.Store(int64(limit / 2))
				pass(falling)
				if shut() {
					t.Error("shut at half of the limit")
				}
			})
		})
	}
}

func TestWithoutLimitsNothingShuts(t *testing.T) {
	watched(t, Limits{Connections: 1}, func(g *Gate, p *played) {
		p.memory.Store(1 << 60)
		p.late.Store(1 << 60)
		p.loops.Store(1 << 60)
		pass(200)
		if c, shut := g.Shut(); shut {
			t.Errorf("shut because of %v", c)
		}
	})
}
