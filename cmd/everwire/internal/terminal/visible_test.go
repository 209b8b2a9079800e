package terminal

import (
	"strings"
	"testing"
	"unicode"
)

func TestVisible(t *testing.T) {
	tests := []struct {
		name, in, want string
		columns        int
	}{
		{"ASCII", "a ~", "a ~", 3},
		{"C0", "\x00\x1b[2J\r\n\x1f", "^@^[[2J^M^J^_", 13},
		{"DEL", "\x7f", "^?", 2},
		{"C1", "\u009b2J", `\u{9b}2J`, 8},
		{"direction", "\u202egnp", `\u{202e}gnp`, 11},
		{"separators of lines", "a\u2028b", `a\u{2028}b`, 10},
		{"a tab", "ab\tc", "ab      c", 9},
		{"wide", "日本😀", "日本😀", 6},
		{"a mark", "e\u0301", "e\u0301", 1},
		{"a family", "👩\u200d👧", "👩\u200d👧", 4},
		{"a space that does not break", "a\u00a0b", "a\u00a0b", 3},
		{"not UTF-8", "\xff", "\ufffd", 1},
		{"tags and byte order marks", "\U000e0041\ufeff", `\u{e0041}\u{feff}`, 17},
		{"private use", "\ue000", `\u{e000}`, 8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, n := visibleLine(tt.in, 0, style{})
			if got != tt.want || n != tt.columns {
				t.Errorf("%q in %d columns, want %q in %d", got, n, tt.want, tt.columns)
			}
		})
	}
	if got := (style{true}).reversed("^["); got != "\x1b[7m^[\x1b[27m" {
		t.Errorf("in colour it is %q", got)
	}
}

// safe fails if a text has characters that do something to a terminal.
func safe(t *testing.T, text string) {
	t.Helper()
	for _, r := range text {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != zwj && r != zwnj {
			t.Fatalf("%U is in %q", r, text)
		}
	}
}

func FuzzVisible(f *testing.F) {
	f.Add("\x1b]0;t\a\u009b\u202e\xff\t日")
	f.Fuzz(func(t *testing.T, in string) {
		got, n := visibleLine(in, 0, style{})
		safe(t, got)
		if n != columns(got) {
			t.Errorf("%q is said to have %d columns, and has %d", got, n, columns(got))
		}
		if short := cutColumns(got, 5); columns(short) > 5 || !strings.HasPrefix(got, short) {
			t.Errorf("cut to 5 columns it is %q", short)
		}
	})
}
