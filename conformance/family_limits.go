package conformance

import (
	"fmt"
	"time"
)

// Family 9: large messages, in one frame, in fragments, and in small writes; and many messages one after the
// other. The classic suite compares only the type and the length of 9.1.1 and 9.3.1. Here the content counts
// in each.
func init() {
	const (
		kib = 1 << 10
		mib = 1 << 20
	)
	types := []byte{opText, opBinary}
	add := func(id, name, does, expects, section string, tags []Tag, run func(s *session)) {
		register(&Case{ID: id, Name: name, Does: does, Expects: expects, Section: section, Tags: tags,
			Peers: Server | Client, Alone: true, Timeout: time.Minute, run: run})
	}
	const same = "The message comes back, with each of its octets."
	for i, op := range types {
		kind := messageName(op)
		for j, n := range []int{64 * kib, 256 * kib, mib, 4 * mib, 8 * mib, 16 * mib} {
			tags := []Tag{Echo, Length64}
			if n >= mib {
				tags = append(tags, Large)
			}
			add(fmt.Sprintf("9.%d.%d", 1+i, 1+j), fmt.Sprintf("a %s message of %s", kind, sizeName(n)),
				fmt.Sprintf("Sends one %s frame with %s.", opcodeName(op), sizeName(n)), same, "RFC 6455 §5.2", tags, largeCase(op, n, 0, 0))
		}
		for j, fragment := range []int{64, 256, kib, 4 * kib, 16 * kib, 64 * kib, 256 * kib, mib, 4 * mib} {
			tags := []Tag{Echo, Large}
			if fragment < 4*mib {
				tags = append(tags, Fragmentation)
			}
			if fragment > 65535 {
				tags = append(tags, Length64)
			}
			if op == opText && fragment < 4*mib {
				tags = append(tags, UTF8Split)
			}
			add(fmt.Sprintf("9.%d.%d", 3+i, 1+j), fmt.Sprintf("a %s message of 4 MiB in fragments of %s", kind, sizeName(fragment)),
				fmt.Sprintf("Sends a %s message of 4 MiB whose frames have %s each, wherever its characters end.", kind, sizeName(fragment)),
				same, "RFC 6455 §5.4", tags, largeCase(op, 4*mib, fragment, 0))
		}
		for j, chop := range []int{64, 128, 256, 512, kib, 2 * kib} {
			add(fmt.Sprintf("9.%d.%d", 5+i, 1+j), fmt.Sprintf("a %s message of 1 MiB, written %s at a time", kind, sizeName(chop)),
				fmt.Sprintf("Sends one %s frame with 1 MiB, by writes of %s.", opcodeName(op), sizeName(chop)),
				same, "RFC 6455 §5.2", []Tag{Echo, Large, Length64, Chopped}, largeCase(op, mib, 0, chop))
		}
		for j, n := range []int{0, 16, 64, 256, kib, 4 * kib} {
			tags := []Tag{Echo, Many}
			switch {
			case n == 0:
				tags = append(tags, Empty)
			case n > 125:
				tags = append(tags, Length16)
			}
			add(fmt.Sprintf("9.%d.%d", 7+i, 1+j), fmt.Sprintf("1000 %s messages of %s, one after the other", kind, sizeName(n)),
				fmt.Sprintf("Sends 1000 %s messages of %s, each when the one before has come back.", kind, sizeName(n)),
				"Each message comes back, with each of its octets.", "RFC 6455 §5.6", tags, roundTrips(op, n))
		}
	}
}

func messageName(op byte) string {
	if op == opText {
		return "text"
	}
	return "binary"
}

// sizeName is a number of octets as people say it.
func sizeName(n int) string {
	switch {
	case n >= 1<<20 && n&(1<<20-1) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<14 && n&(1<<10-1) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d octets", n)
}

// echoOf is what comes back of a message.
func echoOf(op byte, payload []byte) event {
	if op == opText {
		return event{kind: textMessage, data: payload}
	}
	return event{kind: binaryMessage, data: payload}
}

// largeCase sends one message, in fragments or by small writes. While it does, the reader takes what comes: a
// peer may begin to answer before it has all.
func largeCase(op byte, n, fragment, chop int) func(s *session) {
	return func(s *session) {
		s.logBriefly()
		s.patience *= 5 // what is large takes its time
		s.open("")
		payload := largePayload(op, n)
		if fragment > 0 {
			s.sendMessage(op, 0, payload, fragment)
		} else {
			s.send(frame{op: op, payload: payload, chop: chop})
		}
		s.endBulk(s.hearEcho(echoOf(op, payload)))
	}
}

// roundTrips sends messages one after the other.
func roundTrips(op byte, n int) func(s *session) {
	return func(s *session) {
		s.logBriefly()
		s.open("")
		from, sound := germanCorpus, true
		if op == opBinary {
			from = bitmapCorpus
		}
		for i := 0; i < 1000 && sound; i++ {
			payload := from.slice(i, n)
			s.sendMessage(op, 0, payload, 0)
			sound = s.hearEcho(echoOf(op, payload))
		}
		s.endBulk(sound)
	}
}
