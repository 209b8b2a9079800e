package conform

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/term"

	"github.com/everwire/everwire/conformance"
	"github.com/everwire/everwire/conformance/report"
)

// Outputs are the files that a report is written to; those without a name are not.
type Outputs struct {
	HTML  string // one self-contained page
	Index string // the classic suite's index.json
	JUnit string // for CI systems
	Full  string // everything, for everwire conform merge
	Logs  bool   // what was on the wire is on the page for every result, not only for those that fell short
}

// check finds out before a run whether the files can be written.
func (o Outputs) check() error {
	for _, name := range []string{o.HTML, o.Index, o.JUnit, o.Full} {
		if name == "" {
			continue
		}
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o666)
		if err != nil {
			return err
		}
		f.Close()
	}
	return nil
}

// write writes the files. One that cannot be written does not keep the others from it.
func (o Outputs) write(r *report.Report) error {
	return errors.Join(
		writeFile(o.HTML, func(w io.Writer) error { return r.WriteHTML(w, &report.HTMLOptions{AllLogs: o.Logs}) }),
		writeFile(o.Index, func(w io.Writer) error { return r.WriteIndex(w, o.place()) }),
		writeFile(o.JUnit, r.WriteJUnit),
		writeFile(o.Full, r.WriteJSON),
	)
}

// place returns where on the page a result stands, as seen from the index; nil if no page is written.
func (o Outputs) place() func(*conformance.Result) string {
	if o.HTML == "" {
		return nil
	}
	page := o.HTML
	if rel, err := filepath.Rel(filepath.Dir(o.Index), o.HTML); err == nil {
		page = filepath.ToSlash(rel)
	}
	return func(r *conformance.Result) string { return page + "#" + report.Fragment(r) }
}

// writeFile replaces a file as a whole, so that nobody reads a half of it.
func writeFile(name string, write func(io.Writer) error) error {
	if name == "" {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := errors.Join(write(f), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// show prints the table.
func show(out io.Writer, r *report.Report) error {
	o := &report.TextOptions{Width: 100}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			o.Width = w
		}
		o.Color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	return r.WriteText(out, o)
}

// ErrShort is what a run returns in which something fell short.
var ErrShort = errors.New("something fell short")

// verdict returns an error if results are not good.
func verdict(r *report.Report) error {
	short, total := 0, 0
	for _, agent := range r.Agents() {
		for _, result := range r.Results(agent) {
			total++
			if !result.Good() {
				short++
			}
		}
	}
	switch {
	case total == 0:
		return errors.New("no case was run")
	case short > 0:
		return fmt.Errorf("%w: %d of %d results", ErrShort, short, total)
	}
	return nil
}
