package frame_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/everwire/everwire/websocket/frame"
)

// mayGoOn is what UTF8.Write must say of a text: whether any octets behind it make it valid.
func mayGoOn(text []byte) bool {
	for utf8.FullRune(text) { // broken encodings are full
		r, n := utf8.DecodeRune(text)
		if r == utf8.RuneError && n == 1 {
			return false
		}
		text = text[n:]
	}
	return true
}

// following tells for each beginning of a character which octets may come next. It is made from the
// encodings of all characters there are, so it owes nothing to any rule about them.
var following = sync.OnceValue(func() map[string]*[256]bool {
	m := make(map[string]*[256]bool)
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		var b [utf8.UTFMax]byte
		n := utf8.EncodeRune(b[:], r)
		for i := range n {
			next := m[string(b[:i])]
			if next == nil {
				next = new([256]bool)
				m[string(b[:i])] = next
			}
			next[b[i]] = true
		}
	}
	return m
})

// begun returns the character that stands unfinished at the end of text, and whether any text may
// begin like this one.
func begun(text []byte) (tail string, ok bool) {
	m := following()
	for _, c := range text {
		if !m[tail][c] {
			return "", false
		}
		tail += string([]byte{c})
		if m[tail] == nil {
			tail = "" // the character is whole
		}
	}
	return tail, true
}

var texts = []struct {
	name string
	text string
}{
	{"empty", ""},
	{"ASCII", "Hello"},
	{"NUL", "\x00"},
	{"U+7F", "\u007f"},
	{"U+80", "\u0080"},
	{"U+7FF", "\u07ff"},
	{"U+800", "\u0800"},
	{"U+D7FF", "\ud7ff"},
	{"U+E000", "\ue000"},
	{"U+FEFF, the byte order mark", "\ufeff"},
	{"U+FFFD", "\ufffd"},
	{"U+FFFE", "\ufffe"},
	{"U+FFFF", "\uffff"},
	{"U+10000", "\U00010000"},
	{"U+3FFFF", "\U0003ffff"},
	{"U+40000", "\U00040000"},
	{"U+FFFFF", "\U000fffff"},
	{"U+100000", "\U00100000"},
	{"U+10FFFF", "\U0010ffff"},
	{"characters of all sizes", "aé€😀é€a😀"},
	{"Cyrillic", "Привет, мир"},
	{"Greek", "κόσμε"},

	{"surrogate D800", "\xed\xa0\x80"},
	{"surrogate DB7F", "\xed\xad\xbf"},
	{"surrogate DC00", "\xed\xb0\x80"},
	{"surrogate DFFF", "\xed\xbf\xbf"},
	{"surrogates in a pair", "\xed\xa0\xbd\xed\xb8\x80"},
	{"two octets for U+0", "\xc0\x80"},
	{"two octets for U+7F", "\xc1\xbf"},
	{"three octets for U+0", "\xe0\x80\x80"},
	{"three octets for U+7FF", "\xe0\x9f\xbf"},
	{"four octets for U+0", "\xf0\x80\x80\x80"},
	{"four octets for U+FFFF", "\xf0\x8f\xbf\xbf"},
	{"beyond U+10FFFF", "\xf4\x90\x80\x80"},
	{"F5", "\xf5\x80\x80\x80"},
	{"F6", "\xf6\x80\x80\x80"},
	{"F7", "\xf7\xbf\xbf\xbf"},
	{"five octets", "\xf8\x88\x80\x80\x80"},
	{"F9", "\xf9"},
	{"FA", "\xfa"},
	{"FB", "\xfb\xbf\xbf\xbf\xbf"},
	{"six octets", "\xfc\x84\x80\x80\x80\x80"},
	{"FD", "\xfd\xbf\xbf\xbf\xbf\xbf"},
	{"FE", "\xfe"},
	{"FF", "\xff"},
	{"lone continuation 80", "\x80"},
	{"lone continuation BF", "\xbf"},
	{"continuation after a character", "é\x80"},
	{"one of two octets", "\xc2"},
	{"one of three octets", "\xe2"},
	{"two of three octets", "\xe2\x82"},
	{"one of four octets", "\xf0"},
	{"two of four octets", "\xf0\x9f"},
	{"three of four octets", "\xf0\x9f\x98"},
	{"ASCII inside two octets", "\xc2A"},
	{"ASCII inside three octets", "\xe2\x82A"},
	{"ASCII inside four octets", "\xf0\x9f\x98A"},
	{"character begins inside another", "\xe2\x82\xc2\xa9"},
	{"valid, invalid, valid", "κόσμε\xed\xa0\x80edited"},
}

