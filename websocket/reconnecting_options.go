package websocket

import (
	"context"
	"errors"
	"time"
)

// ReconnectOptions say how a [ReconnectingSocket] connects, how long it waits in between, and when it gives up. A
// nil pointer and the zero value mean the defaults given at each field. Options are read by [Reconnecting];
// changing them afterwards has no effect.
type ReconnectOptions struct {
	// Dial is how each connection is made and how it behaves. Its Queue is not used: see Queue below.
	Dial DialOptions

	// Prepare, if set, is called before each attempt to connect, on a goroutine of its own: to renew a token, or
	// to go to another server in turn. Attempt is that of [Reconnect]. An empty url and nil opts mean those that
	// Reconnecting was given. An error is an attempt that failed; it is retried unless Retry says no. Ctx ends when the
	// ReconnectingSocket is closed, which does not wait for a Prepare that takes no notice. Nothing
	// else bounds its time.
	//
	// A URL or options that cannot work end the ReconnectingSocket, as does a panic.
	Prepare func(ctx context.Context, attempt int) (url string, opts *DialOptions, err error)

	Backoff Backoff

	// StableAfter is how long a connection must have lasted for its loss to count as the first one again, so
	// that a server which accepts connections and closes them at once is met with growing waits. Default 10 s;
	// negative: every connection that opened counts.
	StableAfter time.Duration

	// MaxAttempts is how many attempts in a row may fail, or give connections that were not stable; then
	// the end comes. Default: no limit.
	MaxAttempts int

	// Retry, if set, says whether there is another attempt after the loss of a connection, or a failed attempt,
	// with this cause: see [Retryable] for what it can be, and for the default. It runs as a listener does.
	Retry func(cause error) bool

	// MaxRetryAfter bounds how long a server that refuses the handshake can make the client wait by the field
	// Retry-After of its answer (RFC 9110 §10.2.3). Default 5 min; negative: the field is ignored.
	MaxRetryAfter time.Duration

	// Queue bounds what waits to be sent, while there is no connection and while there is one. Its policies are those of a
	// Socket, but for CloseSlow, which is an error: without a connection there is nobody to be slow.
	//
	// The Sockets below have a queue of the same bounds each, which refuses the newest, for what is sent on
	// [ReconnectingSocket.Socket] itself.
	Queue Queue
}

// withDefaults returns a copy with the defaults filled in, or an error for options that cannot work.
func (o *ReconnectOptions) withDefaults() (ReconnectOptions, error) {
	if o == nil {
		o = &ReconnectOptions{}
	}
	c := *o
	var err error
	if c.Backoff, err = c.Backoff.withDefaults(); err != nil {
		return c, err
	}
	if c.Queue.Full == CloseSlow {
		return c, errors.New("websocket: a ReconnectingSocket's queue cannot have the policy CloseSlow")
	}
	c.Queue = newSettings(Limits{}, Rates{}, Heartbeat{}, c.Queue).queue
	c.StableAfter = orDefault(c.StableAfter, 10*time.Second)
	c.MaxRetryAfter = orDefault(c.MaxRetryAfter, 5*time.Minute)
	return c, nil
}

// socketOptions are those of one connection: of Prepare, or Dial.
func (o *ReconnectOptions) socketOptions(prepared *DialOptions) *DialOptions {
	d := o.Dial
	if prepared != nil {
		d = *prepared
	}
	d.Queue = o.Queue
	d.Queue.Full = RefuseNewest // another policy could drop a message that is still in our queue
	return &d
}
