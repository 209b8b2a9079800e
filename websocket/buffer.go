package websocket

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// A buffer is memory on loan from a pool, so that a message costs no allocation on its way through.
type buffer struct {
	b      []byte
	others atomic.Int32 // who uses it besides one
}

// share makes one more user of the buffer, none of whom may change it: each calls free.
func (b *buffer) share() *buffer {
	b.others.Add(1)
	return b
}

// isShared reports whether others use the buffer. Who is alone with it stays so.
func (b *buffer) isShared() bool { return b != nil && b.others.Load() > 0 }

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

// free gives the buffer back, if nobody else uses it. Its octets must not be used any more; nil is allowed.
func (b *buffer) free() {
	if b == nil || b.others.Load() > 0 && b.others.Add(-1) >= 0 {
		return
	}
	b.others.Store(0)
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