// checkPieces writes text cut at cuts and holds each answer against the references.
func checkPieces(t *testing.T, text []byte, cuts ...int) {
	t.Helper()
	var u frame.UTF8
	from := 0
	for _, to := range append(cuts, len(text)) {
		got := u.Write(text[from:to])
		if want := mayGoOn(text[:to]); got != want {
			t.Fatalf("%q cut at %v: Write(%q) = %v, want %v", text, cuts, text[from:to], got, want)
		}
		if got, want := u.Complete(), utf8.Valid(text[:to]); got != want {
			t.Fatalf("%q cut at %v: Complete after %d octets = %v, want %v", text, cuts, to, got, want)
		}
		from = to
	}
}

func TestUTF8UnderEverySplit(t *testing.T) {
	for _, row := range texts {
		t.Run(row.name, func(t *testing.T) {
			for _, around := range []struct{ before, after string }{
				{"", ""},
				{"ab", "yz"},
				{"я", "я"},
				{"0123456789012345678901234567890", "0123456789012345678901234567890123456789"},
			} {
				text := []byte(around.before + row.text + around.after)
				octetwise := make([]int, len(text))
				for i := range text {
					octetwise[i] = i
				}
				checkPieces(t, text, octetwise...)
				for i := range len(text) + 1 {
					for j := i; j <= len(text); j++ {
						checkPieces(t, text, i, j)
					}
				}
			}
		})
	}
}

// From between two characters and from everywhere within one, every octet leads where the encodings
// of all characters say. This is the whole of the rules: longer texts are steps like these.
func TestUTF8EveryStep(t *testing.T) {
	octet := make([]byte, 1)
	for tail, next := range following() {
		var before frame.UTF8
		if !before.Write([]byte(tail)) {
			t.Fatalf("Write(% x) = false", tail)
		}
		for c := range 256 {
			u := before
			octet[0] = byte(c)
			got, want := u.Write(octet), next[c]
			if got != want {
				t.Fatalf("after % x, Write(%x) = %v, want %v", tail, c, got, want)
			}
			whole := want && following()[tail+string(octet)] == nil
			if u.Complete() != whole {
				t.Fatalf("after % x %x, Complete = %v, want %v", tail, c, u.Complete(), whole)
			}
		}
	}
}

func TestUTF8EveryTwoAndThreeOctets(t *testing.T) {
	var never [256]bool
	for first := range 1 << 16 {
		text := []byte{byte(first >> 8), byte(first), 0}
		tail, ok := begun(text[:2])
		var two frame.UTF8
		if got := two.Write(text[:2]); got != ok {
			t.Fatalf("Write(% x) = %v, want %v", text[:2], got, ok)
		}
		if want := ok && tail == ""; two.Complete() != want {
			t.Fatalf("after % x, Complete = %v, want %v", text[:2], two.Complete(), want)
		}
		next := &never
		if ok {
			next = following()[tail]
		}
		for c := range 256 {
			text[2] = byte(c)
			var three frame.UTF8
			if got := three.Write(text); got != next[c] {
				t.Fatalf("Write(% x) = %v, want %v", text, got, next[c])
			}
		}
	}
}

// A long text with something else in it, at each place: in the fast stretches and at their edges.
func TestUTF8InLongText(t *testing.T) {
	for _, row := range []struct {
		name, inside string
		want         bool
	}{
		{"U+E9", "é", true},
		{"U+20AC", "€", true},
		{"U+1F600", "😀", true},
		{"continuation", "\x80", false},
		{"C0", "\xc0", false},
		{"FF", "\xff", false},
		{"F5", "\xf5", false},
		{"surrogate", "\xed\xa0", false},
		{"cut character", "\xf0\x9f\x98", false}, // a new one begins behind
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, fill := range []string{"a", "я", "語", "👋", "aя語👋"} {
				const length = 150
				for at := range length {
					text := strings.Repeat(fill, at) + row.inside + strings.Repeat(fill, length-at)
					var u frame.UTF8
					if got := u.Write([]byte(text)); got != row.want || u.Complete() != row.want {
						t.Fatalf("%d times %q, then %q: Write = %v, Complete = %v, want %v",
							at, fill, row.inside, got, u.Complete(), row.want)
					}
				}
			}
		})
	}
}

func TestUTF8StaysInvalidUntilReset(t *testing.T) {
	for _, bad := range []string{"\xff", "\xed\xa0", "\xf0\x9fA", "é\x80", strings.Repeat("a", 100) + "\xc0"} {
		var u frame.UTF8
		if u.Write([]byte(bad)) {
			t.Fatalf("Write(%q) = true", bad)
		}
		for _, more := range []string{"", "a", "\x80", "\xbf\xbf\xbf", "é", strings.Repeat("a", 100), ""} {
			if u.Write([]byte(more)) {
				t.Errorf("Write(%q) after %q = true", more, bad)
			}
			if u.Complete() {
				t.Errorf("Complete after %q and %q", bad, more)
			}
		}
		u.Reset()
		if !u.Complete() || !u.Write([]byte("é")) || !u.Complete() {
			t.Errorf("Reset after %q does not begin anew", bad)
		}
	}
}

