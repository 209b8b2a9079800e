package demo

import "unicode/utf8"

// longestReason is how many octets the reason of a Close frame may have: 125 of a control frame's payload, less 2
// for the code (RFC 6455 §5.5).
const longestReason = 123

// cutOctets returns as many of the first characters as have no more than n octets.
func cutOctets(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}
