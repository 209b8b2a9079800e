package auth

import (
	"net/http"
	"strings"

	"github.com/everwire/everwire/websocket/handshake"
)

// SubprotocolPrefix is what a subprotocol begins with that is a token: a script in a page cannot set
// Authorization, but it can offer subprotocols. Such a one is never chosen, so that it is never sent back;
// the page offers a true one beside it.
const SubprotocolPrefix = "everwire.bearer."

// TokenOf returns the token of a request, or "" if it has none: that of "Authorization: Bearer" (RFC 6750
// §2.1), else what follows [SubprotocolPrefix] in the first subprotocol that has it. An Authorization of
// another scheme, or a malformed one, is none.
//
// The URL's query is not a place for a token, though RFC 6750 §2.3 knows one there: URLs are written to the
// logs of proxies and servers, kept in the browser's history, and copied by people.
func TokenOf(r *http.Request) string {
	if lines := r.Header["Authorization"]; len(lines) == 1 {
		if token := bearer(lines[0]); token != "" {
			return token
		}
	}
	offered, err := handshake.Subprotocols(r.Header)
	if err != nil {
		return "" // the handshake is refused for it
	}
	for _, name := range offered {
		if token, ok := strings.CutPrefix(name, SubprotocolPrefix); ok && token != "" {
			return token
		}
	}
	return ""
}

// bearer returns the token of an Authorization field: the scheme's case does not count, and a token has no
// spaces.
func bearer(field string) string {
	scheme, token, _ := strings.Cut(strings.TrimSpace(field), " ")
	token = strings.TrimLeft(token, " ")
	if !strings.EqualFold(scheme, "Bearer") || strings.ContainsAny(token, " \t,\"") {
		return ""
	}
	return token
}
