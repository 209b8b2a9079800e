package protocol_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/deflate"
)

var agreed = deflate.Params{ServerMaxWindowBits: 15, ClientMaxWindowBits: 15}

func inflating(t testing.TB, role protocol.Role, limits protocol.Limits, p deflate.Params) *recorder {
	rec := record(t, role, limits)
	rec.receiver.Inflate(p)
	t.Cleanup(func() {
		rec.receiver.Stop()
		rec.receiver.Release()
	})
	return rec
}

// A hello is "Hello", compressed (RFC 7692 §7.2.3.1).
const hello = "\xf2\x48\xcd\xc9\xc9\x07\x00"

func TestCompressedFrames(t *testing.T) {
	bomb := string(deflate.Append(nil, make([]byte, 100_000), 15, 9))
	perFrame := agreed
	perFrame.PerFrame = true
	text := func(s string) event { return event{what: "text", payload: s} }
	binary := func(s string) event { return event{what: "binary", payload: s} }
	for _, row := range []struct {
		name   string
		params deflate.Params
		limits protocol.Limits
		parts  []part
		want   []event
	}{
		{"a message", agreed, protocol.Limits{}, []part{fr(0xC1, hello)}, []event{text("Hello")}},
		{"compressed and plain ones", agreed, protocol.Limits{},
			[]part{fr(0xC1, hello), fr(0x81, "plain"), fr(0xC2, hello)}, []event{text("Hello"), text("plain"), binary("Hello")}},
		{"fragments, a Ping between", agreed, protocol.Limits{},
			[]part{fr(0x41, hello[:2]), fr(0x89, "p"), fr(0x00, hello[2:5]), fr(0x80, hello[5:])},
			[]event{{what: "ping", payload: "p"}, text("Hello")}},
		{"an empty last fragment", agreed, protocol.Limits{}, []part{fr(0x41, hello), fr(0x80, "")}, []event{text("Hello")}},
		{"empty first fragments", agreed, protocol.Limits{},
			[]part{fr(0x41, ""), fr(0x00, ""), fr(0x80, hello)}, []event{text("Hello")}},
		{"an empty message", agreed, protocol.Limits{}, []part{fr(0xC1, "\x00")}, []event{text("")}},
		{"nothing, which is no message", agreed, protocol.Limits{}, []part{fr(0xC1, "")}, []event{failure(1007, "RFC 7692 §7.2.2")}},
		{"corrupt", agreed, protocol.Limits{}, []part{fr(0xC1, "\x06")}, []event{failure(1007, "RFC 7692 §7.2.2")}},
		{"not UTF-8", agreed, protocol.Limits{}, []part{fr(0xC1, "\xfa\x0f\x00")}, []event{failure(1007, "RFC 6455 §8.1")}},
		{"RSV1 on a continuation", agreed, protocol.Limits{},
			[]part{fr(0x41, hello), fr(0xC0, "")}, []event{failure(1002, "RFC 7692 §6")}},
		{"RSV1 on a Ping", agreed, protocol.Limits{}, []part{fr(0xC9, "")}, []event{failure(1002, "RFC 7692 §6")}},
		{"RSV2", agreed, protocol.Limits{}, []part{fr(0xA1, "")}, []event{failure(1002, "RFC 6455 §5.2")}},
		{"RSV1 and RSV3", agreed, protocol.Limits{}, []part{fr(0xD1, "")}, []event{failure(1002, "RFC 6455 §5.2")}},
		{"just not too big", agreed, protocol.Limits{MessageSize: 5}, []part{fr(0xC1, hello), fr(0xC1, hello)},
			[]event{text("Hello"), text("Hello")}},
		{"too big when inflated", agreed, protocol.Limits{MessageSize: 4}, []part{fr(0xC1, hello)}, []event{failure(1009, "RFC 6455 §7.4.1")}},
		{"a bomb", agreed, protocol.Limits{MessageSize: 99_999}, []part{fr(0xC2, bomb)}, []event{failure(1009, "RFC 6455 §7.4.1")}},
		{"a large message", agreed, protocol.Limits{MessageSize: 100_000}, []part{fr(0xC2, bomb), fr(0x89, "")},
			[]event{binary(string(make([]byte, 100_000))), {what: "ping"}}},
		{"too big before it is inflated", agreed, protocol.Limits{MessageSize: 6400}, []part{head(0xC2, 6400+100+1024+1)},
			[]event{failure(1009, "RFC 6455 §7.4.1")}},
		{"as large as a message may become", agreed, protocol.Limits{MessageSize: 6400}, []part{head(0x42, 6400+100+1024)}, nil},
		{"too big in fragments", agreed, protocol.Limits{MessageSize: 6400},
			[]part{fr(0x42, hello), head(0x00, 6400+100+1024)}, []event{failure(1009, "RFC 6455 §7.4.1")}},
		{"too many fragments", agreed, protocol.Limits{Fragments: 2},
			[]part{fr(0x42, hello), fr(0x00, ""), fr(0x00, "")}, []event{failure(1009, "RFC 6455 §7.4.1")}},

		{"per frame", perFrame, protocol.Limits{}, []part{fr(0xC1, hello)}, []event{text("Hello")}},
		{"per frame, each by itself", perFrame, protocol.Limits{},
			[]part{fr(0x41, hello), fr(0x00, "-"), fr(0x89, ""), fr(0xC0, hello)},
			[]event{{what: "ping"}, text("Hello-Hello")}},
		{"per frame, half of one", perFrame, protocol.Limits{},
			[]part{fr(0x41, hello[:3]), fr(0xC0, hello[3:])}, []event{failure(1007, "RFC 7692 §7.2.2")}},
		{"per frame, all counted", perFrame, protocol.Limits{MessageSize: 10},
			[]part{fr(0x41, hello), fr(0x00, "-"), fr(0xC0, hello)}, []event{failure(1009, "RFC 6455 §7.4.1")}},
		{"per frame, plain ones counted at once", perFrame, protocol.Limits{MessageSize: 10},
			[]part{fr(0x41, hello), head(0x00, 6)}, []event{failure(1009, "RFC 6455 §7.4.1")}},
		{"per frame, RSV1 on a Pong", perFrame, protocol.Limits{}, []part{fr(0xCA, "")}, []event{failure(1002, "RFC 7692 §6")}},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, to := range roles {
				wire := join(to, row.parts)
				for _, size := range []int{len(wire), 1, 3, 5000} {
					rec := inflating(t, to, row.limits, row.params)
					for i := 0; i < len(wire); i += size {
						rec.feed(wire[i:min(i+size, len(wire))])
					}
					got := rec.events
					if len(got) != len(row.want) {
						t.Fatalf("in pieces of %d to a %v: got %.200v, want %.200v", size, to, got, row.want)
					}
					for i := range got {
						if got[i] != row.want[i] {
							t.Fatalf("in pieces of %d to a %v: event %d is %.200v, want %.200v", size, to, i, got[i], row.want[i])
						}
					}
				}
			}
		})
	}
}

