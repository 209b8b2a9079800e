package dialer

import (
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/everwire/everwire/websocket"
)

// A Retry tells how long to wait before a lost connection is made again. It does what a
// websocket.ReconnectingSocket does by default: waits grow with each loss in a row, the registry's words for the
// codes 1012 and 1013 count, and so does the field Retry-After of who refuses. It is for one goroutine.
type Retry struct {
	// Backoff is how long to wait, with the type's defaults.
	Backoff websocket.Backoff

	losses int // in a row
}

const (
	stableAfter   = 10 * time.Second // a connection that lasted so long is the first one to be lost
	restartMin    = 5 * time.Second  // 1012: come back after a random delay of 5 to 30 s
	restartMax    = 30 * time.Second
	maxRetryAfter = 5 * time.Minute
)

// After draws the wait after one more loss: of a connection that lasted so long, 0 for an attempt that failed. The
// cause is nil where the connection ended in order.
func (r *Retry) After(cause error, lasted time.Duration) time.Duration {
	if lasted >= stableAfter {
		r.losses = 0
	}
	r.losses++
	first, most := r.bounds()
	wait := r.draw(first, most)
	var closed *websocket.CloseError
	var refused *websocket.HandshakeError
	switch {
	case errors.As(cause, &closed) && closed.Code == websocket.CloseServiceRestart:
		return max(wait, restartMin+rand.N(restartMax-restartMin+1))
	case errors.As(cause, &closed) && closed.Code == websocket.CloseTryAgainLater:
		return most + rand.N(most+1)
	case errors.As(cause, &refused) && refused.Response != nil:
		return wait + min(askedToWait(refused.Response.Header, time.Now()), maxRetryAfter)
	}
	return wait
}

func (r *Retry) bounds() (first, most time.Duration) {
	first, most = r.Backoff.First, r.Backoff.Max
	if first <= 0 {
		first = time.Second
	}
	if most <= 0 {
		most = 30 * time.Second
	}
	return first, max(first, most)
}

func (r *Retry) draw(first, most time.Duration) time.Duration {
	factor, jitter := r.Backoff.Factor, r.Backoff.Jitter
	if !(factor >= 1) {
		factor = 2
	}
	if jitter == 0 {
		jitter = 1
	}
	bound := time.Duration(min(float64(first)*math.Pow(factor, float64(r.losses-1)), float64(most)))
	return bound - rand.N(time.Duration(float64(bound)*min(max(jitter, 0), 1))+1)
}

// askedToWait is how long an answer asks to wait (RFC 9110 §10.2.3), 0 if it does not. A date counts from the
// answer's own, where it has one: clocks differ.
func askedToWait(answer http.Header, now time.Time) time.Duration {
	field := answer.Get("Retry-After")
	if seconds, err := strconv.ParseUint(field, 10, 64); err == nil {
		return time.Duration(min(seconds, math.MaxInt32)) * time.Second
	}
	at, err := http.ParseTime(field)
	if err != nil {
		return 0
	}
	if date, err := http.ParseTime(answer.Get("Date")); err == nil {
		now = date
	}
	return max(at.Sub(now), 0)
}
