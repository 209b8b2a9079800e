package deflate_test

import (
	"bytes"
	"compress/flate"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket/deflate"
)

// prose is text that compresses about as well as people's does.
func prose(r *rand.Rand, n int) []byte {
	words := strings.Fields("the socket opens and a message goes to every member of the room until it closes {\"id\": } 12 7 \"user\":")
	var b []byte
	for len(b) < n {
		b = append(append(b, words[r.IntN(len(words))]...), ' ')
		b = append(b, byte('a'+r.IntN(26)))
	}
	return b[:n]
}

func noise(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// far repeats a block of noise at ever larger distances, so that a compressor is tempted to refer back too
// far.
func far(r *rand.Rand, n int) []byte {
	block := noise(r, 64)
	var b []byte
	for gap := 16; len(b) < n; gap += gap / 3 {
		b = append(append(b, block...), noise(r, gap)...)
	}
	return b[:n]
}

// inflate feeds a message in pieces of the given size, 0 for all at once, and collects the payload. If the size is odd, pieces of
// which there is more to come are kept, and overwritten.
func inflate(d *deflate.Decompressor, compressed []byte, size int) (payload []byte, err error) {
	if size == 0 {
		size = max(len(compressed), 1)
	}
	for {
		in := bytes.Clone(compressed[:min(size, len(compressed))])
		compressed = compressed[len(in):]
		last := len(compressed) == 0
		piece, state, err := d.Next(in, last)
		for {
			if err != nil {
				d.Release()
				return payload, err
			}
			payload = append(payload, piece...)
			if state != deflate.Full {
				break
			}
			if size&1 != 0 {
				d.Keep()
				clear(in)
			}
			piece, state, err = d.Next(nil, last)
		}
		clear(in)
		switch {
		case state == deflate.Done && !last:
			return payload, fmt.Errorf("Done with %d octets unread", len(compressed))
		case state == deflate.Done:
			return payload, nil
		case last:
			return payload, fmt.Errorf("state %d at the end", state)
		}
	}
}

func TestMessagesComeBackAndKeepToTheWindow(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for bits := deflate.MinWindowBits; bits <= deflate.MaxWindowBits; bits++ {
		for _, takeover := range []bool{false, true} {
			for _, level := range []int{1, 6, 9} {
				if bits < deflate.MaxWindowBits && level > 1 {
					continue
				}
				t.Run(fmt.Sprintf("bits %d takeover %v level %d", bits, takeover, level), func(t *testing.T) {
					var c deflate.Compressor
					c.Init(bits, level, takeover)
					var ds [3]deflate.Decompressor
					for i := range ds {
						ds[i].Init(bits, takeover)
					}
					var context []byte
					for i, n := range []int{0, 1, 2, 5, 60, 300, 300, 1000, 5000, 20_000, 40_000, 100_000, 300} {
						for _, kind := range []func(*rand.Rand, int) []byte{prose, far} {
							payload := kind(r, n)
							compressed, smaller := c.AppendMessage([]byte("head"), payload)
							if string(compressed[:4]) != "head" {
								t.Fatal("what was there is gone")
							}
							if compressed = compressed[4:]; smaller {
								c.Remember(payload)
							} else {
								if len(compressed) > 0 {
									t.Fatalf("message %d is not smaller, yet something was appended", i)
								}
								continue
							}
							if len(compressed) >= len(payload) && (!takeover || len(payload) > 1024) {
								t.Fatalf("%d octets became %d", len(payload), len(compressed))
							}
							got, distance, err := inflateMessage(compressed, context)
							if err != nil || !bytes.Equal(got, payload) {
								t.Fatalf("message %d of %d octets: the naive reader gets %d octets, %v", i, n, len(got), err)
							}
							if distance > 1<<bits {
								t.Fatalf("message %d refers %d octets back; the window has %d", i, distance, 1<<bits)
							}
							for k, size := range []int{0, 1, 1000} {
								if size == 1 && n > 5000 {
									size = 777
								}
								got, err := inflate(&ds[k], compressed, size)
								if err != nil || !bytes.Equal(got, payload) {
									t.Fatalf("message %d of %d octets in pieces of %d: got %d octets, %v", i, n, size, len(got), err)
								}
							}
							if takeover {
								context = append(context, payload...)
								context = context[max(0, len(context)-1<<bits):]
							}
						}
					}
				})
			}
		}
	}
}

func TestTakeoverMakesRepetitionSmall(t *testing.T) {
	payload := prose(rand.New(rand.NewPCG(3, 4)), 600)
	var kept, dropped deflate.Compressor
	kept.Init(15, 1, true)
	dropped.Init(15, 1, false)
	first, _ := kept.AppendMessage(nil, payload)
	kept.Remember(payload)
	again, _ := kept.AppendMessage(nil, payload)
	if 5*len(again) > len(first) {
		t.Errorf("with takeover the second of two equal messages has %d octets, the first %d", len(again), len(first))
	}
	first, _ = dropped.AppendMessage(nil, payload)
	dropped.Remember(payload)
	again, _ = dropped.AppendMessage(nil, payload)
	if !bytes.Equal(first, again) {
		t.Errorf("without takeover equal messages differ: %d and %d octets", len(first), len(again))
	}
}

func TestSmallMessagesShrinkToo(t *testing.T) {
	payload := []byte(`{"type":"move","x":120,"y":37,"t":17}`)
	for bits := deflate.MinWindowBits; bits <= deflate.MaxWindowBits; bits++ {
		for _, level := range []int{1, 6, 9} {
			var c deflate.Compressor
			c.Init(bits, level, true)
			c.Remember(payload)
			if out, smaller := c.AppendMessage(nil, payload); !smaller || len(out) > 8 {
				t.Errorf("bits %d, level %d: %d octets that were sent before became %d", bits, level, len(payload), len(out))
			}
		}
	}
}

// Messages that are alike and too short to shrink by themselves.
func TestTakeoverBeginsWithSmallMessages(t *testing.T) {
	for bits := deflate.MinWindowBits; bits <= deflate.MaxWindowBits; bits++ {
		var c deflate.Compressor
		c.Init(bits, 1, true)
		sent, plain := 0, 0
		for i := range 100 {
			payload := fmt.Appendf(nil, `{"type":"trade","symbol":"EURUSD","price":1.%04d,"size":%d}`, 832+i*7%90, 1000+i*37%5000)
			plain += len(payload)
			out, worth := c.AppendMessage(nil, payload)
			if !worth {
				sent += len(payload)
				continue
			}
			sent += len(out)
			c.Remember(payload)
		}
		if 2*sent > plain {
			t.Errorf("bits %d: messages that are alike, %d octets in all, were sent as %d", bits, plain, sent)
		}
	}
}

func TestAMessageThatDoesNotShrink(t *testing.T) {
	var c deflate.Compressor
	c.Init(15, 1, false)
	if out, smaller := c.AppendMessage(nil, noise(rand.New(rand.NewPCG(5, 6)), 500)); smaller || out != nil {
		t.Fatalf("noise became %d octets, smaller %v", len(out), smaller)
	}
}

// A message's fragment repeats its first, and the next message begins with the same: this tells whether the window goes
// over from one fragment to the next, and from all of them to the next message.
func TestFragments(t *testing.T) {
	const bits, much, little = 12, 600, 100
	for _, row := range []struct {
		name     string
		middle   int  // octets between
		takeover bool // from message to message
		reaches  bool // the window, over what is between
	}{
		{"fragments smaller than the window", 1000, false, true},
		{"fragments smaller than the window, taken over", 1000, true, true},
		{"one larger than the window", 40_000, false, false},
		{"one larger than the window, taken over", 40_000, true, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(7, 8))
			var c deflate.Compressor
			var d deflate.Decompressor
			c.Init(bits, 1, row.takeover)
			d.Init(bits, row.takeover)
			repeated := noise(r, much)
			var context []byte
			for message := range 3 {
				fragments := [][]byte{repeated, nil, prose(r, row.middle), repeated, noise(r, 3)}
				var payload, compressed []byte
				for i, fragment := range fragments {
					before := len(compressed)
					compressed = c.AppendFragment(compressed, fragment, i == len(fragments)-1)
					c.Remember(fragment)
					payload = append(payload, fragment...)
					refers := i > 0 && row.reaches || i == 0 && message > 0 && row.takeover
					if n := len(compressed) - before; len(fragment) == much && (refers && n > little || !refers && n < much) {
						t.Errorf("message %d, fragment %d: %d octets became %d", message, i, much, n)
					}
				}
				if got, distance, err := inflateMessage(compressed, context); err != nil || !bytes.Equal(got, payload) || distance > 1<<bits {
					t.Fatalf("the naive reader gets %d octets, distance %d, %v", len(got), distance, err)
				}
				if got, err := inflate(&d, compressed, 500); err != nil || !bytes.Equal(got, payload) {
					t.Fatalf("got %d octets, %v", len(got), err)
				}
				if row.takeover {
					context = append(context, payload...)
					context = context[max(0, len(context)-1<<bits):]
				}
			}
			c.AppendFragment(nil, prose(r, 10), false)
			c.Abandon()
			c.Abandon()
		})
	}
}

