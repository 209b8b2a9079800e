package hub

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/everwire/everwire/websocket"
)

// A Message is what was published in a room.
type Message struct {
	Room string

	// Position is where it is in the room's log; zero in a room without one.
	Position Position

	// Publisher says who published it, if that was said.
	Publisher string

	// ID names the message for who publishes it again because it does not know whether it was taken. In rooms with
	// a log, one ID is taken once within two minutes.
	ID string

	// Type is Text or Binary; zero means Text.
	Type websocket.MessageType

	Data []byte

	// Time is when it was taken: by the broker in a room with a log, else by the Hub it was published at.
	Time time.Time

	// Node and Tag say which Hub it was published at, and which of those it was, for that Hub. A Broker
	// passes them on.
	Node string
	Tag  uint64
}

// A Position is a place in the log of a room. Offsets increase from message to message, not always by one;
// they mean something within their epoch, which is another one when the log was lost and begun anew. The zero
// Position is before the first message.
type Position struct {
	Epoch  string `json:"epoch"`
	Offset uint64 `json:"offset"`
}

// IsZero reports whether p is the zero Position.
func (p Position) IsZero() bool { return p == Position{} }

// String returns the position as "offset@epoch", or "" for the zero one. [ParsePosition] reads it.
func (p Position) String() string {
	if p.IsZero() {
		return ""
	}
	return strconv.FormatUint(p.Offset, 10) + "@" + p.Epoch
}

// ParsePosition reads what [Position.String] wrote.
func ParsePosition(s string) (Position, error) {
	if s == "" {
		return Position{}, nil
	}
	number, epoch, ok := strings.Cut(s, "@")
	offset, err := strconv.ParseUint(number, 10, 64)
	if !ok || err != nil {
		return Position{}, errors.New("hub: a position is offset@epoch, such as 17@k3f9")
	}
	return Position{Epoch: epoch, Offset: offset}, nil
}
