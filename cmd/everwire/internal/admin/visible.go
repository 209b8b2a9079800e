package admin

import (
	"fmt"
	"strings"
	"unicode"
)

// visible writes as numbers what else would not be seen, or would be taken by a terminal for a command, or would turn what
// follows around.
func visible(text string) string {
	var out strings.Builder
	for _, r := range text {
		switch {
		case r == '\n':
			out.WriteString(`\n`)
		case r == '\r':
			out.WriteString(`\r`)
		case r == '\t':
			out.WriteString(`\t`)
		case !unicode.IsPrint(r):
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}
