package conformance

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
)

// Family 17: frames are masked by clients and by nobody else; whatever the key is, and wherever octets are
// cut, what was masked is whole again.
func init() {
	maskedWrongly()
	maskedByKeys()
	maskedAtLengths()
	maskedByClients()
}

func maskedWrongly() {
	hello := []event{wantText("hello")}
	for i, c := range []struct {
		name string
		send []frame // in order; the peer answers with want before the last
		want []event
	}{
		{"a text frame", []frame{text("hello").wronglyMasked()}, nil},
		{"a binary frame", []frame{binaryOf([]byte{1, 2, 3}).wronglyMasked()}, nil},
		{"a text frame without payload", []frame{text("").wronglyMasked()}, nil},
		{"a text frame with a 16-bit length", []frame{text(string(bytes.Repeat([]byte{'x'}, 200))).wronglyMasked()}, nil},
		{"a binary frame with a 64-bit length", []frame{binaryOf(make([]byte, 65536)).wronglyMasked()}, nil},
		{"a Ping", []frame{ping("hello").wronglyMasked()}, nil},
		{"a Ping without payload", []frame{ping("").wronglyMasked()}, nil},
		{"a Pong", []frame{pong("hello").wronglyMasked()}, nil},
		{"a Close frame", []frame{closing(1000, "").wronglyMasked()}, nil},
		{"a Close frame without payload", []frame{closing(0, "").wronglyMasked()}, nil},
		{"a first fragment", []frame{first(opText, "hel").wronglyMasked()}, nil},
		{"a continuation frame", []frame{first(opText, "hel"), last("lo").wronglyMasked()}, nil},
		{"a Ping between fragments", []frame{first(opText, "hel"), ping("p").wronglyMasked()}, nil},
		{"the second message", []frame{text("hello"), text("hello").wronglyMasked()}, hello},
		{"a Close frame behind a message", []frame{text("hello"), closing(1000, "").wronglyMasked()}, hello},
		{"a text frame masked by the key 0", []frame{text("hello").wronglyMasked().withKey(0)}, nil},
	} {
		register(posed(fmt.Sprintf("17.1.%d", i+1), c.name+", not masked by a client, or masked by a server",
			"Sends "+c.name+" that is masked if the suite is the server, and not masked if it is the client.",
			"The connection is failed with 1002.", "RFC 6455 §5.1",
			func(s *session) {
				s.open("")
				before, wrong := c.send[:len(c.send)-1], c.send[len(c.send)-1]
				s.send(before...)
				if !s.expect(c.want...) {
					return
				}
				s.send(wrong)
				s.mustFail(1002)
				if got, _ := closePayload(s.closeSeen.data); s.gotClose && got == 1000 {
					s.fail("the frame was taken: a Close frame with 1000 came (RFC 6455 §5.1)")
				}
			}, Masking))
	}
}

