package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/everwire/everwire/conformance"
)

// TextOptions say how text is laid out. Nil and the zero value are the defaults.
type TextOptions struct {
	// Width is the terminal's, in columns. Default, and for less than 40: 80, and 40.
	Width int

	// Color has verdicts in the terminal's colors.
	Color bool
}

// WriteText writes the report for a terminal: the agents' counts by verdict and by family, and then each
// result that is not good. What cannot be printed stands escaped.
func (r *Report) WriteText(w io.Writer, opts *TextOptions) error {
	if opts == nil {
		opts = &TextOptions{}
	}
	t := &text{width: max(opts.Width, 40), color: opts.Color}
	if opts.Width <= 0 {
		t.width = 80
	}
	t.verdicts(r)
	t.families(r)
	t.shortcomings(r)
	_, err := w.Write(t.Bytes())
	return err
}

type text struct {
	bytes.Buffer
	width int
	color bool
}

// The colors of terminals.
const (
	bold    = "1"
	dim     = "2"
	red     = "31"
	green   = "32"
	yellow  = "33"
	magenta = "35"
	cyan    = "36"
)

func colorOf(v conformance.Verdict) string {
	switch v {
	case conformance.OK:
		return green
	case conformance.Informational:
		return cyan
	case conformance.Unimplemented:
		return dim
	case conformance.NonStrict:
		return yellow
	case conformance.WrongCode, conformance.Unclean:
		return magenta
	}
	return red
}

