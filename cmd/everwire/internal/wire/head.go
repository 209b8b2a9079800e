package wire

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// maxHead bounds a request's or response's head, in octets: as much as the library takes of an answer.
const maxHead = 64 << 10

// A Head is the head of a request or a response as it was on the wire, in its order and spelling.
type Head struct {
	Line   string // the request or status line, without its line's end
	Fields []Field
}

// A Field is one line of a head. Lines that continue another, as HTTP once allowed, are joined to it.
type Field struct{ Name, Value string }

// Header returns the fields under their canonical names.
func (h *Head) Header() http.Header {
	header := http.Header{}
	for _, f := range h.Fields {
		header.Add(f.Name, f.Value)
	}
	return header
}

// Get returns the value of the first field with a name, in whatever spelling, or "".
func (h *Head) Get(name string) string {
	for _, f := range h.Fields {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Request returns the method, the target and the version of a request line.
func (h *Head) Request() (method, target, version string) {
	method, rest, _ := strings.Cut(h.Line, " ")
	target, version, _ = strings.Cut(rest, " ")
	return method, target, version
}

// Status returns the status of a status line, or 0.
func (h *Head) Status() int {
	_, rest, _ := strings.Cut(h.Line, " ")
	code, _, _ := strings.Cut(rest, " ")
	status, err := strconv.Atoi(code)
	if err != nil || len(code) != 3 {
		return 0
	}
	return status
}

// secret are the fields whose values may let somebody in.
var secret = []string{
	"authorization", "proxy-authorization", "cookie", "set-cookie", "sec-websocket-protocol",
	"x-api-key", "x-auth-token",
}

// Hidden stands for what Redacted does not show.
const Hidden = "…"

// Redacted returns h as it may be logged: with "…" for the values of Authorization, Cookie, Set-Cookie,
// Sec-WebSocket-Protocol and the like, and for the query in the request line and in fields that hold a URL.
func (h *Head) Redacted() *Head {
	r := &Head{Line: withoutQuery(h.Line), Fields: make([]Field, len(h.Fields))}
	for i, f := range h.Fields {
		name := strings.ToLower(f.Name)
		switch {
		case slices.Contains(secret, name):
			f.Value = Hidden
		case name == "referer" || name == "location":
			f.Value = withoutQuery(f.Value)
		}
		r.Fields[i] = f
	}
	return r
}

// withoutQuery hides the query of the URL in a line, up to the next space.
func withoutQuery(line string) string {
	before, query, ok := strings.Cut(line, "?")
	if !ok {
		return line
	}
	_, after, _ := strings.Cut(query, " ")
	if after != "" {
		after = " " + after
	}
	return before + "?" + Hidden + after
}

// endOfHead returns where in b the head ends, behind its empty line; -1 if it does not yet. Octets before from
// were looked at already.
func endOfHead(b []byte, from int) int {
	for i := max(from-3, 0); i < len(b); i++ {
		if b[i] != '\n' {
			continue
		}
		switch rest := b[i+1:]; {
		case len(rest) > 0 && rest[0] == '\n':
			return i + 2
		case len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n':
			return i + 3
		}
	}
	return -1
}

// parseHead reads what endOfHead delimits. It refuses only what is not HTTP/1 at all.
func parseHead(b []byte, from Direction) (h *Head, ok bool) {
	h = &Head{}
	for line := range bytes.Lines(b) {
		text := strings.TrimRight(string(line), "\r\n")
		switch {
		case text == "" && h.Line == "": // empty lines before it are allowed (RFC 9112 §2.2)
		case text == "":
		case h.Line == "":
			h.Line = text
		case (text[0] == ' ' || text[0] == '\t') && len(h.Fields) > 0:
			last := &h.Fields[len(h.Fields)-1]
			last.Value = strings.TrimSpace(last.Value + " " + strings.TrimSpace(text))
		default:
			name, value, _ := strings.Cut(text, ":")
			h.Fields = append(h.Fields, Field{name, strings.TrimSpace(value)})
		}
	}
	if from == FromServer {
		return h, strings.HasPrefix(h.Line, "HTTP/1.") && h.Status() != 0
	}
	_, target, version := h.Request()
	return h, target != "" && strings.HasPrefix(version, "HTTP/1.")
}
