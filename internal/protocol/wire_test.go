package protocol_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/everwire/everwire/internal/protocol"
)

var roles = []protocol.Role{protocol.Server, protocol.Client}

func opposite(r protocol.Role) protocol.Role {
	if r == protocol.Server {
		return protocol.Client
	}
	return protocol.Server
}

// A part is octets of the wire on their way to the end of the given role.
type part func(to protocol.Role) []byte

func join(to protocol.Role, parts []part) (wire []byte) {
	for _, p := range parts {
		wire = append(wire, p(to)...)
	}
	return wire
}

// fr is a frame: b0 is the first octet of its header, with FIN, the reserved bits and the opcode.
func fr(b0 byte, payload string) part {
	return func(to protocol.Role) []byte {
		wire := head(b0, uint64(len(payload)))(to)
		at := len(wire)
		wire = append(wire, payload...)
		if to == protocol.Server {
			for i := range len(payload) {
				wire[at+i] ^= wire[at-4+i%4]
			}
		}
		return wire
	}
}

// head is the header alone of a frame that claims a length, which it gives in the shortest form.
func head(b0 byte, length uint64) part {
	switch {
	case length < 126:
		return headIn(7, b0, length)
	case length < 1<<16:
		return headIn(16, b0, length)
	}
	return headIn(64, b0, length)
}

// headIn is the header alone of a frame, its length in a form of 7, 16 or 64 bits.
func headIn(bits int, b0 byte, length uint64) part {
	return func(to protocol.Role) []byte {
		wire := []byte{b0, 0}
		switch bits {
		case 7:
			wire[1] = byte(length)
		case 16:
			wire[1] = 126
			wire = binary.BigEndian.AppendUint16(wire, uint16(length))
		case 64:
			wire[1] = 127
			wire = binary.BigEndian.AppendUint64(wire, length)
		}
		if to == protocol.Server {
			wire[1] |= 0x80
			wire = binary.BigEndian.AppendUint32(wire, 0x37fa213d+uint32(b0)*0x01030507+uint32(length))
		}
		return wire
	}
}

// cut is a part of which the last n octets have not arrived.
func cut(p part, n int) part {
	return func(to protocol.Role) []byte {
		wire := p(to)
		return wire[:len(wire)-n]
	}
}

// misdirected is a part as the other end should send it: masked where it must not be, or not masked.
func misdirected(p part) part {
	return func(to protocol.Role) []byte { return p(opposite(to)) }
}

// A classicSession is a line of testdata/classic-sessions.txt.
type classicSession struct {
	name  string
	parts []part
}

func classicSessions(t testing.TB) (sessions []classicSession) {
	t.Helper()
	file, err := os.ReadFile("testdata/classic-sessions.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(file)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		words := strings.Fields(line)
		s := classicSession{name: words[0]}
		for at := 1; at < len(words); at += 2 {
			b0, err := strconv.ParseUint(words[at], 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			s.parts = append(s.parts, fr(byte(b0), classicPayload(t, words[at+1])))
		}
		sessions = append(sessions, s)
	}
	return sessions
}

func classicPayload(t testing.TB, word string) (payload string) {
	t.Helper()
	if word == "-" {
		return ""
	}
	for _, piece := range strings.Split(word, "+") {
		times, octets, found := strings.Cut(piece, "*")
		n := 1
		if found {
			var err error
			if n, err = strconv.Atoi(times); err != nil {
				t.Fatal(err)
			}
			piece = octets
		}
		var b []byte
		if _, err := fmt.Sscanf(piece, "%x", &b); err != nil {
			t.Fatal(err)
		}
		payload += strings.Repeat(string(b), n)
	}
	return payload
}
