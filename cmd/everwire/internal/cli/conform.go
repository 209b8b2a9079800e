package cli

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/everwire/everwire/cmd/everwire/internal/conform"
	"github.com/everwire/everwire/conformance"
)

func newConform() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "conform",
		Short: "Judge a WebSocket server or client by the standards",
		Long: `Judge a WebSocket server or client by RFC 6455 and RFC 7692: the 517 cases of
the classic Autobahn suite under their own numbers, and as many of its own for
what that leaves out: the opening handshake, closing, masking, lengths, floods,
and compression as it is agreed on.

The exit status is 0 if nothing fell short, 1 if something did, and 2 if the
cases could not be run.`,
		Example: `  everwire conform server ws://localhost:9001
  everwire conform client --listen :9001
  everwire conform explain 7.9.3`,
	}
	cmd.AddCommand(newConformServer(), newConformClient(), newConformList(), newConformExplain(), newConformMerge())
	return cmd
}

// conformFlags are those of both kinds of run.
type conformFlags struct {
	opts  conformance.Options
	files conform.Outputs
}

func (v *conformFlags) add(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVar(&v.opts.Cases, "cases", "",
		"run only these `cases`, such as 6.*,!6.4.* or 7 or tag:masking")
	flags.BoolVar(&v.opts.FailFast, "fail-fast", false, "stop at the first case that falls short")
	flags.DurationVar(&v.opts.Patience, "patience", 2*time.Second, "how long to wait for what the peer must do")
	flags.DurationVar(&v.opts.Timeout, "timeout", 15*time.Second, "how long a case may take in all")
	v.addFiles(flags)
}

func (v *conformFlags) addFiles(flags *pflag.FlagSet) {
	flags.StringVar(&v.files.HTML, "html", "", "write a report for people to this `file`")
	flags.BoolVar(&v.files.Logs, "html-logs", false, "with what was on the wire also where nothing fell short")
	flags.StringVar(&v.files.Index, "json", "", "write the classic suite's index.json to this `file`")
	flags.StringVar(&v.files.JUnit, "junit", "", "write JUnit's XML, for CI, to this `file`")
	flags.StringVar(&v.files.Full, "report", "", "write everything to this `file`, for everwire conform merge")
}

func (v *conformFlags) check() error {
	if v.opts.Patience <= 0 || v.opts.Timeout <= 0 {
		return errors.New("patience and timeout must be more than 0")
	}
	return nil
}

// conformed makes the error of a run that of a command.
func conformed(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, conform.ErrShort):
		return failure{err}
	}
	return unable{err}
}

func newConformServer() *cobra.Command {
	var v conformFlags
	var headers []string
	var ca string
	var insecure bool
	cmd := &cobra.Command{
		Use:   "server URL",
		Short: "Judge a server that echoes",
		Long: `Judge the server at a ws:// or wss:// URL. It must echo every message: same
type, same content. Messages of up to 16 MiB are sent (cases 9.*).`,
		Example: `  everwire conform server ws://localhost:9001
  everwire conform server wss://example.com/echo --cases '!9.*,!12.*,!13.*'
  everwire conform server ws://localhost:9001 --html report.html --junit junit.xml`,
		Args: cobra.ExactArgs(1),
	}
	v.add(cmd.Flags())
	cmd.Flags().StringVar(&v.opts.Agent, "agent", "", "the server's `name` in reports (default: its host)")
	cmd.Flags().IntVarP(&v.opts.Parallel, "jobs", "j", 0, "the `number` of cases that run at a time (default: 4 for each processor)")
	cmd.Flags().StringArrayVar(&headers, "header", nil, "send this `field` with each handshake: 'Cookie: a=b' (repeatable)")
	cmd.Flags().StringVar(&ca, "ca", "", "trust the certificates in this PEM `file` instead of the system's")
	cmd.Flags().BoolVar(&insecure, "insecure", false, "do not check the server's certificate")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := v.check(); err != nil {
			return err
		}
		var err error
		if v.opts.Header, err = parseHeaders(headers); err != nil {
			return err
		}
		if v.opts.TLSConfig, err = clientTLS(ca, insecure); err != nil {
			return err
		}
		return conformed(conform.Server(cmd.Context(), args[0], v.opts, v.files, cmd.OutOrStdout(), cmd.ErrOrStderr()))
	}
	return cmd
}

