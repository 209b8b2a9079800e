package hub

import "context"

// fillMost is how many messages a room may keep for its tail to be filled with those of before the room was
// used here.
const fillMost = 10_000

// fillable reports whether the broker is to be asked for all that the room keeps: once, for the sake of all
// who come back when a node is new or has been started again. Call with mu held.
func (l *live) fillable() bool {
	set := l.room.settings()
	return !l.tail.asked && set.hub.tails.limit > 0 && set.History.Messages <= fillMost
}

// fill asks for it, or waits for who does. Call without mu.
func (l *live) fill(ctx context.Context) error {
	l.mu.Lock()
	t := &l.tail
	if t.asked {
		l.mu.Unlock()
		return nil
	}
	if filling := t.filling; filling != nil {
		l.mu.Unlock()
		select {
		case <-filling:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	filling := make(chan struct{})
	t.filling = filling
	epoch, after := t.epoch, t.after
	l.mu.Unlock()

	before, all, err := l.before(ctx, Position{epoch, after})

	l.mu.Lock()
	defer l.mu.Unlock()
	defer close(filling)
	if t.filling != filling { // the tail has begun anew meanwhile
		return err
	}
	t.filling = nil
	if err != nil {
		return err
	}
	t.asked = true
	if all && t.after == after && !l.ended() {
		t.complete = true
		if len(before) > 0 {
			t.after = before[0].offset - 1
			l.put(before)
		}
		l.trim()
		l.room.settings().hub.tails.bound(l)
	}
	return nil
}

// before reads what the log keeps up to a position, and reports whether that is not too much for a tail.
func (l *live) before(ctx context.Context, last Position) (entries []entry, all bool, err error) {
	set := l.room.settings()
	octets := int64(0)
	for at := (Position{}); ; {
		messages, err := set.hub.broker.Read(ctx, set.known(l.room.name), at)
		if err != nil {
			return nil, false, err
		}
		for _, m := range messages {
			if m.Position.Epoch != last.Epoch {
				return nil, false, nil
			}
			if m.Position.Offset > last.Offset { // the tail has it
				return entries, true, nil
			}
			e := set.entry(m)
			entries, at = append(entries, e), m.Position
			if octets += e.octets(); octets > set.hub.tails.limit/4 {
				return nil, false, nil
			}
		}
		if len(messages) == 0 {
			return entries, true, nil
		}
	}
}
