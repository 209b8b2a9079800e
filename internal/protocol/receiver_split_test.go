package protocol_test

import (
	"slices"
	"testing"

	"github.com/everwire/everwire/internal/protocol"
)

// talk is a bit of everything that two ends may say to each other.
var talk = []part{
	fr(0x81, "Hello"), fr(0x82, ""), fr(0x89, ""), fr(0x81, ""), fr(0x82, "\x00\xff\xc0"),
	fr(0x01, "П"), fr(0x8A, "unasked"), fr(0x00, "р\xd0"), fr(0x00, ""), fr(0x89, "p"), fr(0x89, k125), fr(0x80, "\xb8вет"),
	fr(0x02, ""), fr(0x00, ""), fr(0x80, ""),
	fr(0x01, ""), fr(0x00, "\xf0\x9f"), fr(0x80, "\x98\x80"),
	fr(0x82, k126), fr(0x8A, k125), fr(0x89, "Hello"),
	fr(0x81, octets("a€😀 ", 17)), fr(0x02, "\xff"), fr(0x80, seventy), fr(0x81, "bye"),
}

var sessions = []struct {
	name   string
	limits protocol.Limits
	end    []part // what comes after talk
	want   event  // what that comes to
}{
	{"Close", protocol.Limits{},
		[]part{fr(0x88, "\x03\xe8до встречи"), fr(0x81, "x"), fr(0x83, "")},
		event{"close", "\x03\xe8до встречи", false}},
	{"Close inside a message", protocol.Limits{},
		[]part{fr(0x01, "Hel"), fr(0x88, ""), fr(0x80, "lo")},
		event{"text", "Hel", true}},
	{"inside a large message", protocol.Limits{},
		[]part{cut(fr(0x82, k64), 1<<16-300)},
		event{"binary", k64[:300], true}},
	{"inside a header", protocol.Limits{},
		[]part{fr(0x01, "Hel"), cut(head(0x80, 1<<20), 1)},
		event{"text", "Hel", true}},
	{"inside a ping", protocol.Limits{},
		[]part{fr(0x02, ""), cut(fr(0x89, k125), 1)},
		event{"binary", "", true}},
	{"not UTF-8", protocol.Limits{},
		[]part{fr(0x01, octets("ж", 40)+"\xf0\x90"), fr(0x89, ""), fr(0x00, "\x80\xc0"+seventy), fr(0x88, "")},
		failure(1007, "RFC 6455 §8.1")},
	{"inside a character", protocol.Limits{},
		[]part{fr(0x01, "\xf0\x90"), fr(0x80, "\x80"), fr(0x88, "")},
		failure(1007, "RFC 6455 §8.1")},
	{"violation", protocol.Limits{},
		[]part{fr(0x01, "a"), head(0x89, 126), raw(40)},
		failure(1002, "RFC 6455 §5.5")},
	{"bad Close", protocol.Limits{},
		[]part{fr(0x88, "\x03\xed"), raw(40)},
		failure(1002, "RFC 6455 §7.4")},
	{"top bit", protocol.Limits{},
		[]part{headIn(64, 0x82, 1<<63|1<<40), raw(40)},
		failure(1002, "RFC 6455 §5.2")},
	{"too large", protocol.Limits{MessageSize: 200},
		[]part{fr(0x02, k125), fr(0x80, octets("z", 76))},
		failure(1009, "RFC 6455 §7.4.1")},
	{"too many fragments", protocol.Limits{Fragments: 4},
		[]part{fr(0x02, "a"), fr(0x00, ""), fr(0x00, ""), fr(0x00, "d"), fr(0x80, ""), raw(9)},
		failure(1009, "RFC 6455 §7.4.1")},
}

func TestEverySplitGivesTheSameEvents(t *testing.T) {
	for _, role := range roles {
		for _, s := range sessions {
			t.Run(role.String()+"/"+s.name, func(t *testing.T) {
				wire := append(join(role, talk), join(role, s.end)...)
				want, _ := naive(wire, role, s.limits)
				if got := want[len(want)-1]; got != s.want {
					t.Fatalf("the session ends with %v, want %v", got, s.want)
				}
				for at := range len(wire) + 1 {
					rec := record(t, role, s.limits)
					rec.feed(wire[:at])
					rec.check()
					rec.feed(wire[at:])
					if got := rec.soFar(); !slices.Equal(got, want) {
						t.Fatalf("cut at %d: %v, want %v", at, got, want)
					}
				}
				rec := record(t, role, s.limits)
				for i := range wire {
					rec.feed(wire[i : i+1])
					rec.check()
					rec.feed(nil)
				}
				if got := rec.soFar(); !slices.Equal(got, want) {
					t.Fatalf("octet by octet: %v, want %v", got, want)
				}
			})
		}
	}
}

// Three frames are enough to come from every state of the Receiver to every other.
func TestEverySequenceOfThreeFrames(t *testing.T) {
	frames := []part{
		fr(0x81, ""), fr(0x81, "a"), fr(0x82, "\xe2"), fr(0x81, "\xe2\x82"),
		fr(0x01, ""), fr(0x01, "a"), fr(0x01, "\xe2"), fr(0x02, "\xff"),
		fr(0x00, ""), fr(0x00, "\x82"), fr(0x00, "b"),
		fr(0x80, ""), fr(0x80, "\xac"), fr(0x80, "\x82\xac"), head(0x80, 1<<63-1),
		fr(0x89, "p"), fr(0x09, ""), fr(0x88, "\x03\xe8"), fr(0x88, "x"), fr(0xC0, ""), headIn(16, 0x00, 1),
	}
	limits := []protocol.Limits{{}, {MessageSize: 2}, {Fragments: 2}}
	for _, role := range roles {
		wires := make([][]byte, len(frames))
		for i, f := range frames {
			wires[i] = f(role)
		}
		for i := range len(frames) * len(frames) * len(frames) {
			n := len(frames)
			wire := slices.Concat(wires[i/n/n], wires[i/n%n], wires[i%n])
			for _, limit := range limits {
				whole := record(t, role, limit)
				whole.feed(wire)
				whole.check()
				single := record(t, role, limit)
				for at := range wire {
					single.feed(wire[at : at+1])
				}
				single.check()
			}
		}
	}
}

func TestEveryOctetOfALargeMessageIsHandedOnAtOnce(t *testing.T) {
	for _, role := range roles {
		rec := record(t, role, protocol.Limits{})
		rec.feed(head(0x82, 1<<30)(role))
		for i := range 100 {
			rec.feed([]byte{byte(i)})
			if len(rec.message) != i+1 {
				t.Fatalf("to a %v: %d octets handed on, want %d", role, len(rec.message), i+1)
			}
			rec.check()
		}
	}
}

func TestClassicSessionsInSeveralPieces(t *testing.T) {
	for _, role := range roles {
		for _, s := range classicSessions(t) {
			t.Run(role.String()+"/"+s.name, func(t *testing.T) {
				wire := join(role, s.parts)
				for _, size := range []int{len(wire), 997, 64, 5, 1} {
					if len(wire)/size > 5000 {
						continue // the smaller ones show as much
					}
					rec := record(t, role, protocol.Limits{})
					for piece := range slices.Chunk(wire, size) {
						rec.feed(piece)
					}
					rec.check()
				}
			})
		}
	}
}
