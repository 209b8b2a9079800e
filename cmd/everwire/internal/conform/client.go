package conform

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/everwire/everwire/conformance"
	"github.com/everwire/everwire/conformance/report"
)

// ClientConfig says how clients are tested.
type ClientConfig struct {
	Addr    string   // where to listen
	Command []string // a program that is the client; the run ends when it does
	Once    bool     // the run ends when a client has asked for its report
}

// Client asks clients the cases that connect by the classic protocol. It ends with the command, if there is one, after
// the first report with Once, and with ctx, which is no error. Each time that a client asks for its report the files are
// written and the table printed. Errors are those of [Server].
func Client(ctx context.Context, config ClientConfig, opts conformance.Options, files Outputs, out, status io.Writer) error {
	if err := files.check(); err != nil {
		return err
	}
	cases, err := conformance.Select(conformance.Cases(conformance.Client), opts.Cases)
	if err != nil {
		return err
	}
	p := newProgress(status, len(cases))
	opts.OnStart, opts.OnResult = p.start, p.result
	suite, err := conformance.NewClientSuite(&opts)
	if err != nil {
		return err
	}
	defer suite.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	t := &tester{suite: suite, progress: p, files: files, out: out}
	suite.OnReports = func(agent string) {
		err := t.report()
		if config.Once && len(suite.Results(agent)) > 0 || err != nil {
			cancel(err)
		}
	}
	ln, err := net.Listen("tcp", config.Addr)
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- suite.Serve(ln) }()
	fmt.Fprintf(p, "%d cases wait for clients at ws://%s\n", len(cases), ln.Addr())

	if len(config.Command) > 0 {
		err = command(ctx, config.Command, ln.Addr(), p)
		if ctx.Err() == nil && err != nil {
			return fmt.Errorf("the client %s: %w", config.Command[0], err)
		}
	} else {
		select {
		case <-ctx.Done():
		case err := <-failed:
			return err
		}
	}
	suite.Close()
	p.finish()
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	if !t.upToDate() {
		if err := t.report(); err != nil {
			return err
		}
	}
	return verdict(t.gathered())
}

// A tester reports what a suite has found.
type tester struct {
	suite    *conformance.ClientSuite
	progress *progress
	files    Outputs
	out      io.Writer

	mu   sync.Mutex
	told int // results that are in the last report
}

func (t *tester) gathered() *report.Report {
	r := report.New()
	for _, agent := range t.suite.Agents() {
		r.Add(t.suite.Results(agent)...)
	}
	return r
}

func (t *tester) count() (n int) {
	for _, agent := range t.suite.Agents() {
		n += len(t.suite.Results(agent))
	}
	return n
}

func (t *tester) upToDate() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.told == t.count()
}

func (t *tester) report() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.told = t.count()
	t.progress.finish()
	r := t.gathered()
	return errors.Join(show(t.out, r), t.files.write(r))
}

// command runs a client's program. It finds the suite's address in its environment, and its output goes to where the
// progress goes.
func command(ctx context.Context, words []string, addr net.Addr, status io.Writer) error {
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Env = append(os.Environ(), "EVERWIRE_CONFORM_URL=ws://"+addr.String())
	cmd.Stdout, cmd.Stderr = status, status
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	return cmd.Run()
}
