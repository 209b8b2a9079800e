package auth

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestWord(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"unauthorized", refuse(ErrUnauthorized, "why"), "unauthorized"},
		{"expired", refuse(ErrExpired, "why"), "expired"},
		{"unavailable", refuse(ErrUnavailable, "why"), "unavailable"},
		{"wrapped", fmt.Errorf("at night: %w", refuse(ErrExpired, "why")), "expired"},
		{"of somebody else", errors.New("the database's password is swordfish"), "unavailable"},
	} {
		if got := Word(c.err); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestARefusalIsOneLine(t *testing.T) {
	for _, text := range []string{"a\nb", "\x1b[31mred", strings.Repeat("ä", 1000), "\xff", "\u202e"} {
		got := quoted(text)
		if len(got) > 300 || strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q is %s in a log", text, got)
		}
	}
}
