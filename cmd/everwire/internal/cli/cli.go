package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1 // the command could not do what it was asked to, or what it judged fell short
	exitUsage  = 2 // the command line, a variable or the configuration file makes no sense
	exitUnable = 2 // what was to be judged could not be
)

// Main runs the command that args, without the program's name, ask for, and returns the exit status. SIGINT
// and SIGTERM end the command in order, as the end of ctx does; a second one ends the program at once.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	ctx, stop := untilSignal(ctx)
	defer stop()

	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	var own ended
	if errors.As(err, &own) {
		if own.err != nil {
			fmt.Fprintf(stderr, "everwire: %v\n", own.err)
		}
		return own.status
	}
	fmt.Fprintf(stderr, "everwire: %v\n", err)
	var failed failure
	if errors.As(err, &failed) {
		return exitFailed
	}
	var could unable
	if errors.As(err, &could) {
		return exitUnable
	}
	fmt.Fprintf(stderr, "Run \"%s --help\" for usage.\n", cmd.CommandPath())
	return exitUsage
}

// untilSignal returns a context that ends with the first SIGINT or SIGTERM, or with its parent, or when stop is
// called. Once it has ended a signal does what it does by default: it ends the program.
func untilSignal(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
		case <-ctx.Done():
		}
		signal.Stop(signals) // before the context ends: who sees that it has may send the second
		cancel()
	}()
	return ctx, cancel
}

// failure is an error of a command that was asked for correctly. All other errors are its user's.
type failure struct{ error }

func (f failure) Unwrap() error { return f.error }

// unable is an error of a command that judges, where there is nothing to judge.
type unable struct{ error }

func (u unable) Unwrap() error { return u.error }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "everwire",
		Short: "WebSocket for Go: demos, tools and tests",
		Long: `Everwire is the complete WebSocket system for Go. This is its program: it talks
to WebSocket servers, records, loads and judges them, and is one.`,
		Example: `  everwire connect wss://example.com/chat
  everwire bench ws://localhost:8080/echo -c 1000 --rate 20k --html report.html
  everwire conform server ws://localhost:9001
  everwire serve`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	for _, group := range []struct {
		id, title string
		commands  []*cobra.Command
	}{
		{"tools", "For any server or client:", []*cobra.Command{newConnect(), newProxy(), newReplay(), newBench(), newConform()}},
		{"server", "A server, and its operator:", []*cobra.Command{newServe(), newAdmin(), newDrain(), newHealth()}},
	} {
		root.AddGroup(&cobra.Group{ID: group.id, Title: group.title})
		for _, cmd := range group.commands {
			cmd.GroupID = group.id
			root.AddCommand(cmd)
		}
	}
	root.AddCommand(newDocs())
	complete(root)
	return root
}
