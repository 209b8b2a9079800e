package hub

import (
	"context"
	"errors"
	"slices"

	"github.com/everwire/everwire/websocket"
)

// A socket that is sent much of before is sent it in pieces, and its queue is waited for after each of them.
const (
	catchUpPiece = 256 << 10 // octets
	catchUpHeld  = 8 << 20   // of what is held in memory for one socket that comes back
)

// catchingUp is the topic of what is sent of before: with a queue that is full the hub waits.
var catchingUp = websocket.Topic{Full: websocket.RefuseNewest}

// A catchUp brings a socket from a position to where the room is.
type catchUp struct {
	*live
	socket *websocket.Socket
	recent int      // how many of the last messages are wanted; 0: all after pos
	pos    Position // of the last message that is in missed, or was sent
	seen   bool     // pos was seen in the log
	missed []entry  // to be sent
}

// catchUp sends a socket what it asks for of before, and makes it a member when nothing is between.
func (r *room) catchUp(ctx context.Context, s *websocket.Socket, opts JoinOptions, j *Joined) (bool, error) {
	h := r.settings().hub
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.Context(), func() { cancel(ErrClosed) })()
	defer context.AfterFunc(h.ctx, func() { cancel(ErrClosed) })()

	c := &catchUp{live: r.settings().live, socket: s}
	if opts.From != nil {
		c.pos = *opts.From
	} else {
		c.recent = opts.Recent
	}
	joined, err := c.run(ctx, opts.Joined, j)
	if err != nil && context.Cause(ctx) == ErrClosed {
		err = ErrClosed
	}
	switch {
	case opts.From == nil:
	case joined:
		h.figures.recovered.Add(1)
	case errors.Is(err, ErrTooOld):
		h.figures.tooOld.Add(1)
	}
	return joined, err
}

func (c *catchUp) run(ctx context.Context, tell func(*websocket.Socket, Joined), j *Joined) (bool, error) {
	j.Position = c.pos
	n, err := c.gather(ctx, true)
	if err != nil {
		return false, err
	}
	if c.recent > 0 {
		j.Position = c.cut()
		n = len(c.missed)
	}
	j.Missed = n
	if tell != nil {
		tell(c.socket, *j)
	}
	for {
		if err := c.send(ctx); err != nil {
			return false, err
		}
		joined, done, err := c.admit()
		switch {
		case done || err != nil:
			return joined, err
		case len(c.missed) > 0:
			continue
		}
		if _, err := c.gather(ctx, false); err != nil {
			return false, err
		}
	}
}

// gather collects what came after pos, until the socket is where the room is, or memory is not to hold more.
// It returns how many messages there are until then, if count says so also of those that it does not hold.
func (c *catchUp) gather(ctx context.Context, count bool) (n int, err error) {
	held := int64(0)
	for at, full := c.pos, false; ; {
		entries, to, there, err := c.next(ctx, at)
		if err != nil {
			return n, err
		}
		at, c.seen = to, true
		n += len(entries)
		if !full {
			c.pos = at
			c.missed = append(c.missed, entries...)
			held += size(entries)
			full = held > catchUpHeld && c.recent == 0
		}
		if more := len(c.missed) - c.recent - 1; c.recent > 0 && more > 0 { // one before says where they begin
			c.missed = slices.Delete(c.missed, 0, more)
		}
		if there || full && !count {
			return n, nil
		}
	}
}

// cut leaves only the recent ones of what was gathered, and returns the position before them.
func (c *catchUp) cut() Position {
	switch {
	case len(c.missed) == 0:
		return c.pos
	case len(c.missed) <= c.recent:
		return Position{}
	}
	before := Position{c.pos.Epoch, c.missed[0].offset}
	c.missed = c.missed[1:]
	return before
}

