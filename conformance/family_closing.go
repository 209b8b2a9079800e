package conformance

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// Families 16.4 to 16.7: Close frames of every form, what follows them, who fails the connection and how that
// ends, and streams that end without a Close frame.
func init() {
	closingPayloads()
	closingOrder()
	closingFailed()
	closingStreams()
}

// bad is a frame that any peer must fail the connection for, with 1002: of a reserved opcode.
func bad() frame { return frame{op: 3, payload: []byte("bad")} }

// answered is the rule of a connection that the suite closes.
var answered = closeRule{free: true, byUs: true, clean: true}

// awaitAnswer waits for the answer to a Close frame that is in order, and judges that it does not say
// otherwise.
func (s *session) awaitAnswer() []event {
	before := s.awaitClose(answered)
	if code, _ := closePayload(s.closeSeen.data); s.gotClose && (code == 1002 || code == 1007) {
		s.fail("a Close frame that is in order was refused with %d (RFC 6455 §5.5.1)", code)
	}
	return before
}

func closingPayloads() {
	reason := func(code int, octets string) frame { return closing(code, octets) }
	n := 0
	add := func(name, does, expects string, tag Tag, run func(s *session)) {
		n++
		register(&Case{
			ID: fmt.Sprintf("16.4.%d", n), Name: name, Does: does, Expects: expects, Section: "RFC 6455 §5.5.1",
			Tags: []Tag{tag}, Peers: Server | Client, run: run,
		})
	}
	const isAnswered, isFailed = "The Close frame is answered, and the connection ends.", "The connection is failed with 1002."

	good := []struct {
		name string
		send frame
	}{
		{"a reason of 1 octet", reason(1000, "x")},
		{"a reason of 122 octets", reason(1000, strings.Repeat("x", 122))},
		{"a reason of 123 octets", reason(4000, strings.Repeat("x", 123))},
		{"a reason of 123 octets that ends in a character of 3", reason(1000, strings.Repeat("x", 120)+"€")},
		{"a reason of 41 characters of 3 octets", reason(3000, strings.Repeat("€", 41))},
		{"a reason with characters of 2, 3 and 4 octets", reason(1001, "é€𝄞\U0010ffff")},
		{"a reason with octets 0 and line ends", reason(1000, "a\x00b\r\nc")},
		{"a reason of noncharacters, which are UTF-8", reason(1000, "\ufffe\uffff\ufdd0")},
	}
	for _, c := range good {
		add("a Close frame with "+c.name, "Sends a Close frame with "+c.name+".", isAnswered, CloseReason, func(s *session) {
			s.open("")
			s.weBegan = true
			s.send(c.send)
			if before := s.awaitAnswer(); len(before) > 0 {
				s.fail("%s came where only a Close frame should", list(before))
			}
		})
	}

	for _, c := range []struct{ name, octets string }{
		{"an octet ff", "\xff"},
		{"a continuation octet alone", "a\x80b"},
		{"a character cut in the middle", "abc\xe2\x82"},
		{"a character cut by the end of 123 octets", strings.Repeat("x", 121) + "\xe2\x82"},
		{"a character cut by another", "\xf0\x9d\x84a"},
		{"an overlong slash", "\xc0\xaf"},
		{"half of a surrogate pair", "\xed\xa0\x80"},
		{"a character beyond U+10FFFF", "\xf4\x90\x80\x80"},
	} {
		add("a Close frame whose reason has "+c.name, fmt.Sprintf("Sends a Close frame with the code 1000 and a reason that is not UTF-8: %s.", quote([]byte(c.octets))),
			"The connection is failed with 1007, or with 1002.", CloseReason, func(s *session) {
				s.open("")
				s.send(reason(1000, c.octets))
				s.mustFail(1007, 1002)
				if got, _ := closePayload(s.closeSeen.data); s.gotClose && got != 1007 && got != 1002 {
					s.fail("the reason was taken: it was answered with %d (RFC 6455 §5.5.1, §8.1)", got)
				}
			})
	}

	for _, c := range []struct {
		name string
		tag  Tag
		send []frame
	}{
		{"a payload of 1 octet, 00", CloseLength, []frame{{op: opClose, payload: []byte{0}}}},
		{"a payload of 1 octet, 03", CloseLength, []frame{{op: opClose, payload: []byte{3}}}},
		{"a payload of 1 octet, ff", CloseLength, []frame{{op: opClose, payload: []byte{0xff}}}},
		{"a payload of 126 octets", ControlLength, []frame{reason(1000, strings.Repeat("x", 124))}},
		{"a payload of 65536 octets", ControlLength, []frame{reason(1000, strings.Repeat("x", 65534))}},
		{"FIN not set", ControlFin, []frame{{op: opClose, more: true, payload: []byte{3, 232}}}},
		{"FIN not set, and the rest in a continuation frame", ControlFin, []frame{{op: opClose, more: true, payload: []byte{3}}, last("\xe8")}},
		{"FIN not set, and no payload", ControlFin, []frame{{op: opClose, more: true}}},
		{"RSV1", ReservedBits, []frame{closing(1000, "").withRsv(rsv1)}},
		{"RSV2", ReservedBits, []frame{closing(1000, "").withRsv(rsv2)}},
		{"RSV3", ReservedBits, []frame{closing(1000, "").withRsv(rsv3)}},
	} {
		add("a Close frame with "+c.name, "Sends a Close frame with "+c.name+".", isFailed, c.tag, func(s *session) {
			s.open("")
			s.sendTogether(c.send...)
			s.mustFail(1002)
		})
	}

	for _, c := range []struct {
		name string
		send frame
	}{
		{"no payload", closing(0, "")},
		{"a code", closing(1000, "")},
		{"a code and a reason", closing(1001, "going away €")},
		{"125 octets", closing(4000, strings.Repeat("é", 61)+"x")},
	} {
		add("a Close frame with "+c.name+", octet by octet", "Sends a Close frame with "+c.name+", each octet by a write of its own.", isAnswered, Chopped,
			func(s *session) {
				s.open("")
				s.weBegan = true
				s.send(c.send.chopped(1))
				s.awaitAnswer()
			})
	}
}