func (t *text) paint(color, s string) string {
	if !t.color || strings.TrimSpace(s) == "" {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

// verdicts writes a line or two for each agent.
func (t *text) verdicts(r *Report) {
	if len(r.names) == 0 {
		t.WriteString("No results.\n")
		return
	}
	for _, name := range r.names {
		sum := count(r.Results(name))
		color := green
		if sum.Good < sum.Total {
			color = red
		}
		tail := fmt.Sprintf("  %s good, %s", sum, tookWords(sum.Took))
		label := cut(visible(name), t.width-columns(tail))
		t.WriteString(t.paint(bold, label) + "  " + t.paint(color, sum.String()) + " good, " + tookWords(sum.Took) + "\n")
		at, sep := 0, "  "
		for _, l := range looks {
			n := sum.By[l.Verdict]
			if n == 0 {
				continue
			}
			piece := fmt.Sprintf("%s %d", l.Verdict, n)
			if at > 0 && at+len(sep)+len(piece) > t.width {
				t.WriteString("\n")
				at, sep = 0, "  "
			}
			t.WriteString(sep + t.paint(colorOf(l.Verdict), piece))
			at, sep = at+len(sep)+len(piece), "   "
		}
		t.WriteString("\n")
	}
}

// families writes the counts by family: as many agents beside each other as there is room for.
func (t *text) families(r *Report) {
	list := familiesOf(r.Cases())
	if len(list) == 0 {
		return
	}
	label := columns("All")
	for _, f := range list {
		label = max(label, columns(familyLabel(f)))
	}
	label = min(label, t.width-12)
	for names := r.names; len(names) > 0; {
		t.WriteString("\n")
		var widths []int
		room := t.width - label
		for _, name := range names {
			w := min(max(columns(visible(name)), 7), 16, t.width-label-2)
			if len(widths) > 0 && room < w+2 {
				break
			}
			widths = append(widths, w)
			room -= w + 2
		}
		t.row("", label, widths, func(i int) (string, string) { return cut(visible(names[i]), widths[i]), bold })
		for _, f := range list {
			t.row(familyLabel(f), label, widths, func(i int) (string, string) { return counted(count(f.of(r, names[i]))) })
		}
		t.row("All", label, widths, func(i int) (string, string) { return counted(count(r.Results(names[i]))) })
		names = names[len(widths):]
	}
}

func familyLabel(f *family) string { return fmt.Sprintf("%2d  %s", f.Number, f.Title) }

func counted(sum tally) (s, color string) {
	switch {
	case sum.Total == 0:
		return sum.String(), dim
	case sum.Good < sum.Total:
		return sum.String(), red
	}
	return sum.String(), green
}

func (t *text) row(name string, label int, widths []int, cell func(i int) (s, color string)) {
	line := pad(cut(name, label), label)
	for i, w := range widths {
		s, color := cell(i)
		line += strings.Repeat(" ", 2+w-columns(s)) + t.paint(color, s)
	}
	t.WriteString(line + "\n")
}

// shortcomings writes what is not good, agent by agent.
func (t *text) shortcomings(r *Report) {
	for _, name := range r.names {
		short := r.short(name)
		if len(short) == 0 {
			continue
		}
		t.WriteString("\n" + t.paint(bold, cut(visible(name), t.width-24)) + " fell short in " + plural(len(short), "case") + "\n")
		id := 0
		for _, result := range short {
			id = max(id, len(result.Case.ID))
		}
		for _, result := range short {
			t.shortcoming(result, id)
		}
	}
}

func (t *text) shortcoming(result *conformance.Result, id int) {
	indent := strings.Repeat(" ", id+4)
	verdict := string(headline(result))
	v := pad(verdict, 10)
	t.WriteString("\n  " + pad(result.Case.ID, id) + "  ")
	t.wrap(v+" "+visible(result.Case.Name), indent+strings.Repeat(" ", 11), func(first string) string {
		rest, ok := strings.CutPrefix(first, verdict)
		if !ok {
			return first
		}
		return t.paint(colorOf(headline(result)), verdict) + rest
	})
	if result.Behavior != conformance.OK && result.Reason != "" {
		t.WriteString(indent)
		t.wrap(visible(result.Reason), indent, nil)
	}
	if result.Close != conformance.OK {
		t.WriteString(indent)
		words := "Closing " + string(result.Close)
		if result.CloseReason != "" {
			words += ": " + visible(result.CloseReason)
		}
		t.wrap(words, indent, nil)
	}
	if result.Case.Section != "" {
		t.WriteString(indent)
		t.wrap(visible(result.Case.Section), indent, func(s string) string { return t.paint(dim, s) })
	}
}

// wrap writes words in lines, the first of which goes on where an indent ends; paint paints that one.
func (t *text) wrap(s, indent string, paint func(string) string) {
	room := max(t.width-len(indent), 16)
	first := true
	write := func(line string) {
		if !first {
			t.WriteString(indent)
		} else if paint != nil {
			line = paint(line)
		}
		first = false
		t.WriteString(line + "\n")
	}
	line := ""
	for i, word := range strings.Split(s, " ") {
		if i > 0 && columns(line)+1+columns(word) > room && strings.TrimSpace(line) != "" {
			write(strings.TrimRight(line, " "))
			line = ""
		} else if i > 0 && (line != "" || word == "") {
			line += " "
		}
		line += word
		for columns(line) > room { // a word longer than the line
			runes := []rune(line)
			write(string(runes[:room]))
			line = string(runes[room:])
		}
	}
	write(strings.TrimRight(line, " "))
}

// columns is the width of text that visible returned.
func columns(s string) int { return utf8.RuneCountInString(s) }

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-columns(s)))
}

func cut(s string, width int) string {
	if columns(s) <= width {
		return s
	}
	return string([]rune(s)[:max(width-1, 0)]) + "…"
}

// visible returns text of one line in which what cannot be seen, and what would move a terminal's cursor or
// turn the direction of writing, is escaped.
func visible(s string) string {
	if !strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return s
	}
	var b strings.Builder
	for _, c := range s {
		switch {
		case c == '\n', c == '\t':
			b.WriteByte(' ')
		case unicode.IsPrint(c):
			b.WriteRune(c)
		case c < 0x100:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			fmt.Fprintf(&b, `\u%04x`, c)
		}
	}
	return b.String()
}
