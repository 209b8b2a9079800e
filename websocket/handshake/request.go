package handshake

import (
	"fmt"
	"net/http"
	"strings"
)

// Request is what a server needs of a client's opening handshake.
type Request struct {
	// Method is the request's method, as sent: "GET".
	Method string

	// Target is the request-target as sent (net/http: RequestURI): the origin-form "/chat?room=1", or the
	// absolute-form with the scheme http, https, ws or wss.
	Target string

	// Major and Minor are the HTTP version: 1 and 1.
	Major, Minor int

	// Host is the Host header field; the authority of Target, where Target is in absolute-form and has the
	// last word (RFC 9112 §3.2.2). It is what net/http puts into Request.Host.
	Host string

	// Header are the other header fields, under their canonical names (see the package's comment).
	Header http.Header
}

const sectionRequest = "RFC 6455 §4.2.1"

// Check judges whether r is a client's opening handshake as RFC 6455 §4.2.1 describes it, items 1 to 6, and
// returns nil if it is. If not, the error has the status, the header fields and the reason to answer with,
// for the first of these that fails:
//
//   - the method is not GET: 405, Allow: GET
//   - HTTP is older than 1.1, or is 2 or later, where Upgrade does not exist: 400
//   - the target has another form, or a fragment: 400
//   - Host is missing, or is not a host with an optional port: 400
//   - Upgrade does not ask for "websocket": 426, Upgrade: websocket, Connection: Upgrade
//   - Connection does not have the option "Upgrade": 400
//   - Sec-WebSocket-Version is missing or given twice: 400; it is not 13: 426, Sec-WebSocket-Version: 13
//   - Sec-WebSocket-Key is missing, given twice, or not 16 bytes in base64: 400
//
// The optional fields are judged by [CheckOrigin], [Subprotocols] and [ParseExtensions]. Check returns
// *Error, not error, so that its fields are at hand: do not assign its nil to a variable of type error.
func (r *Request) Check() *Error {
	switch {
	case r.Method != http.MethodGet:
		return r.refuseMethod()
	case r.Major != 1 || r.Minor < 1:
		return r.refuseHTTP()
	}
	if problem := judgeTarget(r.Target); problem != "" {
		return refuse(http.StatusBadRequest, sectionRequest, "the request-target%s %s", quotePath(r.Target), problem)
	}
	if _, _, ok := splitAuthority(r.Host); !ok {
		return r.refuseHost()
	}
	if !contains(r.Header["Upgrade"], "websocket") {
		return r.refuseUpgrade()
	}
	if !contains(r.Header["Connection"], "upgrade") {
		return r.refuseConnection()
	}
	if versions := fieldVersion.lines(r.Header); len(versions) != 1 || trim(versions[0]) != version {
		return refuseVersion(versions)
	}
	if keys := fieldKey.lines(r.Header); len(keys) != 1 || !validKey(trim(keys[0])) {
		return refuseKey(keys)
	}
	return nil
}

func (r *Request) refuseMethod() *Error {
	return refuse(http.StatusMethodNotAllowed, sectionRequest,
		"the method is %.64q; a WebSocket handshake is a GET", r.Method).
		with(http.Header{"Allow": {http.MethodGet}})
}

func (r *Request) refuseHTTP() *Error {
	if r.Major >= 2 {
		return refuse(http.StatusBadRequest, "RFC 9113 §8.6",
			"HTTP/%d.%d has no Upgrade; a WebSocket handshake is an HTTP/1.1 request", r.Major, r.Minor)
	}
	return refuse(http.StatusBadRequest, sectionRequest,
		"HTTP/%d.%d cannot upgrade a connection; a WebSocket handshake needs HTTP/1.1", r.Major, r.Minor)
}

