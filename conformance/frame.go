package conformance

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"
)

// The opcodes (RFC 6455 §5.2).
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA
)

// The reserved bits, as in frame.rsv.
const (
	rsv1 = 4
	rsv2 = 2
	rsv3 = 1
)

// A frame is one that the suite sends, legal or not.
type frame struct {
	op      byte
	more    bool // FIN is not set
	rsv     byte
	payload []byte

	// Against the rules:
	unmask bool    // masked by a server, not masked by a client
	key    *uint32 // instead of a random one
	form   int     // of the length: 16 or 64 bits where fewer would do
	claims *uint64 // the length in the header, whatever the payload has

	// How it is written:
	chop  int           // this many octets per write
	after time.Duration // waits so long before
}

func text(p string) frame     { return frame{op: opText, payload: []byte(p)} }
func binaryOf(p []byte) frame { return frame{op: opBinary, payload: p} }
func ping(p string) frame     { return frame{op: opPing, payload: []byte(p)} }
func pong(p string) frame     { return frame{op: opPong, payload: []byte(p)} }

// first, next and last are the frames of a fragmented message.
func first(op byte, p string) frame { return frame{op: op, more: true, payload: []byte(p)} }
func next(p string) frame           { return frame{op: opContinuation, more: true, payload: []byte(p)} }
func last(p string) frame           { return frame{op: opContinuation, payload: []byte(p)} }

// closing is a Close frame; code 0 means none.
func closing(code int, reason string) frame {
	if code == 0 {
		return frame{op: opClose}
	}
	return frame{op: opClose, payload: append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...)}
}

func (f frame) withRsv(bits byte) frame { f.rsv = bits; return f }
func (f frame) chopped(n int) frame     { f.chop = n; return f }

// chopped has each frame written n octets at a time.
func chopped(n int, frames ...frame) []frame {
	for i := range frames {
		frames[i].chop = n
	}
	return frames
}

// append encodes the frame for its sender's role.
func (f *frame) append(dst []byte, byClient bool) []byte {
	b0 := f.op | f.rsv<<4
	if !f.more {
		b0 |= 0x80
	}
	masked := byClient != f.unmask
	var mask byte
	if masked {
		mask = 0x80
	}
	n := uint64(len(f.payload))
	if f.claims != nil {
		n = *f.claims
	}
	switch {
	case f.form == 64 || n > 65535:
		dst = binary.BigEndian.AppendUint64(append(dst, b0, mask|127), n)
	case f.form == 16 || n > 125:
		dst = binary.BigEndian.AppendUint16(append(dst, b0, mask|126), uint16(n))
	default:
		dst = append(dst, b0, mask|byte(n))
	}
	if !masked {
		return append(dst, f.payload...)
	}
	key := rand.Uint32()
	if f.key != nil {
		key = *f.key
	}
	dst = binary.BigEndian.AppendUint32(dst, key)
	at := len(dst)
	dst = append(dst, f.payload...)
	applyMask(dst[at:], key)
	return dst
}

// applyMask masks or unmasks (RFC 6455 §5.3). The key's first octet is its highest.
func applyMask(p []byte, key uint32) {
	var k [8]byte
	binary.BigEndian.PutUint32(k[:], key)
	binary.BigEndian.PutUint32(k[4:], key)
	wide := binary.NativeEndian.Uint64(k[:])
	for len(p) >= 8 {
		binary.NativeEndian.PutUint64(p, binary.NativeEndian.Uint64(p)^wide)
		p = p[8:]
	}
	for i := range p {
		p[i] ^= k[i&3]
	}
}

// describe says in a few words what a frame is.
func describe(op byte, fin bool, rsv byte, length uint64, masked bool) string {
	s := fmt.Sprintf("%s, %d octets", opcodeName(op), length)
	if length == 1 {
		s = opcodeName(op) + ", 1 octet"
	}
	if !fin {
		s += ", not final"
	}
	if rsv&rsv1 != 0 {
		s += ", RSV1"
	}
	if rsv&rsv2 != 0 {
		s += ", RSV2"
	}
	if rsv&rsv3 != 0 {
		s += ", RSV3"
	}
	if masked {
		s += ", masked"
	}
	return s
}

func opcodeName(op byte) string {
	switch op {
	case opContinuation:
		return "Continuation"
	case opText:
		return "Text"
	case opBinary:
		return "Binary"
	case opClose:
		return "Close"
	case opPing:
		return "Ping"
	case opPong:
		return "Pong"
	}
	return fmt.Sprintf("reserved opcode %#x", op)
}
