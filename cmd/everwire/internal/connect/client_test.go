package connect

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

// soon is a back-off for tests.
var soon = websocket.Backoff{First: time.Millisecond, Max: time.Millisecond}

func TestReconnect(t *testing.T) {
	var connection atomic.Int32
	url := serve(t, func(c *websocket.Conn) {
		n := connection.Add(1)
		_, data, err := c.Read(context.Background())
		if err != nil {
			return
		}
		c.Write(context.Background(), websocket.Text, append(data, " on "...))
		switch n {
		case 1:
			c.Close(websocket.CloseInternalError, "")
		case 2:
			c.Stream().Close()
		default:
			c.Close(websocket.CloseNormal, "")
		}
	})
	c := to(url, "")
	r, w := pipe(t)
	var out, told buffer
	c.In, c.Out, c.Err, c.Reconnect, c.Backoff = r, &out, &told, true, soon
	ended := make(chan result, 1)
	go func() { ended <- run(t.Context(), c) }()
	noticed := map[string]string{
		"a": "everwire: the peer closed the connection: 1011 internal error; connecting again in ",
		"b": "everwire: the connection broke off: the peer ended it without a Close frame (1006); connecting again in ",
	}
	for _, line := range []string{"a", "b", "c"} {
		io.WriteString(w, line+"\n")
		out.await(t, line+" on \n")
		if line != "c" { // what is sent before the loss is noticed may be lost too
			told.await(t, noticed[line])
		}
	}
	if got := <-ended; got.status != 0 || connection.Load() != 3 {
		t.Errorf("%+v after %d connections", got, connection.Load())
	}
}

// What is taken from the input while there is no connection goes over the next one.
func TestReconnectLosesNoLine(t *testing.T) {
	const lines = 30
	got := make(chan string, lines)
	url := serve(t, func(c *websocket.Conn) {
		for range 3 {
			_, data, err := c.Read(context.Background())
			if err != nil {
				return
			}
			got <- string(data)
		}
		c.Close(websocket.CloseGoingAway, "")
	})
	c := to(url, "")
	r, w := pipe(t)
	var told buffer
	c.In, c.Err, c.Reconnect, c.Backoff = r, &told, true, soon
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan result, 1)
	go func() { ended <- run(ctx, c) }()
	for i := range lines {
		want := strings.Repeat("x", i)
		io.WriteString(w, want+"\n")
		if line := <-got; line != want {
			t.Fatalf("%q came, want %q", line, want)
		}
		if i%3 == 2 { // what is sent before the end is noticed may be lost with the connection
			told.await(t, "connecting again in ")
			told.reset()
		}
	}
	cancel()
	if got := <-ended; got.status != Interrupted {
		t.Errorf("%+v", got)
	}
}

func TestReconnectToWhoRefuses(t *testing.T) {
	tests := []struct {
		name     string
		statuses []int // of the answers; then connections are taken
		want     int   // the exit status
		tries    int32
	}{
		{"for now", []int{503, 502}, 0, 3},
		{"for good", []int{503, 404}, Refused, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var tries atomic.Int32
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if n := int(tries.Add(1)); n <= len(tt.statuses) {
					w.WriteHeader(tt.statuses[n-1])
					return
				}
				c, err := websocket.Accept(w, r, nil)
				if err == nil {
					c.Close(websocket.CloseNormal, "")
				}
			}))
			defer srv.Close()
			c := to("ws"+strings.TrimPrefix(srv.URL, "http"), "")
			c.Reconnect, c.Backoff = true, soon
			if got := run(t.Context(), c); got.status != tt.want || tries.Load() != tt.tries {
				t.Errorf("%+v after %d attempts, want status %d after %d", got, tries.Load(), tt.want, tt.tries)
			}
		})
	}
}

func TestReconnectWaitsAsRetryAfterSays(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer srv.Close()
	c := to("ws"+strings.TrimPrefix(srv.URL, "http"), "")
	var told buffer
	c.Err, c.Reconnect, c.Backoff = &told, true, soon
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan result, 1)
	go func() { ended <- run(ctx, c) }()
	told.await(t, "retry after 60 s): try again later; connecting again in 1m0s\n")
	cancel()
	if got := <-ended; got.status != Interrupted {
		t.Errorf("%+v", got)
	}
}

func TestReconnectStopsForInterruptAndTimeout(t *testing.T) {
	c := to("ws://127.0.0.1:1", "")
	c.Reconnect, c.Backoff = true, websocket.Backoff{First: time.Hour, Max: time.Hour}
	ctx, cancel := context.WithCancel(t.Context())
	var told buffer
	c.Err = &told
	ended := make(chan result, 1)
	go func() { ended <- run(ctx, c) }()
	told.await(t, "connecting again in")
	cancel()
	if got := <-ended; got.status != Interrupted {
		t.Errorf("interrupted: %+v", got)
	}
	c.Timeout = time.Millisecond
	if got := run(t.Context(), c); got.status != TimedOut {
		t.Errorf("timed out: %+v", got)
	}
}