func maskedByKeys() {
	key := func(k uint32, frames ...frame) []frame {
		for i := range frames {
			frames[i].key = &k
		}
		return frames
	}
	// A payload that is masked with itself is zeros on the wire, and one of zeros is the key.
	zeros := make([]byte, 32)
	like := bytes.Repeat([]byte{0x88, 0x02, 0x03, 0xe8}, 8) // a Close frame
	counted := func(n int) (frames []frame) {
		for i := range n {
			frames = append(frames, text(fmt.Sprintf("message %d", i)))
		}
		return frames
	}
	for i, c := range []struct {
		name string
		send []frame
	}{
		{"the key 00000000", key(0, text("not hidden at all"))},
		{"the key 00000000, with octets like a Close frame", key(0, binaryOf(like))},
		{"the key ffffffff", key(0xffffffff, text("all bits are turned"))},
		{"the key ffffffff, with octets ff", key(0xffffffff, binaryOf(bytes.Repeat([]byte{0xff}, 77)))},
		{"a key of which the first octet is 0", key(0x00a5a5a5, text("a key of which the first octet is 0"))},
		{"a key of which the last octet alone is not 0", key(0x000000ff, text("a key of which the last octet is ff"))},
		{"a key of the high bits alone", key(0x80808080, text("high bits, so that ASCII is none"))},
		{"octets like a Close frame on the wire", key(0x880203e8, binaryOf(zeros))},
		{"octets like unmasked Pings on the wire", key(0x89008900, binaryOf(zeros))},
		{"octets like text frames on the wire", key(0x81818181, binaryOf(make([]byte, 4096)))},
		{"octets 0 on the wire", key(0x41424344, text("ABCDABCDABCDABCDABCDABC"))},
		{"octets like an HTTP request on the wire", key(binary.BigEndian.Uint32([]byte("GET ")), binaryOf([]byte("\x00\x00\x00\x00\x68\x11\x00\x70")))},
		{"the same key for 100 frames", key(0x37fa213d, counted(100)...)},
		{"the key 00000000 for 100 frames", key(0, counted(100)...)},
	} {
		register(maskingCase(fmt.Sprintf("17.2.%d", i+1), c.name, c.send, false))
	}
	// Each frame of a message has a key of its own, and begins with the key's first octet.
	for i, c := range []struct {
		name string
		send []frame
	}{
		{"fragments of which each has another key", []frame{first(opText, "abc").withKey(0x01020304), next("defgh").withKey(0xf0e0d0c0), last("i").withKey(0x55aa55aa)}},
		{"fragments with the same key, cut at odd places", key(0x11223344, first(opText, "a"), next("bc"), next("def"), next(""), last("ghijk"))},
		{"fragments of 1 octet with the same key", key(0x11223344, first(opBinary, "a"), next("b"), next("c"), next("d"), next("e"), last("f"))},
		{"fragments with a Ping between them, which has a key of its own", []frame{first(opText, "abc").withKey(1), ping("ping").withKey(2 << 24), last("defg").withKey(3 << 16)}},
	} {
		register(maskingCase(fmt.Sprintf("17.2.%d", i+15), c.name, c.send, false))
	}
}

func maskedAtLengths() {
	ofLength := func(n int) frame {
		p := make([]byte, n)
		for i := range p {
			p[i] = byte(i*7 + n)
		}
		return binaryOf(p)
	}
	lengths := func(from, to, chop int) (frames []frame) {
		for n := from; n <= to; n++ {
			frames = append(frames, ofLength(n).chopped(chop))
		}
		return frames
	}
	fragmented := func(from, to int) (frames []frame) {
		for n := from; n <= to; n++ {
			whole := ofLength(n).payload
			a, b := n/3, n/3+n/2
			frames = append(frames, frame{op: opBinary, more: true, payload: whole[:a]}, frame{more: true, payload: whole[a:b]}, frame{payload: whole[b:]})
		}
		return frames
	}
	for i, c := range []struct {
		name   string
		send   []frame
		joined bool
	}{
		{"messages of each length from 0 to 70", lengths(0, 70, 0), false},
		{"messages of each length from 0 to 70, by one write", lengths(0, 70, 0), true},
		{"messages of each length from 0 to 70, octet by octet", lengths(0, 70, 1), false},
		{"messages of each length from 0 to 70, 2 octets at a time", lengths(0, 70, 2), false},
		{"messages of each length from 0 to 70, 3 octets at a time", lengths(0, 70, 3), false},
		{"messages of each length from 0 to 70, 5 octets at a time", lengths(0, 70, 5), false},
		{"messages of each length from 0 to 70, 7 octets at a time", lengths(0, 70, 7), false},
		{"messages of each length from 0 to 70, in three fragments", fragmented(0, 70), false},
		{"messages of each length from 0 to 70, in three fragments, by one write", fragmented(0, 70), true},
		{"messages of each length from 120 to 135, octet by octet", lengths(120, 135, 1), false},
		{"messages of each length from 1000 to 1008, 13 octets at a time", lengths(1000, 1008, 13), false},
		{"messages of each length from 4090 to 4100, 1021 octets at a time", lengths(4090, 4100, 1021), false},
		{"messages of each length from 65534 to 65541, 8191 octets at a time", lengths(65534, 65541, 8191), false},
	} {
		register(maskingCase(fmt.Sprintf("17.3.%d", i+1), c.name, c.send, c.joined))
	}
}

