package conformance

import (
	"fmt"
	"strings"
)

const (
	answersClose = "The peer answers the Close frame, with 1000 or without a code, and nothing else comes."
	refusesClose = "The peer fails the connection, with 1002 if it sends a Close frame."
)

// Family 7.1: what comes before and behind a Close frame.
func init() {
	const section = "RFC 6455 §5.5.1"
	behind := func(id, what string, frames ...frame) {
		register(scripted(id, what+" behind a Close frame", "Sends a Close frame with 1000, and "+what+" behind it.",
			answersClose, section, script{send: append([]frame{closing(1000, "")}, frames...)}, Closing, AfterClose))
	}
	register(scripted("7.1.1", "a message, and then a Close frame", "Sends a text message, and a Close frame when it has come back.",
		"The message comes back, and the Close frame is answered.", section,
		script{send: []frame{text(farewell)}, want: []event{wantText(farewell)}}, Closing, Echo))
	behind("7.1.2", "a second Close frame", closing(0, ""))
	behind("7.1.3", "a Ping", ping(""))
	behind("7.1.4", "a text message", text(farewell))
	register(
		scripted("7.1.5", "a Close frame inside a message",
			"Sends a text frame that is not final, a Close frame with 1000, and the continuation frame that would end the message.",
			answersClose, section, script{send: []frame{first(opText, "fragment1"), closing(1000, ""), last("fragment2")}}, Closing, AfterClose),
		&Case{
			ID:      "7.1.6",
			Name:    "a large message and a small one, and at once a Close frame and a Ping",
			Does:    "Sends a text message of 256 KiB, a small one, a Close frame with 1000, and a Ping, without waiting for anything.",
			Expects: "The connection is closed. Which messages come back before that is told.",
			Section: section, Tags: []Tag{Closing}, Peers: Server | Client,
			run: func(s *session) {
				const pattern, size = "BAsd7&jh23", 256 << 10
				large := strings.Repeat(pattern, size/len(pattern)+1)[:size]
				s.open("")
				s.weBegan = true
				s.send(text(large), text(farewell), closing(1000, ""), ping(""))
				came := s.awaitClose(closeRule{free: true, byUs: true})
				s.tell("before the Close frame came: %s", list(came))
				s.tellClose()
			},
		})
}

// tellClose has how the connection ended told, and not judged, unless it did not end.
func (s *session) tellClose() {
	switch code, _ := closePayload(s.closeSeen.data); {
	case !s.gotClose:
		s.judgeClose(Informational, "the connection ended without the peer's Close frame")
	case code == 1005:
		s.judgeClose(Informational, "the peer answered with a Close frame without a code")
	default:
		s.judgeClose(Informational, "the peer answered with the code %d", code)
	}
}

// Family 7.3: Close frames by their length. Family 7.5: their reasons.
func init() {
	const section = "RFC 6455 §5.5.1"
	register(
		scripted("7.3.1", "a Close frame without payload", "Sends a Close frame without payload.", answersClose, section,
			script{send: []frame{closing(0, "")}}, Closing),
		closeRefused("7.3.2", "a Close frame with one octet", "Sends a Close frame whose payload is one octet.", section,
			frame{op: opClose, payload: []byte("a")}, protocolError, CloseLength),
		scripted("7.3.3", "a Close frame with a code", "Sends a Close frame with 1000.", answersClose, section,
			script{send: []frame{closing(1000, "")}}, Closing),
		scripted("7.3.4", "a Close frame with a code and a reason", "Sends a Close frame with 1000 and a reason.",
			answersClose, section,
			script{send: []frame{closing(1000, farewell)}}, Closing),
		scripted("7.3.5", "a Close frame as long as may be", "Sends a Close frame with 1000 and a reason of 123 octets.",
			answersClose, section,
			script{send: []frame{closing(1000, strings.Repeat("*", 123))}}, Closing),
		closeRefused("7.3.6", "a Close frame that is too long", "Sends a Close frame with 1000 and a reason of 124 octets, one more than fit.",
			"RFC 6455 §5.5", closing(1000, strings.Repeat("*", 124)), protocolError, ControlLength),
	)
	c := closeRefused("7.5.1", "a Close frame whose reason is not UTF-8", "Sends a Close frame with 1000 and a reason with a surrogate in it.",
		section, closing(1000, kosme+"\xed\xa0\x80"+"edited"), []int{1002, 1007}, CloseReason)
	c.Expects = "The peer fails the connection, with 1007 or 1002 if it sends a Close frame."
	register(c)
}

// closeRefused makes a case of a Close frame that is against the rules. The code in the answer, if there is
// one, is what it is about.
func closeRefused(id, name, does, section string, f frame, codes []int, tags ...Tag) *Case {
	return closeFrame(id, name, does, refusesClose, section, f, closeRule{codes: codes, byUs: true}, tags...)
}

func closeFrame(id, name, does, expects, section string, f frame, rule closeRule, tags ...Tag) *Case {
	c := scripted(id, name, does, expects, section, script{}, tags...)
	sc := script{send: []frame{f}, end: &rule}
	c.run = func(s *session) {
		sc.run(s)
		if s.result.Close == WrongCode {
			s.fail("%s", s.result.CloseReason)
		}
	}
	return c
}

// Families 7.7, 7.9 and 7.13: Close frames by their codes.
func init() {
	const section = "RFC 6455 §7.4"
	for i, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
		register(closeFrame(fmt.Sprintf("7.7.%d", i+1), fmt.Sprintf("the code %d, which may be sent", code),
			fmt.Sprintf("Sends a Close frame with %d.", code), "The peer answers the Close frame, with the same code, with 1000 or without one.",
			section, closing(code, ""), closeRule{codes: []int{1000, code}, byUs: true, clean: true}, Closing, ValidCode))
	}
	for i, code := range []int{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999} {
		f := frame{op: opClose, payload: []byte{byte(code >> 8), byte(code)}}
		register(closeRefused(fmt.Sprintf("7.9.%d", i+1), fmt.Sprintf("the code %d, which may not be sent", code),
			fmt.Sprintf("Sends a Close frame with %d.", code), section, f, protocolError, CloseCode))
	}
	for i, code := range []int{5000, 65535} {
		register(&Case{
			ID:      fmt.Sprintf("7.13.%d", i+1),
			Name:    fmt.Sprintf("the code %d, of which the standard says nothing", code),
			Does:    fmt.Sprintf("Sends a Close frame with %d.", code),
			Expects: "The connection is closed. How is told.",
			Section: "RFC 6455 §7.4.2", Tags: []Tag{Closing}, Peers: Server | Client,
			run: func(s *session) {
				s.pardoned = CloseCode
				s.open("")
				s.weBegan = true
				s.send(closing(code, ""))
				for _, ev := range s.awaitClose(closeRule{free: true, byUs: true}) {
					s.fail("nothing but a Close frame was expected, and %v came", ev)
				}
				s.tell("the standard leaves it open what to make of the code %d", code)
				s.tellClose()
			},
		})
	}
}
