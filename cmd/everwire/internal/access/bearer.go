package access

import (
	"net/http"
	"strings"
)

// Bearer returns the token of an Authorization field, and whether there is such a field at all. One that is
// not a bearer's has no token (RFC 6750 §2.1).
func Bearer(h http.Header) (token string, ok bool) {
	value := h.Get("Authorization")
	if value == "" {
		return "", false
	}
	scheme, token, _ := strings.Cut(value, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", true
	}
	return strings.TrimSpace(token), true
}