// maskingCase is one for servers, whose messages are echoed.
func maskingCase(id, name string, send []frame, joined bool) *Case {
	c := &Case{
		ID:      id,
		Name:    "masked: " + name,
		Does:    "Sends " + name + ".",
		Expects: "The messages come back as they were before they were masked.",
		Section: "RFC 6455 §5.3",
		Tags:    []Tag{Masking, Echo},
		Peers:   Server,
		run:     script{send: send, joined: joined, want: echoes(send)}.run,
	}
	if slices.ContainsFunc(send, func(f frame) bool { return f.chop > 0 }) {
		c.Tags = append(c.Tags, Chopped)
	}
	if slices.ContainsFunc(send, func(f frame) bool { return f.op == opPing }) {
		c.run = pingFlood(send) // the order of Pongs and messages is free
	}
	return c
}

// echoes returns what a peer does with legal frames: it echoes the messages and answers the Pings.
func echoes(frames []frame) (want []event) {
	var message []byte
	var op byte
	for _, f := range frames {
		switch f.op {
		case opPing:
			want = append(want, event{kind: ponged, data: f.payload})
		case opText, opBinary:
			op, message = f.op, nil
			fallthrough
		case opContinuation:
			message = append(message, f.payload...)
			if f.more {
				continue
			}
			kind := textMessage
			if op == opBinary {
				kind = binaryMessage
			}
			want = append(want, event{kind: kind, data: message})
		}
	}
	return want
}

func maskedByClients() {
	register(&Case{
		ID:      "17.4.1",
		Name:    "a client's masking keys cannot be foreseen",
		Does:    "Sends 50 messages of different lengths, and looks at the keys with which the echoes are masked.",
		Expects: "The keys are different, and do not follow from each other.",
		Section: "RFC 6455 §5.3",
		Tags:    []Tag{Masking},
		Peers:   Client,
		run: func(s *session) {
			var send []frame
			for i := range 50 {
				send = append(send, binaryOf(make([]byte, i)))
			}
			script{send: send, want: echoes(send)}.run(s)
			s.mu.Lock()
			keys := s.keys
			s.mu.Unlock()
			switch v, why := judgeKeys(keys); v {
			case Failed:
				s.fail("%s (RFC 6455 §5.3)", why)
			case NonStrict:
				s.lax("%s (RFC 6455 §5.3)", why)
			}
		},
	})
}

// judgeKeys says what is wrong with a client's masking keys, if they show it. Chance makes no difference:
// that one of 60 random keys repeats another happens once in two million times.
func judgeKeys(keys []uint32) (Verdict, string) {
	if len(keys) < 10 {
		return OK, ""
	}
	different := map[uint32]bool{}
	upwards, reversed := true, true
	step, stepReversed := keys[1]-keys[0], bits.ReverseBytes32(keys[1])-bits.ReverseBytes32(keys[0])
	for i, k := range keys {
		different[k] = true
		if i > 0 {
			upwards = upwards && k-keys[i-1] == step
			reversed = reversed && bits.ReverseBytes32(k)-bits.ReverseBytes32(keys[i-1]) == stepReversed
		}
	}
	switch {
	case len(different) == 1:
		return Failed, fmt.Sprintf("all %d frames were masked with the key %08x", len(keys), keys[0])
	case upwards || reversed:
		return NonStrict, fmt.Sprintf("the masking keys are a sequence: %08x, %08x, %08x …", keys[0], keys[1], keys[2])
	case len(different) < len(keys):
		return NonStrict, fmt.Sprintf("%d frames were masked with %d different keys", len(keys), len(different))
	}
	return OK, ""
}
