package events

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/api/payload"
	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

// The types of events.
const (
	typeConnect    = "connect"
	typeMessage    = "message"
	typeDisconnect = "disconnect"
)

// body is an event, as the backend reads it.
type body struct {
	Type      string    `json:"type"`
	ID        string    `json:"id"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

type data struct {
	Node       string      `json:"node"`
	Connection *Connection `json:"connection"`

	// Number counts the connection's events from 1, its connect, so that the backend sees a gap if one was
	// left out.
	Number int64 `json:"number"`

	Message *message `json:"message,omitempty"`
	Close   *ending  `json:"close,omitempty"`
}

type message struct {
	Room      string        `json:"room"`
	ID        string        `json:"id,omitempty"`
	Publisher string        `json:"publisher,omitempty"`
	Position  *hub.Position `json:"position,omitempty"`
	payload.Payload
}

type ending struct {
	Code   int    `json:"code"`
	Reason string `json:"reason"`
	Clean  bool   `json:"clean"`
}

func messageOf(m *hub.Message) *message {
	told := &message{Room: m.Room, ID: m.ID, Publisher: m.Publisher, Payload: payload.Of(m.Type, m.Data)}
	if !m.Position.IsZero() {
		told.Position = &m.Position
	}
	return told
}

func endingOf(e websocket.CloseEvent) *ending {
	return &ending{Code: int(e.Code), Reason: e.Reason, Clean: e.WasClean}
}

// An event is one that is ready to be sent.
type event struct {
	kind string
	id   string
	body []byte
}

// A writer makes events of one process.
type writer struct {
	node string
	once string // differs from process to process
	last atomic.Uint64
}

func newWriter(node string) *writer { return &writer{node: node, once: rand.Text()[:12]} }

// tell has lanes take an event of what happened on a connection. Several may tell of one connection at once.
func (w *writer) tell(to *lanes, kind string, c *Connection, d data) {
	c.telling.Lock()
	defer c.telling.Unlock()
	to.add(c.ID, w.write(kind, c, d))
}

// write makes an event of what happened on a connection. Who calls it holds telling, or is the first to tell,
// and alone. It copies what it needs.
func (w *writer) write(kind string, c *Connection, d data) *event {
	e := &event{kind: kind, id: "ev_" + w.once + "_" + strconv.FormatUint(w.last.Add(1), 36)}
	c.told++
	d.Node, d.Connection, d.Number = w.node, c, c.told
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body{Type: kind, ID: e.id, Timestamp: now(), Data: d}); err != nil {
		panic(err) // strings, numbers, and JSON that was looked at
	}
	e.body = bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
	return e
}
