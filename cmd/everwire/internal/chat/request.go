package chat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/everwire/everwire/cmd/everwire/internal/auth"
	"github.com/everwire/everwire/hub"
)

// A kind is the type of a request.
type kind string

const (
	doAuth    kind = "auth"
	doJoin    kind = "join"
	doLeave   kind = "leave"
	doPublish kind = "publish"
)

// fields are those that each kind of request has. Those with true must be there.
var fields = map[kind]map[string]bool{
	doAuth:    {"token": true},
	doJoin:    {"room": true, "name": false, "from": false, "recent": false},
	doLeave:   {"room": true},
	doPublish: {"room": true, "id": false, "data": true},
}

// A request is what a client said.
type request struct {
	kind   kind
	token  string
	room   string
	name   string
	from   *hub.Position
	recent int
	id     string
	data   []byte // JSON, without spaces between

	deadline time.Time // set by who takes it
}

const (
	maxRoom   = 200 // octets, as package hub has it
	maxName   = 50  // code points
	maxID     = 64
	maxRecent = 1000
	maxDepth  = 32 // of arrays and objects in each other, the request itself included

	// overhead is what a request may have beside its data, or token: names, each octet of which may be
	// written as six, and spaces.
	overhead = 4 << 10
)

// A fault is what is wrong with a request.
type fault struct {
	code code
	text string
}

func (f *fault) Error() string { return f.text }

func bad(format string, args ...any) error { return &fault{badRequest, fmt.Sprintf(format, args...)} }

// parse reads a request. With an error, which is a *fault, the request has what could be read of its kind,
// room and id, so that the client can tell which one was meant.
func parse(text []byte, dataSize int) (request, error) {
	var q request
	if most := max(dataSize, auth.MaxToken) + overhead; len(text) > most {
		return q, &fault{tooLarge, fmt.Sprintf("the message has %d octets; %d are allowed", len(text), most)}
	}
	if tooDeep(text) {
		return q, bad("more than %d arrays and objects are in each other", maxDepth)
	}
	if !json.Valid(text) {
		return q, bad("the message is not JSON")
	}
	given, err := object(text, "the message")
	if err != nil {
		return q, err
	}
	// Of a request that is wrong in one field the others still tell which it is.
	kindErr := readString(given, "type", func(v string) error { q.kind = kind(v); return nil })
	idErr := readString(given, "id", func(v string) error { q.id = v; return checkID(v) })
	roomErr := readString(given, "room", func(v string) error { q.room = v; return checkRoom(v) })
	if idErr != nil {
		q.id = ""
	}
	if roomErr != nil {
		q.room = ""
	}
	known, ok := fields[q.kind]
	if kindErr != nil || !ok {
		q.kind = ""
		return q, bad("type is to be auth, join, leave or publish")
	}
	for name := range given {
		if _, ok := known[name]; !ok && name != "type" {
			return q, bad("%s has no field %s", q.kind, shown(name))
		}
	}
	for name, must := range known {
		if _, ok := given[name]; must && !ok {
			return q, bad("%s has to have the field %s", q.kind, name)
		}
	}
	for _, e := range []error{roomErr, idErr} {
		if e != nil {
			return q, e
		}
	}
	if err = readString(given, "token", func(v string) error { q.token = v; return checkToken(v) }); err != nil {
		return q, err
	}
	if err = readString(given, "name", func(v string) error { q.name = v; return checkName(v) }); err != nil {
		return q, err
	}
	if err = q.readFrom(given); err != nil {
		return q, err
	}
	if err = q.readRecent(given); err != nil {
		return q, err
	}
	return q, q.readData(given, dataSize)
}

// object reads one object whose fields differ, and returns their values. Text is JSON.
func object(text []byte, what string) (map[string]json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	if first, err := dec.Token(); err != nil || first != json.Delim('{') {
		return nil, bad("%s is to be an object", what)
	}
	given := make(map[string]json.RawMessage)
	for dec.More() {
		token, err := dec.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil, bad("%s is not JSON", what)
		}
		if _, twice := given[name]; twice {
			return nil, bad("%s has the field %s twice", what, shown(name))
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, bad("%s is not JSON", what)
		}
		given[name] = value
	}
	return given, nil
}

