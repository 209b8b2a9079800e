package auth

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

// An Authenticator judges tokens. It is asked for several at once.
//
// Its error is, by errors.Is, one of [ErrUnauthorized], [ErrExpired] and [ErrUnavailable]. The text is for the
// operator's log and has nothing secret: of a token at most the algorithm, the key's id and the issuer that it
// names. [Word] is what the peer may be told.
type Authenticator interface {
	Authenticate(ctx context.Context, token string, from Visit) (*Grant, error)
}

// A Visit is where a token came from, for an [Authenticator] that cares.
type Visit struct {
	Address netip.Addr // of the client; the zero Addr if it is not known
	Path    string     // of the request, without its query
	Origin  string     // of the page, as the browser says; "" for a program
}

var (
	// ErrUnauthorized is for a token that is missing, malformed or not good here.
	ErrUnauthorized = errors.New("unauthorized")

	// ErrExpired is for a token that was good once.
	ErrExpired = errors.New("expired")

	// ErrUnavailable is for a token that cannot be judged now; it may be tried again later.
	ErrUnavailable = errors.New("unavailable")
)

// Word returns what a peer may be told of an Authenticator's error: "unauthorized", "expired" or
// "unavailable". An error that is none of these is "unavailable": it is not the peer's fault.
func Word(err error) string { return kind(err).Error() }

// kind returns which of the three an error is.
func kind(err error) error {
	for _, k := range []error{ErrExpired, ErrUnauthorized, ErrUnavailable} {
		if errors.Is(err, k) {
			return k
		}
	}
	return ErrUnavailable
}

// refusal is one of the three errors with the reason for the operator.
type refusal struct {
	kind   error
	reason string
}

func (e *refusal) Error() string { return e.kind.Error() + ": " + e.reason }
func (e *refusal) Unwrap() error { return e.kind }

func refuse(kind error, reason string) error { return &refusal{kind, reason} }

// MaxToken is how many octets a token may have. Longer ones are refused unread.
const MaxToken = 16 << 10

// checkToken refuses what no Authenticator needs to look at.
func checkToken(token string) error {
	switch {
	case token == "":
		return refuse(ErrUnauthorized, "there is no token")
	case len(token) > MaxToken:
		return refuse(ErrUnauthorized, "the token is longer than "+strconv.Itoa(MaxToken)+" octets")
	}
	return nil
}

// quoted makes text of a peer's fit for a log: short, and on one line.
func quoted(text string) string {
	const most = 40
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return strconv.QuoteToASCII(text)
}
