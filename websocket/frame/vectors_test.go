package frame_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/everwire/everwire/websocket/frame"
)

// bothWays runs test without the assembly and, where there is one, with it.
func bothWays(t *testing.T, test func(t *testing.T)) {
	for _, way := range []struct {
		name    string
		vectors bool
	}{{"plain Go", false}, {"vectors", true}} {
		t.Run(way.name, func(t *testing.T) {
			if way.vectors && !frame.HasVectors {
				t.Skip("no assembly in this build, or not for this processor")
			}
			defer frame.SetVectors(frame.SetVectors(way.vectors))
			test(t)
		})
	}
}

// benchmarkBothWays is bothWays for benchmarks.
func benchmarkBothWays(b *testing.B, benchmark func(b *testing.B)) {
	for _, way := range []struct {
		name    string
		vectors bool
	}{{"plain", false}, {"vectors", true}} {
		if way.vectors && !frame.HasVectors {
			continue
		}
		b.Run(way.name, func(b *testing.B) {
			defer frame.SetVectors(frame.SetVectors(way.vectors))
			benchmark(b)
		})
	}
}

// places returns copies of payload where payloads are: behind a header, and each behind the one before.
// A benchmark goes round them, for what has just been stored is read slower than what has arrived.
func places(payload []byte) [][]byte {
	const headers, most = 10, 64 << 10
	n := max(most/(len(payload)+headers), 1)
	room := make([]byte, n*(len(payload)+headers))
	at := make([][]byte, 0, n)
	for range n {
		room = room[headers:]
		copy(room, payload)
		at = append(at, room[:len(payload):len(payload)])
		room = room[len(payload):]
	}
	return at
}

// plainly returns what test returns without the assembly.
func plainly[T any](test func() T) T {
	defer frame.SetVectors(frame.SetVectors(false))
	return test()
}

// guard is how many octets around a buffer are watched.
const guard = 64

// around is what the octets around a buffer are.
var around = noise(make([]byte, guard))

// guarded returns a copy of b that begins at octets behind a multiple of 8, and a function that tells
// whether the octets around it are as they were.
func guarded(b []byte, at int) (copied []byte, untouched func() bool) {
	room := make([]byte, at+guard+len(b)+guard)
	before := room[at : at+guard]
	copied = room[at+guard:][:len(b)]
	behind := room[at+guard+len(b):]
	copy(before, around)
	copy(copied, b)
	copy(behind, around)
	return copied, func() bool {
		return bytes.Equal(before, around) && bytes.Equal(behind, around)
	}
}

// longTexts are of kinds that take different ways through the assembly.
func longTexts(length int) map[string][]byte {
	of := func(s string) []byte {
		return []byte(strings.Repeat(s, length/len(s)+1)[:length])
	}
	return map[string][]byte{
		"ASCII":          of("The hub keeps every room it knows in one table. "),
		"two octets":     of("я"),
		"three octets":   of("語"),
		"four octets":    of("👋"),
		"all sizes":      of("aя語👋"),
		"Cyrillic":       of("Мы встретились у реки в пятницу. "),
		"ASCII at first": of(strings.Repeat("0123456789", 21) + strings.Repeat("я語👋", 30)),
		"ASCII between":  of(strings.Repeat("я語👋", 15) + strings.Repeat("0123456789", 19)),
	}
}

func TestMaskAtEveryLengthAndPlace(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 3))
		for length := range 1025 {
			plain := noise(make([]byte, length))
			key := r.Uint32()
			want, wantKey := naiveMask(plain, key)
			for at := range 32 {
				b, untouched := guarded(plain, at)
				if k := frame.Mask(b, key); k != wantKey || !bytes.Equal(b, want) {
					t.Fatalf("%d octets from %d with %#x are masked wrong, or key %#x is not %#x", length, at, key, k, wantKey)
				}
				if !untouched() {
					t.Fatalf("%d octets from %d: octets beside them changed", length, at)
				}
			}
		}
	})
}

func TestMaskLong(t *testing.T) {
	const once = frame.AtOnce
	bothWays(t, func(t *testing.T) {
		for _, length := range []int{
			once - 1, once, once + 1, once + 2, once + 3, once + 15, once + 16, once + 31, once + 32, once + 33,
			once + 95, once + 96, once + 97, 2*once - 1, 2 * once, 2*once + 1, 2*once + 31, 2*once + 33, 3*once + 77,
		} {
			plain := noise(make([]byte, length))
			want, wantKey := naiveMask(plain, key)
			for _, at := range []int{0, 1, 10, 31} {
				b, untouched := guarded(plain, at)
				if k := frame.Mask(b, key); k != wantKey || !bytes.Equal(b, want) || !untouched() {
					t.Fatalf("%d octets from %d are masked wrong, or key %#x is not %#x", length, at, k, wantKey)
				}
			}
		}
	})
}

