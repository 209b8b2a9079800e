package websocket

import (
	"context"
	"sync"
	"time"
)

// lock is a mutex whose waiting can end. Who waits gets it in the order of coming.
type lock chan struct{}

func newLock() lock { return make(lock, 1) }

// acquire waits for the lock until ctx or done ends.
func (l lock) acquire(ctx context.Context, done <-chan struct{}) error {
	select {
	case l <- struct{}{}:
		return nil
	default:
	}
	select {
	case l <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-done:
		return ErrClosed
	}
}

func (l lock) release() { <-l }

// interrupter makes one direction of a stream obey contexts, by the stream's deadlines. Between calls
// it goes on watching the last context, because the next call mostly brings the same one.
type interrupter struct {
	set func(time.Time) error

	mu      sync.Mutex
	watched <-chan struct{}
	stop    func() bool
	fired   bool
	ended   bool
}

var longAgo = time.Unix(1, 0)

// watch makes the stream's waiting end when ctx is done. Only one context is watched at a time.
func (i *interrupter) watch(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	done := ctx.Done()
	i.mu.Lock()
	defer i.mu.Unlock()
	if done != i.watched && !i.ended {
		i.forget()
		i.watched = done
		if done != nil {
			i.stop = context.AfterFunc(ctx, func() { i.fire(done) })
		}
	}
	return nil
}

func (i *interrupter) fire(done <-chan struct{}) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.watched == done {
		i.fired = true
		i.set(longAgo)
	}
}

// forget ends watching, and lets the stream wait again. Call with mu held.
func (i *interrupter) forget() {
	if i.stop != nil {
		i.stop()
		i.stop = nil
	}
	i.watched = nil
	if i.fired {
		i.fired = false
		i.set(time.Time{})
	}
}

// end ends the stream's waiting, whatever the context. From here on the stream's deadline is the
// caller's: no context is watched any more, or keeps the stream from being collected.
func (i *interrupter) end() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.ended {
		return
	}
	i.forget()
	i.ended = true
	i.set(longAgo)
}
