package websocket

import (
	"math/bits"
	"sync"
)

// A buffer is memory on loan from a pool, so that a message costs no allocation on its way through.
type buffer struct {
	b []byte
}

// Buffers come in powers of two, from 64 octets to 1 MiB. Larger ones are left to the collector: they
// are rare, and a pool would keep them long after.
const (
	minBufferBits = 6
	maxBufferBits = 20
)

var buffers [maxBufferBits - minBufferBits + 1]sync.Pool

// newBuffer returns an empty buffer with room for n octets.
func newBuffer(n int) *buffer {
	c := bufferClass(n)
	if c >= len(buffers) {
		return &buffer{b: make([]byte, 0, n)}
	}
	if b, ok := buffers[c].Get().(*buffer); ok {
		return b
	}
	return &buffer{b: make([]byte, 0, 1<<(c+minBufferBits))}
}

// free gives the buffer back. Its octets must not be used any more; nil is allowed.
func (b *buffer) free() {
	if b == nil {
		return
	}
	// A buffer that grew on its way belongs to the class it can serve whole.
	c := bits.Len(uint(cap(b.b))) - 1 - minBufferBits
	if c < 0 || c >= len(buffers) {
		return
	}
	b.b = b.b[:0]
	buffers[c].Put(b)
}

func bufferClass(n int) int {
	if n <= 1<<minBufferBits {
		return 0
	}
	return bits.Len(uint(n-1)) - minBufferBits
}
