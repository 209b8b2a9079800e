package hub

import (
	"context"
	"errors"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/everwire/everwire/websocket"
)

// A PublishOption changes what [Hub.Publish] does.
type PublishOption func(*publishing)

type publishing struct{ except []*websocket.Socket }

// Except leaves sockets of this Hub out of those that a message is sent to. Who joins a room From a position
// before the message gets it.
func Except(sockets ...*websocket.Socket) PublishOption {
	return func(p *publishing) { p.except = append(p.except, sockets...) }
}

// Publish sends a message to all members of a room, on all nodes. Of m the fields Publisher, ID, Type and
// Data count. In a room with a log it waits until the broker has it, and returns its position; in a plain one
// it does not wait, and a broker that is out of reach is no error. Data is copied. Those of one publisher
// reach every member in the order of their calls.
//
// After an error that wraps [ErrUnavailable] publish again with the same ID. A type other than Text, which
// zero stands for, and Binary, and text that is not UTF-8, are errors as well.
func (h *Hub) Publish(ctx context.Context, room string, m Message, opts ...PublishOption) (Position, error) {
	if h.closed.Load() {
		return Position{}, ErrClosed
	}
	if err := checkName(room); err != nil {
		return Position{}, err
	}
	if err := checkMessage(&m); err != nil {
		return Position{}, err
	}
	var p publishing
	for _, o := range opts {
		o(&p)
	}
	m.Room, m.Position, m.Time = room, Position{}, time.Now()
	m.Node, m.Tag = h.node, h.tag.Add(1)

	r := h.rooms.lookup(room)
	var set *settings
	if r != nil {
		set = r.settings()
	} else {
		set = h.settingsOf(room)
	}
	if set.logged {
		return h.append(ctx, r, set, &m, p.except)
	}
	h.pass(ctx, r, set, &m, p.except)
	return Position{}, nil
}

func checkMessage(m *Message) error {
	switch m.Type {
	case 0:
		m.Type = websocket.Text
	case websocket.Text, websocket.Binary:
	default:
		return errors.New("hub: a message is Text or Binary")
	}
	if m.Type == websocket.Text && !utf8.Valid(m.Data) {
		return websocket.ErrInvalidUTF8
	}
	return nil
}

// pass sends a message to members here, and to other nodes.
func (h *Hub) pass(ctx context.Context, r *room, set *settings, m *Message, except []*websocket.Socket) {
	h.figures.published.Add(1)
	if r != nil {
		e := set.entry(m)
		r.deliver(&e, except)
	}
	if h.alone && h.listeners.Load() == 0 {
		return
	}
	m.Data = slices.Clone(m.Data)
	if _, err := h.broker.Publish(ctx, set.known(m.Room), m); err != nil {
		h.figures.refused.Add(1)
	}
}

// append gives a message to the log, from where it comes to the members.
func (h *Hub) append(ctx context.Context, r *room, set *settings, m *Message, except []*websocket.Socket) (Position, error) {
	if r != nil && len(except) > 0 {
		r.settings().live.except(m.Tag, except)
	}
	m.Data = slices.Clone(m.Data)
	p, err := h.broker.Publish(ctx, set.known(m.Room), m)
	if err != nil {
		h.figures.refused.Add(1)
		return Position{}, err
	}
	h.figures.published.Add(1)
	return p, nil
}

func (l *live) except(tag uint64, sockets []*websocket.Socket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.excepts.put(tag, sockets)
}
