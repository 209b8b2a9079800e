package hub

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/everwire/everwire/websocket"
)

// presence sees to it that the broker knows of this Hub's members what the Hub knows: by goroutines that take
// changes to the broker, go on trying while it is out of reach, and tell it all again when it is back.
type presence struct {
	hub   *Hub
	funcs []func(PresenceEvent)

	mu      sync.Mutex
	all     map[presenceKey]*standing
	queue   []*standing // to be taken to the broker
	workers int
	down    bool // it did not take the last: wait until it is looked at again
	failing bool // that is logged
	watched bool
	closed  bool
}

// A presenceKey names one of a room's presence.
type presenceKey struct{ room, id string }

// A standing is what the broker is to know of one.
type standing struct {
	key     presenceKey
	value   []byte
	members int  // sockets that have the ID
	queued  bool // or a worker is at it
	stale   bool // it has changed since a worker took it
	tried   chan struct{}
}

const (
	presenceWorkers = 8
	presenceWait    = 2 * time.Second // how long a join waits for the broker to know
	presenceWatch   = time.Second     // how often the broker is looked at
)

func (p *presence) init(h *Hub) {
	p.hub = h
	p.all = make(map[presenceKey]*standing)
}

// enter adds a socket to those that have an ID. The channel is closed when the broker was told, or could not be.
func (p *presence) enter(room, id string, value []byte) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := presenceKey{room, id}
	s := p.all[key]
	if s == nil {
		s = &standing{key: key}
		p.all[key] = s
	}
	s.members++
	s.value = bytes.Clone(value)
	return p.post(s)
}

// change changes what a member shows of itself.
func (p *presence) change(room, id string, value []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.all[presenceKey{room, id}]; s != nil && s.members > 0 {
		s.value = bytes.Clone(value)
		p.post(s)
	}
}

// exit undoes enter.
func (p *presence) exit(room, id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.all[presenceKey{room, id}]
	if s.members--; s.members == 0 {
		p.post(s)
	}
}

// post has the broker told of one. Call with mu held.
func (p *presence) post(s *standing) <-chan struct{} {
	if p.closed {
		return nil
	}
	if s.tried == nil {
		s.tried = make(chan struct{})
	}
	if s.queued {
		s.stale = true
	} else {
		s.queued = true
		p.queue = append(p.queue, s)
	}
	if !p.watched {
		p.watched = true
		p.hub.working.Add(1)
		go p.watch()
	}
	p.work()
	return s.tried
}

// work has enough goroutines at work. Call with mu held.
func (p *presence) work() {
	for !p.down && !p.closed && p.workers < min(presenceWorkers, len(p.queue)) {
		p.workers++
		p.hub.working.Add(1)
		go p.take()
	}
}

// take tells the broker of what is queued.
func (p *presence) take() {
	defer p.hub.working.Done()
	p.mu.Lock()
	defer p.mu.Unlock()
	defer func() { p.workers-- }()
	for len(p.queue) > 0 && !p.down && !p.closed {
		s := p.queue[0]
		p.queue[0] = nil
		p.queue = p.queue[1:]
		err := p.tell(s)
		switch {
		case err == nil:
			p.failing = false
		case !p.closed:
			p.failed(s, err)
		}
		if s.stale {
			p.queue = append(p.queue, s)
			continue
		}
		s.queued = false
		if s.members == 0 {
			delete(p.all, s.key)
		}
	}
	if len(p.queue) == 0 {
		p.queue = nil
	}
}

// failed has the broker told again when it is back, if it is out of reach. Call with mu held.
func (p *presence) failed(s *standing, err error) {
	out := errors.Is(err, ErrUnavailable) || errors.Is(err, context.DeadlineExceeded)
	if !out || !p.failing {
		p.hub.log.Warn("hub: the broker does not take a change of presence", "room", s.key.room, "again", out, "error", err)
	}
	if out {
		p.down, p.failing, s.stale = true, true, true
	}
}

// close has no more told.
func (p *presence) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
}

