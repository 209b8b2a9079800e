package hub

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/everwire/everwire/websocket"
)

// brokerPatience is how long a Hub waits for its broker on behalf of a caller that did not say.
const brokerPatience = 10 * time.Second

// plainPatience is how long who joins a plain room waits for the broker to follow it, so as not to miss what
// others publish right after.
const plainPatience = time.Second

// A live is what a room has beside its members if the broker tells it what others publish, or keeps its log
// or presence.
//
// In a room with a log all that members are sent passes through Message with mu held: so what a joining
// socket is sent before and what it gets as a member have a seam that nothing falls through.
type live struct {
	room  *room
	ready chan struct{} // closed when the broker has answered for the first time, or will not; err is set before
	err   error
	over  chan struct{} // closed when the room is dropped

	mu      sync.Mutex // taken before the Group's
	started bool       // last and tail are of the log
	early   []*Message // what came before
	lost    Position   // if not zero, what was Lost up to before
	feed    Feed
	unwatch func()
	last    Position // of the last message that members were sent
	moved   chan struct{}
	tail    tail
	excepts excepts

	presentMu sync.Mutex
	present   map[*websocket.Socket]string // the members' IDs
}

func newLive(r *room) *live {
	return &live{room: r, ready: make(chan struct{}), over: make(chan struct{})}
}

// start has the broker follow the room.
func (l *live) start() {
	r := l.room
	h := r.settings().hub
	defer h.working.Done()
	if r.settings().Presence && len(h.presence.funcs) > 0 {
		l.watch()
	}
	if !r.settings().logged && h.alone { // nobody else publishes in it
		close(l.ready)
		return
	}
	err := l.follow()
	if err != nil && r.settings().logged {
		l.err = err // those who wait are told, and so leave the room, to be made anew
		close(l.ready)
		return
	}
	close(l.ready)
	if err != nil && h.ctx.Err() == nil {
		h.log.Warn("hub: a room is cut off from other nodes until the broker is back", "room", r.name, "error", err)
	}
	for wait := 100 * time.Millisecond; err != nil; wait = min(2*wait, 5*time.Second) {
		select {
		case <-time.After(wait):
			err = l.follow()
		case <-l.over:
			return
		case <-h.ctx.Done():
			return
		}
	}
}

func (l *live) follow() error {
	r := l.room
	h := r.settings().hub
	ctx, cancel := context.WithTimeout(h.ctx, brokerPatience)
	defer cancel()
	feed, last, err := h.broker.Follow(ctx, r.settings().known(r.name), follower{l})
	switch {
	case h.ctx.Err() != nil:
		err = ErrClosed
	case err != nil:
		err = unavailable(err)
	}
	if err != nil {
		if feed != nil {
			feed.Stop()
		}
		return err
	}
	l.mu.Lock()
	if l.ended() {
		l.mu.Unlock()
		feed.Stop()
		return nil
	}
	defer l.mu.Unlock()
	if !l.lost.IsZero() {
		last = l.lost
	}
	l.feed = feed
	l.started, l.last = true, last
	l.tail.reset(last)
	for _, m := range l.early {
		l.take(m)
	}
	l.early = nil
	return nil
}

// ended reports whether the room was dropped.
func (l *live) ended() bool {
	select {
	case <-l.over:
		return true
	default:
		return false
	}
}

// stop ends the following of a room that was dropped.
func (l *live) stop() {
	l.mu.Lock()
	close(l.over)
	feed, unwatch := l.feed, l.unwatch
	l.feed, l.unwatch, l.early = nil, nil, nil
	l.room.settings().hub.tails.drop(l)
	l.mu.Unlock()
	if feed != nil {
		feed.Stop()
	}
	if unwatch != nil {
		unwatch()
	}
}

// await waits for the broker's first answer; if it is to be patient, for brokerPatience. A plain room goes on
// without one.
func (l *live) await(ctx context.Context, s *websocket.Socket, patient bool) error {
	select {
	case <-l.ready:
		return l.err
	default:
	}
	h, plain := l.room.settings().hub, !l.room.settings().logged
	if plain && h.broker.Err() != nil {
		return nil
	}
	var enough <-chan time.Time
	switch {
	case plain:
		enough = time.After(plainPatience)
	case patient:
		enough = time.After(brokerPatience)
	}
	select {
	case <-l.ready:
		return l.err
	case <-enough:
		if plain {
			return nil
		}
		return unavailable(context.DeadlineExceeded)
	case <-ctx.Done():
		return ctx.Err()
	case <-s.Context().Done():
		return ErrClosed
	}
}

// A follower is what the broker tells of a room's messages.
type follower struct{ *live }

func (f follower) Message(m *Message) {
	r := f.room
	if !r.settings().logged {
		if m.Node != r.settings().hub.node {
			e := r.settings().entry(m)
			r.deliver(&e, nil)
		}
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.ended():
	case !f.started:
		f.early = append(f.early, m)
	default:
		f.take(m)
	}
}

// take passes a message of the log on to the members. Call with mu held.
func (l *live) take(m *Message) {
	r := l.room
	e := r.settings().entry(m)
	l.last = m.Position
	l.keep(m.Position.Epoch, e)
	var except []*websocket.Socket
	if m.Node == r.settings().hub.node {
		except = l.excepts.take(m.Tag)
	}
	r.deliver(&e, except)
	l.wake()
}

// moves returns a channel that is closed when last changes. Call with mu held.
func (l *live) moves() <-chan struct{} {
	if l.moved == nil {
		l.moved = make(chan struct{})
	}
	return l.moved
}

// wake ends the waiting of who waits for that. Call with mu held.
func (l *live) wake() {
	if l.moved != nil {
		close(l.moved)
		l.moved = nil
	}
}

// Lost closes the members: when they come back with the position of what they had last, they are told that it
// is too old.
func (f follower) Lost(p Position) {
	l := f.live
	r := l.room
	h := r.settings().hub
	l.mu.Lock()
	if !l.started || l.ended() { // nobody is a member
		l.early, l.lost = nil, p
		l.mu.Unlock()
		return
	}
	l.last = p
	h.tails.drop(l)
	l.tail.reset(p)
	l.wake()
	members := r.group.Members()
	l.mu.Unlock()
	h.figures.lost.Add(int64(len(members)))
	h.log.Warn("hub: messages of a room were dropped before they could be delivered here; its members are closed, to come back",
		"room", r.name, "members", len(members))
	for _, s := range members {
		s.Close(websocket.CloseTryAgainLater, "messages were lost: join again")
	}
}

// unavailable wraps what a broker returns, if that says nothing of its own.
func unavailable(err error) error {
	if err == context.DeadlineExceeded {
		return fmt.Errorf("%w: no answer within %v", ErrUnavailable, brokerPatience)
	}
	return err
}
