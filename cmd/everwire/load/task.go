package load

import (
	"errors"
	"fmt"
	"net"
	"time"
)

// A taskKind is what a driver is doing.
type taskKind int

const (
	dialing taskKind = iota
	exchanging
	running
	announcing
	closing
)

const (
	// exchangesAtOnce is how many idle connections exchange their message at a time.
	exchangesAtOnce = 256
	// lookEvery is how often it is looked for connections that keep one waiting for too long.
	lookEvery = int64(250 * time.Millisecond)
	// maxPongs is how many octets of Pong frames may wait for a socket.
	maxPongs = 4 << 10
)

var (
	errNoneLeft = errors.New("no connection is left")
	errSender   = errors.New("the connection that sends failed")
)

// goodbye is a Close frame: 1000, no reason.
var goodbye = appendMasked(nil, finBit|opClose, []byte{1000 >> 8, 1000 & 0xff})

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

// closeReason is what a Close frame says.
func closeReason(payload []byte) string {
	if len(payload) < 2 {
		return "no code"
	}
	return fmt.Sprintf("%d %q", int(payload[0])<<8|int(payload[1]), payload[2:])
}