// tell tells the broker of one, with mu given up.
func (p *presence) tell(s *standing) error {
	h := p.hub
	s.stale = false
	in, value, tried := s.members > 0, s.value, s.tried
	s.tried = nil // who posts from now on waits for the next time
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(h.ctx, brokerPatience)
	var err error
	if in {
		err = h.broker.Enter(ctx, s.key.room, Member{ID: s.key.id, Node: h.node, Value: value})
	} else {
		err = h.broker.Exit(ctx, s.key.room, s.key.id)
	}
	cancel()
	p.mu.Lock()
	if tried != nil {
		close(tried)
	}
	return err
}

// watch looks whether the broker is out of reach, and tells it all anew when it is back: it may have taken
// this node for dead. So it may if this process stood still.
func (p *presence) watch() {
	h := p.hub
	defer h.working.Done()
	ticks := time.NewTicker(presenceWatch)
	defer ticks.Stop()
	away := false
	for at := time.Now(); ; {
		select {
		case <-ticks.C:
		case <-h.ctx.Done():
			return
		}
		late := time.Since(at) > 3*presenceWatch
		at = time.Now()
		if h.broker.Err() != nil {
			away = true
			continue
		}
		p.mu.Lock()
		if away || late {
			for _, s := range p.all {
				if s.members > 0 {
					p.post(s)
				}
			}
		}
		away, p.down = false, false
		p.work()
		p.mu.Unlock()
	}
}

// appear notes a member of the room, if it has not left meanwhile, and waits a little for the broker to know.
func (l *live) appear(ctx context.Context, s *websocket.Socket, id string, value []byte) {
	r := l.room
	p := &r.settings().hub.presence
	l.presentMu.Lock()
	if !r.group.Has(s) {
		l.presentMu.Unlock()
		return
	}
	if l.present == nil {
		l.present = make(map[*websocket.Socket]string)
	}
	old, there := l.present[s]
	l.present[s] = id
	tried := p.enter(r.name, id, value)
	if there { // of a membership that has ended while this one began
		p.exit(r.name, old)
	}
	l.presentMu.Unlock()

	patience := time.NewTimer(presenceWait)
	defer patience.Stop()
	select {
	case <-tried:
	case <-patience.C:
	case <-ctx.Done():
	case <-r.settings().hub.ctx.Done():
	}
}

// absent undoes appear, unless the socket has joined anew meanwhile: then appear does.
func (l *live) absent(s *websocket.Socket) {
	l.presentMu.Lock()
	defer l.presentMu.Unlock()
	if id, ok := l.present[s]; ok && !l.room.group.Has(s) {
		delete(l.present, s)
		l.room.settings().hub.presence.exit(l.room.name, id)
	}
}

// id returns a member's ID.
func (l *live) id(s *websocket.Socket) string {
	l.presentMu.Lock()
	defer l.presentMu.Unlock()
	return l.present[s]
}

// watch has the functions of OnPresence told of changes.
func (l *live) watch() {
	r := l.room
	h := r.settings().hub
	unwatch, err := h.broker.Watch(r.name, func(e PresenceEvent) {
		for _, f := range h.presence.funcs {
			f(e)
		}
	})
	if err != nil {
		h.log.Warn("hub: changes of a room's presence are not told of", "room", r.name, "error", err)
		return
	}
	l.mu.Lock()
	over := l.ended()
	if !over {
		l.unwatch = unwatch
	}
	l.mu.Unlock()
	if over {
		unwatch()
	}
}

// Present returns who is in a room on all nodes, if the room's options say that presence is known, else
// [ErrNoPresence].
func (h *Hub) Present(ctx context.Context, room string) ([]Member, error) {
	set, err := h.question(room)
	switch {
	case err != nil:
		return nil, err
	case !set.Presence:
		return nil, ErrNoPresence
	}
	return h.broker.Present(ctx, room)
}

// OnPresence adds a function that is called with changes of presence in the rooms that somebody of this
// process is in, on a goroutine of the broker. Add it before the Hub is used.
func (h *Hub) OnPresence(f func(PresenceEvent)) { h.presence.funcs = append(h.presence.funcs, f) }
