package nats

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/everwire/everwire/hub"
	natsgo "github.com/nats-io/nats.go"
)

// A listener is told of messages of all rooms that a pattern matches.
type listener struct {
	b       *Broker
	f       func(*hub.Message)
	subs    [2]*natsgo.Subscription
	queue   chan *natsgo.Msg
	done    chan struct{}
	stopped atomic.Bool
	once    sync.Once
}

// Listen implements [hub.Broker]. F is called on a goroutine of its own; while 4,096 messages wait for it,
// what comes is dropped. In logged rooms f is told when a message has been stored.
func (b *Broker) Listen(pattern string, f func(*hub.Message)) (stop func(), err error) {
	if err := checkName(pattern); err != nil {
		return nil, err
	}
	ctx, cancel, err := b.enter(context.Background())
	if err != nil {
		return nil, err
	}
	defer cancel()
	l := &listener{b: b, f: f, queue: make(chan *natsgo.Msg, shardQueue), done: make(chan struct{})}
	tokens := encodePattern(pattern)
	for i, subject := range []string{b.opts.Prefix + ".p." + tokens, b.opts.Prefix + ".l.*." + tokens} {
		if l.subs[i], err = b.nc.ChanSubscribe(subject, l.queue); err != nil {
			l.unsubscribe()
			return nil, b.leave(ctx, err)
		}
	}
	b.mu.Lock()
	open := b.listeners != nil
	if open {
		b.listeners[l] = struct{}{}
		go l.run()
	}
	b.mu.Unlock()
	if !open {
		l.unsubscribe()
		return nil, hub.ErrClosed
	}
	b.arrived(ctx)
	return l.stop, nil
}

func (l *listener) unsubscribe() {
	for _, sub := range l.subs {
		if sub != nil {
			sub.Unsubscribe()
		}
	}
}

func (l *listener) stop() {
	l.once.Do(func() {
		l.stopped.Store(true)
		l.unsubscribe()
		close(l.done)
		l.b.mu.Lock()
		delete(l.b.listeners, l)
		l.b.mu.Unlock()
	})
}

func (l *listener) run() {
	for {
		select {
		case <-l.done:
			return
		case m := <-l.queue:
			if message := l.b.heard(m); message != nil && !l.stopped.Load() {
				l.f(message)
			}
		}
	}
}

// heard makes a hub.Message of what came for a pattern; nil if it is none.
func (b *Broker) heard(m *natsgo.Msg) *hub.Message {
	_, subject, _ := strings.Cut(m.Subject, ".")
	kind, tokens, _ := strings.Cut(subject, ".")
	if kind == "p" {
		if room, ok := decodeRoom(tokens); ok {
			return decode(room, m.Header, m.Data)
		}
		return nil
	}
	token, tokens, _ := strings.Cut(tokens, ".")
	room, ok := decodeRoom(tokens)
	seq, stored := sequence(m.Header, headerSequence)
	h, known := parseClass(token)
	if !ok || !known || !stored {
		return nil
	}
	ctx, cancel := b.within(b.ctx)
	defer cancel()
	b.mu.Lock()
	c := b.classes[token]
	b.mu.Unlock()
	if c == nil {
		// Anybody may have published there: no stream is made for that.
		if c = newClass(b, token, h); !c.exists(ctx) {
			return nil
		}
		c = b.class(h)
	}
	e, err := c.open(ctx)
	if err != nil {
		b.opts.Log.Warn("a message of a room has no position, because its stream is out of reach", "room", room, "error", err)
		return decode(room, m.Header, m.Data)
	}
	return c.message(e, room, entry{seq, m.Header, m.Data})
}
