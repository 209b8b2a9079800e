package conform

import (
	"fmt"
	"io"
	"strings"

	"github.com/everwire/everwire/conformance"
)

// List prints the cases that a pattern means, one in a line, its number first.
func List(out io.Writer, peers conformance.Peer, pattern string) error {
	cases, err := conformance.Select(conformance.Cases(peers), pattern)
	if err != nil {
		return err
	}
	for _, c := range cases {
		if _, err := fmt.Fprintf(out, "%-8s %-13s %s\n", c.ID, peersOf(c), c.Name); err != nil {
			return err
		}
	}
	return nil
}

func peersOf(c *conformance.Case) string {
	switch c.Peers {
	case conformance.Server:
		return "server"
	case conformance.Client:
		return "client"
	}
	return "server,client"
}

// Explain prints all about the cases that a pattern means.
func Explain(out io.Writer, pattern string) error {
	cases, err := conformance.Select(conformance.Cases(conformance.Server|conformance.Client), pattern)
	if err != nil {
		return err
	}
	for i, c := range cases {
		if i > 0 {
			fmt.Fprintln(out)
		}
		tags := make([]string, len(c.Tags))
		for i, t := range c.Tags {
			tags[i] = string(t)
		}
		fmt.Fprintf(out, "%s  %s\n\n", c.ID, c.Name)
		for _, row := range []struct{ name, words string }{
			{"Family", conformance.FamilyTitle(c.Family())},
			{"Of", strings.ReplaceAll(peersOf(c), ",", "s and ") + "s"},
			{"Does", c.Does},
			{"Expects", c.Expects},
			{"Rule", c.Section},
			{"Tags", strings.Join(tags, ", ")},
		} {
			fmt.Fprintf(out, "  %-9s%s\n", row.name, wrap(row.words, 11, 100))
		}
	}
	return nil
}

// wrap breaks words into lines of a width, those after the first indented.
func wrap(words string, indent, width int) string {
	var b strings.Builder
	column := indent
	for i, w := range strings.Fields(words) {
		n := len([]rune(w))
		switch {
		case i == 0:
		case column+1+n > width:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(w)
		column += n
	}
	return b.String()
}
