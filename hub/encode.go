package hub

import (
	"cmp"
	"fmt"
	"runtime/debug"
	"unicode/utf8"

	"github.com/everwire/everwire/websocket"
)

// entry makes of a message what members are sent.
func (s *settings) entry(m *Message) entry {
	e := entry{offset: m.Position.Offset, time: m.Time.UnixNano(), typ: cmp.Or(m.Type, websocket.Text), data: m.Data}
	if s.Encode == nil && s.Key == nil {
		return e
	}
	if err := s.encode(&e, m); err != nil {
		s.hub.log.Error("hub: a message that cannot be encoded is not sent to members", "room", m.Room, "position", m.Position, "error", err)
		e.broken, e.data = true, nil
	}
	return e
}

// encode calls the program's functions. One that panics would, with a message that is in the log, do so on
// every node and at every start.
func (s *settings) encode(e *entry, m *Message) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	if s.Encode != nil {
		e.data = s.Encode(m)
	}
	if s.Key != nil {
		e.key = s.Key(m)
	}
	if e.typ == websocket.Text && !utf8.Valid(e.data) {
		return websocket.ErrInvalidUTF8
	}
	return nil
}

func (s *settings) entries(messages []*Message) []entry {
	entries := make([]entry, len(messages))
	for i, m := range messages {
		entries[i] = s.entry(m)
	}
	return entries
}
