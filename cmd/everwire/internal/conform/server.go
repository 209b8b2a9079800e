package conform

import (
	"context"
	"fmt"
	"io"

	"github.com/everwire/everwire/conformance"
	"github.com/everwire/everwire/conformance/report"
)

// Server asks the server at a URL the cases. The table goes to out, progress to status. The error is ErrShort, wrapped,
// if something fell short, and another one if the run could not be made or was ended by ctx.
func Server(ctx context.Context, url string, opts conformance.Options, files Outputs, out, status io.Writer) error {
	if err := files.check(); err != nil {
		return err
	}
	cases, err := conformance.Select(conformance.Cases(conformance.Server), opts.Cases)
	if err != nil {
		return err
	}
	p := newProgress(status, len(cases))
	opts.OnStart, opts.OnResult = p.start, p.result
	results, err := conformance.RunServer(ctx, url, &opts)
	p.finish()
	if err != nil && len(results) == 0 {
		return err
	}
	r := report.New(results...)
	if err := show(out, r); err != nil {
		return err
	}
	if err := files.write(r); err != nil {
		return err
	}
	if err != nil {
		return fmt.Errorf("ended after %d of %d cases: %w", len(results), len(cases), err)
	}
	return verdict(r)
}
