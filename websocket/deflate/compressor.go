package deflate

import "math"

// A Compressor compresses what one end of a connection sends (RFC 7692 §7.2.1). Between messages it holds
// no compressor: with context takeover it keeps the last window of what was sent, and primes one from a
// pool with it.
//
// Call Init before use. A Compressor is not safe for concurrent use.
type Compressor struct {
	window   window
	bits     int
	level    int
	takeover bool
	writer   *writer // of the message in progress
}

// Init makes c ready for a window of 1<<bits octets, 8 to 15, which no distance exceeds. Level is 1 to 9
// and counts only with 15 bits. With takeover, messages refer to those before; how far is also a matter of the
// level, since what is referred to must be looked through for every message.
func (c *Compressor) Init(bits, level int, takeover bool) {
	*c = Compressor{bits: bits, level: level, takeover: takeover, window: window{size: 1 << bits}}
}

// AppendMessage appends a whole message, compressed, to dst. If that is not worth it, because it would not be smaller
// than the payload is, it returns dst as it was and false: then send the payload as it is, without RSV1. With
// takeover, a message of up to 1 KiB is worth some octets more than it has: those after it refer to it. Once the
// compressed message was sent, call Remember.
func (c *Compressor) AppendMessage(dst, payload []byte) (compressed []byte, worth bool) {
	most := len(payload) - 1
	if c.takeover && len(payload) <= investSize {
		most += investment
	}
	out, fits := compress(dst, payload, c.bits, c.level, c.window.octets, len(dst)+most+len(tail))
	if !fits {
		return dst, false
	}
	return out, true
}

// What a message of up to investSize octets may cost to become a part of the context.
const (
	investSize = 1 << 10
	investment = 16
)

// AppendFragment appends the next fragment of a message, compressed, to dst; fin says that it is the last.
// The message is compressed whatever comes of it: RSV1 was decided with the first fragment. Once the
// fragment was sent, call Remember.
func (c *Compressor) AppendFragment(dst, payload []byte, fin bool) []byte {
	if c.writer == nil {
		c.writer = newWriter(c.bits, c.level, last(c.window.octets, reach(len(payload), c.bits, c.level)))
	}
	dst, _ = c.writer.append(dst, payload, math.MaxInt)
	if fin {
		c.Abandon()
		dst = withoutTail(dst)
	}
	return dst
}

// Abandon gives up a message of which some fragments were made, or none: what it held is free again.
func (c *Compressor) Abandon() {
	if c.writer != nil {
		c.writer.free()
		c.writer = nil
	}
}

// Remember makes payload a part of the context, if the context is taken over. Payload is that of a compressed
// message or fragment, by a method of c or by [Append], which was sent on this connection; one that was sent as it is
// does not count (RFC 7692 §7.2.3.2).
func (c *Compressor) Remember(payload []byte) {
	if c.takeover {
		c.window.add(payload)
	}
}

// Append appends payload to dst, compressed without reference to anything before, so that the result fits
// every connection whose window is not smaller. Bits and level are as for [Compressor.Init].
func Append(dst, payload []byte, bits, level int) []byte {
	dst, _ = compress(dst, payload, bits, level, nil, math.MaxInt)
	return dst
}

// compress appends payload, compressed behind context, to dst, unless that has more than limit octets then, the
// tail included: it stops where it sees so.
func compress(dst, payload []byte, bits, level int, context []byte, limit int) (out []byte, fits bool) {
	n := len(payload)
	context = last(context, reach(n, bits, level))
	if 0 < n && n < smallSize && (level < lazyLevel || bits < MaxWindowBits) {
		out, fits = compressSmall(dst, payload, last(context, 1<<bits-n), limit)
	} else {
		w := newWriter(bits, level, context)
		defer w.free()
		out, fits = w.append(dst, payload, limit)
	}
	if !fits {
		return nil, false
	}
	return withoutTail(out), true
}

// withoutTail takes away the octets that every flush ends with (RFC 7692 §7.2.1, step 3).
func withoutTail(b []byte) []byte { return b[:len(b)-len(tail)] }

// tail is what a flush ends with: an empty block without compression, but for its first three bits.
var tail = [4]byte{0x00, 0x00, 0xff, 0xff}
