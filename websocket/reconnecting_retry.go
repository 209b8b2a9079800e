package websocket

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// Retryable is the default of [ReconnectOptions].Retry: it reports whether after the loss of a connection, or
// after a failed attempt, another attempt can be of use. A Retry function may ask it for the causes that it has
// no opinion on.
//
// The cause is a [*CloseError] if the server closed the connection; a [*HandshakeError] if it could not be made;
// another error that [Socket.OnError] names; [io.ErrUnexpectedEOF] if the stream just ended; or what
// [ReconnectOptions].Prepare returned. It is never nil.
//
//	cause                                                  retried
//	1001 going away                                        yes
//	1011, 1014, 1012 service restart, 1013 try again       yes
//	1000, or a Close frame without a code (1005)           no: the server is done
//	1002, 1003, 1007–1010, 3000–4999                       no: it would come to the same
//	the handshake was answered with 408, 425, 429 or 5xx   yes
//	it was answered otherwise                              no
//	no answer: name look-up, network, TLS, a timeout       yes
//	this end failed the connection ([ProtocolError])       no
//	a panic ([PanicError])                                 no, without asking Retry
//	all else: the stream ended or broke, [ErrHeartbeat]    yes
func Retryable(cause error) bool {
	var closed *CloseError
	var refused *HandshakeError
	var violation *ProtocolError
	var panicked *PanicError
	switch {
	case errors.As(cause, &panicked), errors.As(cause, &violation):
		return false
	case errors.As(cause, &closed):
		switch closed.Code {
		case CloseGoingAway, CloseAbnormal, CloseInternalError, CloseServiceRestart, CloseTryAgainLater, CloseBadGateway:
			return true
		}
		return false
	case errors.As(cause, &refused) && refused.Status != 0:
		switch refused.Status {
		case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
			return true
		}
		return refused.Status >= 500
	}
	return true
}

// The IANA registry's words for code 1012 ask clients that come back to do so after a random delay of 5 to
// 30 s.
const (
	restartMin = 5 * time.Second
	restartMax = 30 * time.Second
)

// waitAfter returns how long to wait after a loss for this cause, which is the given number in a row.
func (o *ReconnectOptions) waitAfter(cause error, losses int) time.Duration {
	wait := o.Backoff.wait(losses)
	var closed *CloseError
	var refused *HandshakeError
	switch {
	case errors.As(cause, &closed) && closed.Code == CloseServiceRestart:
		return max(wait, restartMin+rand.N(restartMax-restartMin+1))
	case errors.As(cause, &closed) && closed.Code == CloseTryAgainLater:
		// The registry would have the client go to another address, or wait for its user: so it is at
		// least as slow as after any number of losses.
		return o.Backoff.Max + rand.N(o.Backoff.Max+1)
	case errors.As(cause, &refused) && refused.Response != nil && o.MaxRetryAfter > 0:
		// The back-off's wait comes on top, since all who were refused may have been told the same.
		return min(retryAfter(refused.Response.Header, time.Now()), o.MaxRetryAfter) + wait
	}
	return wait
}

// retryAfter returns how long an answer asks to wait (RFC 9110 §10.2.3), 0 if it does not or cannot be
// understood. A date counts from the answer's own Date, where there is one: clocks differ.
func retryAfter(answer http.Header, now time.Time) time.Duration {
	field := answer.Get("Retry-After")
	if seconds, err := strconv.ParseUint(field, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, 1<<32)) * time.Second
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