// What a compressed message in progress takes is told, and given back.
func TestReceiverHolds(t *testing.T) {
	var r protocol.Receiver
	r.Init(protocol.Client, &protocol.Limits{})
	if r.Inflate(agreed); r.Holds() != 0 {
		t.Errorf("it holds %d before a message", r.Holds())
	}
	r.Next(join(protocol.Client, []part{fr(0x42, hello)}))
	if r.Holds() != len(hello) {
		t.Errorf("it holds %d of %d octets", r.Holds(), len(hello))
	}
	r.Next(join(protocol.Client, []part{fr(0x00, strings.Repeat(hello, 5000))}))
	if r.Holds() < 64<<10 {
		t.Errorf("it holds %d for a large message", r.Holds())
	}
	r.Stop()
	if r.Release(); r.Holds() != 0 {
		t.Errorf("it holds %d in the end", r.Holds())
	}
}

// FuzzCompressedSplits feeds any octets whole and in pieces: what comes of them must be the same.
func FuzzCompressedSplits(f *testing.F) {
	for _, parts := range [][]part{
		{fr(0xC1, hello), fr(0xC1, hello)},
		{fr(0x41, hello[:2]), fr(0x89, "p"), fr(0x80, hello[2:])},
		{fr(0x42, hello), fr(0xC0, hello)},
		{fr(0xC2, string(deflate.Append(nil, bytes.Repeat([]byte("ab"), 50_000), 15, 1)))},
		{fr(0xC1, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), fr(0xC1, "\x06")},
	} {
		for _, perFrame := range []bool{false, true} {
			f.Add(false, perFrame, uint16(0), []byte{1}, join(protocol.Server, parts))
			f.Add(true, perFrame, uint16(1000), []byte{3, 200}, join(protocol.Client, parts))
		}
	}
	f.Fuzz(func(t *testing.T, client, perFrame bool, size uint16, pattern, stream []byte) {
		role := protocol.Server
		if client {
			role = protocol.Client
		}
		if size == 0 {
			size = 60_000
		}
		p := agreed
		p.PerFrame = perFrame
		whole := inflating(t, role, protocol.Limits{MessageSize: int64(size)}, p)
		whole.feed(stream)
		split := inflating(t, role, protocol.Limits{MessageSize: int64(size)}, p)
		for piece := range pieces(stream, pattern) {
			split.feed(piece)
		}
		if len(whole.events) != len(split.events) {
			t.Fatalf("whole: %.300v\nsplit: %.300v", whole.events, split.events)
		}
		for i, ev := range whole.events {
			// Which of two faults in a piece of compressed data is seen first depends on the piece.
			faults := ev.what == "failure" && split.events[i].what == "failure" && ev.payload[:3] != "1002"
			if ev != split.events[i] && !faults {
				t.Fatalf("event %d is %.300v whole and %.300v split", i, ev, split.events[i])
			}
		}
		got, want := split.receiver.InMessage(), whole.receiver.InMessage()
		if got != want && !whole.over {
			t.Fatalf("in a message: whole %v, split %v", want, got)
		}
	})
}

