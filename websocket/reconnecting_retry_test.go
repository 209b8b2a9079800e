package websocket

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"testing"
	"time"
)

func TestRetryable(t *testing.T) {
	tests := []struct {
		name  string
		cause error
		want  bool
	}{
		{"the stream just ended", io.ErrUnexpectedEOF, true},
		{"silence", ErrHeartbeat, true},
		{"no network", &HandshakeError{Reason: "x", Err: errors.New("no route")}, true},
		{"Prepare failed", errors.New("no token"), true},
		{"a violation", &ProtocolError{Code: CloseProtocolError}, false},
		{"a message too big", &ProtocolError{Code: CloseMessageTooBig}, false},
		{"a panic", &PanicError{Value: 1}, false},
		{"wrapped", fmt.Errorf("x: %w", &CloseError{Code: CloseNormal}), false},
	}
	for code, want := range map[CloseCode]bool{
		1000: false, 1001: true, 1002: false, 1003: false, 1005: false, 1006: true, 1007: false, 1008: false, 1009: false,
		1010: false, 1011: true, 1012: true, 1013: true, 1014: true, 3000: false, 3999: false, 4000: false, 4999: false,
	} {
		tests = append(tests, struct {
			name  string
			cause error
			want  bool
		}{fmt.Sprint("closed with ", int(code)), &CloseError{Code: code}, want})
	}
	for status, want := range map[int]bool{
		101: false, 200: false, 302: false, 400: false, 401: false, 403: false, 404: false, 407: false, 408: true, 410: false,
		425: true, 426: false, 429: true, 500: true, 502: true, 503: true, 504: true,
	} {
		tests = append(tests, struct {
			name  string
			cause error
			want  bool
		}{fmt.Sprint("answered with ", status), &HandshakeError{Status: status}, want})
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := Retryable(test.cause); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name        string
		field, date string
		want        time.Duration
	}{
		{"none", "", "", 0},
		{"seconds", "120", "", 2 * time.Minute},
		{"zero", "0", "", 0},
		{"beyond any number", "99999999999999999999999", "", 1 << 32 * time.Second},
		{"negative", "-5", "", 0},
		{"no number", "soon", "", 0},
		{"a fraction", "1.5", "", 0},
		{"a date", "Wed, 01 Jul 2026 12:01:30 GMT", "", 90 * time.Second},
		{"a date of old form", "Wednesday, 01-Jul-26 12:01:30 GMT", "", 90 * time.Second},
		{"a date that has passed", "Wed, 01 Jul 2026 11:00:00 GMT", "", 0},
		{"a date by another clock", "Wed, 01 Jul 2026 15:00:10 GMT", "Wed, 01 Jul 2026 15:00:00 GMT", 10 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			header := http.Header{}
			header.Set("Retry-After", test.field)
			header.Set("Date", test.date)
			if got := retryAfter(header, now); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("120", "")
	f.Add("Wed, 01 Jul 2026 12:01:30 GMT", "Wed, 01 Jul 2026 12:00:00 GMT")
	f.Add("99999999999999999999", "x")
	f.Fuzz(func(t *testing.T, field, date string) {
		header := http.Header{"Retry-After": {field}, "Date": {date}}
		if d := retryAfter(header, time.Now()); d < 0 {
			t.Errorf("%q, %q: %v", field, date, d)
		}
	})
}

func TestWaitAfter(t *testing.T) {
	o, err := (&ReconnectOptions{MaxRetryAfter: 10 * time.Minute}).withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	ignoring := o
	ignoring.MaxRetryAfter = -1
	slow := o
	slow.Backoff = Backoff{First: time.Minute, Max: time.Hour, Factor: 2}
	refused := func(field string) error {
		return &HandshakeError{Status: 503, Response: &http.Response{Header: http.Header{"Retry-After": {field}}}}
	}
	for _, test := range []struct {
		name     string
		o        ReconnectOptions
		cause    error
		losses   int
		min, max time.Duration
	}{
		{"the first loss", o, io.ErrUnexpectedEOF, 1, 0, time.Second},
		{"the third", o, io.ErrUnexpectedEOF, 3, 0, 4 * time.Second},
		{"service restart", o, &CloseError{Code: 1012}, 1, 5 * time.Second, 30 * time.Second},
		{"service restart, where the back-off is slower", slow, &CloseError{Code: 1012}, 2, 2 * time.Minute, 2 * time.Minute},
		{"try again later", o, &CloseError{Code: 1013}, 1, 30 * time.Second, time.Minute},
		{"Retry-After", o, refused("60"), 1, time.Minute, time.Minute + time.Second},
		{"Retry-After beyond what is taken", o, refused("86400"), 2, 10 * time.Minute, 10*time.Minute + 2*time.Second},
		{"Retry-After that is ignored", ignoring, refused("60"), 1, 0, time.Second},
		{"an answer without it", o, &HandshakeError{Status: 503, Response: &http.Response{}}, 1, 0, time.Second},
		{"no answer", o, &HandshakeError{}, 1, 0, time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			least, greatest := time.Duration(math.MaxInt64), time.Duration(0)
			for range 1000 {
				d := test.o.waitAfter(test.cause, test.losses)
				least, greatest = min(least, d), max(greatest, d)
			}
			edge := (test.max - test.min) / 20
			if least < test.min || least > test.min+edge || greatest > test.max || greatest < test.max-edge {
				t.Errorf("waits are from %v to %v, want from %v to %v", least, greatest, test.min, test.max)
			}
		})
	}
}
