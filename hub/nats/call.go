package nats

import (
	"context"
	"errors"
	"fmt"

	"github.com/everwire/everwire/hub"
)

// enter is the beginning of a call: it returns a context that ends with the call's time, with the connection,
// or with the Broker.
func (b *Broker) enter(ctx context.Context) (context.Context, context.CancelFunc, error) {
	if b.closed.Load() {
		return nil, nil, hub.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	inner, cancel := b.within(ctx)
	return inner, cancel, nil
}

// within returns such a context for what the broker does by itself.
func (b *Broker) within(ctx context.Context) (context.Context, context.CancelFunc) {
	inner, cancel := context.WithTimeout(ctx, b.opts.Timeout)
	release := context.AfterFunc(b.link.context(), cancel)
	return inner, func() { release(); cancel() }
}

// leave is the end of a call: it says what its error is to the caller, whose context ctx is.
func (b *Broker) leave(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case b.closed.Load():
		return hub.ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, hub.ErrTooOld), errors.Is(err, hub.ErrRoomName), errors.Is(err, hub.ErrNoHistory), errors.As(err, new(*refusal)):
		return err
	case errors.Is(err, hub.ErrUnavailable):
	case errors.Is(err, context.DeadlineExceeded):
		err = fmt.Errorf("%w: NATS did not answer within %v", hub.ErrUnavailable, b.opts.Timeout)
	case errors.Is(err, context.Canceled):
		err = fmt.Errorf("%w: the connection to NATS broke", hub.ErrUnavailable)
	default:
		err = fmt.Errorf("%w: %w", hub.ErrUnavailable, err)
	}
	b.health.Store(&err)
	return err
}

// A refusal is an error that will be the same however often one tries.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

func refuse(format string, args ...any) error {
	return &refusal{fmt.Sprintf("hub/nats: "+format, args...)}
}

// signal has who waits for a channel go on, now or as soon as it does.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