// FuzzCompressedMessages makes a session of messages, compressed or not, in fragments, with Pings between,
// and reads it in pieces: what comes must be what was sent.
func FuzzCompressedMessages(f *testing.F) {
	f.Add(uint64(1), false, true, []byte{1}, []byte("some text to be compressed, some text to be compressed"))
	f.Add(uint64(2), true, false, []byte{7, 0, 199}, bytes.Repeat([]byte("abcdefg"), 300))
	f.Add(uint64(3), true, true, []byte{193, 3}, bytes.Repeat([]byte{0}, 3000))
	f.Fuzz(func(t *testing.T, seed uint64, client, takeover bool, pattern, data []byte) {
		r := rand.New(rand.NewPCG(seed, seed))
		role := protocol.Server // who reads
		if client {
			role = protocol.Client
		}
		p := deflate.Params{
			ServerMaxWindowBits: 8 + r.IntN(8), ClientMaxWindowBits: 8 + r.IntN(8),
			ServerNoContextTakeover: !takeover, ClientNoContextTakeover: !takeover,
		}
		bits := p.ClientMaxWindowBits
		if client {
			bits = p.ServerMaxWindowBits
		}
		sent := data
		var (
			c    deflate.Compressor
			s    protocol.Sender
			wire []byte
			want []event
		)
		c.Init(bits, 1+r.IntN(9), takeover)
		s.Init(opposite(role))
		for len(data) > 0 {
			n := min(1+r.IntN(2000), len(data))
			message := data[:n]
			data = data[n:]
			compressed := r.IntN(4) > 0
			for first := true; first || len(message) > 0; first = false {
				k := len(message)
				if r.IntN(2) == 0 {
					k = r.IntN(len(message) + 1)
				}
				fragment := message[:k]
				message = message[k:]
				rsv, payload, fin := uint8(0), fragment, len(message) == 0
				if compressed {
					payload = c.AppendFragment(nil, fragment, fin)
					c.Remember(fragment)
					if first {
						rsv = 4
					}
				}
				wire = s.AppendFragment(wire, 2, rsv, payload, fin)
				if r.IntN(3) == 0 {
					wire = s.AppendControl(wire, 9, []byte("!"))
					if fin {
						want = append(want, event{what: "binary"}) // their payloads are looked at together
					}
					want = append(want, event{what: "ping", payload: "!"})
				} else if fin {
					want = append(want, event{what: "binary"})
				}
			}
		}
		all := ""
		rec := inflating(t, role, protocol.Limits{}, p)
		for piece := range pieces(wire, pattern) {
			rec.feed(piece)
		}
		if len(rec.events) != len(want) {
			t.Fatalf("%d events, want %d: %.300v", len(rec.events), len(want), rec.events)
		}
		for i, ev := range rec.events {
			if ev.what != want[i].what || ev.open {
				t.Fatalf("event %d is %.300v, want a %s", i, ev, want[i].what)
			}
			if ev.what == "binary" {
				all += ev.payload
			}
		}
		if all != string(sent) {
			t.Fatalf("%d octets came of %d, or others", len(all), len(sent))
		}
	})
}
