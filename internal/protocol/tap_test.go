package protocol_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/deflate"
	"github.com/everwire/everwire/websocket/frame"
)

// A looker is a Tap that writes down what it sees.
type looker struct {
	frames []string
	got    []byte
	want   int64
}

func (l *looker) Begin(h frame.Header) {
	l.flush()
	l.frames = append(l.frames, fmt.Sprintf("%v fin=%v rsv=%d %d", h.Opcode, h.Fin, h.Rsv, h.Length))
	l.want = h.Length
}

func (l *looker) Payload(p []byte) { l.got = append(l.got, p...) }

// flush adds the payload to its frame.
func (l *looker) flush() {
	if n := len(l.frames); n > 0 {
		l.frames[n-1] += fmt.Sprintf(" %q", l.got)
		if int64(len(l.got)) != l.want {
			l.frames[n-1] += fmt.Sprintf(" of %d", l.want)
		}
	}
	l.got, l.want = nil, 0
}

// masked is a frame as a client sends it.
func masked(h frame.Header, payload string) []byte {
	h.Masked, h.Key, h.Length = true, 0x12345678, int64(len(payload))
	f := h.Append(nil)
	f = append(f, payload...)
	frame.Mask(f[len(f)-len(payload):], h.Key)
	return f
}

func TestTapSeesEveryFrameHoweverItIsSplit(t *testing.T) {
	var c deflate.Compressor
	c.Init(15, 6, false)
	small, _ := c.AppendMessage(nil, []byte("hello hello hello hello hello hello"))
	input := slices.Concat(
		masked(frame.Header{Fin: true, Opcode: frame.Text}, "short"),
		masked(frame.Header{Fin: true, Opcode: frame.Binary}, octets("b", 300)),
		masked(frame.Header{Fin: true, Opcode: frame.Text}, octets("t", 700)), // unmasked and checked at once
		masked(frame.Header{Opcode: frame.Text}, "in "),
		masked(frame.Header{Fin: true, Opcode: frame.Ping}, "p"),
		masked(frame.Header{Opcode: frame.Continuation}, ""),
		masked(frame.Header{Fin: true, Opcode: frame.Continuation}, "parts"),
		masked(frame.Header{Fin: true, Opcode: frame.Text, Rsv: frame.Rsv1}, string(small)),
		masked(frame.Header{Fin: true, Opcode: frame.Pong}, ""),
		masked(frame.Header{Fin: true, Opcode: frame.Close}, "\x03\xe8"),
	)
	want := []string{
		`text fin=true rsv=0 5 "short"`,
		fmt.Sprintf("binary fin=true rsv=0 300 %q", octets("b", 300)),
		fmt.Sprintf("text fin=true rsv=0 700 %q", octets("t", 700)),
		`text fin=false rsv=0 3 "in "`, `ping fin=true rsv=0 1 "p"`, `continuation fin=false rsv=0 0 ""`,
		`continuation fin=true rsv=0 5 "parts"`,
		fmt.Sprintf("text fin=true rsv=4 %d %q", len(small), small),
		`pong fin=true rsv=0 0 ""`, `close fin=true rsv=0 2 "\x03\xe8"`,
	}
	for _, size := range []int{1, 2, 7, 100, len(input)} {
		t.Run(fmt.Sprint("pieces of ", size), func(t *testing.T) {
			var l looker
			rec := record(t, protocol.Server, protocol.Limits{})
			rec.receiver.Inflate(deflate.Params{ClientMaxWindowBits: 15, ServerMaxWindowBits: 15})
			rec.receiver.SetTap(&l)
			for piece := range slices.Chunk(input, size) {
				rec.feed(piece)
			}
			l.flush()
			if !slices.Equal(l.frames, want) {
				t.Errorf("the tap sees\n%q, want\n%q", l.frames, want)
			}
		})
	}
}

// Without compression there is a shorter way.
func TestTapOnTheShortWay(t *testing.T) {
	var l looker
	rec := record(t, protocol.Server, protocol.Limits{})
	rec.feed(masked(frame.Header{Fin: true, Opcode: frame.Text}, "before"))
	rec.receiver.SetTap(&l)
	rec.feed(masked(frame.Header{Fin: true, Opcode: frame.Text}, "while"))
	rec.receiver.SetTap(nil)
	rec.feed(masked(frame.Header{Fin: true, Opcode: frame.Text}, "after"))
	l.flush()
	if want := `["text fin=true rsv=0 5 \"while\""]`; fmt.Sprintf("%q", l.frames) != want {
		t.Errorf("the tap sees %q, want %s", l.frames, want)
	}
}

// Arrived counts every octet of data frames, and none of control frames.
func TestArrivedCountsOctetsOfDataFrames(t *testing.T) {
	text, ping := masked(frame.Header{Fin: true, Opcode: frame.Text}, octets("x", 200)), masked(frame.Header{Fin: true, Opcode: frame.Ping}, "p")
	whole := masked(frame.Header{Fin: true, Opcode: frame.Text}, "whole")
	for _, size := range []int{1, 3, 1000} {
		rec := record(t, protocol.Server, protocol.Limits{})
		for piece := range slices.Chunk(slices.Concat(whole, ping, text, whole), size) {
			rec.feed(piece)
		}
		if got, want := rec.receiver.Arrived(), uint64(2*len(whole)+len(text)); got != want {
			t.Errorf("in pieces of %d: %d octets, want %d", size, got, want)
		}
	}
}
