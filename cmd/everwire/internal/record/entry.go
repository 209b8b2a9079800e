package record

import (
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/wire"
	"github.com/everwire/everwire/websocket/frame"
)

// Version is that of the format. It changes when what is there already changes its meaning; new types of lines and
// new fields do not change it, and a Reader passes over those that it does not know.
const Version = 1

// A Header is a recording's first line.
type Header struct {
	Version  int
	Start    time.Time // what the times of all entries count from
	Target   string    // the URL that the connections went to
	Redacted bool      // the heads of handshakes have no secrets
}

// An Entry is a further line. One of the pointers is set.
type Entry struct {
	Conn  uint64        // which connection: 1 and up
	T     time.Duration // since the start, in whole microseconds
	Open  *Open
	Frame *Frame
	Break *Break
	Close *Close
}

// Open is the opening handshake. It is the first entry of its connection.
type Open struct {
	Peer     string     // the client's address
	Request  *wire.Head // nil if none came
	Response *wire.Head // nil if none came
}

// Frame is a frame (RFC 6455 §5.2).
type Frame struct {
	From wire.Direction
	frame.Header

	// Payload is unmasked, and compressed where it was. It has fewer than Length octets if it was not recorded whole, or
	// if Cut.
	Payload []byte
	Cut     bool // the connection ended inside the frame
}

// Whole reports whether all of the payload is there.
func (f *Frame) Whole() bool { return int64(len(f.Payload)) == f.Length }

// Break is a breach of the protocol's rules by what was recorded just before.
type Break struct {
	From  wire.Direction
	Error string
}

// Close is the end of a connection, and its last entry.
type Close struct {
	Client, Server Ending
}

// Ending is how one direction ended.
type Ending struct {
	Octets    int64  // that came in all
	Undecoded int64  // of these, at the end, that were no frames: they are not recorded
	Error     string // why it ended, if not in order
}