func closingOrder() {
	n := 0
	add := func(name, does, expects string, run func(s *session), tags ...Tag) {
		n++
		register(&Case{
			ID: fmt.Sprintf("16.5.%d", n), Name: name, Does: does, Expects: expects, Section: "RFC 6455 §5.5.1",
			Tags: tags, Peers: Server | Client, run: run,
		})
	}

	// What follows a Close frame.
	for _, c := range []struct {
		name string
		send []frame
	}{
		{"a text message", []frame{text("after")}},
		{"a binary message of 64 KiB", []frame{binaryOf(bytes.Repeat([]byte{7}, 65536))}},
		{"a message in fragments", []frame{first(opText, "a"), next("b"), last("c")}},
		{"a Ping", []frame{ping("after")}},
		{"a Pong", []frame{pong("after")}},
		{"another Close frame", []frame{closing(1000, "")}},
		{"another Close frame with another code", []frame{closing(4000, "again")}},
		{"a Close frame that is malformed", []frame{{op: opClose, payload: []byte{3}}}},
		{"a frame of a reserved opcode", []frame{bad()}},
		{"text that is not UTF-8", []frame{text("\xff")}},
		{"octets that are no frame", []frame{{op: 15, rsv: 7, more: true, payload: []byte("GET / HTTP/1.1\r\n\r\n")}}},
		{"100 text messages and Pings", repeat(50, text("after"), ping("after"))},
		{"100 Close frames", repeat(100, closing(1000, ""))},
	} {
		for _, apart := range []bool{false, true} {
			how, write := ", by the same write", (*session).sendTogether
			if apart {
				how, write = ", by further writes", (*session).send
			}
			if apart && len(c.send) > 3 {
				continue
			}
			add(c.name+" behind a Close frame"+how, "Sends a Close frame with 1000, and "+c.name+how+".",
				"The Close frame is answered with 1000. Nothing that follows it counts.", func(s *session) {
					s.open("")
					s.weBegan = true
					write(s, append([]frame{closing(1000, "")}, c.send...)...)
					if before := s.awaitClose(orderly); len(before) > 0 {
						s.fail("what followed the Close frame was answered: %s", list(before))
					}
				}, AfterClose)
		}
	}

	// What precedes one.
	none := func(s *session) {
		if before := s.awaitAnswer(); len(before) > 0 {
			s.fail("%s came, where only a Close frame should", list(before))
		}
	}
	for _, c := range []struct {
		name string
		send []frame
	}{
		{"behind the first of two fragments", []frame{first(opText, "a"), closing(1000, "")}},
		{"between two fragments", []frame{first(opText, "a"), closing(1000, ""), last("b")}},
		{"in the middle of a character of a text", []frame{first(opText, "\xe2\x82"), closing(1000, "")}},
		{"behind a fragment without any octet", []frame{first(opBinary, ""), closing(1000, "")}},
	} {
		add("a Close frame "+c.name, "Sends a Close frame "+c.name+".", "It is answered. The message that has not ended is not echoed.", func(s *session) {
			s.open("")
			s.weBegan = true
			s.sendTogether(c.send...)
			none(s)
		}, Closing, Interleaved)
	}
	for _, count := range []int{1, 10} {
		add(fmt.Sprintf("a Close frame right behind %d messages", count), fmt.Sprintf("Sends %d text messages and a Close frame, by one write.", count),
			"The messages are echoed, in order, or the last of them are not any more; the Close frame is answered.", func(s *session) {
				s.open("")
				s.weBegan = true
				var send []frame
				var want []event
				for i := range count {
					send = append(send, text(fmt.Sprint(i)))
					want = append(want, wantText(fmt.Sprint(i)))
				}
				s.sendTogether(append(send, closing(1000, ""))...)
				came := s.awaitAnswer()
				switch {
				case sameEvents(came, want):
				case len(came) < len(want) && sameEvents(came, want[:len(came)]):
					s.tell("%d of %d messages were echoed before the Close frame was answered (RFC 6455 §5.5.1 allows it)", len(came), count)
				default:
					s.fail("%s came, where the echoes of %d messages were expected", list(came), count)
				}
			}, Closing, Echo)
	}
	add("a Close frame right behind a Ping", "Sends a Ping and a Close frame, by one write.", "The Close frame is answered; a Pong may come before that.", func(s *session) {
		s.open("")
		s.weBegan = true
		s.sendTogether(ping("p"), closing(1000, ""))
		if came := s.awaitAnswer(); len(came) > 0 && !sameEvents(came, []event{wantPong("p")}) {
			s.fail("%s came, where a Pong was expected, or nothing", list(came))
		}
	}, Closing, Pings)
	add("a Close frame as the very first frame", "Sends a Close frame by the same write as the handshake.", "It is answered.", func(s *session) {
		s.weBegan, s.sentClose = true, true
		s.openWith("", []frame{closing(1000, "")})
		none(s)
	}, Closing, Pipelined)
}

