package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// writePage writes the manual page of a command, in the macros of man(7). What is in it is what --help says.
func writePage(w io.Writer, cmd *cobra.Command, date time.Time) error {
	p := &page{}
	name := pageName(cmd)
	fmt.Fprintf(&p.text, ".TH %s 1 %s Everwire Everwire\n", escape(strings.ToUpper(name)), date.UTC().Format(time.DateOnly))

	p.heading("NAME")
	p.line(escape(name) + ` \- ` + escape(cmd.Short))

	p.heading("SYNOPSIS")
	p.synopsis(cmd)

	p.heading("DESCRIPTION")
	p.prose(cmd.Long)

	p.flags("OPTIONS", cmd.NonInheritedFlags())
	p.flags("OPTIONS OF EVERY COMMAND", cmd.InheritedFlags())

	if cmd.Example != "" {
		p.heading("EXAMPLES")
		p.verbatim(strings.Split(cmd.Example, "\n"))
	}
	p.seeAlso(cmd)
	_, err := io.WriteString(w, p.text.String())
	return err
}

// pageName is the name of a command's page: everwire-serve.
func pageName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// A page is text with macros.
type page struct {
	text  strings.Builder
	empty bool // nothing stands below the last heading yet
}

func (p *page) heading(title string) {
	p.macro("SH", title)
	p.empty = true
}

// macro begins a line with a macro. Arguments are quoted.
func (p *page) macro(name string, args ...string) {
	p.text.WriteString("." + name)
	for _, a := range args {
		p.text.WriteString(` "` + strings.ReplaceAll(escape(a), `"`, `\(dq`) + `"`)
	}
	p.text.WriteByte('\n')
}

// line writes text that is escaped already.
func (p *page) line(s string) {
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	p.text.WriteString(s + "\n")
	p.empty = false
}

// escape makes text of what would be more to roff. A hyphen is to be one that can be copied into a shell.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`).Replace(s)
}

func (p *page) synopsis(cmd *cobra.Command) {
	if cmd.HasAvailableSubCommands() {
		p.line(`\fB` + escape(cmd.CommandPath()) + `\fR \fIcommand\fR [\fIflags\fR]`)
		return
	}
	rest := strings.TrimPrefix(cmd.UseLine(), cmd.CommandPath())
	p.line(`\fB` + escape(cmd.CommandPath()) + `\fR` + escape(rest))
}

// prose writes paragraphs. Lines that are indented stay as they are.
func (p *page) prose(text string) {
	var shown []string
	paragraph := false
	flush := func() {
		for len(shown) > 0 && shown[len(shown)-1] == "" {
			shown = shown[:len(shown)-1]
		}
		if len(shown) > 0 {
			p.verbatim(shown)
			paragraph = true
		}
		shown = nil
	}
	for l := range strings.SplitSeq(text, "\n") {
		switch {
		case strings.HasPrefix(l, "  "), strings.HasPrefix(l, "\t"), l == "" && len(shown) > 0:
			shown = append(shown, l)
		case l == "":
			paragraph = true
		default:
			flush()
			if paragraph {
				p.macro("PP")
				paragraph = false
			}
			p.line(escape(l))
		}
	}
	flush()
}

// verbatim writes lines as they are, but for the indentation that all of them have.
func (p *page) verbatim(lines []string) {
	if !p.empty {
		p.macro("PP")
	}
	p.macro("RS", "2")
	p.macro("nf")
	for _, l := range lines {
		p.line(escape(strings.TrimPrefix(strings.TrimPrefix(l, "\t"), "  ")))
	}
	p.macro("fi")
	p.macro("RE")
}

func (p *page) flags(title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	p.heading(title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		name := `\fB\-\-` + escape(f.Name) + `\fR`
		if f.Shorthand != "" {
			name = `\fB\-` + escape(f.Shorthand) + `\fR, ` + name
		}
		if value != "" {
			name += ` \fI` + escape(value) + `\fR`
		}
		p.macro("TP")
		p.line(name)
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "0s" && f.DefValue != "[]" {
			usage += fmt.Sprintf(" (default %s)", f.DefValue)
		}
		p.line(escape(usage))
	})
}

func (p *page) seeAlso(cmd *cobra.Command) {
	var names []string
	if cmd.HasParent() {
		names = append(names, pageName(cmd.Parent()))
	}
	for _, sub := range cmd.Commands() {
		if listed(sub) {
			names = append(names, pageName(sub))
		}
	}
	p.heading("SEE ALSO")
	for i, name := range names {
		comma := ","
		if i == len(names)-1 {
			comma = ""
		}
		fmt.Fprintf(&p.text, ".BR %s (1)%s\n", escape(name), comma)
	}
}

// listed reports whether a command has a page.
func listed(cmd *cobra.Command) bool { return cmd.IsAvailableCommand() && cmd.Name() != "help" }
