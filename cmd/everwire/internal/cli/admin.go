package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/everwire/everwire/cmd/everwire/internal/admin"
	"github.com/everwire/everwire/cmd/everwire/internal/dialer"
	"github.com/everwire/everwire/cmd/everwire/internal/status"
	"github.com/everwire/everwire/websocket/frame"
)

func newAdmin() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "admin",
		Short: "See, close and tap the connections of a running everwire serve",
		Long: `See, close and tap the connections of a running everwire serve, as its page
/status does. Both ends need the same token, by which the operator is known:

  openssl rand -hex 16 > token
  everwire serve --admin-token-file token
  everwire admin list --token-file token

The token can be in the variable EVERWIRE_ADMIN_TOKEN instead, at either end.

The exit status is 0 if it was done, 1 if it was not: the server cannot be
reached, does not take the token, or does not have that connection; and 2 if the
command line makes no sense.`,
		Example: `  everwire admin list chrome --sort -rtt
  everwire admin stats --server wss://example.com --token-file token
  everwire admin close 17 --code 1001 --reason 'moving house'
  everwire admin tap 17`,
		Args: cobra.NoArgs, // so that a misspelt command is an error
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newAdminList(), newAdminStats(), newAdminClose(), newAdminTap())
	return cmd
}

// adminFlags are those of each admin command.
type adminFlags struct {
	server    string
	tokenFile string
	json      bool
	timeout   time.Duration
	dial      dialer.Flags
}

// adminDialFlags are those of the flags for connecting that make sense here.
var adminDialFlags = []string{"cacert", "cert", "key", "insecure", "servername", "proxy", "no-proxy", "unix-socket"}

func (v *adminFlags) add(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVar(&v.server, "server", "ws://127.0.0.1:8080", "the server's `URL`")
	flags.StringVar(&v.tokenFile, "token-file", "", "the `file` with the operator's token")
	flags.BoolVar(&v.json, "json", false, "write JSON, an object a line")
	flags.DurationVar(&v.timeout, "timeout", 10*time.Second, "how long connecting, and each answer, may take")
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	v.dial.Register(all)
	for _, name := range adminDialFlags {
		flags.AddFlag(all.Lookup(name))
	}
}

// run connects, and does something as the operator.
func (v *adminFlags) run(cmd *cobra.Command, do func(ctx context.Context, c *admin.Client) error) error {
	token, err := status.ReadToken(v.tokenFile)
	if err != nil {
		return err
	}
	if v.timeout <= 0 {
		return errors.New("timeout must be more than 0")
	}
	opts, err := v.dial.Options()
	if err != nil {
		return err
	}
	if token != "" && !cmd.Flags().Changed("unix-socket") && admin.InTheClear(v.server) {
		fmt.Fprintln(cmd.ErrOrStderr(), "everwire: the token goes over the network in the clear; with wss:// it would not")
	}
	c, err := admin.Connect(cmd.Context(), admin.Config{Server: v.server, Token: token, Timeout: v.timeout, Dial: *opts})
	if err == nil {
		defer c.Close()
		err = do(cmd.Context(), c)
	}
	if err != nil {
		return failure{err}
	}
	return nil
}

func newAdminList() *cobra.Command {
	var v adminFlags
	var q admin.Query
	sort := choice{"-id", nil}
	for _, order := range status.Orders {
		sort.words = append(sort.words, order, "-"+order)
	}
	cmd := &cobra.Command{
		Use:   "list [WORD...]",
		Short: "List connections",
		Long: `List those connections in whose number, address, path, user agent, origin or
subprotocol each of the words occurs; without a word, all. An ID is the number
that the server's log has as conn.`,
		Example: `  everwire admin list
  everwire admin list /chat firefox --sort -queued
  everwire admin list --limit 0 --json | jq -r .address`,
	}
	v.add(cmd.Flags())
	cmd.Flags().VarPF(&sort, "sort", "", "by `what`: "+strings.Join(status.Orders, ", ")+"; with a minus, the largest first")
	cmd.Flags().IntVar(&q.Limit, "limit", 50, "list at most this `number`; 0 lists all")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if q.Limit < 0 {
			return errors.New("limit must not be negative")
		}
		q.Search, q.Sort = strings.Join(args, " "), sort.word
		return v.run(cmd, func(ctx context.Context, c *admin.Client) error {
			found, written, err := c.List(ctx, cmd.OutOrStdout(), q, v.json)
			if err == nil && written < found {
				fmt.Fprintf(cmd.ErrOrStderr(), "%d of %d; --limit 0 lists all\n", written, found)
			}
			return err
		})
	}
	return cmd
}

