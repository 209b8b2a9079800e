package frame

import (
	"crypto/rand"
	"encoding/binary"
	"math/bits"
	"sync"
)

// Mask masks or unmasks b in place with key, which are the same operation (RFC 6455 §5.3), and returns
// the key turned so that masking goes on with the octet after b. A payload that comes in pieces is
// thus unmasked piece by piece:
//
//	for _, piece := range pieces {
//		key = frame.Mask(piece, key)
//	}
//
// Key is in wire order as in [Header]: its lowest octet masks the first octet of b.
func Mask(b []byte, key uint32) uint32 {
	if len(b) < 4 {
		for i := range b {
			b[i] ^= byte(key)
			key = bits.RotateLeft32(key, -8)
		}
		return key
	}
	if len(b) >= maskFrom && vectors {
		if len(b) <= atOnce {
			return maskVectors(&b[0], len(b), key)
		}
		return maskLong(b, key)
	}

	// The two ends may have octets in common. Both are masked before either is stored.
	n := len(b)
	next := bits.RotateLeft32(key, -8*n)
	k, end := uint64(key)<<32|uint64(key), uint64(next)<<32|uint64(next)
	le := binary.LittleEndian
	switch {
	case n > 32:
		last := b[n-32:]
		w, x := le.Uint64(last)^end, le.Uint64(last[8:])^end
		y, z := le.Uint64(last[16:])^end, le.Uint64(last[24:])^end
		for len(b) > 32 {
			le.PutUint64(b, le.Uint64(b)^k)
			le.PutUint64(b[8:], le.Uint64(b[8:])^k)
			le.PutUint64(b[16:], le.Uint64(b[16:])^k)
			le.PutUint64(b[24:], le.Uint64(b[24:])^k)
			b = b[32:]
		}
		le.PutUint64(last, w)
		le.PutUint64(last[8:], x)
		le.PutUint64(last[16:], y)
		le.PutUint64(last[24:], z)
	case n >= 16:
		last := b[n-16:]
		w, x := le.Uint64(b)^k, le.Uint64(b[8:])^k
		y, z := le.Uint64(last)^end, le.Uint64(last[8:])^end
		le.PutUint64(b, w)
		le.PutUint64(b[8:], x)
		le.PutUint64(last, y)
		le.PutUint64(last[8:], z)
	case n >= 8:
		last := b[n-8:]
		w, z := le.Uint64(b)^k, le.Uint64(last)^end
		le.PutUint64(b, w)
		le.PutUint64(last, z)
	default:
		last := b[n-4:]
		w, z := le.Uint32(b)^key, le.Uint32(last)^next
		le.PutUint32(b, w)
		le.PutUint32(last, z)
	}
	return next
}

// keyBatch is how many octets of randomness are fetched at a time: one call to the system's source
// serves 128 frames.
const keyBatch = 512

type keySource struct {
	left int
	buf  [keyBatch]byte
}

var keySources = sync.Pool{New: func() any { return new(keySource) }}

// NewKey returns a masking key from crypto/rand, as a client must choose for each frame it sends
// (RFC 6455 §5.3, §10.3). It is safe for concurrent use.
func NewKey() uint32 {
	s := keySources.Get().(*keySource)
	if s.left == 0 {
		rand.Read(s.buf[:]) // never fails: crypto/rand ends the program rather than return weak bytes
		s.left = keyBatch
	}
	s.left -= 4
	at := s.buf[s.left : s.left+4]
	key := binary.LittleEndian.Uint32(at)
	clear(at) // a key that is on the wire has no business in memory
	keySources.Put(s)
	return key
}
