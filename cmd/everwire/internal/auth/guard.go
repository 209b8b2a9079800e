package auth

import (
	"context"
	"errors"
	"net/http"

	"github.com/everwire/everwire/websocket"
)

// GuardOptions are for [Guard]. Nil is the zero value.
type GuardOptions struct {
	// Later says of a handshake without a token that it is let in, because its first message may bring one.
	// Default: none is.
	Later func(r *http.Request) bool
}

// Guard has a server ask for tokens in its handshakes, after whatever Options.OnRequest it had. Who has a
// good one brings its Grant to OnConnection: see [GrantOf]. Who has none, or a bad one, is refused with status
// 401 and WWW-Authenticate (RFC 6750 §3); when the Authenticator cannot judge, with 503 and Retry-After.
//
// Call it before the server's first request.
func Guard(srv *websocket.Server, a Authenticator, opts *GuardOptions) {
	if opts == nil {
		opts = &GuardOptions{}
	}
	before := srv.Options.OnRequest
	srv.Options.OnRequest = func(r *http.Request, answer http.Header) error {
		if before != nil {
			if err := before(r, answer); err != nil {
				return err
			}
		}
		token := TokenOf(r)
		if token == "" && opts.Later != nil && opts.Later(r) {
			return nil
		}
		g, err := a.Authenticate(r.Context(), token, VisitOf(srv, r))
		if err != nil {
			return refuseHandshake(err, token != "", answer)
		}
		// The request itself goes on to OnConnection, so the Grant has to travel in it, not in a copy.
		*r = *r.WithContext(context.WithValue(r.Context(), grantKey{}, g))
		return nil
	}
}

type grantKey struct{}

// GrantOf returns the Grant of a handshake that [Guard] let in, and whether it brought one.
func GrantOf(r *http.Request) (*Grant, bool) {
	g, ok := r.Context().Value(grantKey{}).(*Grant)
	return g, ok
}

// VisitOf returns where a request to a server comes from. The client's address is what
// [websocket.Server.ClientAddr] makes of it.
func VisitOf(srv *websocket.Server, r *http.Request) Visit {
	return Visit{Address: srv.ClientAddr(r), Path: r.URL.Path, Origin: r.Header.Get("Origin")}
}

// refuseHandshake makes the answer of a refusal.
func refuseHandshake(err error, hadToken bool, answer http.Header) error {
	switch {
	case errors.Is(err, ErrExpired):
		answer.Set("WWW-Authenticate", `Bearer realm="everwire", error="invalid_token", error_description="expired"`)
	case errors.Is(err, ErrUnauthorized) && hadToken:
		answer.Set("WWW-Authenticate", `Bearer realm="everwire", error="invalid_token"`)
	case errors.Is(err, ErrUnauthorized): // RFC 6750 §3.1: who brought nothing is told no error code
		answer.Set("WWW-Authenticate", `Bearer realm="everwire"`)
	default:
		answer.Set("Retry-After", "5")
		return websocket.Refuse(http.StatusServiceUnavailable, Word(err))
	}
	return websocket.Refuse(http.StatusUnauthorized, Word(err))
}
