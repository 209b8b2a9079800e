package conform

import (
	"fmt"
	"io"
	"os"

	"github.com/everwire/everwire/conformance/report"
)

// Merge makes one report of those in files that were written as Outputs.Full. Errors are those of [Server].
func Merge(names []string, files Outputs, out io.Writer) error {
	all := report.New()
	for _, name := range names {
		one, err := read(name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		all.Merge(one)
	}
	if err := show(out, all); err != nil {
		return err
	}
	if err := files.write(all); err != nil {
		return err
	}
	return verdict(all)
}

func read(name string) (*report.Report, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return report.Read(f)
}