// judgeTarget returns what is wrong with a request-target (RFC 9112 §3.2), "" if nothing is. Octets above
// ASCII are let through: they are no URI, but clients do send them, and what they name is for the server's
// paths to say.
func judgeTarget(target string) string {
	for _, c := range []byte(target) {
		switch {
		case c <= ' ' || c == 0x7f:
			return "contains a space or a control character; it must be percent-encoded"
		case c == '#':
			return "has a fragment, which a WebSocket URI may not have"
		}
	}
	if strings.HasPrefix(target, "/") {
		return ""
	}
	scheme, rest, ok := strings.Cut(target, "://")
	if !ok || defaultPort(scheme) == "" {
		return `is neither a path such as "/chat" nor an absolute http, https, ws or wss URI`
	}
	if end := strings.IndexAny(rest, "/?"); end >= 0 {
		rest = rest[:end]
	}
	if _, _, ok := splitAuthority(rest); !ok {
		return "must name a host with an optional port after its scheme, and nothing else before the path"
	}
	return ""
}

// quotePath quotes the path of a request-target, with a space before it. The query, and what else may hold a
// secret, is left out; of a target in absolute-form, which may name a user, that is all.
func quotePath(target string) string {
	if !strings.HasPrefix(target, "/") {
		return ""
	}
	if end := strings.IndexAny(target, "?#"); end >= 0 {
		target = target[:end]
	}
	return fmt.Sprintf(" %.64q", target)
}

func (r *Request) refuseHost() *Error {
	if r.Host == "" {
		return refuse(http.StatusBadRequest, sectionRequest,
			"the Host header field is missing; it must name the server")
	}
	return refuse(http.StatusBadRequest, sectionRequest,
		"the Host header field %.64q is not a host with an optional port", r.Host)
}

func (r *Request) refuseUpgrade() *Error {
	protocols := r.Header["Upgrade"]
	header := upgradeRequired()
	if len(protocols) == 0 {
		return refuse(http.StatusUpgradeRequired, sectionRequest,
			"this is a WebSocket endpoint and the request has no Upgrade header field; "+
				`it needs "Upgrade: websocket" and "Connection: Upgrade", which a proxy must pass on`).with(header)
	}
	return refuse(http.StatusUpgradeRequired, sectionRequest,
		`the Upgrade header field %.64q does not ask for "websocket"`, strings.Join(protocols, ", ")).with(header)
}

// upgradeRequired has what every 426 must say: the protocol that would do, and, as with any Upgrade, that
// the field is for this connection only (RFC 9110 §15.5.22 and §7.8).
func upgradeRequired() http.Header {
	return http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}}
}

func (r *Request) refuseConnection() *Error {
	options := r.Header["Connection"]
	if len(options) == 0 {
		return refuse(http.StatusBadRequest, sectionRequest,
			`the Connection header field is missing; it must be "Upgrade", which a proxy must pass on`)
	}
	return refuse(http.StatusBadRequest, sectionRequest,
		`the Connection header field %.64q does not have the option "Upgrade"`, strings.Join(options, ", "))
}

func refuseVersion(versions []string) *Error {
	switch {
	case len(versions) == 0:
		return refuse(http.StatusBadRequest, sectionRequest,
			"the Sec-WebSocket-Version header field is missing; it must be %s", version)
	case len(versions) > 1 || strings.Contains(versions[0], ","):
		return refuse(http.StatusBadRequest, "RFC 6455 §11.3.5",
			"Sec-WebSocket-Version is given more than once; it must be %s, once", version)
	}
	header := upgradeRequired()
	header[fieldVersion.wire] = []string{version}
	return refuse(http.StatusUpgradeRequired, "RFC 6455 §4.2.2",
		"Sec-WebSocket-Version is %.64q; this server speaks version %s", versions[0], version).with(header)
}

func refuseKey(keys []string) *Error {
	switch len(keys) {
	case 0:
		return refuse(http.StatusBadRequest, sectionRequest,
			"the Sec-WebSocket-Key header field is missing; it must be 16 random bytes in base64")
	case 1:
		return refuse(http.StatusBadRequest, sectionRequest,
			"Sec-WebSocket-Key %.64q is not 16 bytes in base64 (22 characters and \"==\")", keys[0])
	}
	return refuse(http.StatusBadRequest, "RFC 6455 §11.3.1",
		"Sec-WebSocket-Key is given more than once; it must be given once")
}