// readString gives a field that is there, and is a string, to take.
func readString(given map[string]json.RawMessage, name string, take func(string) error) error {
	raw, ok := given[name]
	if !ok {
		return nil
	}
	var value *string
	if err := json.Unmarshal(raw, &value); err != nil || value == nil {
		return bad("%s is to be a string", name)
	}
	return take(*value)
}

func (q *request) readFrom(given map[string]json.RawMessage) error {
	raw, ok := given["from"]
	if !ok {
		return nil
	}
	position, err := object(raw, "from")
	if err != nil {
		return err
	}
	var p hub.Position
	var offset *uint64
	for name, value := range position {
		switch name {
		case "epoch":
			err = readString(position, "epoch", func(v string) error { p.Epoch = v; return nil })
		case "offset":
			if json.Unmarshal(value, &offset) != nil || offset == nil {
				err = bad("offset is to be a whole number, not below 0")
			}
		default:
			err = bad("from has no field %s", shown(name))
		}
		if err != nil {
			return err
		}
	}
	if offset == nil || position["epoch"] == nil {
		return bad("from has to have the fields epoch and offset")
	}
	p.Offset = *offset
	q.from = &p
	return nil
}

func (q *request) readRecent(given map[string]json.RawMessage) error {
	raw, ok := given["recent"]
	if !ok {
		return nil
	}
	var recent *int
	if json.Unmarshal(raw, &recent) != nil || recent == nil || *recent < 0 || *recent > maxRecent {
		return bad("recent is to be a whole number from 0 to %d", maxRecent)
	}
	q.recent = *recent
	return nil
}

func (q *request) readData(given map[string]json.RawMessage, most int) error {
	raw, ok := given["data"]
	if !ok {
		return nil
	}
	var data bytes.Buffer
	if err := json.Compact(&data, raw); err != nil {
		return bad("data is not JSON")
	}
	if data.Len() > most {
		return &fault{tooLarge, fmt.Sprintf("data has %d octets; %d are allowed", data.Len(), most)}
	}
	q.data = data.Bytes()
	return nil
}

func checkRoom(name string) error {
	switch {
	case name == "" || len(name) > maxRoom:
		return bad("a room's name is 1 to %d octets of UTF-8", maxRoom)
	case strings.ContainsFunc(name, unicode.IsControl):
		return bad("a room's name has no control characters")
	case strings.HasPrefix(name, ownPrefix):
		return bad("rooms that begin with %s are the server's own", ownPrefix)
	}
	return nil
}

func checkName(name string) error {
	switch {
	case utf8.RuneCountInString(name) > maxName || strings.TrimSpace(name) == "":
		return bad("a name is 1 to %d characters that are not all spaces", maxName)
	case strings.ContainsFunc(name, unicode.IsControl):
		return bad("a name has no control characters")
	}
	return nil
}

// checkID allows what every broker can carry in a header.
func checkID(id string) error {
	if id == "" || len(id) > maxID || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return bad("an id is 1 to %d characters of ASCII, without spaces", maxID)
	}
	return nil
}

func checkToken(token string) error {
	if len(token) > auth.MaxToken {
		return &fault{tooLarge, fmt.Sprintf("the token has %d octets; %d are allowed", len(token), auth.MaxToken)}
	}
	return nil
}

// tooDeep reports whether more than maxDepth arrays and objects are in each other. What is no JSON is judged
// elsewhere.
func tooDeep(text []byte) bool {
	depth, inString := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// shown makes a name that a peer chose fit for an error's text.
func shown(name string) string {
	const most = 40
	if len(name) > most {
		name = strings.ToValidUTF8(name[:most], "") + "…"
	}
	return fmt.Sprintf("%q", name)
}
