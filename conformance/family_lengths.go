package conformance

import (
	"bytes"
	"fmt"
	"slices"
)

// Family 18: the length in a frame's header has the shortest form, is below 2^63, and may arrive in pieces.
func init() {
	lengthsNotMinimal()
	lengthsTopBit()
	lengthsEnormous()
	lengthsOfControlFrames()
	lengthsInPieces()
	lengthsAround()
}

// patterned makes a payload in which no two places look the same for long.
func patterned(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte('a' + (i+i/26)%26)
	}
	return p
}

// The standard tells the sender to use the shortest form. It does not say what a receiver has to do about
// another: who accepts it breaks no rule, but does not hold the peer to it either.
func lengthsNotMinimal() {
	for i, c := range []struct {
		name string
		send []frame
	}{
		{"a text of 0 octets, length in 16 bits", []frame{text("").wide(16)}},
		{"a text of 1 octet, length in 16 bits", []frame{text("x").wide(16)}},
		{"a text of 124 octets, length in 16 bits", []frame{text(string(patterned(124))).wide(16)}},
		{"a text of 125 octets, length in 16 bits", []frame{text(string(patterned(125))).wide(16)}},
		{"a text of 0 octets, length in 64 bits", []frame{text("").wide(64)}},
		{"a text of 1 octet, length in 64 bits", []frame{text("x").wide(64)}},
		{"a text of 125 octets, length in 64 bits", []frame{text(string(patterned(125))).wide(64)}},
		{"a text of 126 octets, length in 64 bits", []frame{text(string(patterned(126))).wide(64)}},
		{"a binary message of 65535 octets, length in 64 bits", []frame{binaryOf(patterned(65535)).wide(64)}},
		{"a Ping of 0 octets, length in 16 bits", []frame{ping("").wide(16)}},
		{"a Ping of 5 octets, length in 16 bits", []frame{ping("hello").wide(16)}},
		{"a Ping of 125 octets, length in 64 bits", []frame{ping(string(patterned(125))).wide(64)}},
		{"a Pong of 5 octets, length in 16 bits", []frame{pong("hello").wide(16), ping("then")}},
		{"a continuation frame of 2 octets, length in 16 bits", []frame{first(opText, "hel"), last("lo").wide(16)}},
		{"a continuation frame of 2 octets, length in 64 bits", []frame{first(opText, "hel"), last("lo").wide(64)}},
		{"a Close frame of 2 octets, length in 16 bits", []frame{closing(1000, "").wide(16)}},
		{"a Close frame of 2 octets, length in 64 bits", []frame{closing(1000, "").wide(64)}},
		{"a Close frame of 0 octets, length in 16 bits", []frame{closing(0, "").wide(16)}},
	} {
		want := echoes(c.send)
		register(posed(fmt.Sprintf("18.1.%d", i+1), c.name,
			"Sends "+c.name+", which is not the shortest form.",
			"The connection is failed with 1002. To take the frame is not strict.", "RFC 6455 §5.2",
			func(s *session) {
				s.open("")
				s.sendTogether(c.send...)
				came := s.gather(len(want)) // none for a Close frame
				if len(want) > 0 && sameEvents(came, want) {
					s.lax("a length that is not in its shortest form was accepted")
					s.closeNow()
					return
				}
				if len(came) > 0 {
					s.fail("%s came, where the connection should have been failed", list(came))
				}
				if !s.sentClose {
					s.mustFail(1002)
					return
				}
				s.mustFail(1002, 1000)
				if got, _ := closePayload(s.closeSeen.data); s.gotClose && got != 1002 {
					s.lax("a Close frame whose length is not in its shortest form was accepted")
				}
			}, Minimal))
	}
}

func lengthsTopBit() {
	const top = 1 << 63
	for i, c := range []struct {
		name string
		send []frame
	}{
		{"8000000000000000, of a text", []frame{text("hello").claiming(top)}},
		{"8000000000000005, of a text of 5 octets", []frame{text("hello").claiming(top | 5)}},
		{"ffffffffffffffff, of a binary message", []frame{binaryOf([]byte("hello")).claiming(1<<64 - 1)}},
		{"ffffffffffffffff, of a continuation frame", []frame{first(opBinary, "h"), last("ello").claiming(1<<64 - 1)}},
		{"8000000000000000, of a Ping", []frame{ping("").claiming(top)}},
		{"8000000000010000, of a binary message of 65536 octets", []frame{binaryOf(patterned(65536)).claiming(top | 65536)}},
		{"8000000000000002, of a Close frame of 2 octets", []frame{closing(1000, "").claiming(top | 2)}},
	} {
		register(posed(fmt.Sprintf("18.2.%d", i+1), "a length of "+c.name,
			"Sends a frame whose 64-bit length is "+c.name+".",
			"The top bit must be 0: the connection is failed with 1002.", "RFC 6455 §5.2",
			func(s *session) {
				s.open("")
				s.sendTogether(c.send...)
				s.mustFail(1002)
				s.stillServes()
			}, LengthTopBit))
	}
}

func lengthsEnormous() {
	for i, c := range []struct {
		name string
		send []frame
	}{
		{"2^62 octets of a binary message", []frame{binaryOf([]byte("hello")).claiming(1 << 62)}},
		{"2^63-1 octets of a continuation frame behind 1 octet", []frame{first(opText, "h"), last("ello").claiming(1<<63 - 1)}},
	} {
		register(posed(fmt.Sprintf("18.3.%d", i+1), c.name+" announced",
			"Sends the header for "+c.name+", and a few octets of them.",
			"The peer closes the connection without waiting for them, with 1009 for instance. It goes on to serve others.", "RFC 6455 §10.4",
			func(s *session) {
				s.open("")
				s.sendTogether(c.send...)
				if came := s.gather(1); len(came) > 0 {
					s.fail("%s came, where a message had only begun", list(came))
					return
				}
				if !s.gotClose && !s.over {
					s.tell("the peer waits for %s", c.name)
					s.judgeClose(OK, "the suite left in the middle of a message")
				} else {
					s.awaitClose(closeRule{codes: []int{1002, 1008, 1009, 1011}})
				}
				s.stillServes()
			}, Length64))
	}
}

