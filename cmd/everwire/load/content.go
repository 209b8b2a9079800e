package load

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"math/rand/v2"
)

// The opcodes of RFC 6455 §5.2.
const (
	opContinuation = 0
	opText         = 1
	opBinary       = 2
	opClose        = 8
	opPing         = 9
	opPong         = 10
)

const (
	finBit  = 0x80
	rsv1Bit = 0x40 // RFC 7692 §6: the message is compressed
	maskBit = 0x80

	maxControl = 125 // RFC 6455 §5.5
	maxHead    = 10  // of a frame without a masking key
)

// batchSize is up to how many octets of frames leave in one write.
const batchSize = 256 << 10

// A content is a message: as it is sent, and as it must come back. All connections share it, unless each message
// is another.
type content struct {
	message  []byte
	opcode   byte
	deflated bool // sent compressed
	lenient  bool // whatever comes back is right
	single   bool // for one message only, which is compared: the next one is another
	surplus  bool // nothing is expected

	frameLen int    // octets of one masked frame
	batch    []byte // that frame, one or more times

	// What an unfragmented, uncompressed reply starts with, to be compared at once.
	head     uint64 // its first octets, as a little-endian number
	headMask uint64 // which octets of that count; 0: there is no such comparing
	headLen  int
	replyLen int
}

// newContent encodes a message, to be sent up to window times at once.
func newContent(message []byte, text, deflated bool, window int) *content {
	c := &content{message: message, opcode: opBinary, deflated: deflated}
	if text {
		c.opcode = opText
	}
	first := finBit | c.opcode
	payload := message
	if deflated {
		payload = compress(message)
		first |= rsv1Bit
	}
	frame := appendMasked(nil, first, payload)
	c.frameLen = len(frame)
	c.batch = bytes.Repeat(frame, max(1, min(window, batchSize/len(frame))))

	head := appendHead(nil, finBit|c.opcode, 0, len(message))
	c.headLen, c.replyLen = len(head), len(head)+len(message)
	if len(head) <= 8 && c.replyLen >= 8 {
		var word, mask [8]byte
		copy(word[:], head)
		copy(mask[:], bytes.Repeat([]byte{0xff}, len(head)))
		c.head, c.headMask = binary.LittleEndian.Uint64(word[:]), binary.LittleEndian.Uint64(mask[:])
	}
	return c
}

// forgiving is the same to be sent, where anything may come back.
func (c *content) forgiving() *content {
	other := *c
	other.lenient, other.headMask = true, 0
	return &other
}

// appendHead appends a frame's first octet and the length of its payload, in the fewest octets.
func appendHead(b []byte, first, mask byte, n int) []byte {
	switch {
	case n <= maxControl:
		return append(b, first, mask|byte(n))
	case n < 1<<16:
		return append(b, first, mask|126, byte(n>>8), byte(n))
	default:
		return binary.BigEndian.AppendUint64(append(b, first, mask|127), uint64(n))
	}
}

// appendMasked appends a client's frame. Its masking key is random, and the same whenever the frame is sent again.
func appendMasked(b []byte, first byte, payload []byte) []byte {
	b = appendHead(b, first, maskBit, len(payload))
	key := rand.Uint32() | 0x01010101 // no octet of it is 0, so that unmasking is never idle
	b = binary.LittleEndian.AppendUint32(b, key)
	at := len(b)
	b = append(b, payload...)
	for i := range payload {
		b[at+i] ^= byte(key >> (8 * (i & 3)))
	}
	return b
}

// compress makes the payload of a compressed message without reference to anything before it.
func compress(message []byte) []byte { return new(deflater).compress(message) }

// A deflater compresses one message after another.
type deflater struct {
	out    bytes.Buffer
	writer *flate.Writer
}

// compress returns what is valid until the next call.
func (d *deflater) compress(message []byte) []byte {
	d.out.Reset()
	if d.writer == nil {
		var err error
		if d.writer, err = flate.NewWriter(&d.out, flate.DefaultCompression); err != nil {
			panic(err) // the level is a constant
		}
	} else {
		d.writer.Reset(&d.out)
	}
	// A bytes.Buffer takes everything.
	_, _ = d.writer.Write(message)
	_ = d.writer.Flush()
	return bytes.TrimSuffix(d.out.Bytes(), []byte{0, 0, 0xff, 0xff}) // RFC 7692 §7.2.1
}

// randomMessage makes size octets, or letters.
func randomMessage(size int, text bool) []byte {
	message := make([]byte, size)
	for i := range message {
		message[i] = byte(rand.Uint32())
		if text {
			message[i] = 'a' + message[i]%26
		}
	}
	return message
}
