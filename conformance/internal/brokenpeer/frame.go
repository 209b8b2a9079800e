package brokenpeer

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
)

const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA

	rsv1 = 0x40
	rsv2 = 0x20
	rsv3 = 0x10

	maxMessage = 32 << 20
)

// A failure is why a connection is failed (RFC 6455 §7.1.7).
type failure struct {
	code   int
	reason string
}

func (f *failure) Error() string { return fmt.Sprintf("%d %s", f.code, f.reason) }

func failed(code int, reason string) error { return &failure{code, reason} }

// A header is a frame's.
type header struct {
	op     byte
	fin    bool
	rsv    byte // bits as they stand in the first octet
	masked bool
	key    [4]byte
	length uint64
	at     int // where in the key unmasking is
}

func (h *header) control() bool { return h.op&8 != 0 }

// header reads and judges a frame's. Between messages is whether none is in progress.
func (c *conn) header(between bool) (h header, err error) {
	var b [8]byte
	if _, err = io.ReadFull(c.in, b[:2]); err != nil {
		return h, err
	}
	h = header{op: b[0] & 0xf, fin: b[0]&0x80 != 0, rsv: b[0] & 0x70, masked: b[1]&0x80 != 0, length: uint64(b[1] & 0x7f)}
	if err = c.judge(&h, between); err != nil {
		return h, err
	}
	switch h.length {
	case 126:
		if _, err = io.ReadFull(c.in, b[:2]); err != nil {
			return h, err
		}
		h.length = uint64(binary.BigEndian.Uint16(b[:]))
		if c.fault == SignedLength && h.length > 0x7fff {
			return h, failed(1009, "a length below zero")
		}
		if h.length < 126 && c.fault != AcceptsLongForm {
			return h, failed(1002, "a length in too many octets")
		}
	case 127:
		if _, err = io.ReadFull(c.in, b[:8]); err != nil {
			return h, err
		}
		h.length = binary.BigEndian.Uint64(b[:])
		if h.length>>63 != 0 {
			if c.fault != AcceptsTopBit {
				return h, failed(1002, "a length with the top bit set")
			}
			h.length &^= 1 << 63
		} else if h.length < 65536 && c.fault != AcceptsLongForm {
			return h, failed(1002, "a length in too many octets")
		}
	}
	if h.control() {
		c.split = !h.fin
		if h.length > 125 && c.fault != AcceptsLongControl {
			return h, failed(1002, "a long control frame")
		}
	}
	if h.length > maxMessage || h.control() && h.length > 65535 {
		return h, failed(1009, "too long")
	}
	if h.masked {
		_, err = io.ReadFull(c.in, h.key[:])
	}
	return h, err
}

// judge judges what the first two octets say.
func (c *conn) judge(h *header, between bool) error {
	if h.op > opBinary && h.op < opClose || h.op > opPong {
		if c.fault == AcceptsReservedOpcodes || c.fault == AcceptsReservedControl && h.op > opPong {
			return nil
		}
		return failed(1002, "a reserved opcode")
	}
	allowed := byte(0)
	if c.params != nil && (h.op == opText || h.op == opBinary || h.control() && c.fault == AcceptsMarkedControl ||
		h.op == opContinuation && c.fault == AcceptsMarkedRest) {
		allowed = rsv1
	}
	switch {
	case h.rsv&^allowed != 0 && c.fault != IgnoresReservedBits:
		return failed(1002, "a reserved bit")
	case !h.masked && !c.client && c.fault != AcceptsUnmasked:
		return failed(1002, "a frame without a mask")
	case h.masked && c.client && c.fault != AcceptsMasked:
		return failed(1002, "a frame with a mask")
	case h.control() && !h.fin && c.fault != AcceptsFragmentedControl:
		return failed(1002, "a fragmented control frame")
	case h.control() && h.length > 125 && c.fault != AcceptsLongControl && c.fault != AcceptsLongForm && c.fault != AcceptsTopBit:
		return failed(1002, "a long control frame")
	case h.op == opContinuation && between && !c.split && c.fault != AcceptsStray:
		return failed(1002, "nothing to continue")
	case (h.op == opText || h.op == opBinary) && !between && c.fault != AcceptsMessageInMessage:
		return failed(1002, "a message inside a message")
	}
	return nil
}

// read reads a piece of a payload, what is there of it.
func (c *conn) read(h *header, p []byte) (int, error) {
	n, err := c.in.Read(p)
	if h.masked {
		for i := range p[:n] {
			if c.fault == UnmasksPiecewise {
				h.at %= 61
			}
			p[i] ^= h.key[h.at&3]
			h.at++
		}
	}
	return n, err
}

// payload reads all of a control frame's.
func (c *conn) payload(h *header) ([]byte, error) {
	p := make([]byte, h.length)
	for at := 0; at < len(p); {
		n, err := c.read(h, p[at:])
		if err != nil {
			return nil, err
		}
		at += n
	}
	return p, nil
}

// send writes a frame. First is its first octet.
func (c *conn) send(first byte, payload []byte) error {
	switch c.fault {
	case SendsReservedBit:
		first |= rsv2
	case MarksPongs:
		if first&0xf == opPong && c.params != nil {
			first |= rsv1
		}
	}
	masked := c.client && c.fault != ClientMasksNothing || !c.client && c.fault == ServerMasks
	var mask byte
	if masked {
		mask = 0x80
	}
	wire := []byte{first}
	switch n := len(payload); {
	case n > 65535:
		wire = binary.BigEndian.AppendUint64(append(wire, mask|127), uint64(n))
	case n > 125 || c.fault == SendsLongForm:
		wire = binary.BigEndian.AppendUint16(append(wire, mask|126), uint16(n))
	default:
		wire = append(wire, mask|byte(n))
	}
	if !masked {
		_, err := c.nc.Write(append(wire, payload...))
		return err
	}
	key := rand.Uint32()
	switch c.fault {
	case SameMaskingKey:
		key = 0x12345678
	case ZeroMaskingKey:
		key = 0
	}
	wire = binary.BigEndian.AppendUint32(wire, key)
	octets, at := wire[len(wire)-4:], len(wire)
	wire = append(wire, payload...)
	for i := range wire[at:] {
		wire[at+i] ^= octets[i&3]
	}
	_, err := c.nc.Write(wire)
	return err
}
