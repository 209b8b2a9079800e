package metrics

import (
	"runtime"
	"sync/atomic"
	"unsafe"
)

// The directions of a message or frame, and the indices of their counters.
const (
	received = iota
	sent
	directions
)

// The kinds of messages and of control frames.
const (
	text = iota
	binary
	messageTypes
)

const (
	ping = iota
	pong
	closeFrame
	controlTypes
)

// A stripe counts what happens for each message, on some goroutines: those of an event loop always count in the same, so
// that no two processors wait for each other's cache lines. What an endpoint has counted is the sum of its stripes.
type stripe struct {
	messages, octets, wire [directions][messageTypes]atomic.Uint64
	control                [directions][controlTypes]atomic.Uint64
	handled, roundTrip     histogram

	_ [128]byte // keeps the next stripe out of this one's cache lines, and of those that are fetched with them
}

// mostStripes bounds what an endpoint takes: some 18 KiB.
const mostStripes = 32

// newStripes returns as many as processors can be at once, or somewhat more: a power of two.
func newStripes() []stripe {
	n := 1
	for n < min(2*runtime.GOMAXPROCS(0), mostStripes) {
		n *= 2
	}
	return make([]stripe, n)
}

// mine returns the stripe of the calling goroutine: by the address of its stack, which it keeps as long as the stack does
// not grow, and nobody else has meanwhile. Any stripe would be right.
func mine(stripes []stripe) *stripe {
	var here byte
	page := uint64(uintptr(unsafe.Pointer(&here))) >> 11
	const golden = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio: neighbours go far apart
	return &stripes[page*golden>>32&uint64(len(stripes)-1)]
}
