package conformance

import (
	"fmt"
	"strings"
)

// A writing is how a case writes its frames; several ask the same in all three ways.
type writing uint8

const (
	together writing = iota
	eachAlone
	octetwise
)

func (w writing) String() string {
	return [...]string{"by one write", "each frame by a write", "octet by octet"}[w]
}

// script writes the frames of a script so.
func (w writing) script(sc script) script {
	sc.send = append([]frame(nil), sc.send...)
	switch w {
	case together:
		sc.joined = true
	case octetwise:
		chopped(1, sc.send...)
	}
	return sc
}

// inAllWritings makes three cases of one, from a number on.
func inAllWritings(number int, name, does, expects string, sc script, tags ...Tag) {
	for _, w := range []writing{together, eachAlone, octetwise} {
		c := scripted(fmt.Sprintf("5.%d", number+int(w)), name+", "+w.String(), fmt.Sprintf("%s, %v.", does, w),
			expects, "RFC 6455 §5.4", w.script(sc), tags...)
		if w == octetwise {
			c.Tags = append(c.Tags[:len(c.Tags):len(c.Tags)], Chopped)
		}
		register(c)
	}
}

// Family 5: messages in fragments.
func init() {
	const (
		one, two, three, four = "fragment1", "fragment2", "fragment3", "fragment4"
		section               = "RFC 6455 §5.4"
		control               = "RFC 6455 §5.5"
		stray                 = "non-continuation payload"
	)
	whole := wantText(one + two)

	for i, op := range []byte{opPing, opPong} {
		name := opcodeName(op)
		register(scripted(fmt.Sprintf("5.%d", i+1), "a "+name+" in two fragments",
			fmt.Sprintf("Sends a %s that is not final, and a final continuation frame.", name), fails1002, control,
			script{send: []frame{first(op, one), last(two)}, fails: protocolError}, ControlFin))
	}

	inAllWritings(3, "a text message in two fragments", "Sends a text message in two frames", echoed,
		script{send: []frame{first(opText, one), last(two)}, want: []event{whole}}, Fragmentation, Echo)
	inAllWritings(6, "a Ping between a text message's two fragments", "Sends a text message in two frames, and a Ping between them",
		"The Pong comes, and then the message comes back.",
		script{send: []frame{first(opText, one), ping("ping payload"), last(two)}, want: []event{wantPong("ping payload"), whole}},
		Interleaved, Fragmentation, Pings, Echo)

	inAllWritings(9, "a final continuation frame with nothing to continue",
		"Sends a final continuation frame where no message has begun, and a text message", fails1002,
		script{send: []frame{last(stray), text(greeting)}, fails: protocolError}, Sequence)
	inAllWritings(12, "a continuation frame with nothing to continue, not final",
		"Sends a continuation frame that is not final where no message has begun, and a text message", fails1002,
		script{send: []frame{next(stray), text(greeting)}, fails: protocolError}, Sequence)

	round := func(head frame) []frame { return []frame{head, first(opText, two), last(three)} }
	register(
		scripted("5.15", "a continuation frame behind a whole message",
			"Sends a text message in two frames, a continuation frame that is not final, and a final text frame.", echoedFirst, section,
			script{send: []frame{first(opText, one), last(two), next(three), text(four)}, want: []event{whole}, other: true,
				fails: protocolError},
			Sequence),
		scripted("5.16", "a continuation frame before each message, not final",
			"Sends, twice, a continuation frame that is not final where nothing is to be continued, and a text message in two frames.",
			fails1002, section, script{send: append(round(next(one)), round(next(one))...), fails: protocolError}, Sequence),
		scripted("5.17", "a final continuation frame before each message",
			"Sends, twice, a final continuation frame where nothing is to be continued, and a text message in two frames.",
			fails1002, section, script{send: append(round(last(one)), round(last(one))...), fails: protocolError}, Sequence),
		scripted("5.18", "a message inside another",
			"Sends a text frame that is not final, and another text frame, where a continuation frame should be.", fails1002, section,
			script{send: []frame{first(opText, one), text(two)}, fails: protocolError}, Sequence),
	)

	for _, w := range []writing{together, eachAlone} {
		register(&Case{
			ID:   fmt.Sprintf("5.%d", 19+int(w)),
			Name: fmt.Sprintf("two Pings among a text message's five fragments, with a wait between, %v", w),
			Does: "Sends two frames of a text message and a Ping, waits for its Pong, sends two more frames and a Ping, waits for " +
				"its Pong, and sends the last frame.",
			Expects: "Each Pong comes before the message goes on, and at last the message comes back.",
			Section: section,
			Tags:    []Tag{Interleaved, Fragmentation, Pings, Echo},
			Peers:   Server | Client,
			run: func(s *session) {
				write := s.send
				if w == together {
					write = s.sendTogether
				}
				s.open("")
				write(first(opText, one), next(two), ping("pongme 1!"))
				s.mustHear(wantPong("pongme 1!"))
				write(next(three), next(four), ping("pongme 2!"))
				s.mustHear(wantPong("pongme 2!"))
				write(last("fragment5"))
				s.mustHear(wantText(one + two + three + four + "fragment5"))
				s.closeQuietly()
			},
		})
	}
}

// Family 10: a message that its sender cuts into frames of one size.
func init() {
	const size = 1300
	payload := strings.Repeat("*", 65536)
	frames := []frame{first(opText, payload[:size])}
	at := size
	for ; len(payload)-at > size; at += size {
		frames = append(frames, next(payload[at:at+size]))
	}
	frames = append(frames, last(payload[at:]))
	register(scripted("10.1.1", "a text message of 65536 octets in frames of 1300",
		fmt.Sprintf("Sends a text message of %d octets in %d frames, all but the last of %d octets.", len(payload), len(frames), size),
		echoed, "RFC 6455 §5.4", script{send: frames, want: []event{wantText(payload)}}, Fragmentation, Echo, Length16))
}
