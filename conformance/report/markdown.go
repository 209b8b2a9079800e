package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/everwire/everwire/conformance"
)

// WriteMarkdown writes the report for a document: a table of families by agents, with counts of good results
// such as "16/16", and below it, by verdict, the cases that are not good. It has no heading, so that it fits
// anywhere.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b bytes.Buffer
	r.markdownTable(&b)
	for _, name := range r.names {
		short := r.short(name)
		if len(short) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n**%s** fell short in %s:\n\n", inline(name), plural(len(short), "case"))
		for _, verdict := range closes {
			var ids []string
			for _, result := range short {
				if headline(result) == verdict {
					ids = append(ids, inline(result.Case.ID))
				}
			}
			if len(ids) > 0 {
				fmt.Fprintf(&b, "- %s: %s\n", verdict, strings.Join(ids, ", "))
			}
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

func (r *Report) markdownTable(b *bytes.Buffer) {
	b.WriteString("| family |")
	for _, name := range r.names {
		fmt.Fprintf(b, " %s |", inline(name))
	}
	b.WriteString("\n| --- |" + strings.Repeat(" ---: |", len(r.names)) + "\n")
	for _, f := range familiesOf(r.Cases()) {
		fmt.Fprintf(b, "| %d %s |", f.Number, inline(f.Title))
		for _, name := range r.names {
			fmt.Fprintf(b, " %s |", marked(count(f.of(r, name))))
		}
		b.WriteString("\n")
	}
	b.WriteString("| **all** |")
	for _, name := range r.names {
		fmt.Fprintf(b, " %s |", marked(count(r.Results(name))))
	}
	b.WriteString("\n")
}

// marked is a count, in bold if something is missing.
func marked(t tally) string {
	if t.Good == t.Total {
		return t.String()
	}
	return "**" + t.String() + "**"
}

// WriteCases writes a list of cases for the documentation, in Markdown: by family, with what each does,
// expects and where the rule stands. The cases must be in the order of their numbers, as [conformance.Cases]
// returns them.
func WriteCases(w io.Writer, cases []*conformance.Case) error {
	var b bytes.Buffer
	for i, f := range familiesOf(cases) {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "## %d %s\n\n%s.\n\n", f.Number, inline(f.Title), plural(len(f.Cases), "case"))
		for _, c := range f.Cases {
			fmt.Fprintf(&b, "- **%s** %s", c.ID, inline(c.Name))
			switch c.Peers {
			case conformance.Server:
				b.WriteString(", of servers")
			case conformance.Client:
				b.WriteString(", of clients")
			}
			b.WriteString(".\n")
			if c.Does != "" {
				b.WriteString("  " + inline(c.Does) + "\n")
			}
			if c.Expects != "" {
				b.WriteString("  *Expected:* " + inline(c.Expects) + "\n")
			}
			if c.Section != "" {
				b.WriteString("  " + links(c.Section) + ".\n")
			}
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// links is a section in Markdown.
func links(section string) string {
	var b strings.Builder
	for _, ref := range sections(section) {
		if ref.URL == "" {
			b.WriteString(inline(ref.Text))
		} else {
			fmt.Fprintf(&b, "[%s](%s)", inline(ref.Text), ref.URL)
		}
	}
	return b.String()
}

// inline is text in a line of Markdown, none of which has a meaning there.
func inline(s string) string {
	var b strings.Builder
	for _, c := range visible(s) {
		switch c {
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '&':
			b.WriteString("&amp;")
		case '\\', '`', '*', '_', '[', ']', '|', '~', '$':
			b.WriteByte('\\')
			b.WriteRune(c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}
