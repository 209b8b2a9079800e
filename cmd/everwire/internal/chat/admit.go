package chat

import (
	"context"
	"crypto/rand"
	"net/http"

	"github.com/everwire/everwire/cmd/everwire/internal/api/events"
	"github.com/everwire/everwire/cmd/everwire/internal/auth"
	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/handshake"
)

// An arrival is somebody who asks to connect.
type arrival struct {
	conn  *events.Connection
	visit auth.Visit
	grant *auth.Grant // nil: everything, if known is true
	known bool        // a token was good, or none is needed
}

type arrivalKey struct{}

func arrivalOf(r *http.Request) *arrival { return r.Context().Value(arrivalKey{}).(*arrival) }

// admission returns what judges handshakes. Who asks for everwire.chat.v1 may bring the token later, in the
// first message.
func (c *chat) admission() func(*http.Request, http.Header) error {
	judge := func(*http.Request, http.Header) error { return nil }
	if c.Auth != nil {
		auth.Guard(c.srv, c.Auth, &auth.GuardOptions{Later: asksForSubprotocol})
		judge = c.srv.Options.OnRequest
	}
	return func(r *http.Request, answer http.Header) error {
		a := &arrival{visit: auth.VisitOf(c.srv, r), known: c.Auth == nil}
		a.conn = &events.Connection{
			ID: rand.Text(), Path: a.visit.Path, Origin: a.visit.Origin, Agent: r.UserAgent(),
		}
		if a.visit.Address.IsValid() {
			a.conn.Address = a.visit.Address.String()
		}
		if asksForSubprotocol(r) {
			a.conn.Subprotocol = Subprotocol
		}
		// OnConnection is given this very request, so what it is to know travels in it.
		*r = *r.WithContext(context.WithValue(r.Context(), arrivalKey{}, a))
		if err := judge(r, answer); err != nil {
			return err
		}
		if g, ok := auth.GrantOf(r); ok {
			a.grant, a.known = g, true
		}
		if !a.known {
			return nil // Events are asked when it is known who it is
		}
		if err := c.present(r.Context(), a); err != nil {
			return events.Refuse(err)
		}
		return nil
	}
}

// present tells Events of who wants in, and has them say who it is.
func (c *chat) present(ctx context.Context, a *arrival) error {
	if a.grant != nil {
		a.conn.User, a.conn.Name = a.grant.User, a.grant.Name
	}
	if c.Events == nil {
		return nil
	}
	welcome, err := c.Events.Connect(ctx, a.conn)
	if err != nil {
		return err
	}
	if welcome.User != "" {
		a.conn.User = welcome.User
	}
	if welcome.Name != "" {
		a.conn.Name = welcome.Name
	}
	return nil
}

// name is how others are to see somebody, if that is not the client's to say; else "".
func (a *arrival) name() string {
	if a.conn.Name != "" {
		return a.conn.Name
	}
	return a.conn.User
}

func asksForSubprotocol(r *http.Request) bool {
	offered, err := handshake.Subprotocols(r.Header)
	if err != nil {
		return false
	}
	for _, name := range offered {
		if name == Subprotocol {
			return true
		}
	}
	return false
}

// closeRefused is the code for a connection that was made and may not be, as 403 is for one that was not.
const closeRefused websocket.CloseCode = 4403
