package bench

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/everwire/everwire/cmd/everwire/load"
)

// kindWords is a kind of error with its code: handshake 503, close 1006.
func kindWords(kind load.ErrorKind, code int) string {
	if code == 0 {
		return string(kind)
	}
	return string(kind) + " " + strconv.Itoa(code)
}

// oneLine makes a line of a text in which a peer's words may stand: with nothing that moves a terminal's cursor.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return unicode.ReplacementChar
		}
		return r
	}, s)
	const most = 300
	return cutTo(strings.TrimSpace(s), most)
}
