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
	k := uint64(key)<<32 | uint64(key)
	for len(b) >= 32 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^k)
		binary.LittleEndian.PutUint64(b[8:], binary.LittleEndian.Uint64(b[8:])^k)
		binary.LittleEndian.PutUint64(b[16:], binary.LittleEndian.Uint64(b[16:])^k)
		binary.LittleEndian.PutUint64(b[24:], binary.LittleEndian.Uint64(b[24:])^k)
		b = b[32:]
	}
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^k)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= byte(key)
		key = bits.RotateLeft32(key, -8)
	}
	return key
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
