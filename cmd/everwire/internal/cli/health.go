package cli

import (
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/everwire/everwire/cmd/everwire/internal/serve"
)

func newHealth() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask the server on this machine whether it is ready",
		Long: `Ask the everwire serve on this machine whether clients should come to it, by its
/readyz: for containers, where there is no curl, and for scripts.

Which server that is, the same flags, variables and file say that it was
started with: EVERWIRE_ADDR and --config, for instance. It is asked on
127.0.0.1 if it listens on all addresses. Its certificate is not checked.

Exit status: 0 if it is ready; 1 if it is not, or does not answer in time; 2 if
the command line, a variable or the configuration file makes no sense.`,
		Example: `  everwire health
  everwire health --addr :9000 --timeout 1s`,
		Args: cobra.NoArgs,
	}
	timeout := duration(3 * time.Second)
	flags := newServeFlags(cmd.Flags())
	shown := map[string]string{
		"addr":            "where the server listens",
		"tls-cert":        "it serves over TLS with the certificate in this `file`",
		"tls-key":         "and the key in this `file`",
		"tls-self-signed": "it serves over TLS with a certificate made on the spot",
		configFlag:        "read what is not given here or in the environment from this TOML `file`",
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) { // the file may have all of them
		f.Usage, f.Hidden = shown[f.Name], shown[f.Name] == ""
	})
	cmd.Flags().Var(&timeout, "timeout", "how long the answer may take")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := bind(cmd.Flags()); err != nil {
			return err
		}
		if err := serve.Ask(cmd.Context(), flags.listening(), time.Duration(timeout)); err != nil {
			return failure{err}
		}
		return nil
	}
	return cmd
}
