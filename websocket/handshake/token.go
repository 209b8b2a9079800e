package handshake

import (
	"iter"
	"strings"
)

// ValidToken reports whether s is a token (RFC 9110 §5.6.2): at least one character, all of them letters,
// digits or one of !#$%&'*+-.^_`|~. Subprotocols, extensions and their parameters are tokens.
func ValidToken(s string) bool {
	return s != "" && tokenLen(s) == len(s)
}

func tokenLen(s string) int {
	for i := range len(s) {
		if !tokenChar[s[i]] {
			return i
		}
	}
	return len(s)
}

var tokenChar = func() (table [256]bool) {
	for c := range table {
		table[c] = isAlphanumeric(byte(c)) || strings.IndexByte("!#$%&'*+-.^_`|~", byte(c)) >= 0
	}
	return table
}()

func isAlphanumeric(c byte) bool {
	return isLetter(c) || isDigit(c)
}

func isLetter(c byte) bool { return 'a' <= lower(c) && lower(c) <= 'z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}

// equalFold compares as RFC 6455 §2.1 asks: only ASCII letters match in either case. strings.EqualFold
// would take the Kelvin sign for a k.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

// trim removes the whitespace that RFC 9110 §5.6.3 allows around a value.
func trim(s string) string {
	for s != "" && isSpace(s[0]) {
		s = s[1:]
	}
	for s != "" && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// elements yields what stands between the commas of a list field, over all of its lines. Empty elements are
// passed over, as RFC 9110 §5.6.1.2 requires of a recipient.
func elements(lines []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, line := range lines {
			for more := true; more; {
				var element string
				element, line, more = strings.Cut(line, ",")
				if element = trim(element); element != "" && !yield(element) {
					return
				}
			}
		}
	}
}

// contains reports whether a list field has the token, in upper or lower case.
func contains(lines []string, token string) bool {
	for element := range elements(lines) {
		if equalFold(element, token) {
			return true
		}
	}
	return false
}