// next returns messages after a position, as many as are at hand, the position that they lead to, and whether
// that is where the room is.
func (c *catchUp) next(ctx context.Context, at Position) (entries []entry, to Position, there bool, err error) {
	set := c.room.settings()
	for {
		c.mu.Lock()
		c.trim()
		if entries, ok := c.inTail(at); ok {
			defer c.mu.Unlock()
			return slices.Clone(entries), c.last, true, nil
		}
		after, fill := c.tail.after, c.fillable()
		c.mu.Unlock()
		if fill {
			if err := c.fill(ctx); err != nil {
				return nil, at, false, err
			}
			continue
		}
		messages, err := set.hub.broker.Read(ctx, set.known(c.room.name), at)
		if err != nil {
			return nil, at, false, err
		}
		if len(messages) > 0 {
			return set.entries(messages), messages[len(messages)-1].Position, false, nil
		}
		c.seen = true
		if entries, to, there, err := c.settle(ctx, at, after); there || err != nil {
			return entries, to, there, err
		}
	}
}

// inTail returns what the tail has after a position, if that is all there is. Call with mu held.
func (c *catchUp) inTail(at Position) ([]entry, bool) {
	switch t := &c.tail; {
	case at.IsZero():
		return t.entries, t.complete || c.recent > 0 && len(t.entries) > c.recent
	case c.seen && at.Epoch == t.epoch && t.after <= at.Offset && at.Offset <= c.last.Offset:
		return t.entries[t.find(at.Offset):], true
	default:
		return t.since(at)
	}
}

// settle goes on after the log had nothing behind a position, when the tail began after an offset.
func (c *catchUp) settle(ctx context.Context, at Position, after uint64) (entries []entry, to Position, there bool, err error) {
	c.mu.Lock()
	switch t := &c.tail; {
	case c.ended():
		c.mu.Unlock()
		return nil, at, false, ErrClosed
	case at.IsZero() || at.Epoch == c.last.Epoch && at.Offset <= c.last.Offset:
		defer c.mu.Unlock()
		if t.after != after { // the tail has dropped what may not have been in the log then
			return nil, at, false, nil
		}
		return slices.Clone(t.entries[t.find(at.Offset):]), c.last, true, nil
	}
	moved := c.moves()
	c.mu.Unlock()
	select { // the log is ahead of what the broker has told of
	case <-moved:
		return nil, at, false, nil
	case <-ctx.Done():
		return nil, at, false, ctx.Err()
	}
}

// send sends what is missed.
func (c *catchUp) send(ctx context.Context) error {
	octets := int64(0)
	for len(c.missed) > 0 {
		e := &c.missed[0]
		err := c.sendOne(e)
		if err == nil {
			octets += e.octets()
			c.missed = c.missed[1:]
		}
		if err == websocket.ErrQueueFull || octets > catchUpPiece {
			octets, err = 0, c.socket.Flush(ctx)
		}
		if err != nil {
			return ended(err)
		}
	}
	c.missed = nil
	return nil
}

func (c *catchUp) sendOne(e *entry) error {
	if e.broken {
		return nil
	}
	return c.socket.SendWith(websocket.Outgoing{Type: e.typ, Data: e.data, Key: e.key, Topic: &catchingUp})
}

// admit makes the socket a member if it is where the room is; it sends the little that is missing itself. If
// it is not done, there is more to send or to gather.
func (c *catchUp) admit() (joined, done bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended() {
		return false, false, ErrClosed
	}
	if c.pos != c.last {
		later, ok := c.inTail(c.pos)
		if !ok {
			return false, false, nil
		}
		c.missed, c.pos = slices.Clone(later), c.last
		if size(later) > catchUpPiece {
			return false, false, nil
		}
	}
	for len(c.missed) > 0 {
		switch err := c.sendOne(&c.missed[0]); {
		case err == websocket.ErrQueueFull:
			return false, false, nil
		case err != nil:
			return false, false, ended(err)
		}
		c.missed = c.missed[1:]
	}
	joined, err = c.room.admit(c.socket)
	return joined, true, err
}

// ended turns the errors of a socket that has ended into ErrClosed.
func ended(err error) error {
	if err == websocket.ErrClosed || err == websocket.ErrNotOpen {
		return ErrClosed
	}
	return err
}
