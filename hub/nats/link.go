package nats

import (
	"context"
	"sync"
	"time"

	natsgo "github.com/nats-io/nats.go"
)

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
// is back, until the broker is closed.
func (b *Broker) watch() {
	changes, seen := b.changes(), b.sight()
	b.tasks.Go(func() {
		defer func() { changes.stop() }()
		forgotten := time.NewTicker(time.Second)
		defer forgotten.Stop()
		for {
			select {
			case <-changes.broken:
			case <-changes.back:
			case <-forgotten.C:
				if b.sight() == seen {
					continue
				}
				before := changes
				changes = b.changes()
				before.stop()
			case <-b.ctx.Done():
				return
			}
			now := b.sight()
			if now.breaks > seen.breaks {
				b.doubtAll()
				b.link.renew(b.ctx)
			}
			if now.returns > seen.returns {
				signal(b.checks.now)
				signal(b.presence.wake)
			}
			seen = sight{max(now.breaks, seen.breaks), max(now.returns, seen.returns)}
		}
	})
}

// changes tell that the connection has broken, and that it is back: that something is to be looked at, not what. The
// client forgets for good who has not taken an event before the next one of its kind, as when the connection breaks
// twice while this process does not get to run; hence the look once a second, and changes made anew if that saw something.
type changes struct {
	broken, back chan natsgo.Status
	stop         func()
}

func (b *Broker) changes() changes {
	c := changes{broken: b.nc.StatusChanged(natsgo.RECONNECTING, natsgo.CLOSED), back: b.nc.StatusChanged(natsgo.CONNECTED)}
	c.stop = func() {
		b.nc.RemoveStatusListener(c.broken)
		b.nc.RemoveStatusListener(c.back)
	}
	return c
}

// A sight of the connection: how often it has broken and come back, at least.
type sight struct{ breaks, returns uint64 }

func (b *Broker) sight() sight {
	n := b.nc.Stats().Reconnects // before the status, so that what happens between the two is seen the next time
	switch b.nc.Status() {
	case natsgo.CLOSED:
		return sight{breaks: n + 2, returns: n} // also if it was broken before
	case natsgo.RECONNECTING, natsgo.CONNECTING, natsgo.DISCONNECTED:
		return sight{breaks: n + 1, returns: n}
	default:
		return sight{breaks: n, returns: n}
	}
}
