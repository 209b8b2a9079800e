package cli

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/everwire/everwire/cmd/everwire/internal/admin"
	"github.com/everwire/everwire/cmd/everwire/internal/status"
)

func newDrain() *cobra.Command {
	var v adminFlags
	fraction := 0.0
	over := duration(30 * time.Second)
	cmd := &cobra.Command{
		Use:   "drain --fraction F",
		Short: "Have a part of a server's clients reconnect, so that they go elsewhere",
		Long: `Close a part of the connections of a running everwire serve with code 1012, which
asks their clients to come back: when a node was added to a cluster, so that the
load balancer gives it some of them. A WebSocket stays where it is otherwise.

Which ones is drawn at random; they are closed one after the other, evenly over
--over, so that they do not come back all at once. It ends early, and those that
are left stay, if this command does: Ctrl-C. What comes meanwhile is left alone.

It needs the operator's token, as everwire admin does. Of N nodes to which one
is added, let each of the N old ones drain 1/(N+1).`,
		Example: `  everwire drain --fraction 0.25 --token-file token
  everwire drain --fraction 0.25 --over 5m --server wss://node1.example.com --token-file token
  everwire drain --fraction 1 --over 1m    # as good as all, before it is stopped`,
		Args: cobra.NoArgs,
	}
	v.add(cmd.Flags())
	cmd.Flags().Float64Var(&fraction, "fraction", 0, "the `part` of the connections to close: more than 0, up to 1")
	cmd.Flags().Var(&over, "over", "how long that is to take, up to an hour")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		switch {
		case !cmd.Flags().Changed("fraction"):
			return errors.New("say with --fraction how large a part of the connections to close, such as 0.2")
		case !(fraction > 0 && fraction <= 1):
			return errors.New("fraction must be more than 0 and at most 1, such as 0.2")
		case time.Duration(over) > status.LongestDrain:
			return errors.New("over must be an hour at most")
		}
		return v.run(cmd, func(ctx context.Context, c *admin.Client) error {
			return c.Drain(ctx, cmd.OutOrStdout(), fraction, time.Duration(over), v.json)
		})
	}
	return cmd
}
