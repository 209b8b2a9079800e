package access

import (
	"fmt"
	"strings"
	"unicode"
)

// Shortest and Longest are how many characters a secret has, since it is all that keeps strangers out.
const (
	Shortest = 16
	Longest  = 1024
)

// Fault says why a text will not do as a secret, in words that follow its name, or "" if it will: it is too
// short, or no header field can hold it.
func Fault(text string) string {
	odd := func(r rune) bool { return r <= ' ' || r > unicode.MaxASCII || r == 0x7F }
	switch {
	case len(text) < Shortest:
		return fmt.Sprintf("has %d characters and needs %d", len(text), Shortest)
	case len(text) > Longest || strings.ContainsFunc(text, odd):
		return "must be one word of ASCII"
	}
	return ""
}
