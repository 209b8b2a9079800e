package demo

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCutCharacters(t *testing.T) {
	const family = "👨‍👩‍👧" // three people and two joiners: five code points
	tests := []struct {
		name, text string
		n          int
		want       string
	}{
		{"empty", "", 50, ""},
		{"none wanted", "abc", 0, ""},
		{"shorter", "abc", 50, "abc"},
		{"49", strings.Repeat("a", 49), 50, strings.Repeat("a", 49)},
		{"50", strings.Repeat("a", 50), 50, strings.Repeat("a", 50)},
		{"51", strings.Repeat("a", 51), 50, strings.Repeat("a", 50)},
		{"two octets each", strings.Repeat("ж", 51), 50, strings.Repeat("ж", 50)},
		{"three octets each", strings.Repeat("語", 51), 50, strings.Repeat("語", 50)},
		{"emoji, two UTF-16 units each", strings.Repeat("😀", 51), 50, strings.Repeat("😀", 50)},
		{"a combining mark counts", strings.Repeat("e\u0301", 26), 50, strings.Repeat("e\u0301", 25)},
		{"and is cut off if it is the next", "xe\u0301", 2, "xe"},
		{"a joined emoji is five characters", family + "!", 5, family},
		{"and can be cut", family, 3, "👨‍👩"},
		{"NUL and newline count", "\x00\nab", 3, "\x00\na"},
		{"U+FFFD itself", "\uFFFD\uFFFD", 1, "\uFFFD"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(cutCharacters([]byte(tt.text), tt.n)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCutOctets(t *testing.T) {
	tests := []struct {
		name, text string
		n          int
		want       string
	}{
		{"empty", "", 3, ""},
		{"shorter", "ab", 3, "ab"},
		{"as long", "abc", 3, "abc"},
		{"longer", "abcd", 3, "abc"},
		{"between characters", "жжж", 4, "жж"},
		{"inside a character", "жжж", 3, "ж"},
		{"inside the last octet of an emoji", "😀😀", 7, "😀"},
		{"inside the first", "😀", 3, ""},
		{"none wanted", "ж", 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := cutOctets(tt.text, tt.n); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// Both cut text that a peer chose.
func FuzzCut(f *testing.F) {
	f.Add("My name is John", 50)
	f.Add(strings.Repeat("😀", 60), 123)
	f.Add("e\u0301\u0301", 1)
	f.Fuzz(func(t *testing.T, text string, n int) {
		if n < 0 || !utf8.ValidString(text) {
			t.Skip() // a text message is UTF-8
		}
		runes := []rune(text)
		if got, want := string(cutCharacters([]byte(text), n)), string(runes[:min(n, len(runes))]); got != want {
			t.Errorf("%d characters of %q: got %q, want %q", n, text, got, want)
		}
		got := cutOctets(text, n)
		if !strings.HasPrefix(text, got) || !utf8.ValidString(got) || len(got) > n {
			t.Errorf("%d octets of %q: got %q", n, text, got)
		}
		if rest := text[len(got):]; rest != "" {
			if _, size := utf8.DecodeRuneInString(rest); len(got)+size <= n {
				t.Errorf("%d octets of %q: got %q, though another character fits", n, text, got)
			}
		}
	})
}