// Each beginning of a text in which one octet is another one: Write must tell of the fault just where
// it is, and otherwise know what must follow.
func TestUTF8WithAFaultAtEachPlace(t *testing.T) {
	const length, further = 260, 36
	for name, text := range longTexts(length) {
		t.Run(name, func(t *testing.T) {
			wrong := make([]byte, length)
			for at := range length {
				for _, c := range []byte{'a', 0x80, 0xBF, 0xC0, 0xC3, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF} {
					copy(wrong, text)
					wrong[at] = c
					for to := max(at-1, 0); to <= min(at+further, length); to++ {
						var u frame.UTF8
						ok := u.Write(wrong[:to])
						plain := plainly(func() (u frame.UTF8) { u.Write(wrong[:to]); return u })
						if u != plain || ok != mayGoOnFrom(wrong[:to], at) {
							t.Fatalf("%x at %d: Write of %d octets = %v, state %v, want %v", c, at, to, ok, u, plain)
						}
					}
				}
			}
		})
	}
}

// A character that breaks off at any place, and nothing but ASCII behind it.
func TestUTF8UnfinishedBeforeASCII(t *testing.T) {
	const length = 1500
	for _, begun := range []string{"\xc3", "\xe2", "\xe2\x82", "\xf0", "\xf0\x9f", "\xf0\x9f\x98"} {
		for _, first := range []string{"", "я", "0123456789012345678901234567890123456789я"} {
			text := bytes.Repeat([]byte{'a'}, length)
			b := make([]byte, length)
			for at := copy(text, first); at < length-100; at++ {
				copy(text[at:], begun)
				var u frame.UTF8
				if u.Write(text) {
					t.Fatalf("Write(%q) = true", text)
				}
				copy(b, text)
				u.Reset()
				if _, ok := u.Unmask(b, 0); ok {
					t.Fatalf("Unmask of %q is ok", text)
				}
				copy(text[at:], "aaa")
			}
		}
	}
}

// mayGoOnFrom is mayGoOn of a text that is valid up to the character in which octet at is.
func mayGoOnFrom(text []byte, at int) bool {
	from := max(min(at, len(text))-utf8.UTFMax, 0)
	for from > 0 && !utf8.RuneStart(text[from]) {
		from--
	}
	return mayGoOn(text[from:])
}

// All pairs and triples of octets, at the end of a text and inside one, across the border of two vectors.
func TestUTF8EveryTriple(t *testing.T) {
	const before, length = 31, 80
	text := bytes.Repeat([]byte{'a'}, length)
	inside := text[:before+3]
	var never [256]bool
	for pair := range 1 << 16 {
		text[before], text[before+1] = byte(pair>>8), byte(pair)
		tail, ok := begun(text[before : before+2])
		var u frame.UTF8
		if got := u.Write(text[:before+2]); got != ok || u.Complete() != (ok && tail == "") {
			t.Fatalf("Write of … % x = %v, Complete = %v", text[before:before+2], got, u.Complete())
		}
		next := &never
		if ok {
			next = following()[tail]
		}
		for c := pair % thinned; c < 256; c += thinned {
			text[before+2] = byte(c)
			u.Reset()
			if got := u.Write(inside); got != next[c] {
				t.Fatalf("Write of … % x = %v, want %v", text[before:before+3], got, next[c])
			}
			whole := u.Complete()
			u.Reset()
			if got := u.Write(text); got != whole {
				t.Fatalf("Write of … % x … = %v, want %v", text[before:before+3], got, whole)
			}
		}
	}
}

func TestUTF8LongUnderEverySplit(t *testing.T) {
	const length = 230
	for name, text := range longTexts(length) {
		for _, fault := range []int{-1, 7, 100, length - 1} {
			text := bytes.Clone(text)
			if fault >= 0 {
				text[fault] = 0xFF
			}
			states := make([]frame.UTF8, length+1) // after each octet
			for i := range text {
				states[i+1] = states[i]
				states[i+1].Write(text[i : i+1])
			}
			for i := range length + 1 {
				var one frame.UTF8
				one.Write(text[:i])
				if one != states[i] {
					t.Fatalf("%s with FF at %d: state after %d octets = %v, want %v", name, fault, i, one, states[i])
				}
				for j := i; j <= length; j++ {
					two := one
					two.Write(text[i:j])
					if two != states[j] {
						t.Fatalf("%s with FF at %d: state after %d and %d = %v, want %v", name, fault, i, j, two, states[j])
					}
				}
			}
		}
	}
}

func TestUTF8VeryLong(t *testing.T) {
	const once = frame.AtOnce
	for name, text := range longTexts(3*once + 100) {
		for _, fault := range []int{-1, once - 2, once - 1, once, once + 1, 2*once - 1, 3 * once, 3*once + 99} {
			text := bytes.Clone(text)
			if fault >= 0 {
				text[fault] = 0xFF
			}
			for _, to := range []int{once - 1, once, once + 1, once + 2, once + 34, 2 * once, 2*once + 1, 3*once + 64, len(text)} {
				var u frame.UTF8
				u.Write(text[:to])
				if plain := plainly(func() (u frame.UTF8) { u.Write(text[:to]); return u }); u != plain {
					t.Fatalf("%s with FF at %d: state after %d octets = %v, want %v", name, fault, to, u, plain)
				}
			}
		}
	}
}