func newConformClient() *cobra.Command {
	var v conformFlags
	config := conform.ClientConfig{}
	listen := address("127.0.0.1:9001")
	cmd := &cobra.Command{
		Use:   "client [-- COMMAND ARGUMENT...]",
		Short: "Judge clients that echo",
		Long: `Wait for clients that speak the classic suite's protocol, so that programs
written for it work unchanged:

  /getCaseCount                    how many cases there are
  /getCaseInfo?case=N              what case N is
  /runCase?case=N&agent=A          echo until the connection ends
  /getCaseStatus?case=N&agent=A    what came of it
  /updateReports?agent=A           write the reports

It runs until Ctrl-C; with --once, until a client has asked for its report; with
a command, which is the client's program and finds the address in
EVERWIRE_CONFORM_URL, until that ends.`,
		Example: `  everwire conform client --listen :9001
  everwire conform client --once --html report.html
  everwire conform client -- node driver.js`,
	}
	cmd.Flags().Var(&listen, "listen", "where to listen")
	v.add(cmd.Flags())
	cmd.Flags().BoolVar(&config.Once, "once", false, "end when a client has asked for its report")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := v.check(); err != nil {
			return err
		}
		config.Addr, config.Command = string(listen), args
		return conformed(conform.Client(cmd.Context(), config, v.opts, v.files, cmd.OutOrStdout(), cmd.ErrOrStderr()))
	}
	return cmd
}

func newConformList() *cobra.Command {
	of := choice{"all", []string{"all", "server", "client"}}
	cmd := &cobra.Command{
		Use:     "list [CASES]",
		Short:   "List the cases, one a line",
		Example: "  everwire conform list\n  everwire conform list '14.*' --of server\n  everwire conform list tag:utf8",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			peers := map[string]conformance.Peer{
				"all": conformance.Server | conformance.Client, "server": conformance.Server, "client": conformance.Client,
			}[of.word]
			return conform.List(cmd.OutOrStdout(), peers, strings.Join(args, ""))
		},
	}
	cmd.Flags().Var(&of, "of", "the cases for which kind of peer")
	return cmd
}

func newConformExplain() *cobra.Command {
	return &cobra.Command{
		Use:     "explain CASE",
		Short:   "Tell what a case does, what it expects, and why",
		Example: "  everwire conform explain 7.9.3\n  everwire conform explain '7.9.*'",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return conform.Explain(cmd.OutOrStdout(), args[0])
		},
	}
}

func newConformMerge() *cobra.Command {
	var v conformFlags
	cmd := &cobra.Command{
		Use:     "merge FILE...",
		Short:   "Make one report of several",
		Long:    "Make one report of several that were written by --report, such as those of several servers.",
		Example: "  everwire conform merge a.json b.json --html report.html",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return conformed(conform.Merge(args, v.files, cmd.OutOrStdout()))
		},
	}
	cmd.Flags().SortFlags = false
	v.addFiles(cmd.Flags())
	return cmd
}

// parseHeaders reads fields as they are written in HTTP.
func parseHeaders(fields []string) (http.Header, error) {
	h := http.Header{}
	for _, f := range fields {
		name, value, ok := strings.Cut(f, ":")
		if name = strings.TrimSpace(name); !ok || name == "" || strings.ContainsAny(f, "\r\n") {
			return nil, fmt.Errorf("the header %q must be written as 'Name: value'", f)
		}
		h.Add(name, strings.TrimSpace(value))
	}
	return h, nil
}

// clientTLS is what a server's certificate is held against.
func clientTLS(ca string, insecure bool) (*tls.Config, error) {
	config := &tls.Config{InsecureSkipVerify: insecure}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("there is no certificate in %s", ca)
		}
	}
	return config, nil
}
