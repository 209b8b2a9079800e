package deflate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	kflate "github.com/klauspost/compress/flate"
)

// prose is text whose words come back, with a seed.
func prose(n int, seed uint64) []byte {
	rng := rand.New(rand.NewPCG(seed, 1))
	words := strings.Fields("der Wind und das Meer über grüne Hügel wo niemand je ein Schiff gesehen hat, als am Morgen die Sonne stieg; später.")
	var b []byte
	for len(b) < n {
		b = append(b, words[rng.IntN(len(words))]...)
		b = append(b, ' ')
		if rng.IntN(20) == 0 {
			b = fmt.Append(b, rng.Uint32())
		}
	}
	return b[:n]
}

func noise(n int, seed uint64) []byte {
	rng := rand.New(rand.NewPCG(seed, 2))
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(rng.Uint32())
	}
	return p
}

// reference compresses by another's code.
func reference(t testing.TB, p []byte, level int) []byte {
	var b bytes.Buffer
	w, err := kflate.NewWriter(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(p)
	w.Flush()
	return bytes.TrimSuffix(b.Bytes(), tail[:])
}

func TestInflaterReadsWhatOthersCompress(t *testing.T) {
	for _, n := range []int{1, 2, 15, 300, 4096, 70000, 400000} {
		for level := -2; level <= 9; level++ {
			if n > 100000 && level != 6 {
				continue
			}
			for name, p := range map[string][]byte{"prose": prose(n, 3), "noise": noise(n, 3), "zeros": make([]byte, n)} {
				got, err := NewInflater(15, false).Message(reference(t, p, level), n)
				if err != nil || !bytes.Equal(got, p) {
					t.Fatalf("%s, %d octets, level %d: %d octets, %v", name, n, level, len(got), err)
				}
			}
		}
	}
}

func TestTakeoverReachesBackAcrossMessages(t *testing.T) {
	var b bytes.Buffer
	w, _ := kflate.NewWriter(&b, 6)
	z := NewInflater(15, true)
	rng := rand.New(rand.NewPCG(1, 1))
	all := prose(3<<20, 9)
	for i := 0; len(all) > 0; i++ {
		n := min(len(all), 1+rng.IntN(20000))
		if i == 20 {
			n = 1500000 // so that the history has to be moved
		}
		p := all[:n]
		all = all[n:]
		b.Reset()
		w.Write(p)
		w.Flush()
		got, err := z.Message(bytes.TrimSuffix(b.Bytes(), tail[:]), n)
		if err != nil || !bytes.Equal(got, p) {
			t.Fatalf("message %d of %d octets: %d octets, %v", i, n, len(got), err)
		}
	}
}

func TestHandMadeMessages(t *testing.T) {
	made := func(f func(w *BlockWriter)) []byte {
		var w BlockWriter
		f(&w)
		return w.Message()
	}
	raw := func(f func(w *BlockWriter)) []byte {
		var w BlockWriter
		f(&w)
		return w.Bytes()
	}
	a300 := bytes.Repeat([]byte("a"), 300)
	for _, c := range []struct {
		name     string
		src      []byte
		want     string
		wantErr  string
		window   int
		takeover bool
	}{
		{name: "of RFC 7692 §7.2.3.1", src: []byte{0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00}, want: "Hello"},
		{name: "of RFC 7692 §7.2.3.3", src: []byte{0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00}, want: "Hello"},
		{name: "of RFC 7692 §7.2.3.4", src: []byte{0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00}, want: "Hello"},
		{name: "of RFC 7692 §7.2.3.5", src: []byte{0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00}, want: "Hello"},
		{name: "empty", src: []byte{0}},
		{name: "of no octet", src: nil, wantErr: "at least one octet"},
		{name: "all kinds of blocks", want: "onetwothreefour", src: made(func(w *BlockWriter) {
			w.Stored([]byte("one"), false)
			w.Fixed([]byte("two"), true)
			w.Dynamic([]byte("three"), false)
			w.Flush()
			w.Stored(nil, true)
			w.Dynamic([]byte("four"), true)
		})},
		{name: "a match that overlaps itself", want: "abababab", src: made(func(w *BlockWriter) {
			w.DynamicTokens([]Token{'a', 'b', Match(6, 2)}, false)
		})},
		{name: "the longest match", want: string(a300[:259]), src: made(func(w *BlockWriter) {
			w.FixedTokens([]Token{'a', Match(258, 1)}, false)
		})},
		{name: "a final block alone", src: raw(func(w *BlockWriter) { w.Fixed([]byte("x"), true) }), wantErr: "BFINAL"},
		{name: "the reserved type", src: raw(func(w *BlockWriter) { w.Bits(6, 3) }), wantErr: "reserved type"},
		{name: "a stored block with other lengths", src: []byte{0, 5, 0, 5, 0, 1, 2, 3, 4, 5, 0}, wantErr: "do not fit"},
		{name: "a stored block that is cut", src: []byte{0, 5, 0, 0xfa, 0xff}, wantErr: "inside a block"},
		{name: "a stored block with the tail in it", src: []byte{0, 4, 0, 0xfb, 0xff}, wantErr: "does not end"},
		{name: "a fixed block that is cut", src: []byte{0xf2, 0x48, 0xcd, 0xc9}, wantErr: "inside a block"},
		{name: "a match before the message", wantErr: "before the message",
			src: made(func(w *BlockWriter) { w.FixedTokens([]Token{'a', 'b', Match(3, 3)}, false) })},
		{name: "a match before the first message", wantErr: "before the first message", takeover: true,
			src: made(func(w *BlockWriter) { w.Match(1, 3, false) })},
		{name: "a match at the window's end", window: 8, want: string(a300[:256]) + "aaa",
			src: made(func(w *BlockWriter) { w.Stored(a300[:256], false); w.Match(256, 3, false) })},
		{name: "a match beyond the window", window: 8, want: string(a300[:257]) + "aaa", wantErr: "a distance of 257 where the window has 256",
			src: made(func(w *BlockWriter) { w.Stored(a300[:257], false); w.Match(257, 3, false) })},
		{name: "a length without meaning", wantErr: "a length has a code", src: raw(func(w *BlockWriter) {
			w.Bits(2, 3)
			w.Bits(0x63, 8) // the code of 286, 11000110, from its first bit
			w.Bits(0, 8)
		})},
		{name: "a distance without meaning", wantErr: "a distance has a code", src: raw(func(w *BlockWriter) {
			w.Bits(2, 3)
			w.Bits(0x40, 7) // 257
			w.Bits(0x0f, 5) // 30
			w.Bits(0, 16)
		})},
		{name: "too many codes", src: raw(func(w *BlockWriter) { w.Bits(4, 3); w.Bits(30, 5); w.Bits(0, 32) }), wantErr: "announces 287"},
		{name: "too many distance codes", src: raw(func(w *BlockWriter) { w.Bits(4, 3); w.Bits(0, 5); w.Bits(31, 5); w.Bits(0, 32) }), wantErr: "and 32 distance"},
		{name: "no code for lengths", src: raw(func(w *BlockWriter) { w.Bits(4, 3); w.Bits(0, 14); w.Bits(0, 32) }), wantErr: "fewer codes"},
		{name: "too many codes for lengths", src: raw(func(w *BlockWriter) { w.Bits(4, 3); w.Bits(0, 14); w.Bits(0b001001001001, 12); w.Bits(0, 32) }), wantErr: "more codes"},
		{name: "a repetition of nothing", wantErr: "repeats the one before", src: raw(func(w *BlockWriter) {
			w.Bits(4, 3)
			w.Bits(0, 14)
			w.Bits(0b001001, 12) // 16 and 17 have a bit each
			w.Bits(0, 32)
		})},
		{name: "no code for the end", wantErr: "no code for its end", src: raw(func(w *BlockWriter) {
			w.Bits(4, 3)
			w.Bits(0, 14)
			w.Bits(0b001001<<3, 12) // 17 and 18
			w.Bits(1|127<<1, 8)     // 138 zeros
			w.Bits(1|109<<1, 8)     // 120
			w.Bits(0, 32)
		})},
		{name: "more lengths than announced", wantErr: "more code lengths", src: raw(func(w *BlockWriter) {
			w.Bits(4, 3)
			w.Bits(0, 14)
			w.Bits(0b001001<<3, 12)
			w.Bits(1|127<<1, 8)
			w.Bits(1|127<<1, 8)
			w.Bits(0, 32)
		})},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.window == 0 {
				c.window = 15
			}
			got, err := NewInflater(c.window, c.takeover).Message(c.src, 1000)
			if string(got) != c.want {
				t.Errorf("%q, not %q (%v)", got, c.want, err)
			}
			if (err == nil) != (c.wantErr == "") || err != nil && !strings.Contains(err.Error(), c.wantErr) {
				t.Errorf("the error is %v, not %q", err, c.wantErr)
			}
			var beyond *WindowError
			if errors.As(err, &beyond) != strings.Contains(c.wantErr, "window has") {
				t.Errorf("the error %v has the wrong type", err)
			}
		})
	}
}

