package websocket_test

import (
	"bytes"
	"compress/flate"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// deflated compresses zeros, which come to a thousandth, into blocks of the given size.
func deflated(octets, block int) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	zeros := make([]byte, block)
	for n := 0; n < octets; n += block {
		w.Write(zeros)
		w.Flush()
	}
	return strings.TrimSuffix(b.String(), "\x00\x00\xff\xff")
}

// bomb is a message of 32 MiB that is compressed to 32 KiB.
var bomb = sync.OnceValue(func() string { return deflated(32<<20, 32<<20) })

// blocks is a message of 2 MiB in 20,000 blocks.
var blocks = sync.OnceValue(func() string { return deflated(2<<20, 100) })

// fragments is a compressed message in fragments of at most n octets.
func (a *attacker) fragments(first byte, payload string, n int) string {
	var b strings.Builder
	for piece := range slices.Chunk([]byte(payload), n) {
		b.WriteString(a.frame(first, string(piece)))
		first = 0x00
	}
	b.WriteString(a.frame(0x80, ""))
	return b.String()
}

var takeovers = []struct {
	name string
	websocket.Compression
	extensions string
}{
	{"no takeover", websocket.Compression{}, "permessage-deflate; server_no_context_takeover; client_no_context_takeover"},
	{"takeover", websocket.Compression{ServerTakeover: websocket.KeepContext, ClientTakeover: websocket.KeepContext}, "permessage-deflate"},
}

// However a bomb is packed, it ends with 1009 when the limit's worth of octets has come out of it.
func TestDeflateBombsEndWith1009(t *testing.T) {
	const emptyStored, emptyFixed = "\x00\x00\x00\xff\xff", "\x02\x08\x20\x80\x00" // blocks of nothing
	for _, row := range []struct {
		name string
		wire func(a *attacker) string
	}{
		{"in a frame", func(a *attacker) string { return a.frame(0xC2, bomb()) }},
		{"as text", func(a *attacker) string { return a.frame(0xC1, bomb()) }},
		{"in fragments", func(a *attacker) string { return a.fragments(0x42, bomb(), 1000) }},
		{"in fragments of an octet", func(a *attacker) string { return a.fragments(0x42, bomb()[:20_000], 1) }},
		{"in many blocks", func(a *attacker) string { return a.frame(0xC2, blocks()) }},
		{"behind messages that are none", func(a *attacker) string {
			return strings.Repeat(a.frame(0xC2, deflated(1000, 1000)), 100) + a.frame(0xC2, bomb())
		}},
		{"of empty blocks", func(a *attacker) string { return a.frame(0xC2, strings.Repeat(emptyStored, 1<<18)+"\x00") }},
		{"of empty blocks without end", func(a *attacker) string {
			return a.frame(0x42, "") + strings.Repeat(a.frame(0x00, strings.Repeat(emptyFixed, 2000)), 200)
		}},
		{"of empty fragments without end", func(a *attacker) string {
			return a.frame(0x42, "\x00") + strings.Repeat(a.frame(0x00, ""), 1<<18)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, takeover := range takeovers {
				t.Run(takeover.name, func(t *testing.T) {
					d := patient
					d.compression = takeover.Compression
					if row.name != "in a frame" { // TLS and the rest have nothing to do with each other
						d.where = overTCP
					}
					besieged(t, d, func(t *testing.T, s *siege) {
						a := s.connect(takeover.extensions)
						wire := row.wire(a)
						octets := allocated(func() {
							go io.WriteString(a, wire)
							a.wantCode(websocket.CloseMessageTooBig)
							wantFailed(t, s, websocket.CloseMessageTooBig)
						})
						if octets > 16<<20 {
							t.Errorf("%d KiB were allocated for a message of at most 1 MiB", octets>>10)
						}
					})
				})
			}
		})
	}
}

// allocated runs f and returns how many octets were allocated meanwhile, by everybody.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A message may have any number of blocks that end it, which begin again with the whole context. That is much work
// for two octets, so too many of them are no message.
func TestFinalBlocksAreNotMuchWorkForFewOctets(t *testing.T) {
	d := patient
	d.where = overTCP
	for _, takeover := range takeovers {
		t.Run(takeover.name, func(t *testing.T) {
			d.compression = takeover.Compression
			besieged(t, d, func(t *testing.T, s *siege) {
				a := s.connect(takeover.extensions)
				head := deflated(100<<10, 100<<10) + "\x00\x00\xff\xff"
				few := head + strings.Repeat("\x03\x00", 16) + "\x00"
				many := head + strings.Repeat("\x03\x00", 500_000) + "\x00"
				must(t, second(io.WriteString(a, a.frame(0xC2, few))))
				octets := allocated(func() {
					go io.WriteString(a, a.frame(0xC2, many))
					a.wantCode(websocket.CloseInvalidPayload)
					wantFailed(t, s, websocket.CloseInvalidPayload)
				})
				if octets > 16<<20 {
					t.Errorf("%d KiB were allocated", octets>>10)
				}
			})
		})
	}
}

