package frame

import "encoding/binary"

// UTF8 checks text that arrives in pieces, split anywhere, also inside a character (RFC 6455 §8.1).
// The zero value is ready, between two characters.
type UTF8 struct {
	state uint8 // one of the states below
}

// Write takes the next piece and reports whether the text may still become valid. It says false at
// the first octet that no valid text can have there: F5, C0, the second octet of ED A0, and so on.
// After false the text stays invalid, and Write says so for any piece, also an empty one; call
// [UTF8.Reset] before checking another.
func (u *UTF8) Write(b []byte) bool {
	if len(b) >= asciiFrom && vectors {
		return u.writeLong(b)
	}
	s := uint64(u.state)
	for len(b) > 0 {
		if s == between {
			b = skipASCII(b)
			if len(b) >= utf8From && vectors {
				u.state = between
				return u.writeLong(b)
			}
		}
		if len(b) < 16 {
			for _, c := range b {
				s = steps[c] >> (s & 63)
			}
			s &= 63
			break
		}
		for i := 0; i < 16; i += 4 { // then see whether ASCII goes on
			four := binary.LittleEndian.Uint32(b[i:])
			s = steps[byte(four)] >> (s & 63)
			s = steps[byte(four>>8)] >> (s & 63)
			s = steps[byte(four>>16)] >> (s & 63)
			s = steps[four>>24] >> (s & 63)
		}
		s &= 63
		b = b[16:]
	}
	u.state = uint8(s)
	return s != broken
}

// Unmask is [Mask] and [UTF8.Write] in one: it unmasks b in place with key, and takes what comes out as
// the next piece. It returns the key for the octet after b, and whether the text may still become valid.
// Where it may not, b is unmasked whole nevertheless. Of ASCII from 512 octets on it is faster than the
// two one after the other; otherwise it takes about the time of both.
func (u *UTF8) Unmask(b []byte, key uint32) (next uint32, ok bool) {
	if len(b) >= unmaskFrom && vectors {
		return u.unmaskLong(b, key)
	}
	next = Mask(b, key)
	return next, u.Write(b)
}

// Complete reports whether the text so far is valid and ends between two characters.
func (u *UTF8) Complete() bool { return u.state == between }

// Reset makes u ready for another text.
func (u *UTF8) Reset() { *u = UTF8{} }

// skipASCII returns b without the ASCII at its start, up to seven octets of which it may leave.
func skipASCII(b []byte) []byte {
	const high = 0x8080808080808080
	for len(b) >= 32 {
		v := binary.LittleEndian.Uint64(b) | binary.LittleEndian.Uint64(b[8:])
		w := binary.LittleEndian.Uint64(b[16:]) | binary.LittleEndian.Uint64(b[24:])
		if (v|w)&high != 0 {
			break
		}
		b = b[32:]
	}
	for len(b) >= 8 && binary.LittleEndian.Uint64(b)&high == 0 {
		b = b[8:]
	}
	return b
}

// The states: what the text needs next. Each is the place of its six bits in an entry of steps, so
// that one shift goes from state to state, with no branch for text to mispredict.
const (
	between = 6 * iota // the first octet of a character
	need1              // one continuation octet, 80–BF
	need2              // two
	need3              // three
	afterE0            // two, the first A0–BF: shorter forms exist below
	afterED            // two, the first 80–9F: surrogates above
	afterF0            // three, the first 90–BF: shorter forms exist below
	afterF4            // three, the first 80–8F: beyond U+10FFFF above
	broken             // nothing helps
)

// steps says for each octet where it leads: the six bits from bit s on are the state after s.
var steps = func() (t [256]uint64) {
	for c := range t {
		for s := between; s <= broken; s += 6 {
			t[c] |= broken << s
		}
	}
	for _, rule := range []struct{ from, lo, hi, to int }{ // RFC 3629 §4
		{between, 0x00, 0x7F, between},
		{between, 0xC2, 0xDF, need1},
		{between, 0xE0, 0xE0, afterE0},
		{between, 0xE1, 0xEC, need2},
		{between, 0xED, 0xED, afterED},
		{between, 0xEE, 0xEF, need2},
		{between, 0xF0, 0xF0, afterF0},
		{between, 0xF1, 0xF3, need3},
		{between, 0xF4, 0xF4, afterF4},
		{need1, 0x80, 0xBF, between},
		{need2, 0x80, 0xBF, need1},
		{need3, 0x80, 0xBF, need2},
		{afterE0, 0xA0, 0xBF, need1},
		{afterED, 0x80, 0x9F, need1},
		{afterF0, 0x90, 0xBF, need2},
		{afterF4, 0x80, 0x8F, need2},
	} {
		for c := rule.lo; c <= rule.hi; c++ {
			t[c] ^= uint64(broken^rule.to) << rule.from
		}
	}
	return t
}()