func TestOutputIsBounded(t *testing.T) {
	if _, err := NewInflater(15, false).Message(reference(t, []byte("Hello"), 6), 4); err != errTooLong {
		t.Errorf("5 octets, at most 4: %v", err)
	}
	p := make([]byte, 1<<20)
	for name, src := range map[string][]byte{"zeros": reference(t, p, 9), "stored": reference(t, p, 0), "prose": reference(t, prose(1<<20, 1), 6)} {
		for _, most := range []int{0, 1, 1000, 1<<20 - 1} {
			got, err := NewInflater(15, false).Message(src, most)
			if err != errTooLong || len(got) > most {
				t.Errorf("%s, at most %d: %d octets, %v", name, most, len(got), err)
			}
		}
		if got, err := NewInflater(15, false).Message(src, 1<<20); err != nil || len(got) != 1<<20 {
			t.Errorf("%s: %d octets, %v", name, len(got), err)
		}
	}
}

// Whatever comes in, another decoder agrees with ours, where ours is not stricter on purpose.
func FuzzInflater(f *testing.F) {
	f.Add([]byte{0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00})
	f.Add([]byte{0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00})
	for level := 0; level <= 9; level += 3 {
		f.Add(reference(f, prose(2000, 5), level))
		f.Add(NewDeflater(15, false).Message(prose(500, uint64(level))))
	}
	f.Add(reference(f, noise(300, 5), -2))
	f.Add(NewDeflater(8, false).Message(prose(5000, 1)))
	f.Fuzz(func(t *testing.T, src []byte) {
		const most = 1 << 20
		z := NewInflater(15, false)
		got, err := z.Message(src, most)
		if z.finals > 0 || len(src) == 0 {
			return // the other stops there
		}
		all := append(append(append([]byte(nil), src...), tail[:]...), 1, 0, 0, 0xff, 0xff)
		want, otherErr := io.ReadAll(io.LimitReader(kflate.NewReader(bytes.NewReader(all)), most+1))
		switch {
		case err == nil && (otherErr != nil || !bytes.Equal(got, want)):
			t.Fatalf("%d octets, and the other has %d, %v", len(got), len(want), otherErr)
		case err != nil && otherErr == nil && len(want) <= most && !stricter(err):
			t.Fatalf("%v, and the other has no error", err)
		}
	})
}

func stricter(err error) bool {
	for _, s := range []string{"no code for its end", "does not end with an empty", "has fewer codes", "inside a block"} {
		if strings.Contains(err.Error(), s) {
			return true
		}
	}
	return false
}

func BenchmarkInflater(b *testing.B) {
	for name, p := range map[string][]byte{"prose": prose(1<<17, 1), "noise": noise(1<<17, 1), "letters": letters(1 << 17)} {
		src := reference(b, p, 6)
		b.Run(name+"/ours", func(b *testing.B) {
			z := NewInflater(15, false)
			b.SetBytes(int64(len(p)))
			for b.Loop() {
				z.Message(src, 1<<20)
			}
		})
		b.Run(name+"/klauspost", func(b *testing.B) {
			r := kflate.NewReader(nil)
			out := make([]byte, len(p))
			b.SetBytes(int64(len(p)))
			for b.Loop() {
				r.(kflate.Resetter).Reset(bytes.NewReader(src), nil)
				io.ReadFull(r, out)
			}
		})
	}
}

// letters are as of a genome.
func letters(n int) []byte {
	p := noise(n, 7)
	for i := range p {
		p[i] = "ACGT"[p[i]&3]
	}
	return p
}
