package serve

import (
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

// A millisecond each: the last of 150 is told to close 149 ms after the beginning, or later. Nobody is let in meanwhile.
func TestDrainSpreadsCloses(t *testing.T) {
	const clients = 150
	r := run(t, Config{DrainWindow: time.Minute, ShutdownTimeout: 10 * time.Minute})
	closed := make(chan websocket.CloseCode, clients)
	for range clients {
		_, err := websocket.New(r.ws+"/chat", nil, func(s *websocket.Socket) {
			s.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) { closed <- e.Code })
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	// One that does not read, and so does not answer: the server goes on until it is gone.
	last, err := websocket.Dial(t.Context(), r.ws+"/chat", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer last.Terminate()
	r.log.await(t, clients+1, "connected")
	began := time.Now()
	r.stop()
	if code := <-closed; code != websocket.CloseGoingAway {
		t.Errorf("the first was closed with %d, want 1001", code)
	}
	if refused := refusedBy(t, r.ws+"/chat"); refused == nil || refused.Status != 503 || refused.Response.Header.Get("Retry-After") == "" {
		t.Errorf("meanwhile a newcomer is answered %v, want 503 with a Retry-After", refused)
	}
	last.Terminate()
	for range clients - 1 {
		if code := <-closed; code != websocket.CloseGoingAway {
			t.Errorf("one was closed with %d, want 1001", code)
		}
	}
	if took := time.Since(began); took < (clients-1)*time.Millisecond {
		t.Errorf("all were closed within %v", took)
	}
	r.end(t)
}

// The window is part of the time that connections have to close, half at most: who stops the server waits no longer for it.
func TestDrainWindowIsPartOfTheTimeout(t *testing.T) {
	for _, tt := range []struct {
		name            string
		window, timeout time.Duration
		want            time.Duration
	}{
		{"a long one", time.Minute, 10 * time.Second, 5 * time.Second},
		{"a short one", time.Second, 10 * time.Second, time.Second},
		{"none", 0, 10 * time.Second, 0},
		{"no time at all", time.Minute, 0, 0},
	} {
		if got := (&Config{DrainWindow: tt.window, ShutdownTimeout: tt.timeout}).drainWindow(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
