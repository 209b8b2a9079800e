package bench

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Outputs are the files that reports are written to; one without a name is not, and "-" is the standard output.
type Outputs struct {
	JSON string // for programs
	CSV  string // the series, for a spreadsheet
	HTML string // for people: one self-contained page
}

const standardOutput = "-"

func (o Outputs) named() []struct{ flag, name string } {
	return []struct{ flag, name string }{{"--json", o.JSON}, {"--csv", o.CSV}, {"--html", o.HTML}}
}

// Check finds out before a run whether the reports can be written, and that no two of them go to one place.
func (o Outputs) Check() error {
	seen := map[string]string{}
	for _, f := range o.named() {
		if f.name == "" {
			continue
		}
		place := filepath.Clean(f.name)
		if other := seen[place]; other != "" {
			return fmt.Errorf("%s and %s both write to %s; give each a file of its own", other, f.flag, f.name)
		}
		if seen[place] = f.flag; f.name == standardOutput {
			continue
		}
		if err := writable(f.name); err != nil {
			return fmt.Errorf("%s: %w", f.flag, err)
		}
	}
	return nil
}

// writable says whether a file can be made, or replaced, in the folder where it is to be. It leaves nothing there.
func writable(name string) error {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder", name)
	}
	f, err := temporary(name)
	if err != nil {
		return fmt.Errorf("cannot write into the folder of %s: %w", name, plainCause(err))
	}
	f.Close()
	return os.Remove(f.Name())
}

func plainCause(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

func temporary(name string) (*os.File, error) {
	return os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
}

// usesStandardOutput says whether a report takes the place of the summary.
func (o Outputs) usesStandardOutput() bool {
	for _, f := range o.named() {
		if f.name == standardOutput {
			return true
		}
	}
	return false
}

// write writes the reports. One that cannot be written does not keep the others from it.
func (o Outputs) write(r *Report, stdout io.Writer) error {
	return errors.Join(
		writeTo(o.JSON, stdout, r.WriteJSON),
		writeTo(o.CSV, stdout, r.WriteCSV),
		writeTo(o.HTML, stdout, r.WriteHTML),
	)
}

// writeTo writes a report. A file is replaced as a whole, so that nobody reads a half of it; what is no file, such as
// /dev/stderr or a pipe, is written to.
func writeTo(name string, stdout io.Writer, write func(io.Writer) error) error {
	switch info, err := os.Stat(name); {
	case name == "":
		return nil
	case name == standardOutput:
		return write(stdout)
	case err == nil && !info.Mode().IsRegular():
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	f, err := temporary(name)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := errors.Join(write(f), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
