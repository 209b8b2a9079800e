package hub

import "context"

// History returns messages of a room that were published after a position, oldest first, as many as limit
// says at most. See [Broker] for how positions are honoured. In a room without a history it returns
// [ErrNoHistory].
func (h *Hub) History(ctx context.Context, room string, after Position, limit int) ([]*Message, error) {
	set, err := h.question(room)
	switch {
	case err != nil:
		return nil, err
	case set.History.Messages <= 0:
		return nil, ErrNoHistory
	}
	var all []*Message
	for len(all) < limit {
		messages, err := h.broker.Read(ctx, set.known(room), after)
		if err != nil {
			return nil, err
		}
		if len(messages) == 0 {
			break
		}
		all = append(all, messages[:min(len(messages), limit-len(all))]...)
		after = messages[len(messages)-1].Position
	}
	return all, nil
}

// question returns the settings of a room that is asked about.
func (h *Hub) question(room string) (*settings, error) {
	if err := checkName(room); err != nil {
		return nil, err
	}
	if h.closed.Load() {
		return nil, ErrClosed
	}
	if r := h.rooms.lookup(room); r != nil {
		return r.settings(), nil
	}
	return h.settingsOf(room), nil
}
