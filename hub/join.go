package hub

import (
	"cmp"
	"context"
	"crypto/rand"

	"github.com/everwire/everwire/websocket"
)

// Join puts a socket into rooms. In a room with a log it waits, for up to ten seconds or until the socket
// ends, for the broker to say where the log is, if nobody of this process is in the room yet. After an error
// the socket is in the rooms before the one that it is of.
func (h *Hub) Join(s *websocket.Socket, rooms ...string) error {
	for _, name := range rooms {
		if _, err := h.join(context.Background(), s, name, JoinOptions{}, true); err != nil {
			return err
		}
	}
	return nil
}

// JoinWith puts a socket into a room, as the options say. In a room that it is in already the options but
// Value count for nothing. A socket that is sent much of before is waited for, so ctx should have a deadline,
// or a peer that does not read is waited for until its connection ends. In a room with presence it waits for
// a moment, two seconds at most, for the broker to know of the member.
func (h *Hub) JoinWith(ctx context.Context, s *websocket.Socket, room string, opts JoinOptions) (Joined, error) {
	return h.join(ctx, s, room, opts, false)
}

// join is JoinWith. If it is to be patient, it waits for the broker for brokerPatience.
func (h *Hub) join(ctx context.Context, s *websocket.Socket, room string, opts JoinOptions, patient bool) (j Joined, err error) {
	if err := checkName(room); err != nil {
		return j, err
	}
	if s.ReadyState() > websocket.Open || h.closed.Load() {
		return j, ErrClosed
	}
	if r := h.rooms.lookup(room); r != nil && r.group.Has(s) {
		return r.rejoin(s, opts), nil
	}
	r, err := h.enter(room)
	if err != nil {
		return j, err
	}
	joined := false
	defer func() {
		if !joined { // it has not become a member, was one, or a function of the program has panicked
			r.exit()
		}
	}()
	if l := r.settings().live; l != nil {
		if err := l.await(ctx, s, patient); err != nil {
			return j, err
		}
	}
	j, err = r.join(ctx, s, opts, &joined)
	if joined && h.closed.Load() { // and Close may have looked at the room before
		r.remove(s)
		return Joined{}, ErrClosed
	}
	return j, err
}

// join makes a socket a member of a room that the caller is a user of. If it has, joined is true, also if a
// function of the program panics then, and the use is the membership's.
func (r *room) join(ctx context.Context, s *websocket.Socket, opts JoinOptions, joined *bool) (j Joined, err error) {
	if opts.From != nil && r.settings().History.Messages <= 0 {
		return j, ErrNoHistory
	}
	h := r.settings().hub
	if r.settings().Presence {
		j.ID = cmp.Or(opts.ID, rand.Text())
	}
	if len(h.joined)+len(h.left) > 0 {
		h.arrivals.begin(arrival{r, s})
		defer h.arrived(arrival{r, s})
	}
	*joined, err = r.add(ctx, s, opts, &j)
	if !*joined {
		return j, err
	}
	h.figures.memberships.Add(1)
	if r.settings().Presence {
		r.settings().live.appear(ctx, s, j.ID, opts.Value)
	}
	for _, f := range h.joined {
		f(s, r.name)
	}
	return j, nil
}

// add makes a socket a member, after what it is sent of before.
func (r *room) add(ctx context.Context, s *websocket.Socket, opts JoinOptions, j *Joined) (bool, error) {
	if r.settings().History.Messages > 0 && (opts.From != nil || opts.Recent > 0) {
		return r.catchUp(ctx, s, opts, j)
	}
	if l := r.settings().live; r.settings().logged {
		l.mu.Lock()
		defer l.mu.Unlock()
		j.Position = l.last
	}
	if opts.Joined != nil {
		opts.Joined(s, *j)
	}
	return r.admit(s)
}

// admit adds a socket to the Group. One that is a member already has been joined by somebody else at the same time.
func (r *room) admit(s *websocket.Socket) (bool, error) {
	switch {
	case r.group.Add(s):
		return true, nil
	case r.group.Has(s):
		return false, nil
	}
	return false, ErrClosed
}

// rejoin is JoinWith for who is a member.
func (r *room) rejoin(s *websocket.Socket, opts JoinOptions) Joined {
	var j Joined
	l := r.settings().live
	if r.settings().logged {
		l.mu.Lock()
		j.Position = l.last
		l.mu.Unlock()
	}
	if r.settings().Presence {
		j.ID = l.id(s)
		if j.ID != "" && opts.Value != nil {
			r.settings().hub.presence.change(r.name, j.ID, opts.Value)
		}
	}
	return j
}