func TestUTF8ResetInsideACharacter(t *testing.T) {
	var u frame.UTF8
	u.Write([]byte("\xf0\x9f"))
	u.Reset()
	if !u.Complete() || u.Write([]byte("\x98")) {
		t.Error("Reset does not forget the character begun")
	}
}

func TestUTF8DoesNotAllocate(t *testing.T) {
	text := []byte(strings.Repeat("aé€😀", 100))
	n := testing.AllocsPerRun(100, func() {
		var u frame.UTF8
		u.Write(text)
	})
	if n != 0 {
		t.Errorf("Write allocates %v times", n)
	}
}

func FuzzUTF8(f *testing.F) {
	for _, row := range texts {
		f.Add([]byte(row.text), []byte{1})
		f.Add([]byte(strings.Repeat("a", 40)+row.text+strings.Repeat("я", 20)), []byte{33, 7, 0, 1})
	}
	// The lengths of the pieces are taken from lengths; the last takes what is left.
	f.Fuzz(func(t *testing.T, text, lengths []byte) {
		var cuts []int
		at := 0
		for _, n := range lengths[:min(len(lengths), 100)] {
			at = min(at+int(n), len(text))
			cuts = append(cuts, at)
		}
		checkPieces(t, text, cuts...)

		var u frame.UTF8
		if got, want := u.Write(text) && u.Complete(), utf8.Valid(text); got != want {
			t.Fatalf("%q: valid = %v, want %v", text, got, want)
		}
	})
}

// benchmarkTexts have sentences of chats and, in the last one, no octet of ASCII.
var benchmarkTexts = []struct{ name, text string }{
	{"ASCII", "The hub keeps every room it knows in one table, and each room its members. "},
	{"mixed", "Hello, Привет мир, こんにちは世界, see you 👋🏽 at eight 🕗, naïve café. "},
	{"Cyrillic", "Мы встретились у реки в пятницу, и дождь не переставал до самого вечера. "},
	{"multibyte", "встретилисьурекивпятницуこんにちは世界👋🏽🕗🍕"},
}

// cutText returns the characters of text, repeated, that fit into size octets, and ASCII behind them.
func cutText(text string, size int) []byte {
	b := slices.Repeat([]byte(text), size/len(text)+1)
	for end := size; ; end-- {
		if utf8.RuneStart(b[end]) {
			return append(b[:end], "..."[:size-end]...)
		}
	}
}

func BenchmarkUTF8(b *testing.B) {
	benchmarkBothWays(b, func(b *testing.B) {
		for _, row := range benchmarkTexts {
			for _, size := range []int{16, 32, 64, 128, 512, 4 << 10, 16 << 10, 64 << 10, 1 << 20} {
				b.Run(fmt.Sprintf("%s/%d", row.name, size), func(b *testing.B) {
					text := cutText(row.text, size)
					b.ReportAllocs()
					b.SetBytes(int64(size))
					for b.Loop() {
						var u frame.UTF8
						if !u.Write(text) {
							b.Fatal("false of a valid text")
						}
					}
				})
			}
		}
	})
}

// BenchmarkUnmask sets Unmask beside Mask and Write.
func BenchmarkUnmask(b *testing.B) {
	benchmarkBothWays(b, func(b *testing.B) {
		for _, row := range benchmarkTexts {
			for _, size := range []int{64, 96, 125, 128, 256, 512, 4 << 10, 16 << 10, 64 << 10, 1 << 20} {
				at := places(cutText(row.text, size))
				b.Run(fmt.Sprintf("%s/%d/MaskAndWrite", row.name, size), func(b *testing.B) {
					b.SetBytes(int64(size))
					for i := 0; b.Loop(); i++ {
						var u frame.UTF8
						frame.Mask(at[i%len(at)], 0)
						if !u.Write(at[i%len(at)]) {
							b.Fatal("false of a valid text")
						}
					}
				})
				b.Run(fmt.Sprintf("%s/%d/Unmask", row.name, size), func(b *testing.B) {
					b.SetBytes(int64(size))
					for i := 0; b.Loop(); i++ {
						var u frame.UTF8
						if _, ok := u.Unmask(at[i%len(at)], 0); !ok {
							b.Fatal("false of a valid text")
						}
					}
				})
			}
		}
	})
}
