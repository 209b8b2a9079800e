package events

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

// Events tells a backend what happens on connections. Who has one calls Connect before a connection is let
// in, and then, for one that was let in, Message for each message and Disconnect once, in their order. All
// methods are safe for concurrent use, and only Connect waits.
type Events interface {
	// Connect asks whether a connection may be made, and waits for the answer. An error is a refusal: a
	// *[Refusal], as the backend said it, or another one if the backend could not be asked; [Refuse] makes
	// of either an error for [websocket.AcceptOptions].OnRequest. If the backend knows who it is, it says
	// so in [Welcome].
	Connect(ctx context.Context, c *Connection) (Welcome, error)

	// Message tells of a message that was published on a connection, when the hub has taken it. It does not
	// wait, and copies what it needs. If too much waits already, the message is left out and counted.
	Message(c *Connection, m *hub.Message)

	// Disconnect tells that a connection has ended. It does not wait.
	Disconnect(c *Connection, e websocket.CloseEvent)
}

// A Connection is who is told of. The fields are set before Connect, and User and Name again after it, and
// not changed any more then. Use it by its pointer.
type Connection struct {
	ID          string `json:"id"`             // one of the whole cluster: the member's in presence, and what /api/disconnect takes
	User        string `json:"user,omitempty"` // as authentication has it, or the backend
	Name        string `json:"name,omitempty"` // that others see
	Address     string `json:"address,omitempty"`
	Path        string `json:"path,omitempty"` // without the query, which may hold a secret
	Origin      string `json:"origin,omitempty"`
	Agent       string `json:"agent,omitempty"` // User-Agent
	Subprotocol string `json:"subprotocol,omitempty"`

	telling sync.Mutex // held by who tells of it, so that the numbers have the order of the events
	told    int64      // events so far, those that were left out included
}

// Welcome is what a backend says of a connection that it lets in. What is empty stays as it was.
type Welcome struct {
	User string `json:"user"`
	Name string `json:"name"`
}

// A Refusal is a backend's word that a connection may not be made.
type Refusal struct {
	Status int    // 401, 403 or 429
	Text   string // for the client
}

func (r *Refusal) Error() string { return "the backend refused the connection: " + r.Text }

// Refuse makes of an error of [Events.Connect] one with which a handshake is refused: with the backend's
// status and text, or, if the backend could not be asked, with 503.
func Refuse(err error) error {
	var r *Refusal
	if errors.As(err, &r) {
		return websocket.Refuse(r.Status, r.Text)
	}
	return websocket.Refuse(http.StatusServiceUnavailable, "the server that decides who may connect does not answer; try again later")
}

// Figures are counts of events since the start, for metrics.
type Figures struct {
	Waiting   int64 // at the moment
	Delivered int64 // that the backend has taken
	Retried   int64 // attempts after the first
	GivenUp   int64 // that the backend did not take, however often it was asked
	LeftOut   int64 // because too much waited
	Refused   int64 // connections that the backend refused
	Unasked   int64 // connections that were refused because the backend could not be asked
}

// now is the time of an event, as JSON has it.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
