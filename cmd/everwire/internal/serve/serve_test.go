package serve

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
)

// get returns the status and the body.
func get(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestStopClosesEveryoneWith1001(t *testing.T) {
	r := run(t, Config{ShutdownTimeout: time.Minute})
	type outcome struct {
		path string
		websocket.CloseEvent
	}
	closed := make(chan outcome)
	paths := []string{"/echo", "/echo?hello=100ms", "/hello", "/chat", "/chat"}
	for _, path := range paths {
		_, err := websocket.New(r.ws+path, nil, func(s *websocket.Socket) {
			s.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) { closed <- outcome{path, e} })
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	r.log.await(t, len(paths), "connected")
	r.stop()
	for range paths {
		if e := <-closed; e.Code != websocket.CloseGoingAway || !e.WasClean {
			t.Errorf("%s was closed with %+v, want code 1001, clean", e.path, e.CloseEvent)
		}
	}
	r.end(t)
	if got := r.log.await(t, 1, "shutting down")["connections"]; got != float64(len(paths)) {
		t.Errorf("%v connections were open, want %d", got, len(paths))
	}
	if _, err := http.Get(r.base); err == nil {
		t.Error("it still listens")
	}
}

// A stubborn client completes the opening handshake and never answers anything.
func stubborn(t *testing.T, r *running) (net.Conn, *bufio.Reader) {
	t.Helper()
	host := strings.TrimPrefix(r.base, "http://")
	nc, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	fmt.Fprintf(nc, "GET /chat HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n", host)
	in := bufio.NewReader(nc)
	response, err := http.ReadResponse(in, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("response %v, error %v", response, err)
	}
	r.log.await(t, 1, "connected")
	return nc, in
}

func TestWhileItStopsItAnswers503(t *testing.T) {
	r := run(t, Config{ShutdownTimeout: time.Minute})
	if status, body := get(t, r.base+"/healthz"); status != 200 || body != "ok\n" {
		t.Errorf("/healthz: %d %q, want 200 ok", status, body)
	}
	nc, in := stubborn(t, r)
	r.stop()
	if opcode, err := in.ReadByte(); err != nil || opcode != 0x88 {
		t.Fatalf("read %#x, %v, want a Close frame", opcode, err)
	}

	for _, path := range []string{"/healthz", "/readyz"} {
		if status, body := get(t, r.base+path); status != 503 || body != "shutting down\n" {
			t.Errorf("%s: %d %q, want 503 shutting down", path, status, body)
		}
	}
	if status, body := get(t, r.base+"/livez"); status != 200 || body != "ok\n" {
		t.Errorf("/livez: %d %q, want 200 ok", status, body)
	}
	_, err := websocket.Dial(t.Context(), r.ws+"/chat", nil)
	var refused *websocket.HandshakeError
	if !errors.As(err, &refused) || refused.Status != 503 {
		t.Errorf("handshake: %v, want status 503", err)
	}
	nc.Close()
	r.end(t)
}

// For ShutdownDelay all goes on, but for what load balancers are told.
func TestWhileItLeavesItIsNotReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := newTestSite(t, slog.New(slog.DiscardHandler))
		began, left := time.Now(), make(chan time.Time)
		go func() {
			site.leave(time.Hour, slog.New(slog.DiscardHandler))
			left <- time.Now()
		}()
		synctest.Wait()
		for path, want := range map[string]int{"/livez": 200, "/readyz": 503, "/healthz": 503, "/": 200, "/echo": 200} {
			w := httptest.NewRecorder()
			site.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
			if w.Code != want {
				t.Errorf("%s: status %d, want %d", path, w.Code, want)
			}
		}
		if took := (<-left).Sub(began); took != time.Hour {
			t.Errorf("it left after %v, want 1h", took)
		}
	})
}

func TestShutdownDelayComesBeforeClosing(t *testing.T) {
	const delay = 50 * time.Millisecond
	r := run(t, Config{ShutdownDelay: delay, ShutdownTimeout: time.Minute})
	closed := make(chan time.Time, 1)
	_, err := websocket.New(r.ws+"/chat", nil, func(s *websocket.Socket) {
		s.OnClose(func(*websocket.Socket, websocket.CloseEvent) { closed <- time.Now() })
	})
	if err != nil {
		t.Fatal(err)
	}
	r.log.await(t, 1, "connected")
	told := time.Now()
	r.stop()
	if after := (<-closed).Sub(told); after < delay {
		t.Errorf("the connection was closed %v after the server was told to stop, want %v or more", after, delay)
	}
	r.end(t)
	if n := r.log.await(t, 1, "not ready any more")["connections"]; n != 1.0 {
		t.Errorf("%v connections were there, want 1", n)
	}
}

func TestWhoDoesNotCloseInTimeIsCut(t *testing.T) {
	r := run(t, Config{ShutdownTimeout: 0})
	stubborn(t, r)
	r.end(t)
	r.log.await(t, 1, "connections that did not close in time were cut")
	if closed := r.log.await(t, 1, "closed"); closed["code"] != 1006.0 || closed["clean"] != false {
		t.Errorf("closed with %v, want 1006, not clean", closed)
	}
}

func TestListenerThatFailsEndsRun(t *testing.T) {
	ln, err := listen(t.Context(), "--addr", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	log := newLogbook().logger()
	err = runOn(t.Context(), ln, nil, newTestSite(t, log), Config{}, io.Discard, log)
	if !errors.Is(err, net.ErrClosed) || !strings.HasPrefix(err.Error(), "cannot go on serving: ") {
		t.Errorf("error %v, want one that says that it cannot go on", err)
	}
}

// A page is refused to nobody, a WebSocket to pages of other origins.
func TestOrigins(t *testing.T) {
	r := run(t, Config{Origins: []string{"https://*.example.com"}})
	tests := []struct {
		name, origin string
		status       int // 0 if the connection is made
	}{
		{"none", "", 0},
		{"its own", r.base, 0},
		{"one that matches", "https://app.example.com", 0},
		{"one that does not", "https://example.org", 403},
	}
	for _, tt := range tests {
		for _, path := range []string{"/echo", "/hello", "/chat"} {
			t.Run(tt.name+path, func(t *testing.T) {
				header := http.Header{}
				if tt.origin != "" {
					header.Set("Origin", tt.origin)
				}
				c, err := websocket.Dial(t.Context(), r.ws+path, &websocket.DialOptions{Header: header})
				if err == nil {
					c.Terminate()
				}
				status := 0
				if refused := (*websocket.HandshakeError)(nil); errors.As(err, &refused) {
					status = refused.Status
				}
				if status != tt.status {
					t.Errorf("status %d, error %v, want status %d", status, err, tt.status)
				}
			})
		}
	}
}
