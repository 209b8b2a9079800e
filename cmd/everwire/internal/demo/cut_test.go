package demo

import (
	"strings"
	"testing"
	"unicode/utf8"
)

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

// What is cut a peer chose.
func FuzzCutOctets(f *testing.F) {
	f.Add("My name is John", 50)
	f.Add(strings.Repeat("😀", 60), 123)
	f.Add("e\u0301\u0301", 1)
	f.Fuzz(func(t *testing.T, text string, n int) {
		if n < 0 || !utf8.ValidString(text) {
			t.Skip() // a text message is UTF-8
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
