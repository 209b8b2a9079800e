package handshake

import (
	"fmt"
	"net/http"
)

// Error is an opening handshake that was refused, and why. Nothing was agreed and no WebSocket connection
// exists.
//
// Every failure that the other end caused is an *Error, whether the function returns it as such or as an
// error (then errors.As finds it).
type Error struct {
	// Status is the HTTP status for a server to answer with: 400, 403, 405 or 426. It is 0 in an error of
	// Offer.Judge, after which a client has nothing to send and closes the connection.
	Status int

	// Header are fields that belong in that answer, such as Allow or Sec-WebSocket-Version; nil if there are
	// none. The map is the caller's to keep and change.
	Header http.Header

	// Reason says what is wrong and what would be right, in one line of text without control characters.
	// What it quotes of the other end is cut short. Of a request, it can be logged: it has no query and no
	// subprotocol, either of which may be a secret.
	Reason string

	// Section is the rule that was broken, such as "RFC 6455 §4.2.1".
	Section string
}

// Error returns the reason and the section.
func (e *Error) Error() string {
	return "handshake: " + e.Reason + " (" + e.Section + ")"
}

func refuse(status int, section, format string, args ...any) *Error {
	return &Error{Status: status, Section: section, Reason: fmt.Sprintf(format, args...)}
}

func (e *Error) with(header http.Header) *Error {
	e.Header = header
	return e
}
