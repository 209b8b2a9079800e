package chat

import (
	"errors"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/auth"
	"github.com/everwire/everwire/hub"
)

// send says something, if the connection is still open; one that is too slow is closed by its queue.
func (v *session) send(reply any) { v.s.SendText(string(appendJSON(nil, reply))) }

// fail says why a request was not done.
func (v *session) fail(q request, err error) {
	reply := failure{Type: "error", Request: q.kind, Room: q.room, ID: q.id, Text: err.Error()}
	var f *fault
	var limit *auth.LimitError
	switch {
	case errors.As(err, &f):
		reply.Code = f.code
	case errors.As(err, &limit):
		after := limit.After + time.Millisecond - 1 // rounded up, or who comes back then is too early
		reply.Code, reply.Retry, reply.AfterMS = tooMany, !limit.Never, after.Milliseconds()
	case errors.Is(err, hub.ErrRoomFull):
		reply.Code, reply.Retry, reply.Text = tooMany, true, "the room is full"
	case errors.Is(err, hub.ErrTooOld):
		reply.Code, reply.Text = tooOld, "messages after this position are not kept any more: join without it"
	case errors.Is(err, hub.ErrRoomName):
		reply.Code, reply.Text = badRequest, "this name is none for a room"
	case errors.Is(err, auth.ErrExpired):
		reply.Code, reply.Text = expired, "the token has expired"
	case errors.Is(err, auth.ErrUnauthorized):
		reply.Code, reply.Text = unauthorized, "the token is not good here"
	default:
		// The broker, or who judges tokens, is out of reach, or slow. Why is not for strangers.
		reply.Code, reply.Retry, reply.Text = unavailable, true, "not available now; try again"
		v.chat.Log.Debug("chat: a request failed", "type", string(q.kind), "room", q.room, "error", err)
	}
	v.send(reply)
}