func lengthsOfControlFrames() {
	for i, c := range []struct {
		name string
		send frame
	}{
		{"a Ping of 126 octets", ping(string(patterned(126)))},
		{"a Ping of 127 octets", ping(string(patterned(127)))},
		{"a Ping of 65535 octets", ping(string(patterned(65535)))},
		{"a Ping of 65536 octets", ping(string(patterned(65536)))},
		{"a Pong of 126 octets", pong(string(patterned(126)))},
		{"a Pong of 65536 octets", pong(string(patterned(65536)))},
		{"a Ping of 2^40 octets, announced", ping("hello").claiming(1 << 40)},
	} {
		register(posed(fmt.Sprintf("18.4.%d", i+1), c.name,
			"Sends "+c.name+".",
			"A control frame has at most 125: the connection is failed with 1002.", "RFC 6455 §5.5",
			func(s *session) {
				s.open("")
				s.send(c.send)
				s.mustFail(1002)
			}, ControlLength))
	}
}

func lengthsInPieces() {
	for i, c := range []struct {
		name   string
		send   frame
		header int // its octets, for a client
	}{
		{"a text of 5 octets", text("hello"), 6},
		{"a text of 300 octets", text(string(patterned(300))), 8},
		{"a binary message of 70000 octets", binaryOf(patterned(70000)), 14},
		{"a Ping of 5 octets", ping("hello"), 6},
	} {
		add := func(n int, name, does string, run func(s *session)) {
			register(posed(fmt.Sprintf("18.5.%d", n), name, does, "The same comes back as if it had come at once.", "RFC 6455 §5.2", run, Chopped))
		}
		want := echoes([]frame{c.send})
		add(2*i+1, c.name+", cut behind each octet of the header", "Sends "+c.name+" once for each place in the header, cut there.", func(s *session) {
			s.open("")
			header := c.header
			if s.peer == Client {
				header -= 4
			}
			for at := 1; at <= header; at++ {
				s.sendSplit(c.send, at)
				if !s.expect(want...) {
					return
				}
			}
			s.closeNow()
		})
		add(2*i+2, c.name+", header octet by octet", "Sends "+c.name+", each octet of the header by a write of its own, and the rest at once.", func(s *session) {
			s.open("")
			wire := c.send.append(nil, s.peer == Server)
			header := c.header
			if s.peer == Client {
				header -= 4
			}
			s.record(true, wire, len(wire), opcodeName(c.send.op)+", its header octet by octet")
			s.raw(wire[:header], 1)
			s.raw(wire[header:], 0)
			if s.expect(want...) {
				s.closeNow()
			}
		})
	}
}

func lengthsAround() {
	sizes := append(spread(123, 129), spread(65533, 65538)...)
	messages := func(op byte, chop int) (frames []frame) {
		for _, n := range sizes {
			frames = append(frames, frame{op: op, payload: patterned(n), chop: chop})
		}
		return frames
	}
	fragmented := func(rest int) (frames []frame) {
		for _, n := range sizes {
			p := patterned(n + rest)
			frames = append(frames, frame{op: opBinary, more: true, payload: p[:n]}, frame{payload: p[n:]})
		}
		return frames
	}
	downwards := messages(opBinary, 0)
	slices.Reverse(downwards)
	var mixed []frame
	for i, f := range messages(opText, 0) {
		mixed = append(mixed, f, ping(string(patterned(115+i%11))), text(""))
	}
	for i, c := range []struct {
		name   string
		send   []frame
		joined bool
	}{
		{"text messages", messages(opText, 0), false},
		{"binary messages", messages(opBinary, 0), false},
		{"binary messages, by one write", messages(opBinary, 0), true},
		{"binary messages, the largest first", downwards, false},
		{"binary messages, 509 octets at a time", messages(opBinary, 509), false},
		{"first fragments, with an empty one behind each", fragmented(0), false},
		{"first fragments, with one of 126 octets behind each", fragmented(126), true},
		{"text messages, with Pings and empty messages between", mixed, true},
		{"messages of 32766 to 32770 octets", []frame{binaryOf(patterned(32766)), binaryOf(patterned(32767)), binaryOf(patterned(32768)), binaryOf(patterned(32769)), binaryOf(patterned(32770))}, false},
		{"messages of 255 to 257 octets", []frame{binaryOf(patterned(255)), binaryOf(patterned(256)), binaryOf(patterned(257)), text(string(bytes.Repeat([]byte("ü"), 128)))}, false},
	} {
		name := c.name
		if i < 8 {
			name += " of each size around 126 and 65536"
		}
		register(posed(fmt.Sprintf("18.6.%d", i+1), name,
			"Sends "+name+", in one connection.",
			"The same messages come back, in order.", "RFC 6455 §5.2",
			func(s *session) {
				s.open("")
				var came []event
				if c.joined {
					came = s.pourUntil(c.send, allAnswered(c.send))
				} else {
					for _, f := range c.send {
						s.send(f)
						if !f.more {
							came = append(came, s.gather(1)...)
						}
					}
				}
				s.judgePongs(c.send, came, false)
			}, Length16, Length64, Echo))
	}
}

// spread returns the numbers of a range.
func spread(from, to int) (all []int) {
	for n := from; n <= to; n++ {
		all = append(all, n)
	}
	return all
}
