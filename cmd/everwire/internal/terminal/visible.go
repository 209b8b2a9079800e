package terminal

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// Nothing that came from elsewhere is written to the terminal but through the functions of this file: a
// control character is shown in writing, so that no server can move the cursor, change colours, set the title
// or have the terminal answer.

// glyph is how a character is shown, and how many columns that takes. Special reports that it is not the
// character itself but a way to write it.
func glyph(r rune) (shown string, columns int, special bool) {
	switch {
	case r >= 0x20 && r < 0x7f:
		return string(r), 1, false
	case r < 0x20:
		return "^" + string('@'+r), 2, true
	case r == 0x7f:
		return "^?", 2, true
	case unicode.IsPrint(r), unicode.Is(unicode.Zs, r), r == zwnj, r == zwj:
		return string(r), columnsOf(r), false
	}
	// C1 controls, which begin sequences as ESC does; marks that turn the direction of writing; what has no
	// meaning.
	shown = fmt.Sprintf(`\u{%x}`, r)
	return shown, len(shown), true
}

const (
	zwnj = '\u200c' // these two join, or keep apart, the letters
	zwj  = '\u200d' // of some scripts, and parts of emoji
)

// columnsOf is how many columns a terminal gives a printable character.
func columnsOf(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case r == zwnj, r == zwj, unicode.In(r, unicode.Mn, unicode.Me), r >= 0x1160 && r <= 0x11ff: // Hangul's medial vowels
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// visible is a text of one line that is safe to write.
func visible(text string) string {
	shown, _ := visibleLine(text, 0, style{})
	return shown
}

// visibleLine is a text of one line that is safe to write, and how many columns it takes from the given one
// on.
func visibleLine(text string, column int, st style) (string, int) {
	var b strings.Builder
	start := column
	for _, r := range text {
		if r == '\t' {
			n := 8 - (column-start)%8
			b.WriteString("        "[:n])
			column += n
			continue
		}
		shown, n, special := glyph(r)
		if special {
			shown = st.reversed(shown)
		}
		b.WriteString(shown)
		column += n
	}
	return b.String(), column - start
}

// cutColumns is as much of a safe text without escape sequences as fits into so many columns.
func cutColumns(text string, columns int) string {
	for i, r := range text {
		if columns -= columnsOf(r); columns < 0 {
			return text[:i]
		}
	}
	return text
}

// columns is how wide a safe text without escape sequences is.
func columns(text string) (n int) {
	for _, r := range text {
		n += columnsOf(r)
	}
	return n
}
