package nats

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/everwire/everwire/hub"
	natsgo "github.com/nats-io/nats.go"
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

// A link is the connection as it is until it breaks the next time: no answer comes after that to what was
// asked before.
type link struct {
	mu      sync.Mutex
	current context.Context
	cut     context.CancelFunc
}

func (l *link) context() context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.current
}

// renew ends what waits for an answer.
func (l *link) renew(all context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut != nil {
		l.cut()
	}
	l.current, l.cut = context.WithCancel(all)
}

// watch renews the link whenever the connection has broken, and has all rooms checked, and presence looked at, when it
// is back, until the broker is closed. The client forgets who does not take an event before the next one of its kind: hence
// a goroutine that does nothing else.
func (b *Broker) watch() {
	broken, back := b.nc.StatusChanged(natsgo.RECONNECTING, natsgo.CLOSED), b.nc.StatusChanged(natsgo.CONNECTED)
	b.tasks.Go(func() {
		defer b.nc.RemoveStatusListener(broken)
		defer b.nc.RemoveStatusListener(back)
		for {
			select {
			case <-broken:
				b.doubtAll()
				b.link.renew(b.ctx)
			case <-back:
				signal(b.checks.now)
				signal(b.presence.wake)
			case <-b.ctx.Done():
				return
			}
		}
	})
}

// signal has who waits for a channel go on, now or as soon as it does.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
