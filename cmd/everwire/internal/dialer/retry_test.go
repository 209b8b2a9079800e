package dialer

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

func TestRetryAfter(t *testing.T) {
	refused := func(fields ...string) error {
		h := http.Header{}
		for i := 0; i < len(fields); i += 2 {
			h.Set(fields[i], fields[i+1])
		}
		return &websocket.HandshakeError{Status: 503, Response: &http.Response{Header: h}}
	}
	exact := websocket.Backoff{First: time.Minute, Max: 5 * time.Minute, Factor: 3, Jitter: -1}
	date := []string{"Retry-After", "Wed, 01 Jul 2026 15:00:10 GMT", "Date", "Wed, 01 Jul 2026 15:00:00 GMT"}
	tests := []struct {
		name        string
		backoff     websocket.Backoff
		cause       error
		losses      int // before
		lasted      time.Duration
		least, most time.Duration
	}{
		{"the first loss", websocket.Backoff{}, io.ErrUnexpectedEOF, 0, 0, 0, time.Second},
		{"the third", websocket.Backoff{}, io.ErrUnexpectedEOF, 2, 0, 0, 4 * time.Second},
		{"the thousandth", websocket.Backoff{}, io.ErrUnexpectedEOF, 999, 0, 0, 30 * time.Second},
		{"just too short to count anew", exact, io.ErrUnexpectedEOF, 1, stableAfter - 1, 3 * time.Minute, 3 * time.Minute},
		{"counted anew", exact, io.ErrUnexpectedEOF, 1, stableAfter, time.Minute, time.Minute},
		{"never more than Max", exact, io.ErrUnexpectedEOF, 2000, 0, 5 * time.Minute, 5 * time.Minute},
		{"First beyond Max's default", websocket.Backoff{First: time.Hour, Jitter: -1}, nil, 7, 0, time.Hour, time.Hour},
		{"half left to chance", websocket.Backoff{First: time.Minute, Max: time.Minute, Jitter: 0.5}, nil, 0, 0, 30 * time.Second, time.Minute},
		{"in order", exact, nil, 0, 0, time.Minute, time.Minute},
		{"service restart", websocket.Backoff{}, &websocket.CloseError{Code: 1012}, 0, 0, restartMin, restartMax},
		{"service restart, wrapped", exact, fmt.Errorf("x: %w", &websocket.CloseError{Code: 1012}), 1, 0, 3 * time.Minute, 3 * time.Minute},
		{"try again later", websocket.Backoff{}, &websocket.CloseError{Code: 1013}, 0, 0, 30 * time.Second, time.Minute},
		{"another code", exact, &websocket.CloseError{Code: 1011}, 0, 0, time.Minute, time.Minute},
		{"Retry-After", exact, refused("Retry-After", "60"), 0, 0, 2 * time.Minute, 2 * time.Minute},
		{"Retry-After, a date", exact, refused(date...), 0, 0, 70 * time.Second, 70 * time.Second},
		{"Retry-After beyond what is waited", exact, refused("Retry-After", "86400000000000"), 0, 0, 6 * time.Minute, 6 * time.Minute},
		{"Retry-After that says nothing", exact, refused("Retry-After", "soon"), 0, 0, time.Minute, time.Minute},
		{"refused without it", exact, refused(), 0, 0, time.Minute, time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			least, most := time.Duration(1<<63-1), time.Duration(0)
			for range 500 {
				r := Retry{Backoff: tt.backoff, losses: tt.losses}
				wait := r.After(tt.cause, tt.lasted)
				least, most = min(least, wait), max(most, wait)
			}
			if least < tt.least || most > tt.most {
				t.Errorf("waits are %v to %v, want %v to %v", least, most, tt.least, tt.most)
			}
			if width := tt.most - tt.least; most-least < width/2 {
				t.Errorf("waits are only %v to %v, want all of %v to %v", least, most, tt.least, tt.most)
			}
		})
	}
}

func TestRetryCountsLosses(t *testing.T) {
	r := Retry{Backoff: websocket.Backoff{First: time.Second, Max: time.Minute, Jitter: -1}}
	for i, loss := range []struct{ lasted, want time.Duration }{
		{0, time.Second}, {0, 2 * time.Second}, {time.Second, 4 * time.Second}, {time.Hour, time.Second}, {0, 2 * time.Second},
	} {
		if got := r.After(nil, loss.lasted); got != loss.want {
			t.Errorf("loss %d: %v, want %v", i+1, got, loss.want)
		}
	}
}