// checkUnmask unmasks text, masked, in pieces that end at cuts, and holds it against Mask and Write.
func checkUnmask(t *testing.T, text []byte, key uint32, at int, cuts ...int) {
	t.Helper()
	masked, _ := naiveMask(text, key)
	b, untouched := guarded(masked, at)
	var u, want frame.UTF8
	from := 0
	for _, to := range append(cuts, len(text)) {
		next, ok := u.Unmask(b[from:to], key)
		_, key = naiveMask(text[from:to], key)
		wantOK := plainly(func() bool { return want.Write(text[from:to]) })
		if ok != wantOK || u != want {
			t.Fatalf("%q from %d cut at %v: Unmask of %d to %d = %v, state %v, want %v, %v", text, at, cuts, from, to, ok, u, wantOK, want)
		}
		if next != key || !bytes.Equal(b[from:to], text[from:to]) {
			t.Fatalf("%q from %d cut at %v: %d to %d is unmasked wrong, or key %#x is not %#x", text, at, cuts, from, to, next, key)
		}
		from = to
	}
	if !untouched() {
		t.Fatalf("%q from %d cut at %v: octets beside it changed", text, at, cuts)
	}
}

func TestUnmaskAtEveryLengthAndPlace(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 3))
		for _, text := range longTexts(600) {
			for length := range len(text) + 1 {
				for range 4 {
					checkUnmask(t, text[:length], r.Uint32(), r.IntN(32), r.IntN(length+1))
				}
			}
		}
	})
}

func TestUnmaskWithAFaultAtEachPlace(t *testing.T) {
	bothWays(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 3))
		for _, length := range []int{70, 256, 289, 330} {
			for _, text := range longTexts(length) {
				for at := range length {
					kept := text[at]
					for _, c := range []byte{'a', 0x80, 0xE0, 0xED, 0xF4, 0xF5} {
						text[at] = c
						checkUnmask(t, text, r.Uint32(), r.IntN(32))
					}
					text[at] = kept
				}
			}
		}
	})
}

func TestUnmaskLong(t *testing.T) {
	const once = frame.AtOnce
	bothWays(t, func(t *testing.T) {
		for _, length := range []int{1000, 1100, 1250, 2000, 2177, 4096, once - 1, once, once + 1, once + 2, once + 33, once + 70, 2*once + 5} {
			for _, text := range longTexts(length) {
				checkUnmask(t, text, key, 10)
				checkUnmask(t, text, key, 3, 1, 2)
				text[length-length/3] = 0xFF
				checkUnmask(t, text, key, 10)
			}
		}
	})
}

func TestUnmaskDoesNotAllocate(t *testing.T) {
	text := []byte(strings.Repeat("aé€😀", 100))
	n := testing.AllocsPerRun(100, func() {
		var u frame.UTF8
		u.Unmask(text, key)
	})
	if n != 0 {
		t.Errorf("Unmask allocates %v times", n)
	}
}

func FuzzMaskAgainstPlain(f *testing.F) {
	for _, length := range []int{0, 7, 31, 32, 33, 63, 64, 96, 127, 128, 129, 511, 512, 600} {
		f.Add(noise(make([]byte, length)), uint32(length*0x01030507), uint8(length))
	}
	f.Fuzz(func(t *testing.T, b []byte, key uint32, at uint8) {
		got, untouched := guarded(b, int(at%64))
		k := frame.Mask(got, key)
		want := bytes.Clone(b)
		wantKey := plainly(func() uint32 { return frame.Mask(want, key) })
		if k != wantKey || !bytes.Equal(got, want) || !untouched() {
			t.Fatalf("Mask(% x, %#x) from %d gave % x, %#x, want % x, %#x", b, key, at, got, k, want, wantKey)
		}
	})
}

func FuzzUTF8AgainstPlain(f *testing.F) {
	for _, row := range texts {
		f.Add([]byte(strings.Repeat("a", 40)+row.text+strings.Repeat("я", 70)), []byte{33, 40}, uint32(1))
	}
	for _, length := range []int{32, 35, 64, 100, 300} {
		for _, text := range longTexts(length) {
			f.Add(text, []byte{64}, uint32(length))
		}
	}
	f.Fuzz(func(t *testing.T, text, lengths []byte, key uint32) {
		var cuts []int
		var got, want frame.UTF8
		at := 0
		for _, n := range append(lengths[:min(len(lengths), 20):min(len(lengths), 20)], 255) {
			to := min(at+int(n), len(text))
			if n == 255 {
				to = len(text)
			}
			ok := got.Write(text[at:to])
			wantOK := plainly(func() bool { return want.Write(text[at:to]) })
			if ok != wantOK || got != want {
				t.Fatalf("%q cut at %v: Write of %d to %d = %v, state %v, want %v, %v", text, cuts, at, to, ok, got, wantOK, want)
			}
			cuts = append(cuts, to)
			at = to
		}
		checkUnmask(t, text, key, int(key>>3%32), cuts...)
	})
}
