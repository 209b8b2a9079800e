package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/everwire/everwire/cmd/everwire/internal/dialer"
	"github.com/everwire/everwire/cmd/everwire/load"
	"github.com/everwire/everwire/websocket"
)

// A Config is what [Run] is to do.
type Config struct {
	Plan       load.Plan // its Sample, Interval and Progress are set by Run
	Source     string    // where the message is from: random, text, file or template
	Soak       bool      // a long run
	Thresholds []Threshold
	Outputs    Outputs
	Quiet      bool                   // show nothing while it runs
	Dial       *websocket.DialOptions // the same connection by other means, to find out why none could be made; may be nil
}

// ErrFailed is what [Run] returns when the load was made and something is not as it should be: a threshold was
// crossed, connections failed. Other errors mean that there was nothing to judge.
var ErrFailed = errors.New("the run fell short")

// fell is an ErrFailed that says why.
type fell struct{ why string }

func (f fell) Error() string        { return f.why }
func (f fell) Is(target error) bool { return target == ErrFailed }

// Run makes the load, shows how it goes on stderr, and writes the summary to stdout, or to stderr where a report goes to
// stdout, and the reports. When ctx ends the run ends in order, and what was measured until then counts.
func Run(ctx context.Context, c Config, stdout, stderr io.Writer) error {
	if err := c.Outputs.Check(); err != nil {
		return err
	}
	r := &Report{Settings: c.settings(), Began: time.Now()}
	broke, err := c.measure(ctx, r, stderr)
	if err != nil {
		return err
	}
	r.Interrupted = ctx.Err() != nil
	r.Judge(c.Thresholds)
	out := stdout
	if c.Outputs.usesStandardOutput() {
		out = stderr
	}
	if !c.Quiet || out == stdout {
		if err := r.WriteText(out, textOptions(out)); err != nil {
			return err
		}
	}
	if err := c.Outputs.write(r, stdout); err != nil {
		return err
	}
	return verdict(r, broke)
}

// measure makes the load and fills the report. The first error is of a run that broke off and whose report holds what
// there was; the second one is of a run that has none.
func (c *Config) measure(ctx context.Context, r *Report, stderr io.Writer) (broke, err error) {
	plan := c.Plan
	interval, merge := sampling(r.Settings.Warmup + r.Settings.Duration)
	samples := newCollector(merge)
	plan.Interval, plan.Sample = interval, samples.add
	if !c.Quiet {
		view := newLive(stderr, &r.Settings, samples.moment)
		view.start()
		defer view.stop()
	}
	l, err := load.Open(ctx, plan)
	if err != nil {
		return nil, c.unopened(ctx, err, samples.most())
	}
	stop := context.AfterFunc(ctx, l.Stop)
	result, broke := l.Run(context.WithoutCancel(ctx), r.Settings.Warmup, r.Settings.Duration, nil, nil)
	stop()
	if err := l.Close(); err != nil && broke == nil {
		broke = err
	}
	samples.fill(r, result)
	return broke, nil
}

// unopened says in one line why connections could not be opened, of which some number was at a time. Where the server
// takes connections, and not as many as it was asked to, that is its failure, and an ErrFailed.
func (c *Config) unopened(ctx context.Context, err error, opened int64) error {
	if ctx.Err() != nil {
		return errors.New("interrupted while it connected; nothing was measured")
	}
	why := oneLine(strings.TrimPrefix(strings.TrimPrefix(err.Error(), "load: "), "connecting: "))
	some := fell{fmt.Sprintf("could not open %s at a time: %s", plural(int64(c.Plan.Connections), "connection"), why)}
	if opened > 0 {
		return some
	}
	// The generator's own words are for who reads errors by the thousand. Who could not make a single connection is
	// told what to try.
	var failed *load.Error
	var unknown *net.DNSError
	if c.Dial == nil || !errors.As(err, &failed) && !errors.As(err, &unknown) {
		return errors.New(why)
	}
	dialing, cancel := context.WithTimeout(ctx, c.Plan.Timeout)
	defer cancel()
	conn, dialed := websocket.Dial(dialing, c.Plan.URL, c.Dial)
	if dialed != nil {
		return errors.New(dialer.Explain(dialed))
	}
	conn.Terminate()
	if failed == nil || failed.Kind == load.HandshakeError && failed.Code < 400 { // it does not agree to compression, say
		return errors.New(why)
	}
	return some
}

// verdict is the error of a run whose report is written, if it deserves one.
func verdict(r *Report, broke error) error {
	if broke != nil {
		return fell{"the run broke off: " + oneLine(strings.TrimPrefix(broke.Error(), "load: "))}
	}
	crossed := r.Crossed()
	if len(crossed) == 0 {
		return nil
	}
	parts := make([]string, len(crossed))
	for i, c := range crossed {
		parts[i] = c.Words() + " (" + c.ActualWords() + ")"
	}
	return fell{"it fails: " + strings.Join(parts, ", ")}
}

func textOptions(out io.Writer) TextOptions {
	var o TextOptions
	if f, ok := terminal(out); ok {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			o.Width = min(w, 100)
		}
		o.Color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	return o
}
