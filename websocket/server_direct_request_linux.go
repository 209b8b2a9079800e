package websocket

import (
	"bytes"
	"context"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"github.com/everwire/everwire/websocket/handshake"
)

// What a request line has around its target.
const (
	method  = "GET "
	version = " HTTP/1.1"
)

// headEnd returns where the header of a request ends, 0 if it is not whole, and whether it can be a plain upgrade by what
// is there. Of head, looked octets were looked at before.
func headEnd(head []byte, looked int) (end int, plain bool) {
	if n := min(len(head), len(method)); string(head[:n]) != method[:n] {
		return 0, false
	}
	if looked == 0 || bytes.IndexByte(head[:looked], '\n') < 0 {
		line := bytes.IndexByte(head, '\n')
		if line < 0 {
			return 0, true
		}
		if !bytes.HasSuffix(head[:line], []byte(version+"\r")) {
			return 0, false
		}
		looked = line
	}
	for i := max(looked-3, 0); ; i++ { // after a line's end, is there an empty one?
		n := bytes.IndexByte(head[i:], '\n')
		if n < 0 {
			return 0, true
		}
		switch i += n; {
		case bytes.HasPrefix(head[i+1:], []byte("\n")):
			return 0, false // net/http reads that
		case bytes.HasPrefix(head[i+1:], []byte("\r\n")):
			return i + 3, true
		}
	}
}

// blank is a request without anything. Requests are made of it because that is how they get a context.
var blank http.Request

// parseUpgrade makes of a header what net/http makes of it, or returns nil for all but a plain upgrade: if there could be a body,
// the connection were to end after it, or something is not as everybody writes it. The strings of the request are parts of head.
func parseUpgrade(ctx context.Context, head string) *http.Request {
	line, fields, ok := strings.Cut(head, "\r\n")
	if !ok || len(line) <= len(method)+len(version) {
		return nil
	}
	target := line[len(method) : len(line)-len(version)]
	if !plainTarget(target) {
		return nil
	}
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return nil
	}
	header := parseFields(fields)
	if header == nil || !handshake.IsUpgrade(header) {
		return nil
	}
	hosts := header["Host"]
	if len(hosts) != 1 || !plainHost(hosts[0]) {
		return nil
	}
	delete(header, "Host")

	r := blank.WithContext(ctx)
	r.Method, r.RequestURI, r.URL = http.MethodGet, target, u
	r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.1", 1, 1
	r.Header, r.Body = header, http.NoBody
	if r.Host = u.Host; r.Host == "" {
		r.Host = hosts[0]
	}
	return r
}

// plainTarget reports whether a target has a form that a handshake may have, and no spaces or what else is not printed.
func plainTarget(target string) bool {
	for _, c := range []byte(target) {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return target[0] == '/' || strings.Contains(target, "://")
}

// plainHost reports whether a host has only what hosts and ports are made of.
func plainHost(host string) bool {
	for _, c := range []byte(host) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(".-:[]_", c) >= 0) {
			return false
		}
	}
	return host != ""
}

// parseFields reads the fields of a header, each of them one line, up to an empty line; nil if they are not for us.
func parseFields(text string) http.Header {
	n := strings.Count(text, "\n") - 1
	if n <= 0 {
		return nil
	}
	header, values := make(http.Header, n), make([]string, n)
	for i := range values {
		line, rest, ok := strings.Cut(text, "\r\n")
		if !ok {
			return nil
		}
		text = rest
		name, value, ok := strings.Cut(line, ":")
		if !ok || !handshake.ValidToken(name) {
			return nil
		}
		name = fieldName(name)
		if value = strings.Trim(value, " \t"); !plainField(name, value) {
			return nil
		}
		if before := header[name]; before != nil {
			header[name] = append(before, value)
			continue
		}
		values[i] = value
		header[name] = values[i : i+1 : i+1]
	}
	if text != "\r\n" {
		return nil
	}
	if p := header["Pragma"]; len(p) > 0 && p[0] == "no-cache" && header["Cache-Control"] == nil {
		header["Cache-Control"] = []string{"no-cache"} // as net/http does
	}
	return header
}

// plainField reports whether a field can be in a plain upgrade.
func plainField(name, value string) bool {
	switch name {
	case "Content-Length", "Transfer-Encoding", "Trailer", "Expect":
		return false
	case "Connection": // "close" would have to be obeyed
		if strings.ContainsAny(value, "cC") {
			return false
		}
	}
	for _, c := range []byte(value) {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// fieldName returns a name as net/http has it, without an allocation for those that each handshake has.
func fieldName(name string) string {
	switch name {
	case "Sec-WebSocket-Key":
		return "Sec-Websocket-Key"
	case "Sec-WebSocket-Version":
		return "Sec-Websocket-Version"
	case "Sec-WebSocket-Extensions":
		return "Sec-Websocket-Extensions"
	case "Sec-WebSocket-Protocol":
		return "Sec-Websocket-Protocol"
	}
	return textproto.CanonicalMIMEHeaderKey(name)
}