func newAdminStats() *cobra.Command {
	var v adminFlags
	var watch bool
	cmd := &cobra.Command{
		Use:   "stats",
		Short: "Tell what all connections come to",
		Long: `Tell what all connections come to: how many, their messages and octets, round
trips, and what the server's process needs. Of a server on this machine that can
be asked without a token.`,
		Example: "  everwire admin stats\n  everwire admin stats --watch\n  everwire admin stats --json | jq .connections",
		Args:    cobra.NoArgs,
	}
	v.add(cmd.Flags())
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "a line each second, until Ctrl-C")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return v.run(cmd, func(ctx context.Context, c *admin.Client) error {
			err := c.Stats(ctx, cmd.OutOrStdout(), v.json, watch)
			if watch && errors.Is(err, context.Canceled) {
				return nil
			}
			return err
		})
	}
	return cmd
}

func newAdminClose() *cobra.Command {
	var v adminFlags
	var code int
	var reason string
	cmd := &cobra.Command{
		Use:   "close ID...",
		Short: "Close connections",
		Long: `Close connections in order, with a Close frame behind what was sent to them
before. A peer that does not answer is cut off after some seconds.`,
		Example: "  everwire admin close 17\n  everwire admin close 17 18 19 --code 4001 --reason 'log in again'",
		Args:    cobra.MinimumNArgs(1),
	}
	v.add(cmd.Flags())
	cmd.Flags().IntVar(&code, "code", 1000, "the close `code`: 1000 to 1003, 1007 to 1014 or 3000 to 4999")
	cmd.Flags().StringVar(&reason, "reason", "", "the reason, a `text` of up to 123 octets")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ids, err := socketIDs(args)
		switch {
		case err != nil:
			return err
		case code < 0 || code > 4999 || !frame.CloseCode(code).OnWire():
			return errors.New("code must be one that a Close frame may have: 1000 to 1003, 1007 to 1014 or 3000 to 4999")
		case len(reason) > 123:
			return errors.New("a reason has at most 123 octets")
		}
		return v.run(cmd, func(ctx context.Context, c *admin.Client) error {
			return c.End(ctx, cmd.OutOrStdout(), ids, code, reason, v.json)
		})
	}
	return cmd
}

func newAdminTap() *cobra.Command {
	var v adminFlags
	var most int
	cmd := &cobra.Command{
		Use:   "tap ID",
		Short: "Show the frames of a connection as they come and go",
		Long: `Show the frames of a connection as they come (<) and go (>): when, opcode,
flags, length, and the first 256 octets of the payload. It ends with Ctrl-C, or
when the connection does. The connection is not held up: of more frames than can
be shown some are left out, and counted.`,
		Example: "  everwire admin tap 17\n  everwire admin tap 17 -n 10 --json | jq -r .start | base64 -d",
		Args:    cobra.ExactArgs(1),
	}
	v.add(cmd.Flags())
	cmd.Flags().IntVarP(&most, "frames", "n", 0, "end after this `number` of frames; 0 shows all")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ids, err := socketIDs(args)
		if err != nil {
			return err
		}
		if most < 0 {
			return errors.New("frames must not be negative")
		}
		return v.run(cmd, func(ctx context.Context, c *admin.Client) error {
			return c.Tap(ctx, cmd.OutOrStdout(), cmd.ErrOrStderr(), ids[0], most, v.json)
		})
	}
	return cmd
}

// socketIDs reads the numbers of connections.
func socketIDs(args []string) ([]int64, error) {
	var ids []int64
	for _, arg := range args {
		id, err := strconv.ParseInt(arg, 10, 64)
		if err != nil || id < 1 {
			return nil, fmt.Errorf("%q is no ID; everwire admin list shows them", arg)
		}
		ids = append(ids, id)
	}
	return ids, nil
}
