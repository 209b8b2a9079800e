package chat

import (
	"context"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

// A membership is one room that a session is in, or about to join.
type membership struct {
	name   string
	roster *roster
}

func (v *session) join(ctx context.Context, q request) error {
	grant := v.currentGrant()
	if !grant.MayJoin(q.room) {
		return &fault{forbidden, "this room may not be joined"}
	}
	name := v.name()
	if name == "" {
		name = q.name
	}
	if name == "" {
		return bad("join has to have the field name")
	}
	if err := v.begin(q.room, name); err != nil {
		return err
	}
	joined := false
	defer func() {
		if !joined { // or something has panicked
			v.end(q.room)
		}
	}()
	r := v.membership(q.room).roster
	r.list(ctx, beforeJoining)
	who := member{ID: v.conn.ID, Name: name, User: v.conn.User}
	_, err := v.chat.Hub.JoinWith(ctx, v.s, q.room, hub.JoinOptions{
		From: q.from, Recent: q.recent,
		ID: who.ID, Value: appendJSON(nil, value{who.Name, who.User}),
		Joined: func(_ *websocket.Socket, j hub.Joined) { r.admit(v, who, j) },
	})
	if err != nil {
		return err
	}
	joined = true
	if !v.currentGrant().MayJoin(q.room) { // another token has come meanwhile
		v.chat.Hub.Leave(v.s, q.room)
		return nil
	}
	r.list(ctx, whileJoined)
	return nil
}

// begin reserves a room for somebody who joins it.
func (v *session) begin(room, name string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.over {
		return websocket.ErrClosed
	}
	if v.rooms[room] != nil {
		return bad("the room has been joined already")
	}
	if err := v.seat.Join(room); err != nil {
		return err
	}
	v.rooms[room] = &membership{name, v.chat.rosters.take(room)}
	return nil
}

// end undoes begin, and all that followed from it here. It reports whether there was something to undo.
func (v *session) end(room string) bool {
	v.mu.Lock()
	m := v.rooms[room]
	delete(v.rooms, room)
	if m != nil {
		v.seat.Part(room)
	}
	v.mu.Unlock()
	if m == nil {
		return false
	}
	m.roster.dismiss(v)
	v.chat.rosters.release(m.roster)
	return true
}

func (v *session) membership(room string) *membership {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.rooms[room]
}

func (v *session) leave(q request) error {
	if v.membership(q.room) == nil {
		return &fault{notJoined, "the room has not been joined"}
	}
	v.chat.Hub.Leave(v.s, q.room)
	return nil
}

// left is told that the hub has taken the socket out of a room.
func (v *session) left(room string) {
	if v.end(room) {
		v.send(left{"left", room})
	}
}

func (v *session) publish(ctx context.Context, q request) error {
	if !v.currentGrant().MayPublish(q.room) {
		return &fault{forbidden, "this room may not be published to"}
	}
	name := v.name()
	if m := v.membership(q.room); name == "" && m != nil {
		name = m.name
	}
	if name == "" {
		return &fault{notJoined, "join the room first, with a name"}
	}
	if err := v.seat.Publish(q.room, len(q.data)); err != nil {
		return err
	}
	m := hub.Message{Room: q.room, Publisher: name, ID: q.id, Type: websocket.Text, Data: q.data}
	position, err := v.chat.Hub.Publish(ctx, q.room, m)
	if err != nil {
		return err
	}
	v.send(published{"published", q.room, q.id, position})
	if v.chat.Events != nil {
		m.Position = position
		v.chat.Events.Message(v.conn, &m)
	}
	return nil
}
