package handshake

import (
	"net/http"
	"slices"
)

const (
	sectionSubprotocol = "RFC 6455 §11.3.4"
	maxSubprotocols    = 64
)

// Subprotocols returns the subprotocols that a client offers in Sec-WebSocket-Protocol, the one it likes
// best first, over however many lines the field has; nil if it offers none (RFC 6455 §4.1, item 10).
//
// The error is an [*Error] with status 400: the field is there but empty, an element is not a token or
// occurs twice, or there are more than 64.
func Subprotocols(h http.Header) ([]string, error) {
	lines := fieldProtocol.lines(h)
	if len(lines) == 0 {
		return nil, nil
	}
	var offered []string
	for name := range elements(lines) {
		switch {
		case !ValidToken(name):
			return nil, refuseSubprotocols("subprotocol %d of those offered is not a token", len(offered)+1)
		case slices.Contains(offered, name):
			return nil, refuseSubprotocols("subprotocol %d of those offered is offered before", len(offered)+1)
		case len(offered) == maxSubprotocols:
			return nil, refuseSubprotocols("more than %d subprotocols are offered", maxSubprotocols)
		}
		offered = append(offered, name)
	}
	if len(offered) == 0 {
		return nil, refuseSubprotocols("Sec-WebSocket-Protocol is empty; to offer no subprotocol, leave it out")
	}
	return offered, nil
}

func refuseSubprotocols(format string, args ...any) *Error {
	return refuse(http.StatusBadRequest, sectionSubprotocol, format, args...)
}

// SelectSubprotocol returns the first of offered that is among supported, which is the client's order of
// preference, or "" if there is none: then the connection has no subprotocol, and both ends may still use
// it (RFC 6455 §4.2.2, item 4). Names are compared exactly.
func SelectSubprotocol(offered, supported []string) string {
	for _, name := range offered {
		if slices.Contains(supported, name) {
			return name
		}
	}
	return ""
}
