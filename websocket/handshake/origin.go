package handshake

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

const sectionOrigin = "RFC 6455 §10.2"

// CheckOrigin judges whether the page that a browser's handshake comes from may connect, and returns nil if
// it may (RFC 6455 §10.2). Browsers name the page's origin in the Origin header field and let no script
// change it; any other client can claim what it likes, so this protects a browser's user, not the server.
// It may connect if
//
//   - there is no Origin: it is not a browser;
//   - its origin is the host that the request is for: scheme http, https, ws or wss, and the host and port
//     of Origin and [Request].Host the same, in upper or lower case, a default port of the origin's scheme
//     being as good as none. The schemes are not compared, as a server behind a proxy that ends TLS does
//     not know its own;
//   - one of patterns matches its origin.
//
// Anything else is an error with status 403, and so is, whatever the patterns, an Origin given twice or not
// well formed.
//
// A pattern is one of
//
//	example.com            the host under any scheme, at the scheme's default port
//	example.com:8443       the host at that port under any scheme
//	https://example.com    the host under that scheme, at the scheme's default port
//	https://example.com:*  the host under that scheme, at any port
//	file://                an origin without a host, as some web views send it
//	null                   the origin of sandboxed frames, data: URLs and, in most browsers, local files
//	*                      any origin
//
// and an IPv6 address stands in brackets. A '*' within the scheme, the host or the port stands for any run
// of characters there, the empty one included, and does not reach beyond the part it is in; letters match
// in upper and lower case. A '*' in a host takes dots too: *.example.com lets in a.b.example.com (but not
// example.com), and 10.0.0.* lets in 10.0.0.example.com, which anyone may own. A malformed pattern matches
// nothing; find it at start with [ValidatePattern].
func CheckOrigin(r *Request, patterns []string) *Error {
	lines := r.Header["Origin"]
	switch len(lines) {
	case 0:
		return nil
	case 1:
	default:
		return refuse(http.StatusForbidden, sectionOrigin, "Origin is given more than once; a browser gives it once")
	}
	value := trim(lines[0])
	if value == "null" {
		return checkNullOrigin(patterns)
	}
	o, ok := parseOrigin(value)
	if !ok {
		return refuse(http.StatusForbidden, sectionOrigin,
			`the origin %.64q is malformed; it must be "null" or scheme://host[:port]`, value)
	}
	if o.isHost(r.Host) {
		return nil
	}
	for _, text := range patterns {
		if p, problem := parsePattern(text); problem == "" && p.matches(o) {
			return nil
		}
	}
	return refuse(http.StatusForbidden, sectionOrigin,
		"the origin %.64q may not connect to %.64q; the server can allow it by a pattern", value, r.Host)
}

func checkNullOrigin(patterns []string) *Error {
	for _, text := range patterns {
		if text == "null" || text == "*" {
			return nil
		}
	}
	return refuse(http.StatusForbidden, sectionOrigin,
		`the origin "null" may not connect; the server can allow it by the pattern "null"`)
}

// origin is scheme://host[:port] in its parts (RFC 6454 §6.2). An IPv6 host keeps its brackets; port is ""
// where none was written.
type origin struct{ scheme, host, port string }

func parseOrigin(s string) (origin, bool) {
	scheme, authority, ok := strings.Cut(s, "://")
	if !ok || !validScheme(scheme, "") {
		return origin{}, false
	}
	if authority == "" {
		return origin{scheme: scheme}, defaultPort(scheme) == ""
	}
	host, port, ok := splitAuthority(authority)
	return origin{scheme, host, port}, ok
}

func (o origin) isHost(authority string) bool {
	standard := defaultPort(o.scheme)
	host, port, ok := splitAuthority(authority)
	if !ok || standard == "" {
		return false
	}
	if port == "" {
		port = standard
	}
	return equalFold(host, o.host) && port == o.effectivePort()
}

func (o origin) effectivePort() string {
	if o.port != "" {
		return o.port
	}
	return defaultPort(o.scheme)
}

// defaultPort returns the port of a scheme that WebSocket and HTTP use, and "" for any other scheme.
func defaultPort(scheme string) string {
	switch {
	case equalFold(scheme, "http"), equalFold(scheme, "ws"):
		return "80"
	case equalFold(scheme, "https"), equalFold(scheme, "wss"):
		return "443"
	}
	return ""
}

// validScheme is the grammar of RFC 3986 §3.1, in which the characters in also may stand anywhere.
func validScheme(s, also string) bool {
	for i, c := range []byte(s) {
		isInner := isDigit(c) || strings.IndexByte("+-.", c) >= 0
		if !isLetter(c) && !(isInner && i > 0) && strings.IndexByte(also, c) < 0 {
			return false
		}
	}
	return s != ""
}

// splitAuthority takes host[:port] apart (RFC 3986 §3.2, without user information and percent-encoding). An
// empty port counts as none, an empty host is not ok.
func splitAuthority(s string) (host, port string, ok bool) {
	host, port, _ = cutPort(s)
	return host, port, validHost(host) && validPort(port)
}

// cutPort cuts s at the colon before the port: the first one after the brackets of an IPv6 address, if it
// has them.
func cutPort(s string) (host, port string, found bool) {
	start := 0
	if strings.HasPrefix(s, "[") {
		start = strings.IndexByte(s, ']') + 1
	}
	colon := strings.IndexByte(s[start:], ':')
	if colon < 0 {
		return s, "", false
	}
	return s[:start+colon], s[start+colon+1:], true
}

func validHost(host string) bool {
	if strings.HasPrefix(host, "[") {
		inner, closed := strings.CutSuffix(host[1:], "]")
		address, err := netip.ParseAddr(inner)
		return closed && err == nil && address.Is6() && address.Zone() == ""
	}
	return host != "" && isRegName(host)
}

// isRegName is the grammar of RFC 3986 §3.2.2, reg-name, without percent-encoding.
func isRegName(s string) bool {
	for _, c := range []byte(s) {
		if !isAlphanumeric(c) && strings.IndexByte("-._~!$&'()*+,;=", c) < 0 {
			return false
		}
	}
	return true
}

func validPort(port string) bool {
	if port == "" {
		return true
	}
	_, err := strconv.ParseUint(port, 10, 16)
	return err == nil
}
