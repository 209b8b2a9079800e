package hub

import (
	"errors"
	"strings"
	"testing"
)

func TestAPatternMatchesWhatAPlainReadingOfTheRulesMatches(t *testing.T) {
	for _, p := range []string{"a", "a.b", "*", ">", "a.*", "a.>", "*.*", "*.>", "a.*.c", ".", "..", "a..b", "*.", ".*", ">.a", "a.>.b", "a*", "*a.>"} {
		for _, name := range []string{"a", "b", "a.b", "a.c", "a.b.c", ".", "..", "a.", ".a", "a..b", "*", ">", ">.a", "a.>.b", "a.x.b", "a*", "*a.b", "é", "a.é"} {
			checkPattern(t, p, name)
		}
	}
}

func TestAPatternThatIsNoNameIsRefused(t *testing.T) {
	for _, p := range []string{"", "\xff", strings.Repeat("x", 201)} {
		if _, err := NewMemory(nil).Listen(p, func(*Message) {}); !errors.Is(err, ErrRoomName) {
			t.Errorf("Listen(%q): %v, want ErrRoomName", p, err)
		}
	}
}

func FuzzPattern(f *testing.F) {
	f.Add("orders.*", "orders.eu")
	f.Add("orders.>", "orders.eu.berlin")
	f.Add("*.*.", "a..")
	f.Add(">", "")
	f.Fuzz(func(t *testing.T, p, name string) { checkPattern(t, p, name) })
}

func checkPattern(t *testing.T, s, name string) {
	t.Helper()
	p, err := parsePattern(s)
	if err != nil {
		return
	}
	want := plainMatch(strings.Split(s, "."), strings.Split(name, "."))
	if got := p.match(name); got != want {
		t.Errorf("%q matches %q: %v, want %v", s, name, got, want)
	}
	if p.exact() && (p.match(name) != (s == name)) {
		t.Errorf("%q is exact, and matches %q: %v", s, name, p.match(name))
	}
}

func plainMatch(pattern, name []string) bool {
	if len(pattern) == 1 && pattern[0] == ">" {
		return len(name) >= 1
	}
	if len(pattern) == 0 || len(name) == 0 {
		return len(pattern) == len(name)
	}
	return (pattern[0] == "*" || pattern[0] == name[0]) && plainMatch(pattern[1:], name[1:])
}
