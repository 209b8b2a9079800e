package chat

import (
	"context"
	"errors"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/api/events"
	"github.com/everwire/everwire/cmd/everwire/internal/auth"
	"github.com/everwire/everwire/websocket"
)

// admitted begins a session of somebody who is known.
func (v *session) admitted() {
	v.chat.arrived(v.s, v.arrival)
	seat, err := v.chat.counter.Enter(v.conn.User)
	if err != nil {
		v.fail(request{}, err)
		v.s.Close(websocket.CloseTryAgainLater, err.Error())
		return
	}
	v.mu.Lock()
	v.seat = seat
	v.mu.Unlock()
	v.expireWith(v.grant)
}

// authenticate takes a token: the first, or one that takes the place of another.
func (v *session) authenticate(q request) {
	if v.chat.Auth == nil {
		v.send(authenticated{Type: "authenticated"})
		return
	}
	first := !v.known
	if first {
		v.waiting.Stop()
	}
	ctx, cancel := context.WithTimeout(v.s.Context(), firstMessageTime)
	defer cancel()
	g, err := v.chat.Auth.Authenticate(ctx, q.token, v.visit)
	switch {
	case err != nil:
		v.refuseToken(q, err, first)
		return
	case first:
		if !v.introduce(ctx, q, g) {
			return
		}
	case g.User != v.currentGrant().User:
		v.fail(q, &fault{forbidden, "the token is another user's"})
		return
	default:
		v.renew(g)
	}
	reply := authenticated{Type: "authenticated", User: v.conn.User, Name: v.name()}
	if !g.Expires.IsZero() {
		reply.Expires = g.Expires.UTC().Format(timeFormat)
	}
	v.send(reply)
}

func (v *session) refuseToken(q request, err error, first bool) {
	v.fail(q, err)
	switch {
	case !first: // the one before goes on as long as it is good
	case auth.Word(err) == auth.ErrUnavailable.Error():
		v.s.Close(websocket.CloseTryAgainLater, "tokens cannot be judged now")
	default:
		v.s.Close(auth.CloseExpired, auth.Word(err))
	}
}

// introduce makes somebody known whose first token is good, and reports whether Events and the limits agree.
func (v *session) introduce(ctx context.Context, q request, g *auth.Grant) bool {
	v.grant = g
	var refused *events.Refusal
	switch err := v.chat.present(ctx, v.arrival); {
	case errors.As(err, &refused):
		v.fail(q, &fault{forbidden, "the connection is refused"})
		v.s.Close(closeRefused, "the connection is refused")
		return false
	case err != nil:
		v.fail(q, err)
		v.s.Close(websocket.CloseTryAgainLater, "who decides who may connect does not answer")
		return false
	}
	v.known = true
	v.admitted()
	return v.s.ReadyState() == websocket.Open
}

// renew has another grant count from now on, and leaves the rooms that it does not allow.
func (v *session) renew(g *auth.Grant) {
	v.mu.Lock()
	v.grant = g
	var gone []string
	for room := range v.rooms {
		if !g.MayJoin(room) {
			gone = append(gone, room)
		}
	}
	v.mu.Unlock()
	if gone != nil {
		v.chat.Hub.Leave(v.s, gone...)
	}
	v.expireWith(g)
}

// expireWith ends the connection some time after the grant has ended, of which the client is warned.
func (v *session) expireWith(g *auth.Grant) {
	auth.Expire(v.s, g, v.chat.Grace)
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.warning != nil {
		v.warning.Stop()
		v.warning = nil
	}
	if v.over || g == nil || g.Expires.IsZero() || v.chat.Grace == 0 {
		return
	}
	v.warning = time.AfterFunc(time.Until(g.Expires), func() {
		v.send(failure{
			Type: "error", Code: expired, Retry: true,
			Text: "the token has expired; send auth with another within " + v.chat.Grace.String(),
		})
	})
}

func (v *session) currentGrant() *auth.Grant {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.grant
}
