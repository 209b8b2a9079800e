package nats

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/everwire/everwire/hub"
)

// Read implements [hub.Broker]. One answer holds up to 256 messages or, if that is less, some 1 MiB of them.
func (b *Broker) Read(ctx context.Context, r hub.Room, after hub.Position) ([]*hub.Message, error) {
	if err := checkName(r.Name); err != nil {
		return nil, err
	}
	if !r.Logged {
		return nil, hub.ErrNoHistory
	}
	inner, cancel, err := b.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer cancel()
	messages, err := b.class(r.History).read(inner, r.Name, after)
	if err == nil {
		b.health.Store(nil)
	}
	return messages, b.leave(ctx, err)
}

// How old what is known of a stream may be when a position is not of its epoch: another node may have seen a
// newer one.
const strangeEpoch = 200 * time.Millisecond

func (c *class) read(ctx context.Context, room string, after hub.Position) ([]*hub.Message, error) {
	e, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	if !after.IsZero() && after.Epoch != e.epoch {
		if e, _, err = c.look(ctx, strangeEpoch); err != nil {
			return nil, err
		}
		if after.Epoch != e.epoch {
			return nil, hub.ErrTooOld
		}
	}
	subject := c.stored(room)
	seq := after.Offset >> 1
	entries, err := c.some(ctx, subject, seq)
	if err != nil {
		return nil, err
	}
	switch {
	case after.IsZero():
	case len(entries) > 0 && entries[0].seq == seq && after.Offset&1 == 0:
	default:
		if err := c.honoured(ctx, e, subject, after.Offset); err != nil {
			return nil, err
		}
	}
	if entries, err = c.beyond(ctx, subject, seq, entries); err != nil {
		return nil, err
	}
	messages := make([]*hub.Message, len(entries))
	for i, n := range entries {
		messages[i] = c.message(e, room, n)
	}
	return messages, nil
}

// message makes a hub.Message of one of the stream.
func (c *class) message(e *era, room string, n entry) *hub.Message {
	m := decode(room, n.header, n.data)
	m.Position = e.message(n.seq)
	e.saw(n.seq)
	return m
}

// some returns messages of a subject from a sequence on, that one included: as many as an answer holds, of
// what the replica has that gives it.
func (c *class) some(ctx context.Context, subject string, from uint64) ([]entry, error) {
	entries, _, err := c.direct(ctx, request{Seq: from, Next: subject, Batch: batchMessages, MaxBytes: batchOctets})
	return entries, err
}

// beyond returns those of them that are after a sequence. If there are none it asks the leader for the next
// one: a replica may not have it yet.
func (c *class) beyond(ctx context.Context, subject string, seq uint64, entries []entry) ([]entry, error) {
	for len(entries) > 0 && entries[0].seq <= seq {
		entries = entries[1:]
	}
	if len(entries) > 0 {
		return entries, nil
	}
	next, err := c.leader(ctx, request{Seq: seq + 1, Next: subject})
	if err != nil || next == nil {
		return nil, err
	}
	return []entry{*next}, nil
}

// honoured returns nil if all that came after an offset in the room is kept for certain, and the offset is
// the room's; else hub.ErrTooOld. It asks the leader.
func (c *class) honoured(ctx context.Context, e *era, subject string, offset uint64) error {
	seq := offset >> 1
	if offset&1 == 0 {
		at, err := c.leader(ctx, request{Seq: seq, Next: subject})
		if err != nil {
			return err
		}
		if at != nil && at.seq == seq {
			return nil
		}
	}
	whole, state, err := c.whole(ctx, subject, seq)
	switch {
	case err != nil:
		return err
	case seq > state && seq <= e.known.Load():
		return fmt.Errorf("%w: %w", hub.ErrUnavailable, errBehind)
	case whole && offset&1 == 1:
		return nil
	}
	return hub.ErrTooOld
}

// errBehind is for a leader that does not have what there was: it is about to be one, or the server has lost
// what it had acknowledged.
var errBehind = errors.New("the stream's leader does not have what was acknowledged")

// whole reports whether nothing of a subject after a sequence can have been dropped, and the stream's last
// sequence. What is too old is dropped from the stream's beginning; what is too much for the room, from the
// room's.
func (c *class) whole(ctx context.Context, subject string, seq uint64) (bool, uint64, error) {
	state, messages, err := c.info(ctx, subject)
	if err != nil {
		return false, 0, err
	}
	if seq > state.LastSeq {
		return false, state.LastSeq, nil
	}
	if state.FirstSeq <= seq+1 && (state.NumDeleted == 0 || messages < uint64(c.history.Messages)) {
		return true, state.LastSeq, nil
	}
	first, err := c.leader(ctx, request{Next: subject})
	return err == nil && first != nil && first.seq <= seq, state.LastSeq, err
}
