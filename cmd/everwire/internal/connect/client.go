package connect

import (
	"context"
	"errors"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/dialer"
	"github.com/everwire/everwire/websocket"
)

// client makes a connection, and others after it with --reconnect.
func (c *Config) client(ctx context.Context) error {
	stop := make(chan struct{})
	defer close(stop)
	s := &session{goal: c.newGoal()} // until there is a connection to join something with
	var l *local
	retry := dialer.Retry{Backoff: c.Backoff}
	for {
		lasted := time.Duration(0)
		conn, err := c.dial(ctx)
		if err == nil && l == nil {
			if l, err = c.open(ctx, conn); err != nil {
				conn.Close(websocket.CloseInternalError, "")
				return exit(Failed, err.Error())
			}
			s = c.newSession(l, s.goal)
			s.in = read(l.source, stop)
		}
		if err == nil {
			opened := time.Now()
			err = s.talk(ctx, conn)
			lasted = time.Since(opened)
		} else if over(ctx) {
			err = s.stopped(ctx)
		}
		if !c.again(err) {
			return c.endLocal(l, s.conclude(err))
		}
		wait := retry.After(err, lasted)
		c.say("%s; connecting again in %s", dialer.Explain(err), wait.Round(10*time.Millisecond))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return c.endLocal(l, s.stopped(ctx))
		}
	}
}

// dial makes a connection.
func (c *Config) dial(ctx context.Context) (*websocket.Conn, error) {
	opts := *c.Dial
	opts.Limits.CloseTimeout = c.CloseTimeout
	conn, err := websocket.Dial(ctx, c.URL, &opts)
	if err == nil {
		c.connected(conn)
	}
	return conn, err
}

// over reports whether ctx has ended. Who connects may be stopped by its deadline a moment before it has.
func over(ctx context.Context) bool {
	if at, ok := ctx.Deadline(); ok && !time.Now().Before(at) {
		<-ctx.Done()
	}
	return ctx.Err() != nil
}

// again reports whether what ended a connection, or the attempt at one, calls for another.
func (c *Config) again(cause error) bool {
	var done *ExitError
	if !c.Reconnect || cause == nil || errors.As(cause, &done) {
		return false
	}
	return websocket.Retryable(cause)
}

// endLocal ends what the connection was joined with. What the connection ended with counts more than what that ends with.
func (c *Config) endLocal(l *local, err error) error {
	if l == nil {
		return err
	}
	if own := l.end(err != nil); own != nil {
		if err == nil {
			return exit(Failed, own.Error())
		}
		c.say("%v", own)
	}
	return err
}
