package auth

import (
	"errors"

	"github.com/golang-jwt/jwt/v5"
)

// claims are what is read of a token: the registered ones (RFC 7519 §4.1), name (OpenID Connect Core §5.1),
// and the rooms. Those may stand in "rooms" or, for issuers that write only flat claims, side by side.
type claims struct {
	jwt.RegisteredClaims
	Name    string      `json:"name"`
	Rooms   *roomClaims `json:"rooms"`
	Join    []string    `json:"join"`
	Publish []string    `json:"publish"`
}

type roomClaims struct {
	Join    []string `json:"join"`
	Publish []string `json:"publish"`
}

// grant makes a Grant of claims that are signed and valid. Who says nothing of rooms gets those of otherwise.
func (c *claims) grant(otherwise roomClaims) (*Grant, error) {
	rooms := roomClaims{c.Join, c.Publish}
	flat := c.Join != nil || c.Publish != nil
	switch {
	case c.Rooms != nil && flat:
		return nil, errors.New("the token has rooms both in the claim rooms and in join or publish")
	case c.Rooms != nil:
		rooms = *c.Rooms
	case !flat:
		rooms = otherwise
	}
	g := &Grant{User: c.Subject, Name: c.Name, Join: rooms.Join, Publish: rooms.Publish}
	if c.ExpiresAt != nil {
		g.Expires = c.ExpiresAt.Time
	}
	switch {
	case c.Subject == "":
		return nil, errors.New("the token has no sub, which names the user")
	case g.Expires.Year() > 9999: // which RFC 3339 cannot write
		return nil, errors.New("the token's exp is after the year 9999; is it in milliseconds?")
	}
	return g, g.check()
}
