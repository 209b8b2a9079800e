package terminal

import (
	"bytes"
	"encoding/json"
	"strings"
)

const (
	maxJSON   = 1 << 20 // octets of a message that is looked at whether it is JSON
	maxIndent = 32      // levels that are indented further; a message may have thousands
)

// isJSON reports whether a text is a JSON object or array, which are worth indenting.
func isJSON(text []byte) bool {
	text = bytes.TrimLeft(text, " \t\r\n")
	return len(text) > 0 && len(text) <= maxJSON && (text[0] == '{' || text[0] == '[') && json.Valid(text)
}

// A jsonWriter indents JSON that is known to be valid. Numbers, strings and the order of members stay as they
// came.
type jsonWriter struct {
	lines   []string
	line    strings.Builder
	written bool // more than spaces is in line
	indent  int
	left    int  // octets that may still be written
	full    bool // something had no room
	st      style
}

// indentJSON returns a valid JSON text line by line, at most so many octets and lines of it, and whether that
// is all.
func indentJSON(text []byte, most, maxLines int, st style) (lines []string, whole bool) {
	w := jsonWriter{left: most, st: st}
	for len(text) > 0 && !w.full && len(w.lines) < maxLines {
		text = text[w.token(text):]
	}
	if w.written {
		w.lines = append(w.lines, w.line.String())
	}
	return w.lines, len(text) == 0 && !w.full
}

// token writes the first token and returns how many octets it has.
func (w *jsonWriter) token(text []byte) int {
	switch c := text[0]; c {
	case ' ', '\t', '\r', '\n':
		return 1
	case '{', '[':
		rest := bytes.TrimLeft(text[1:], " \t\r\n")
		if rest[0] == c+2 { // } and ] come two after { and [
			w.write(sgrNone, string(c)+string(c+2))
			return len(text) - len(rest) + 1
		}
		w.write(sgrNone, string(c))
		w.newLine(+1)
	case '}', ']':
		w.newLine(-1)
		w.write(sgrNone, string(c))
	case ',':
		w.write(sgrNone, ",")
		w.newLine(0)
	case ':':
		w.write(sgrNone, ": ")
	case '"':
		n := stringLength(text)
		if rest := bytes.TrimLeft(text[n:], " \t\r\n"); len(rest) > 0 && rest[0] == ':' {
			w.write(sgrBlue, string(text[:n]))
		} else {
			w.write(sgrGreen, string(text[:n]))
		}
		return n
	default:
		n := bytes.IndexAny(text, " \t\r\n,]}")
		if n < 0 {
			n = len(text)
		}
		sgr := sgrYellow
		if c == 't' || c == 'f' || c == 'n' {
			sgr = sgrMagenta
		}
		w.write(sgr, string(text[:n]))
		return n
	}
	return 1
}

const sgrNone = ""

// write adds to the line as much as there is room for.
func (w *jsonWriter) write(sgr, token string) {
	if len(token) > w.left {
		token = strings.ToValidUTF8(token[:max(w.left, 0)], "")
		w.full = true
	}
	if token == "" {
		return
	}
	w.left -= len(token)
	w.written = true
	shown, _ := visibleLine(token, 0, w.st)
	if sgr != sgrNone {
		shown = w.st.paint(sgr, shown)
	}
	w.line.WriteString(shown)
}

func (w *jsonWriter) newLine(deeper int) {
	w.indent += deeper
	if w.full {
		return
	}
	w.lines = append(w.lines, w.line.String())
	w.line.Reset()
	w.written = false
	columns := 2 * min(w.indent, maxIndent)
	w.left -= columns
	w.line.WriteString(strings.Repeat(" ", columns))
}

// stringLength is how many octets the string has that the text begins with, quotes included.
func stringLength(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}
