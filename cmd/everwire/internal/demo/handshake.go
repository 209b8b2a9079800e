package demo

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/handshake"
)

// answerExtra are the fields that the answer has besides the handshake's own.
var answerExtra = http.Header{"Server": {"everwire"}}

// Handshake tells everyone who connects what the opening handshake was, as one text message of JSON:
//
//	{
//	  "request": {"line": "GET /handshake HTTP/1.1", "fields": [{"name": "Host", "value": "localhost:8080"}, …]},
//	  "answer":  {"line": "HTTP/1.1 101 Switching Protocols", "fields": […]},
//	  "accept":  {"key": "…", "guid": "…", "sha1": "…", "accept": "…"}
//	}
//
// The request's fields are those that the server got, in an order of its own: net/http does not keep the order in
// which they came. A field that may be a secret, such as a cookie, which the page's scripts may have no right to
// read, has "hidden": true and no value. What accept has is how Sec-WebSocket-Accept comes of the key: sha1 is the
// digest of key and guid in hexadecimal.
func Handshake() *websocket.Server {
	srv := &websocket.Server{}
	srv.OnHeaders(func(_ *http.Request, answer http.Header) { maps.Copy(answer, answerExtra) })
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		report, err := json.Marshal(opening{requestOf(r), answerTo(r, s), acceptFor(keyOf(r))})
		if err != nil {
			panic(err) // it is made of strings
		}
		s.SendText(string(report))
	})
	return srv
}

// opening is an opening handshake, in the form in which it is told.
type opening struct {
	Request head       `json:"request"`
	Answer  head       `json:"answer"`
	Accept  acceptance `json:"accept"`
}

// head is the beginning of an HTTP message.
type head struct {
	Line   string  `json:"line"`
	Fields []field `json:"fields"`
}

type field struct {
	Name   string `json:"name"`
	Value  string `json:"value,omitempty"`
	Hidden bool   `json:"hidden,omitempty"`
}

// acceptance is how Sec-WebSocket-Accept is computed (RFC 6455 §4.2.2, item 5.4).
type acceptance struct {
	Key    string `json:"key"`
	GUID   string `json:"guid"`
	SHA1   string `json:"sha1"`
	Accept string `json:"accept"`
}

func keyOf(r *http.Request) string { return r.Header.Get("Sec-WebSocket-Key") }

func acceptFor(key string) acceptance {
	sum := sha1.Sum([]byte(key + handshake.GUID))
	return acceptance{key, handshake.GUID, hex.EncodeToString(sum[:]), handshake.Accept(key)}
}

// handshakeFields are the fields that an opening handshake is made of, in the order of RFC 6455 §1.2, as the RFC
// spells them. They are told first.
var handshakeFields = []string{
	"Host", "Upgrade", "Connection", "Sec-WebSocket-Key", "Origin", "Sec-WebSocket-Protocol", "Sec-WebSocket-Version",
	"Sec-WebSocket-Extensions",
}

// requestOf is the client's side of the handshake.
func requestOf(r *http.Request) head {
	h := r.Header.Clone()
	h["Host"] = []string{r.Host} // net/http keeps it apart
	var fields []field
	for _, name := range handshakeFields {
		canonical := http.CanonicalHeaderKey(name)
		fields = append(fields, tell(name, h[canonical])...)
		delete(h, canonical)
	}
	for _, name := range slices.Sorted(maps.Keys(h)) {
		fields = append(fields, tell(name, h[name])...)
	}
	return head{r.Method + " " + r.RequestURI + " " + r.Proto, fields}
}

// tell returns a field for each of its lines.
func tell(name string, values []string) []field {
	fields := make([]field, len(values))
	for i, value := range values {
		fields[i] = field{Name: name, Value: value}
		if mayBeSecret(name) {
			fields[i] = field{Name: name, Hidden: true}
		}
	}
	return fields
}

// secretWords are what the names of fields with secrets in them have in common, those that proxies add included.
var secretWords = []string{
	"cookie", "auth", "token", "secret", "session", "password", "credential", "key", "jwt", "assertion", "signature",
	"oidc", "cert",
}

// mayBeSecret reports whether the value of a request's field may be a secret. The key of a handshake is none: its use
// is over when the answer is sent.
func mayBeSecret(name string) bool {
	name = strings.ToLower(name)
	return name != "sec-websocket-key" &&
		slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(name, word) })
}

// answerTo is the server's side of the handshake: the same values make the same answer again.
func answerTo(r *http.Request, s *websocket.Socket) head {
	response := handshake.Response{Key: keyOf(r), Subprotocol: s.Subprotocol(), Header: answerExtra}
	if inUse := s.Extensions(); inUse != "" {
		response.Extensions, _ = handshake.ParseExtensions(http.Header{"Sec-Websocket-Extensions": {inUse}})
	}
	line, rest, _ := strings.Cut(string(response.Append(nil)), "\r\n")
	answer := head{Line: line}
	for text := range strings.SplitSeq(strings.TrimSuffix(rest, "\r\n\r\n"), "\r\n") {
		name, value, _ := strings.Cut(text, ": ")
		answer.Fields = append(answer.Fields, field{Name: name, Value: value})
	}
	return answer
}
