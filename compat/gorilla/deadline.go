package websocket

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// A deadline is one as net.Conn has it, in the form of contexts: it can be moved, also for calls under way, and a
// new one begins when one that has passed is moved.
type deadline struct {
	mu     sync.Mutex
	at     time.Time // zero for none
	timer  *time.Timer
	ctx    context.Context
	cancel context.CancelFunc
}

// context returns the context that ends when the deadline passes.
func (d *deadline) context() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.renew()
	return d.ctx
}

// renew makes a context if there is none. Call with mu held.
func (d *deadline) renew() {
	if d.ctx == nil {
		d.ctx, d.cancel = context.WithCancel(context.Background())
	}
}

func (d *deadline) set(at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx != nil && d.ctx.Err() != nil {
		d.ctx = nil
	}
	d.renew()
	d.at = at
	switch wait := time.Until(at); {
	case at.IsZero():
		if d.timer != nil {
			d.timer.Stop()
		}
	case wait <= 0:
		d.cancel()
	case d.timer == nil:
		d.timer = time.AfterFunc(wait, d.pass)
	default:
		d.timer.Reset(wait)
	}
}

// pass is called when the timer ran out. The deadline may have been moved just then.
func (d *deadline) pass() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.at.IsZero() && time.Until(d.at) <= 0 {
		d.cancel()
	}
}

// movingContext lets what was begun with one context go on with another. It is moved by the goroutine that
// calls; what watches it may be on others.
type movingContext struct {
	now atomic.Pointer[context.Context]
}

func (m *movingContext) move(ctx context.Context) { m.now.Store(&ctx) }

func (m *movingContext) Deadline() (time.Time, bool) { return (*m.now.Load()).Deadline() }
func (m *movingContext) Done() <-chan struct{}       { return (*m.now.Load()).Done() }
func (m *movingContext) Err() error                  { return (*m.now.Load()).Err() }
func (m *movingContext) Value(key any) any           { return (*m.now.Load()).Value(key) }
