package wire

import (
	"time"

	"github.com/everwire/everwire/websocket/frame"
)

// Direction says which end octets come from.
type Direction uint8

const (
	FromClient Direction = iota // from the end that asked for the connection
	FromServer
)

// String returns "client" or "server".
func (d Direction) String() string {
	if d == FromClient {
		return "client"
	}
	return "server"
}

// Other returns the opposite direction.
func (d Direction) Other() Direction { return 1 - d }

// An Event is something that has passed. Exactly one of the pointers, or Violation, is set. All of it is valid
// until the callback returns; who keeps a Payload copies it. Heads may be kept.
type Event struct {
	Time time.Time // when its last octet passed
	From Direction

	Head      *Head    // a request's, if From is FromClient, else a response's
	Frame     *Frame   // each frame, when it is whole
	Message   *Message // after the Frame that ends it; only if Config.Messages
	Violation error    // a rule was broken; after the Head or Frame that breaks it. A *frame.Violation or *handshake.Error
	End       *End     // nothing more comes from there
}

// A Frame is one that passed (RFC 6455 §5.2).
type Frame struct {
	frame.Header

	// Payload is unmasked, and as it was on the wire: what is compressed is so here. It is cut off at
	// Config.Payload octets; Length is how many there were.
	Payload   []byte
	Truncated bool

	// Cut is set where the octets ended inside the frame's payload: then only Received of Length octets came.
	Cut      bool
	Received int64
}

// A Message is what one data frame or several make up (RFC 6455 §5.4).
type Message struct {
	Opcode     frame.Opcode // Text or Binary
	Frames     int          // how many frames it came in
	Wire       int64        // octets of payload in them
	Compressed bool         // some of it was

	// Payload is inflated, and cut off at Config.Payload octets; Length is how many there were.
	Payload   []byte
	Length    int64
	Truncated bool

	// Err is why a compressed message could not be inflated: Payload and Length then have what was inflated up
	// to there. With context takeover, messages after it cannot be either.
	Err error
}

// An End is the end of one direction.
type End struct {
	Octets    int64 // how many there were in all
	Undecoded int64 // of these, how many at the end were neither a head nor a frame
	Err       error // why it ended, if not in order
}
