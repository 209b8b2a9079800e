package chat

import (
	"bytes"
	"encoding/json"

	"github.com/everwire/everwire/hub"
)

// What the server says, in JSON. Docs/chat-protocol.md says what each is.

type message struct {
	Type     string          `json:"type"`
	Room     string          `json:"room"`
	Position hub.Position    `json:"position"`
	ID       string          `json:"id,omitempty"`
	From     string          `json:"from,omitempty"`
	Data     json.RawMessage `json:"data"`
	Encoding string          `json:"encoding,omitempty"`
	Time     string          `json:"time"`
}

type authenticated struct {
	Type    string `json:"type"`
	User    string `json:"user,omitempty"`
	Name    string `json:"name,omitempty"`
	Expires string `json:"expires,omitempty"`
}

type joined struct {
	Type     string       `json:"type"`
	Room     string       `json:"room"`
	Position hub.Position `json:"position"`
	Missed   int          `json:"missed"`
	Member   member       `json:"member"`
	Count    int          `json:"count"`
	Members  []member     `json:"members,omitempty"` // none in a crowd
}

// A member is somebody in a room.
type member struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	User string `json:"user,omitempty"`
}

type change struct {
	Type   string `json:"type"`
	Room   string `json:"room"`
	Event  string `json:"event"` // "joined" or "left"
	Member member `json:"member"`
	Count  int    `json:"count"`
}

// members tells anew who is there: all of them, or that they are too many to tell.
type members struct {
	Type    string   `json:"type"`
	Room    string   `json:"room"`
	Count   int      `json:"count"`
	Members []member `json:"members,omitempty"`
}

type published struct {
	Type     string       `json:"type"`
	Room     string       `json:"room"`
	ID       string       `json:"id,omitempty"`
	Position hub.Position `json:"position"`
}

type left struct {
	Type string `json:"type"`
	Room string `json:"room"`
}

type failure struct {
	Type    string `json:"type"`
	Code    code   `json:"code"`
	Request kind   `json:"request,omitempty"` // the type of the request that failed
	Room    string `json:"room,omitempty"`
	ID      string `json:"id,omitempty"`
	Text    string `json:"text"`
	Retry   bool   `json:"retry"`
	AfterMS int64  `json:"after_ms,omitempty"` // when a retry can be of use
}

// A code says what is wrong, to programs.
type code string

const (
	badRequest   code = "bad_request"
	tooLarge     code = "too_large"
	tooMany      code = "too_many"
	notJoined    code = "not_joined"
	forbidden    code = "forbidden"
	unauthorized code = "unauthorized"
	expired      code = "expired"
	tooOld       code = "too_old"
	unavailable  code = "unavailable"
)

// appendJSON appends a value's JSON, in which <, > and & are as they are: it is not put into HTML.
func appendJSON(to []byte, value any) []byte {
	buf := bytes.NewBuffer(to)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		panic(err) // the values are strings, numbers, and JSON that was looked at
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}
