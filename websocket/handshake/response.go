package handshake

import (
	"net/http"
	"slices"
)

// Response is a server's answer to a handshake that it accepts.
type Response struct {
	// Key is the client's Sec-WebSocket-Key, as sent.
	Key string

	// Subprotocol is the one chosen of those the client offers; "" for none.
	Subprotocol string

	// Extensions are those in use, in the order in which they are applied to what is sent; each must be one
	// that the client offers (RFC 6455 §9.1).
	Extensions []Extension

	// Header are further fields to send, such as Set-Cookie. Fields that the handshake itself writes or
	// that a 101 cannot have are left out: Upgrade, Connection, every Sec-WebSocket-…, Content-Length and
	// Transfer-Encoding; so are names that are no token.
	Header http.Header
}

// Append appends the whole 101 response to dst, from the status line to the empty line after the header,
// and returns the extended slice (RFC 6455 §4.2.2, item 5). The fields of Header come last, sorted by name,
// a line for each value.
//
// No value can begin a line of its own: CR, LF, NUL and the other control characters are each replaced by a
// space.
func (r *Response) Append(dst []byte) []byte {
	dst = append(dst, "HTTP/1.1 101 Switching Protocols\r\n"+
		"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	dst = append(appendAccept(dst, r.Key), "\r\n"...)
	if r.Subprotocol != "" {
		dst = appendField(dst, fieldProtocol.wire, r.Subprotocol)
	}
	if len(r.Extensions) > 0 {
		dst = append(append(dst, fieldExtensions.wire...), ": "...)
		start := len(dst)
		dst = AppendExtensions(dst, r.Extensions)
		neutralize(dst[start:])
		dst = append(dst, "\r\n"...)
	}
	return append(appendHeader(dst, r.Header), "\r\n"...)
}

func appendHeader(dst []byte, h http.Header) []byte {
	var buf [16]string // keeps the names of most headers off the heap
	names := buf[:0]
	for name := range h {
		if ValidToken(name) && mayBeExtra(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range h[name] {
			dst = appendField(dst, name, value)
		}
	}
	return dst
}

// mayBeExtra keeps out what frames a body, besides our own fields: a 101 has none, and what follows it are
// frames (RFC 9110 §8.6, RFC 9112 §6.1).
func mayBeExtra(name string) bool {
	return !isOurs(name) && !equalFold(name, "Content-Length") && !equalFold(name, "Transfer-Encoding")
}

func appendField(dst []byte, name, value string) []byte {
	dst = append(append(dst, name...), ": "...)
	start := len(dst)
	dst = append(dst, value...)
	neutralize(dst[start:])
	return append(dst, "\r\n"...)
}

// neutralize replaces what RFC 9110 §5.5 does not allow in a value.
func neutralize(value []byte) {
	for i, c := range value {
		if c < ' ' && c != '\t' || c == 0x7f {
			value[i] = ' '
		}
	}
}
