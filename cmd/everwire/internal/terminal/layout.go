package terminal

import "strings"

// A layout is how text that is being typed stands on the screen.
type layout struct {
	rows        []string
	row, column int // of the cursor
}

// layOut breaks text into rows of fewer than width columns, behind a prompt, and shows those around the
// cursor: at most maxRows. Lines but the first are indented.
func layOut(prompt string, e *editor, width, maxRows int, st style) layout {
	width = max(width, 4)
	prompt = cutColumns(prompt, width/2)
	var l layout
	var b strings.Builder
	b.WriteString(prompt)
	column := columns(prompt)
	next := func(indent int) {
		l.rows = append(l.rows, b.String())
		b.Reset()
		b.WriteString(strings.Repeat(" ", indent))
		column = indent
	}
	here := func() { l.row, l.column = len(l.rows), column }
	for i, r := range e.text {
		if r == '\n' {
			if i == e.at {
				here()
			}
			next(2)
			continue
		}
		shown, n, special := glyph(r)
		if r == '\t' {
			shown, n, special = "  ", 2, false
		}
		if n >= width {
			shown, n = cutColumns(shown, width-1), width-1
		}
		if column+n >= width { // the last column stays free: what terminals do after it differs
			next(0)
		}
		if i == e.at {
			here()
		}
		if special {
			shown = st.reversed(shown)
		}
		b.WriteString(shown)
		column += n
	}
	if e.at == len(e.text) {
		here()
	}
	l.rows = append(l.rows, b.String())
	return l.window(max(maxRows, 1))
}

// window leaves at most so many rows, the cursor's among them.
func (l layout) window(rows int) layout {
	if len(l.rows) <= rows {
		return l
	}
	first := min(max(l.row-rows/2, 0), len(l.rows)-rows)
	l.rows = l.rows[first : first+rows]
	l.row -= first
	return l
}
