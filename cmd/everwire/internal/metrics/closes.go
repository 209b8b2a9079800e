package metrics

import (
	"errors"
	"strconv"
	"sync/atomic"

	"github.com/everwire/everwire/websocket"
)

// The codes that have a label of their own are those of RFC 6455 §7.4.1 and its registry. Of 3000 to 4999, which a peer can send
// any of, only the two ranges count: libraries' and applications' own (§7.4.2).
const (
	firstCode = 1000
	lastCode  = 1015

	libraryCode = lastCode - firstCode + 1 // the indices behind those of the codes
	privateCode = libraryCode + 1
	otherCode   = privateCode + 1
	closeCodes  = otherCode + 1
)

func codeIndex(code websocket.CloseCode) int {
	switch {
	case code >= firstCode && code <= lastCode:
		return int(code - firstCode)
	case code >= 3000 && code <= 3999:
		return libraryCode
	case code >= 4000 && code <= 4999:
		return privateCode
	}
	return otherCode
}

func codeLabel(i int) string {
	switch i {
	case libraryCode:
		return "3xxx"
	case privateCode:
		return "4xxx"
	case otherCode:
		return "other"
	}
	return strconv.Itoa(firstCode + i)
}

// closes are counted by code, and whether the closing handshake was complete.
type closes [closeCodes][2]atomic.Uint64

func (c *closes) count(e websocket.CloseEvent) {
	clean := 0
	if e.WasClean {
		clean = 1
	}
	c[codeIndex(e.Code)][clean].Add(1)
}

// cause is why this end failed a connection, in one word.
type cause int

const (
	protocol cause = iota
	tooBig
	limit
	heartbeat
	closeTimeout
	slow
	budget
	panicked
	network
	causes
)

var causeNames = [causes]string{
	"protocol", "too_big", "limit", "heartbeat", "close_timeout", "slow", "budget", "panic", "network",
}

func causeOf(err error) cause {
	var panicError *websocket.PanicError
	var broken *websocket.ProtocolError
	switch {
	case errors.As(err, &panicError):
		return panicked
	case errors.Is(err, websocket.ErrHeartbeat):
		return heartbeat
	case errors.Is(err, websocket.ErrCloseTimeout):
		return closeTimeout
	case errors.Is(err, websocket.ErrQueueFull):
		return slow
	case errors.Is(err, websocket.ErrBudget):
		return budget
	case errors.Is(err, websocket.ErrMessageTooBig):
		return tooBig
	case errors.As(err, &broken) && broken.Code == websocket.ClosePolicyViolation:
		return limit
	case errors.As(err, &broken):
		return protocol
	}
	return network
}

type failures [causes]atomic.Uint64

func (f *failures) count(err error) { f[causeOf(err)].Add(1) }
