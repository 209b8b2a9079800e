//go:build (amd64 || arm64) && !purego

package frame

import "math/bits"

//go:generate go run -C _asm .

// atOnce is how many octets one call to assembly gets at most, which the scheduler cannot interrupt.
const atOnce = 64 << 10

// maskLong is Mask of more than atOnce octets.
func maskLong(b []byte, key uint32) uint32 {
	for len(b) > atOnce {
		n := min(len(b)-vector, atOnce) // what is left is a vector at least
		key = maskVectors(&b[0], n, key)
		b = b[n:]
	}
	return maskVectors(&b[0], len(b), key)
}

// writeLong is Write by vectors, which begin between two characters: what is left of one is taken before
// them, and the last one of b, which may not be whole, behind them.
func (u *UTF8) writeLong(b []byte) bool {
	for u.state != between {
		if !u.step(b[0]) {
			return false
		}
		b = b[1:]
	}
	for len(b) >= vector {
		n := min(len(b), atOnce)
		if n < vector+3 { // the last vector looks at the three octets before it
			n = vector
		}
		if !validVectors(&b[0], n) {
			u.state = broken
			return false
		}
		b = b[n-begun(b[:n]):]
	}
	return u.Write(b)
}

// unmaskLong is Unmask by vectors, in the order of writeLong.
func (u *UTF8) unmaskLong(b []byte, key uint32) (next uint32, ok bool) {
	for {
		for u.state != between && len(b) > 0 {
			b[0] ^= byte(key)
			key = bits.RotateLeft32(key, -8)
			ok = u.step(b[0])
			b = b[1:]
			if !ok {
				return Mask(b, key), false
			}
		}
		if len(b) < 2*vector {
			next = Mask(b, key)
			return next, u.Write(b)
		}
		n := min(len(b), atOnce)
		key, ok = unmaskVectors(&b[0], n, key)
		if !ok {
			u.state = broken
		} else {
			u.Write(b[n-begun(b[:n]) : n])
		}
		b = b[n:]
	}
}

// step takes one octet as Write does.
func (u *UTF8) step(c byte) bool {
	u.state = uint8(steps[c] >> u.state & 63)
	return u.state != broken
}

// begun returns how many octets at the end of b, which is valid up to there, may be a character that
// is not whole.
func begun(b []byte) int {
	for n := 1; n <= 3; n++ {
		if c := b[len(b)-n]; c < 0x80 {
			return 0
		} else if c >= 0xC0 {
			return n
		}
	}
	return 0
}