func closingFailed() {
	n := 0
	add := func(name, does, expects, section string, run func(s *session), tags ...Tag) {
		n++
		register(&Case{
			ID: fmt.Sprintf("16.6.%d", n), Name: name, Does: does, Expects: expects, Section: section,
			Tags: tags, Peers: Server | Client, run: run,
		})
	}
	const failed = "The connection is failed with 1002."
	add("both ends close at the same time", "Sends a frame that breaks a rule and a Close frame, by one write.", failed, "RFC 6455 §7.1.7", func(s *session) {
		s.open("")
		s.sendTogether(bad(), closing(1000, ""))
		s.mustFail(1002)
	}, Closing)
	add("a broken rule behind a message", "Sends a text message and a frame that breaks a rule, by one write.",
		"The connection is failed with 1002. The message may be echoed before.", "RFC 6455 §7.1.7", func(s *session) {
			s.open("")
			s.sendTogether(text("before"), bad())
			before := s.awaitClose(closeRule{codes: []int{1002}})
			if len(before) > 0 && !sameEvents(before, []event{wantText("before")}) {
				s.fail("%s came, where the echo of a message was expected, or nothing", list(before))
			}
			if s.killed && !s.gotClose {
				s.fail("the peer did not fail the connection within %v", s.patience)
			}
		}, Closing)
	add("messages behind a broken rule", "Sends a frame that breaks a rule, and messages and Pings by the same write.",
		failed+" What follows does not count.", "RFC 6455 §7.1.7", func(s *session) {
			s.open("")
			s.sendTogether(append([]frame{bad()}, repeat(20, text("late"), ping("late"))...)...)
			s.mustFail(1002)
		}, AfterClose)
	add("messages after the peer's Close frame", "Sends a frame that breaks a rule, waits for the peer's Close frame, and goes on with messages.",
		failed+" No message is sent behind the Close frame.", "RFC 6455 §5.5.1", func(s *session) {
			s.provoke()
			s.send(text("late"), binaryOf([]byte("late")), first(opText, "la"), last("te"), ping("late"))
			s.awaitClose(closeRule{codes: []int{1002}})
		}, AfterClose)
	add("the peer's Close frame answered with another code", "Sends a frame that breaks a rule, waits for the peer's Close frame, and answers with 4321.",
		failed+" Nothing comes behind the Close frame.", "RFC 6455 §5.5.1", func(s *session) {
			s.provoke()
			s.send(closing(4321, "another"))
			s.awaitClose(closeRule{codes: []int{1002}})
		}, Closing)
	add("the peer's Close frame answered by one that is malformed", "Sends a frame that breaks a rule, waits for the peer's Close frame, and answers with a payload of 1 octet.",
		failed+" Nothing comes behind the Close frame.", "RFC 6455 §5.5.1", func(s *session) {
			s.provoke()
			s.send(frame{op: opClose, payload: []byte{3}})
			s.awaitClose(closeRule{codes: []int{1002}})
		}, Closing)
	add("the peer's Close frame answered by the end of the stream", "Sends a frame that breaks a rule, waits for the peer's Close frame, and ends its half of the stream.",
		failed+" The peer ends its half.", "RFC 6455 §7.1.1", func(s *session) {
			s.provoke()
			s.finish()
			s.mustEnd("after its Close frame and the end of the other half")
		}, HalfClose)
	add("the peer's Close frame is never answered", "Sends a frame that breaks a rule, waits for the peer's Close frame, and does nothing more.",
		"The peer ends the stream after a while. How long it waits is up to it.", "RFC 6455 §7.1.1", func(s *session) {
			s.provoke()
			for s.sound() && !s.over {
				if ev := s.receive(); ev.kind == nothing {
					s.tell("the peer still waits %v after its Close frame", s.patience)
					break
				}
			}
			s.judgeClose(OK, "the suite has not played its part in the closing")
		}, CloseTimeout)
	add("the server is the first to end the stream", "Closes the connection, and watches who ends the stream.",
		"A server ends it at once. A client should wait for that; not to is not strict.", "RFC 6455 §7.1.1", func(s *session) {
			s.open("")
			if s.peer == Server {
				s.closeNow() // which waits for the server to end the stream
				return
			}
			s.weBegan = true
			s.send(closing(1000, ""))
			for !s.gotClose && !s.over {
				if ev := s.receive(); ev.kind == nothing {
					break
				}
			}
			if s.gotClose && s.receiveWithin(min(s.patience, 200*time.Millisecond)).kind == ended {
				s.lax("the client ended its half of the stream before the server did; it may (RFC 6455 §5.5.1) but should not (§7.1.1)")
			}
			s.awaitClose(orderly)
		}, Closing)
}

