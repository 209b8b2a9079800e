package handshake

import (
	"net/http"
	"slices"
)

// field is the name of a header field of the handshake, in the spelling of RFC 6455 §11.3, which goes on
// the wire, and in the canonical one of net/http, which is what a parsed header has.
type field struct{ wire, canonical string }

var (
	fieldAccept     = field{"Sec-WebSocket-Accept", "Sec-Websocket-Accept"}
	fieldExtensions = field{"Sec-WebSocket-Extensions", "Sec-Websocket-Extensions"}
	fieldKey        = field{"Sec-WebSocket-Key", "Sec-Websocket-Key"}
	fieldProtocol   = field{"Sec-WebSocket-Protocol", "Sec-Websocket-Protocol"}
	fieldVersion    = field{"Sec-WebSocket-Version", "Sec-Websocket-Version"}
)

const version = "13" // RFC 6455 §4.1, item 9

// lines returns the field's lines in h. Indexing, unlike Header.Values, does not allocate the canonical
// name anew.
func (f field) lines(h http.Header) []string {
	canonical, wire := h[f.canonical], h[f.wire]
	switch {
	case len(wire) == 0:
		return canonical
	case len(canonical) == 0:
		return wire
	}
	return slices.Concat(canonical, wire)
}

// isOurs reports whether the handshake itself writes a field of that name, so that nobody else may.
func isOurs(name string) bool {
	const prefix = "Sec-WebSocket-"
	return equalFold(name, "Upgrade") || equalFold(name, "Connection") ||
		len(name) >= len(prefix) && equalFold(name[:len(prefix)], prefix)
}

// IsUpgrade reports whether a header asks to change the connection to WebSocket: "websocket" is among the
// protocols in Upgrade and "upgrade" among the options in Connection. Both are comma-separated lists,
// possibly over several lines, compared without regard to case (RFC 6455 §4.2.1, items 3 and 4). It tells
// handshakes from other requests; whether the handshake is a right one is for [Request.Check] to say.
func IsUpgrade(h http.Header) bool {
	return contains(h["Upgrade"], "websocket") && contains(h["Connection"], "upgrade")
}