// Bombs that are within the limit are messages, and cost the memory of one at a time.
func TestManyBombsWithinTheLimitAreMessages(t *testing.T) {
	const n = 20
	small := deflated(1<<20, 1<<20)
	for _, takeover := range takeovers {
		t.Run(takeover.name, func(t *testing.T) {
			check := watchHeap(t)
			besieged(t, demands{compression: takeover.Compression, where: overTCP}, func(t *testing.T, s *siege) {
				a := s.connect(takeover.extensions)
				one := a.frame(0xC2, small)
				if takeover.name == "takeover" { // it begins with a context: the blocks may refer to zeros
					one = a.fragments(0x42, small, 100)
				}
				must(t, second(io.WriteString(a, strings.Repeat(one, n)+a.frame(0x88, "\x03\xe8"))))
				a.wantCode(websocket.CloseNormal)
				e := s.ended(t)
				equal(t, "messages and octets", []any{e.messages, e.octets}, []any{n, n << 20})
			})
			check()
		})
	}
}

// Without a limit a program that streams what it reads needs no memory for it.
func TestABombWithoutALimitIsStreamed(t *testing.T) {
	const size = 32 << 20
	huge := deflated(size, size)
	for _, takeover := range takeovers {
		t.Run(takeover.name, func(t *testing.T) {
			d := demands{
				limits: websocket.Limits{MessageSize: -1, Fragments: -1}, compression: takeover.Compression,
				where: func(s *siege) bool { return s.conn && !s.secure },
				read: func(c *websocket.Conn) (int64, error) {
					_, r, err := c.Reader(forever)
					if err != nil {
						return 0, err
					}
					return io.Copy(io.Discard, r)
				},
			}
			besieged(t, d, func(t *testing.T, s *siege) {
				a := s.connect(takeover.extensions)
				octets := allocated(func() {
					must(t, second(io.WriteString(a, a.fragments(0x42, huge, 5000)+a.frame(0x88, "\x03\xe8"))))
					a.wantCode(websocket.CloseNormal)
				})
				e := s.ended(t)
				equal(t, "messages and octets", []any{e.messages, e.octets}, []any{1, size})
				if octets > 16<<20 {
					t.Errorf("%d KiB were allocated for a message that is streamed", octets>>10)
				}
			})
		})
	}
}

// heapNow is what is in use of the heap, without what pools keep.
func heapNow() int {
	var m runtime.MemStats
	for range 3 { // pools let go of what they hold at the second collection
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int(m.HeapInuse + m.StackInuse)
}

// What many begun messages take is bounded, and given back.
func TestBegunCompressedMessagesTakeBoundedMemory(t *testing.T) {
	const connections = 500
	noise := func(n int) string {
		var b bytes.Buffer
		w, _ := flate.NewWriter(&b, flate.NoCompression)
		w.Write(pseudoRandom(n))
		w.Flush()
		return b.String()
	}
	for _, row := range []struct {
		name  string
		begin string // of the message
		most  int    // KiB for each connection, besides what an open one takes
	}{
		{"100 octets", noise(100), 4},
		{"15 KiB", noise(15 << 10), 48},
		{"20 KiB, which is being inflated", noise(20 << 10), 320},
	} {
		t.Run(row.name, func(t *testing.T) {
			besieged(t, demands{where: serversOverTCP}, func(t *testing.T, s *siege) {
				var all []*attacker
				for range connections {
					all = append(all, s.connect("permessage-deflate"))
				}
				ask := func(wire string) {
					for _, a := range all {
						must(t, second(io.WriteString(a, wire+a.frame(0x89, ""))))
					}
					for _, a := range all { // once the Pong is there, all was read
						must(t, second(second2(a.readFrame())))
					}
				}
				ask("")
				before := heapNow()
				ask(all[0].frame(0x42, row.begin))
				each := (heapNow() - before) / connections
				t.Logf("%d octets for each begun message", each)
				if each > row.most<<10 {
					t.Errorf("a message of which %d octets have come takes %d, want at most %d KiB", len(row.begin), each, row.most)
				}
				for _, a := range all {
					a.reset()
				}
				for range all {
					s.ended(t)
				}
				if after := heapNow(); after > before+4<<20 {
					t.Errorf("%d KiB are left", (after-before)>>10)
				}
			})
		})
	}
}

func second2[A, B any](a A, _ B, err error) (A, error) { return a, err }