func TestSharedMessagesFitEveryConnection(t *testing.T) {
	payload := prose(rand.New(rand.NewPCG(9, 10)), 3000)
	shared := deflate.Append(nil, payload, 9, 1)
	if _, distance, err := inflateMessage(shared, nil); err != nil || distance > 512 {
		t.Fatalf("distance %d, %v", distance, err)
	}
	for bits := 9; bits <= 15; bits++ {
		var c deflate.Compressor
		var d deflate.Decompressor
		c.Init(bits, 1, true)
		d.Init(bits, true)
		own, _ := c.AppendMessage(nil, payload)
		c.Remember(payload)
		c.Remember(payload) // shared
		then, _ := c.AppendMessage(nil, payload)
		for i, message := range [][]byte{own, shared, then} {
			if got, err := inflate(&d, message, 0); err != nil || !bytes.Equal(got, payload) {
				t.Errorf("bits %d, message %d: got %d octets, %v", bits, i, len(got), err)
			}
		}
	}
}

// The examples of RFC 7692 §7.2.3, and other ways to end a message.
var endings = []struct {
	name, compressed, payload string
}{
	{"§7.2.3.1, a block", "\xf2\x48\xcd\xc9\xc9\x07\x00", "Hello"},
	{"§7.2.3.3, no compression", "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", "Hello"},
	{"§7.2.3.4, a final block", "\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "Hello"},
	{"§7.2.3.5, two blocks", "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", "Hello"},
	{"§7.2.3.6, empty", "\x00", ""},
	{"empty, a fixed block", "\x02\x00", ""},
	{"a final block and nothing behind it", "\xf3\x48\xcd\xc9\xc9\x07\x00", "Hello"},
	{"a final block, whose end is the tail", "\x01", ""},
	{"final blocks, one behind the other", "\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "HelloHello"},
}

func TestEndings(t *testing.T) {
	defer deflate.SetGatherSize(16 << 10)
	for _, e := range endings {
		for _, takeover := range []bool{false, true} {
			for size := range len(e.compressed) + 1 {
				deflate.SetGatherSize(16 << 10 * (size % 2)) // by turns inflated at once
				var d deflate.Decompressor
				d.Init(15, takeover)
				for range 2 {
					if got, err := inflate(&d, []byte(e.compressed), size); err != nil || string(got) != e.payload {
						t.Errorf("%s, takeover %v, in pieces of %d: got %q, %v", e.name, takeover, size, got, err)
					}
				}
			}
		}
		if got, _, err := inflateMessage([]byte(e.compressed), nil); err != nil || string(got) != e.payload {
			t.Errorf("%s: the naive reader got %q, %v", e.name, got, err)
		}
	}
}

// A message larger than is gathered, and final blocks in it: what follows may refer to what went before.
func TestLargeMessagesWithFinalBlocks(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	half := noise(r, 50_000)
	for _, takeover := range []bool{false, true} {
		var compressed bytes.Buffer
		w, _ := flate.NewWriterDict(&compressed, 9, nil)
		w.Write(half)
		w.Close()
		w, _ = flate.NewWriterDict(&compressed, 9, half)
		w.Write(half[40_000:])
		w.Close()
		if compressed.Len() > 52_000 {
			t.Fatalf("%d octets: the second half does not refer to the first", compressed.Len())
		}
		for _, size := range []int{0, 100, 40_000} {
			var d deflate.Decompressor
			d.Init(15, takeover)
			got, err := inflate(&d, compressed.Bytes(), size)
			if want := append(bytes.Clone(half), half[40_000:]...); err != nil || !bytes.Equal(got, want) {
				t.Errorf("takeover %v, in pieces of %d: got %d octets, %v", takeover, size, len(got), err)
			}
		}
	}
}

// A caller that wants to do other things meanwhile gets the chance before much has been done, also if nothing comes of it.
func TestFinalBlocksAreEffort(t *testing.T) {
	const blocks, octets = 200, 60
	for _, content := range []string{"", string(noise(rand.New(rand.NewPCG(13, 14)), octets))} {
		stored := "\x01" + string([]byte{byte(len(content)), 0, ^byte(len(content)), 0xff}) + content
		padding := strings.Repeat("\x00\x00\x00\xff\xff", (octets+5-len(stored))/5) // there may be one final block for 64 octets
		compressed := strings.Repeat(padding+stored, blocks) + "\x00"
		for _, takeover := range []bool{false, true} {
			var d deflate.Decompressor
			d.Init(15, takeover)
			var got []byte
			effort, calls, in := 0, 0, []byte(compressed)
			for state := deflate.Full; state == deflate.Full; calls++ {
				var piece []byte
				var err error
				if piece, state, err = d.Next(in, true); err != nil {
					t.Fatalf("after %d octets: %v", len(got), err)
				}
				if e := d.Effort(); e < len(piece) {
					t.Errorf("call %d: an effort of %d for %d octets", calls, e, len(piece))
				}
				effort += d.Effort()
				got, in = append(got, piece...), nil
			}
			if want := strings.Repeat(content, blocks); string(got) != want {
				t.Errorf("got %d octets, want %d", len(got), len(want))
			}
			if least := blocks * 8 << 10; effort < least || calls < blocks/8 {
				t.Errorf("an effort of %d in %d calls; want %d and %d, or more", effort, calls, least, blocks/8)
			}
		}
	}
}

// bitString is what DEFLATE packs: the first bit is the lowest of the first octet (RFC 1951 3.1.1).
type bitString []bool

func (b *bitString) number(v, bits int) {
	for i := range bits {
		*b = append(*b, v>>i&1 != 0)
	}
}

func (b bitString) octets() []byte {
	octets := make([]byte, (len(b)+7)/8)
	for i, bit := range b {
		if bit {
			octets[i/8] |= 1 << (i % 8)
		}
	}
	return octets
}

// descriptions is a message of blocks that have a description of their codes, and no content (RFC 1951 3.2.7).
func descriptions(blocks int) []byte {
	var b bitString
	for range blocks {
		b.number(2<<1, 3)       // not the final one; with its own codes
		b.number(0, 5+5)        // 257 lengths of literals, 1 of distances
		b.number(18-4, 4)       // how many lengths of lengths' codes follow:
		b.number(0, 2*3)        // of 16 and 17
		b.number(1, 3)          // of 18, which repeats zeros: its code is 1
		b.number(0, 14*3)       // of the others
		b.number(1, 3)          // of 1: its code is 0
		b.number(1|127<<1, 1+7) // 138 zeros
		b.number(1|107<<1, 1+7) // 118 zeros
		b.number(0, 1+1)        // the end of block, and the distance, have a code of 1 bit
		b.number(0, 1)          // the end
	}
	b.number(0, 3) // the empty block whose rest does not travel (RFC 7692 7.2.1)
	return b.octets()
}

// What a message costs is known also if hardly anything comes of it.
func TestDescriptionsAreEffort(t *testing.T) {
	message := descriptions(1400)
	if len(message) < 15_000 {
		t.Fatalf("it has %d octets", len(message))
	}
	var d deflate.Decompressor
	d.Init(15, false)
	piece, state, err := d.Next(message, true)
	if len(piece) > 0 || state != deflate.Done || err != nil {
		t.Fatalf("%d octets came, and %v, %v", len(piece), state, err)
	}
	// It takes about as long as to inflate a megabyte. A tenth of that is asked for: machines differ.
	if e := d.Effort(); e < 8*len(message) {
		t.Errorf("an effort of %d for a message of %d", e, len(message))
	}
}

func TestCorruptData(t *testing.T) {
	var context deflate.Compressor
	context.Init(15, 1, true)
	context.Remember(prose(rand.New(rand.NewPCG(1, 1)), 400))
	referring, _ := context.AppendMessage(nil, prose(rand.New(rand.NewPCG(1, 1)), 400))
	for name, compressed := range map[string]string{
		"a reserved block type":            "\x06",
		"cut in a block":                   "\xf2\x48\xcd",
		"the tail not taken away":          "\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff",
		"lengths that do not fit":          "\x00\x05\x00\xfa\xfe\x48",
		"a distance before the start":      string(referring),
		"nothing at all":                   "",
		"a large one, cut":                 string(bigCut()),
		"a final block, and half of one":   "\xf3\x48\xcd\xc9\xc9\x07\x00\xf2\x48",
		"a final stored block, cut by 9":   "\x01\x0e\x00\xf1\xff\x48\x65\x6c\x6c\x6f",
		"a stored block larger than it is": "\x00\x09\x00\xf6\xff\x48\x65\x6c\x6c\x6f\x00",
	} {
		for _, size := range []int{0, 1} {
			var d deflate.Decompressor
			d.Init(15, false)
			if got, err := inflate(&d, []byte(compressed), size); err != deflate.ErrCorrupt {
				t.Errorf("%s, in pieces of %d: got %q, %v", name, size, got, err)
			}
		}
	}
}

func bigCut() []byte {
	b := deflate.Append(nil, noise(rand.New(rand.NewPCG(1, 1)), 50_000), 15, 1)
	return b[:40_000]
}

// A message that is given up half way leaves nothing behind: TestMain looks for goroutines.
func TestRelease(t *testing.T) {
	large := deflate.Append(nil, noise(rand.New(rand.NewPCG(1, 1)), 100_000), 15, 1)
	var d deflate.Decompressor
	d.Init(15, true)
	if piece, state, err := d.Next(large[:60_000], false); err != nil || state != deflate.Full || len(piece) != 32<<10 {
		t.Fatalf("got %d octets, state %d, %v", len(piece), state, err)
	}
	d.Release()
	d.Release()
	if got, err := inflate(&d, []byte("\xf2\x48\xcd\xc9\xc9\x07\x00"), 0); err != nil || string(got) != "Hello" {
		t.Fatalf("the next message: %q, %v", got, err)
	}
}

// Once it is told to keep its input, what that lay in may be used for other things.
func TestInputThatIsKeptMayChange(t *testing.T) {
	payload := prose(rand.New(rand.NewPCG(21, 22)), 400<<10)
	var d deflate.Decompressor
	d.Init(15, false)
	got, err := inflate(&d, deflate.Append(nil, payload, 15, 1), 49_999)
	if err != nil || !bytes.Equal(got, payload) {
		t.Errorf("%d octets came back, not those %d that were sent, and %v", len(got), len(payload), err)
	}
}

// What a bomb costs is one piece at a time.
func TestABombYieldsPieces(t *testing.T) {
	bomb := deflate.Append(nil, make([]byte, 16<<20), 15, 9)
	if len(bomb)*500 > 16<<20 {
		t.Fatalf("the bomb has %d octets", len(bomb))
	}
	var d deflate.Decompressor
	d.Init(15, false)
	piece, state, err := d.Next(bomb, true)
	for range 10 {
		if err != nil || state != deflate.Full || len(piece) != 32<<10 {
			t.Fatalf("got %d octets, state %d, %v", len(piece), state, err)
		}
		piece, state, err = d.Next(nil, true)
	}
	d.Release()
}

func TestNothingIsAllocatedForAMessage(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector empties pools at random")
	}
	for _, size := range []int{128, 1000, 16 << 10} {
		for _, takeover := range []bool{false, true} {
			for _, bits := range []int{9, 15} {
				t.Run(fmt.Sprintf("%d octets, takeover %v, bits %d", size, takeover, bits), func(t *testing.T) {
					payload := prose(rand.New(rand.NewPCG(13, 14)), size)
					var c deflate.Compressor
					var d deflate.Decompressor
					c.Init(bits, 1, takeover)
					d.Init(bits, takeover)
					buf := make([]byte, 0, 2*size)
					round := func() {
						compressed, _ := c.AppendMessage(buf, payload)
						c.Remember(payload)
						half := len(compressed) / 2 // gathers
						if _, state, err := d.Next(compressed[:half], false); err != nil || state != deflate.Hungry {
							t.Fatalf("state %d, %v", state, err)
						}
						if piece, state, err := d.Next(compressed[half:], true); err != nil || state != deflate.Done || len(piece) != len(payload) {
							t.Fatalf("got %d octets, state %d, %v", len(piece), state, err)
						}
						d.Release()
					}
					for range 300 {
						round() // the window grows to its size
					}
					if n := testing.AllocsPerRun(200, round); n >= 1 {
						t.Errorf("%.2f allocations", n)
					}
				})
			}
		}
	}
}

// A message that does not get smaller is found out without memory for what it would become, and whoever has the
// compressor next sees nothing of it.
func TestNothingIsAllocatedForAMessageThatDoesNotShrink(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	for _, size := range []int{64, 128, 1024, 16 << 10} {
		for _, level := range []int{1, 6, 9} {
			t.Run(fmt.Sprintf("%d octets, level %d", size, level), func(t *testing.T) {
				shrinks, not := prose(r, 1000), noise(r, size)
				var c deflate.Compressor
				c.Init(15, level, false)
				want, _ := c.AppendMessage(nil, shrinks)
				buf := make([]byte, 0, max(size, 1000))
				round := func() {
					if out, worth := c.AppendMessage(buf, not); worth || len(out) > 0 {
						t.Fatalf("%d octets became %d", size, len(out))
					}
					if got, worth := c.AppendMessage(buf, shrinks); !worth || !bytes.Equal(got, want) {
						t.Fatalf("the next message became %d octets, else %d", len(got), len(want))
					}
				}
				round()
				if raceDetector {
					return // it empties pools at random
				}
				if n := testing.AllocsPerRun(50, round); n >= 1 {
					t.Errorf("%.2f allocations", n)
				}
			})
		}
	}
}

// What a connection holds between messages: the windows it takes over, and nothing of what is pooled, be the
// last message whole, in fragments, given up or corrupt.
func TestMemoryBetweenMessages(t *testing.T) {
	const connections, own = 40, 512 // octets for a Compressor and a Decompressor
	payload := prose(rand.New(rand.NewPCG(15, 16)), 4000)
	compressed := deflate.Append(nil, payload, 15, 1)
	for _, row := range []struct {
		name     string
		bits     int
		takeover bool
		most     int64
	}{
		{"no takeover", 15, false, own},
		{"takeover", 15, true, own + 2<<15},
		{"takeover, a small window", 9, true, own + 2<<9},
	} {
		t.Run(row.name, func(t *testing.T) {
			type end struct {
				c deflate.Compressor
				d deflate.Decompressor
			}
			before := liveHeap()
			ends := make([]end, connections)
			for i := range ends {
				c, d := &ends[i].c, &ends[i].d
				c.Init(row.bits, 1, row.takeover)
				d.Init(row.bits, row.takeover)
				for range 10 { // more than the window
					c.AppendMessage(nil, payload)
					c.Remember(payload)
					if _, err := inflate(d, compressed, 1000); err != nil {
						t.Fatal(err)
					}
					d.Release()
				}
				c.AppendFragment(nil, payload, false)
				c.Abandon()
				inflate(d, []byte("\xf2\x48\xcd"), 1)
				d.Next(compressed[:100], false)
				d.Release()
			}
			if each := (liveHeap() - before) / connections; each > row.most {
				t.Errorf("%d octets a connection, want at most %d", each, row.most)
			} else {
				t.Logf("%d octets a connection", each)
			}
			runtime.KeepAlive(ends)
		})
	}
}

// liveHeap is what is reachable, when the pools are empty: they give up what they have at the second collection.
func liveHeap() int64 {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func FuzzDecompressor(f *testing.F) {
	for _, e := range endings {
		f.Add([]byte(e.compressed), uint16(0), uint16(16<<10))
		f.Add([]byte(e.compressed), uint16(1), uint16(0))
	}
	r := rand.New(rand.NewPCG(1, 1))
	for _, gather := range []uint16{16 << 10, 0} {
		f.Add(deflate.Append(nil, prose(r, 1000), 15, 9), uint16(7), gather)
		f.Add(deflate.Append(nil, make([]byte, 100_000), 15, 6), uint16(0), gather)
		f.Add(deflate.Append(nil, noise(r, 100), 15, 6), uint16(50), gather)
	}
	context := prose(rand.New(rand.NewPCG(1, 2)), 300)
	compressedContext := deflate.Append(nil, context, 15, 1)
	f.Fuzz(func(t *testing.T, compressed []byte, size, gather uint16) {
		want, _, naiveErr := inflateMessage(compressed, context)
		if naiveErr == errTooMuch || naiveErr == errNoDistances {
			return
		}
		deflate.SetGatherSize(int(gather))
		defer deflate.SetGatherSize(16 << 10)
		var d deflate.Decompressor
		d.Init(15, true)
		if _, err := inflate(&d, compressedContext, 0); err != nil {
			t.Fatal(err)
		}
		got, err := inflate(&d, compressed, int(size))
		if (err == nil) != (naiveErr == nil) {
			t.Fatalf("%v; the naive reader says %v", err, naiveErr)
		}
		if err == nil && !bytes.Equal(got, want) {
			t.Fatalf("got %d octets, the naive reader %d", len(got), len(want))
		}
	})
}

func FuzzCompressor(f *testing.F) {
	f.Add([]byte("hello hello hello hello"), uint8(8), uint8(3), true)
	f.Add(far(rand.New(rand.NewPCG(1, 1)), 1000), uint8(9), uint8(20), true)
	f.Fuzz(func(t *testing.T, data []byte, bits, cut uint8, takeover bool) {
		window := 8 + int(bits)%8
		var c deflate.Compressor
		var d deflate.Decompressor
		c.Init(window, 1+int(bits)/8%9, takeover)
		d.Init(window, takeover)
		size := 1 + int(cut)*7
		for i := 0; i < len(data); i += size {
			message := data[i:min(i+size, len(data))]
			compressed, smaller := c.AppendMessage(nil, message)
			if !smaller {
				continue
			}
			c.Remember(message)
			if got, err := inflate(&d, compressed, 0); err != nil || !bytes.Equal(got, message) {
				t.Fatalf("message at %d: got %q, %v", i, got, err)
			}
			if _, distance, err := inflateMessage(compressed, data[:i]); err == nil && distance > 1<<window {
				t.Fatalf("message at %d refers %d octets back", i, distance)
			}
		}
	})
}