// provoke makes the connection, and has the peer fail it. It returns when the peer's Close frame is there; if
// none comes the case is over.
func (s *session) provoke() {
	s.open("")
	s.send(bad())
	for !s.gotClose {
		switch ev := s.receive(); ev.kind {
		case closed:
		case ended:
			s.lax("the connection was failed without a Close frame (RFC 6455 §7.1.7)")
			panic(giveUp)
		case nothing:
			s.fail("the peer did not fail the connection within %v", s.patience)
			panic(giveUp)
		default:
			s.fail("the connection should have been failed, and %v came", ev)
		}
	}
	if code, _ := closePayload(s.closeSeen.data); code != 1002 && code != 1005 {
		s.judgeClose(WrongCode, "the peer's Close frame had the code %d, not 1002", code)
	}
}

func closingStreams() {
	n := 0
	add := func(peers Peer, name, does, expects string, run func(s *session)) {
		n++
		register(&Case{
			ID: fmt.Sprintf("16.7.%d", n), Name: name, Does: does, Expects: expects, Section: "RFC 6455 §7.1.5",
			Tags: []Tag{HalfClose}, Peers: peers, run: run,
		})
	}
	const ends = "The peer ends its half of the stream as well."
	add(Server|Client, "half a close behind a Close frame", "Sends a Close frame and ends its half of the stream.",
		"The Close frame is answered, and the stream ends.", func(s *session) {
			s.open("")
			s.weBegan = true
			s.send(closing(1000, ""))
			s.finish()
			s.awaitClose(orderly)
		})
	for _, c := range []struct {
		name string
		send []frame
		part *frame
		cut  int
		echo []event
	}{
		{name: "right behind the handshake"},
		{name: "behind a message", send: []frame{text("whole")}, echo: []event{wantText("whole")}},
		{name: "behind a Ping", send: []frame{ping("whole")}, echo: []event{wantPong("whole")}},
		{name: "between two fragments", send: []frame{first(opText, "a")}},
		{name: "behind the first octet of a header", part: &frame{op: opText, payload: make([]byte, 300)}, cut: 1},
		{name: "inside a 16-bit length", part: &frame{op: opText, payload: make([]byte, 300)}, cut: 3},
		{name: "inside a 64-bit length", part: &frame{op: opText, payload: make([]byte, 70000)}, cut: 6},
		{name: "behind a header", part: &frame{op: opBinary, payload: make([]byte, 10)}, cut: 2},
		{name: "inside a payload", part: &frame{op: opText, payload: []byte("not whole")}, cut: 10},
		{name: "inside the payload of a Ping", part: &frame{op: opPing, payload: []byte("not whole")}, cut: 10},
		{name: "inside a large payload", part: &frame{op: opBinary, payload: make([]byte, 70000)}, cut: 65536},
		{name: "inside a Close frame", part: &frame{op: opClose, payload: []byte("\x03\xe8not whole")}, cut: 6},
	} {
		add(Server|Client, "the end of the stream "+c.name, "Ends its half of the stream "+c.name+", without a Close frame.", ends+" Nothing that is not whole is answered.",
			func(s *session) {
				s.open("")
				s.send(c.send...)
				if c.part != nil {
					s.sendPart(*c.part, c.cut)
				}
				s.finish()
				came := s.mustEnd("after the end of the other half")
				if len(came) > 0 && !sameEvents(came, c.echo) {
					s.fail("%s came, where the stream had ended", list(came))
				}
			})
	}
	add(Server, "the end of the stream behind each octet of a frame", "Ends its half of the stream behind each octet of a frame of 14 octets, in a connection for each.", ends,
		func(s *session) {
			for cut := 1; cut < 14; cut++ {
				if cut == 1 {
					s.open("")
				} else {
					s.reopen()
				}
				s.sendPart(binaryOf(make([]byte, 8)), cut)
				s.finish()
				s.mustEnd(fmt.Sprintf("after a stream that ended behind octet %d of a frame", cut))
				if !s.sound() {
					return
				}
			}
			s.stillServes()
		})
	for _, c := range []struct {
		name string
		send []frame
		part int
	}{
		{"right behind the handshake", nil, 0},
		{"behind a message", []frame{text("whole")}, 0},
		{"inside a frame", nil, 9},
		{"behind a Close frame", []frame{closing(1000, "")}, 0},
		{"behind 1000 messages", repeat(1000, text("whole")), 0},
	} {
		add(Server, "a reset of the stream "+c.name, "Resets the stream "+c.name+". Then connects again.", "The server goes on, for others.", func(s *session) {
			s.open("")
			s.sendTogether(c.send...)
			if c.part > 0 {
				s.sendPart(text("not whole"), c.part)
			}
			s.reset()
			s.stillServes()
		})
	}
}

// repeat returns frames n times over.
func repeat(n int, frames ...frame) []frame {
	all := make([]frame, 0, n*len(frames))
	for range n {
		all = append(all, frames...)
	}
	return all
}
