package brokenpeer

// A checker checks UTF-8 octet by octet (RFC 3629 §4).
type checker struct {
	fault  Fault
	need   int  // octets that the character still has
	lo, hi byte // between which the next must be
	r      rune // of what was there of the character
}

// take reports whether p may follow what was taken before.
func (c *checker) take(p []byte) bool {
	for _, b := range p {
		if c.need == 0 {
			if !c.begin(b) {
				return false
			}
			continue
		}
		if b < c.lo || b > c.hi {
			return false
		}
		c.lo, c.hi = 0x80, 0xbf
		c.r = c.r<<6 | rune(b&0x3f)
		c.need--
		if c.need == 0 && c.fault == RejectsNoncharacters && (c.r&0xfffe == 0xfffe || c.r >= 0xfdd0 && c.r <= 0xfdef) {
			return false
		}
	}
	return true
}

func (c *checker) begin(b byte) bool {
	c.lo, c.hi = 0x80, 0xbf
	switch {
	case b < 0x80:
		return true
	case b >= 0xc2 && b <= 0xdf, b&0xfe == 0xc0 && c.fault == AcceptsOverlong:
		c.need, c.r = 1, rune(b&0x1f)
	case b&0xf0 == 0xe0:
		c.need, c.r = 2, rune(b&0x0f)
		if b == 0xe0 && c.fault != AcceptsOverlong {
			c.lo = 0xa0
		}
		if b == 0xed && c.fault != AcceptsSurrogates {
			c.hi = 0x9f
		}
	case b >= 0xf0 && b <= 0xf4:
		c.need, c.r = 3, rune(b&0x07)
		if b == 0xf0 && c.fault != AcceptsOverlong {
			c.lo = 0x90
		}
		if b == 0xf4 && c.fault != AcceptsBeyondUnicode {
			c.hi = 0x8f
		}
	default:
		return false
	}
	return true
}

// whole reports whether no character is incomplete.
func (c *checker) whole() bool { return c.need == 0 || c.fault == AcceptsIncomplete }

// valid reports whether p is UTF-8.
func valid(p []byte) bool {
	var c checker
	return c.take(p) && c.whole()
}
