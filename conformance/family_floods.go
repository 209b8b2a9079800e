package conformance

import (
	"fmt"
	"strconv"
	"time"
)

// Family 19: very many small frames. A peer may have a limit, and say so by closing with 1008, 1009 or 1013:
// that is told, and no fault.
func init() {
	many := func(n int, prefix string) (frames []frame) {
		for i := range n {
			frames = append(frames, text(prefix+strconv.Itoa(i)))
		}
		return frames
	}
	one := func(n int) []frame { return repeat(n, text("x")) }
	fragments := func(n int, p string) []frame {
		frames := append([]frame{first(opText, p)}, repeat(n-2, next(p))...)
		return append(frames, last(p))
	}
	var withPings []frame // 1000 fragments, and 999 Pings between them
	for i := range 1000 {
		if i > 0 {
			withPings = append(withPings, ping(strconv.Itoa(i)))
		}
		f := next("x")
		switch i {
		case 0:
			f = first(opText, "x")
		case 999:
			f = last("x")
		}
		withPings = append(withPings, f)
	}
	chop := func(frames []frame) []frame { return chopped(1, frames...) }

	n := 0
	add := func(name, expects, section string, tags []Tag, run func(s *session)) {
		n++
		register(&Case{
			ID: fmt.Sprintf("19.1.%d", n), Name: name, Does: "Sends " + name + ".", Expects: expects, Section: section,
			Tags: append(tags, Flood), Peers: Server | Client, run: run,
			Timeout: time.Minute, // a peer that goes on is not at fault for being slow
		})
	}
	const pongs = "Each Ping is answered, in order, or those before the last are not."
	add("1000 Pings by one write", pongs, "RFC 6455 §5.5.3", []Tag{Pings}, pingFlood(pingsOf(1000, "")))
	add("1000 Pings of 125 octets by one write", pongs, "RFC 6455 §5.5.3", []Tag{Pings}, pingFlood(pingsOf(1000, string(patterned(120)))))
	add("1000 Pings, each by its own write", pongs, "RFC 6455 §5.5.3", []Tag{Pings}, func(s *session) {
		s.open("")
		send := pingsOf(1000, "")
		s.send(send...)
		s.judgePongs(send, nil, true)
	})
	add("1000 Pongs that nobody asked for", "None is answered.", "RFC 6455 §5.5.3", []Tag{Pongs},
		messageFlood(append(repeat(1000, pong("unasked")), text("then"))))
	add("a message of 1000 fragments with Pings between them", "The message comes back, and "+"the Pings are answered, in order, though those before the last need not be.", "RFC 6455 §5.5", []Tag{Pings, Interleaved, Fragmentation},
		pingFlood(withPings))
	add("10,000 text messages without any octet", "All come back.", "RFC 6455 §5.6", []Tag{Empty, Many}, messageFlood(repeat(10_000, text(""))))
	add("10,000 binary messages without any octet, each by its own write", "All come back.", "RFC 6455 §5.6", []Tag{Empty, Many},
		func(s *session) { s.open(""); s.echoEach(repeat(10_000, binaryOf(nil)), 100) })
	add("10,000 messages of 1 octet", "All come back.", "RFC 6455 §5.6", []Tag{Many}, messageFlood(one(10_000)))
	add("10,000 different messages", "All come back, in order.", "RFC 6455 §5.6", []Tag{Many}, messageFlood(many(10_000, "message ")))
	add("1000 messages of 1 octet, octet by octet", "All come back.", "RFC 6455 §5.6", []Tag{Many, Chopped},
		func(s *session) { s.open(""); s.echoEach(chop(one(1000)), 100) })
	add("a message of 10,000 fragments of 1 octet", "It comes back whole.", "RFC 6455 §5.4", []Tag{Fragmentation}, messageFlood(fragments(10_000, "x")))
	add("a message of 100,000 fragments without any octet", "A message without any octet comes back.", "RFC 6455 §5.4", []Tag{Fragmentation, Empty},
		messageFlood(fragments(100_000, "")))
	add("1000 messages of three fragments each", "All come back.", "RFC 6455 §5.4", []Tag{Fragmentation, Many},
		messageFlood(repeat(1000, first(opBinary, "a"), next("b"), last("c"))))
	add("500 messages of two fragments each, with a Ping and a Pong in each", "All come back, and "+"the Pings are answered, in order, though those before the last need not be.", "RFC 6455 §5.5",
		[]Tag{Fragmentation, Pings, Pongs, Interleaved}, pingFlood(numberedPings(repeat(500, first(opText, "a"), ping(""), pong("p"), last("b")))))
	add("1000 Close frames", "The first is answered, and that is all.", "RFC 6455 §5.5.1", []Tag{AfterClose}, func(s *session) {
		s.open("")
		s.weBegan = true
		s.pour(repeat(1000, closing(1000, "")), 1)
		if before := s.awaitClose(orderly); len(before) > 0 {
			s.fail("%s came where only a Close frame should", list(before))
		}
	})
}

func pingsOf(n int, prefix string) []frame { return numberedPings(repeat(n, ping(prefix))) }

// numberedPings makes the payloads of Pings different.
func numberedPings(frames []frame) []frame {
	n := 0
	for i := range frames {
		if frames[i].op == opPing {
			frames[i].payload = append(append([]byte(nil), frames[i].payload...), strconv.Itoa(n)...)
			n++
		}
	}
	return frames
}

// messageFlood sends frames by one write, and wants the echoes.
func messageFlood(send []frame) func(*session) {
	return func(s *session) {
		want := echoes(send)
		s.open("")
		came := s.pour(send, len(want))
		s.judgeFlood(came, want)
	}
}

// echoEach sends messages by writes of their own, and reads the echoes after every so many.
func (s *session) echoEach(send []frame, every int) {
	want := echoes(send)
	var came []event
	for len(send) > 0 && !s.gotClose && !s.over {
		n := min(every, len(send))
		s.send(send[:n]...)
		got := s.gather(n)
		came = append(came, got...)
		if len(got) < n {
			break
		}
		send = send[n:]
	}
	s.judgeFlood(came, want)
}

func (s *session) judgeFlood(came, want []event) {
	switch {
	case sameEvents(came, want):
		if more := s.closeNow(); len(more) > 0 {
			s.fail("%s came behind the echoes", list(more))
		}
	case len(came) < len(want) && sameEvents(came, want[:len(came)]):
		if !s.limited() {
			s.fail("%d of %d echoes came", len(came), len(want))
			s.awaitClose(closeRule{codes: []int{1000}})
		}
	default:
		at := 0
		for at < len(came) && came[at].is(want[at]) {
			at++
		}
		s.fail("%v came as event %d, where %v was expected", came[at], at+1, want[at])
	}
}

// pingFlood sends Pings and perhaps messages by one write, and judges the Pongs and the echoes.
func pingFlood(send []frame) func(*session) {
	return func(s *session) {
		s.open("")
		s.judgePongs(send, s.pourUntil(send, allAnswered(send)), true)
	}
}

// allAnswered returns whether the last Ping of some frames, and all of their messages, have been answered.
func allAnswered(send []frame) func([]event) bool {
	want := echoes(send)
	messages := 0
	var newest event
	for _, ev := range want {
		if ev.kind == ponged {
			newest = ev
		} else {
			messages++
		}
	}
	seen, pongSeen, echoed := 0, newest.kind == nothing, 0
	return func(came []event) bool {
		for ; seen < len(came); seen++ {
			switch {
			case came[seen].kind == ponged:
				pongSeen = pongSeen || came[seen].is(newest)
			default:
				echoed++
			}
		}
		return pongSeen && echoed >= messages
	}
}

// judgePongs waits for the rest of what answers some frames, closes the connection, and judges it all. The
// messages come back in order. So do the Pongs; of those the last must be there, and others may be left out
// (RFC 6455 §5.5.3). Which of a Pong and a message comes first does not matter.
func (s *session) judgePongs(send []frame, came []event, limits bool) {
	enough := allAnswered(send)
	for !enough(came) {
		got := s.gather(1)
		if len(got) == 0 {
			break
		}
		came = append(came, got...)
	}
	whole := enough(came)
	if whole {
		came = append(came, s.closeNow()...)
	}
	var pongs, messages []event
	for _, ev := range echoes(send) {
		if ev.kind == ponged {
			pongs = append(pongs, ev)
		} else {
			messages = append(messages, ev)
		}
	}
	wantPongs, wantMessages := len(pongs), len(messages)
	for _, ev := range came {
		if ev.kind != ponged {
			if len(messages) == 0 || !ev.is(messages[0]) {
				s.fail("%v came, where it was not expected", ev)
				return
			}
			messages = messages[1:]
			continue
		}
		for len(pongs) > 0 && !ev.is(pongs[0]) {
			pongs = pongs[1:]
		}
		if len(pongs) == 0 {
			s.fail("%v came, which answers no Ping, or comes behind the Pong of a later one", ev)
			return
		}
		pongs = pongs[1:]
	}
	if !whole && !(limits && s.limited()) {
		s.fail("not all that %d Pings and %d messages ask for came", wantPongs, wantMessages)
		s.awaitClose(closeRule{free: true})
	}
}
