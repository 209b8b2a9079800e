package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/everwire/everwire/cmd/everwire/internal/connect"
	"github.com/everwire/everwire/cmd/everwire/internal/dialer"
	"github.com/everwire/everwire/cmd/everwire/internal/terminal"
)

func newConnect() *cobra.Command {
	v := &connectFlags{}
	cmd := &cobra.Command{
		Use:     "connect [URL]",
		Short:   "Talk to a WebSocket server, by hand or in a script",
		Long:    connectLong,
		Example: connectExample,
		Args:    cobra.MaximumNArgs(1),
		ValidArgsFunction: cobra.FixedCompletions(
			[]cobra.Completion{"ws://", "wss://", "ws+unix://"}, cobra.ShellCompDirectiveNoSpace|cobra.ShellCompDirectiveNoFileComp),
	}
	groups := v.register()
	for _, g := range groups {
		cmd.Flags().AddFlagSet(g.flags)
	}
	cmd.Flags().SortFlags = false
	cmd.SetUsageFunc(func(cmd *cobra.Command) error { return groupedUsage(cmd, groups) })
	v.complete(cmd)
	cmd.RunE = v.run
	return cmd
}

const connectLong = `Talk to the WebSocket server at a URL. Without a scheme it is ws://, and :8080 is
a port of this machine.

On a terminal type lines to send and see what comes; /help tells the rest. With
input or output that is none, or a flag that is for scripts, it is a filter:
each line of the input is sent as a text message, and each message is written as
a line. It goes on until the server closes the connection, or:

  -n                  closes when all of the input was sent; what the server still
                      answers before it closes too is written
  --wait 3            then waits until 3 messages have come since the beginning;
                      on a terminal, without waiting for the input's end
  --wait 2s           then waits for 2 seconds
  --expect REGEX      ends well at the first message that matches
  --timeout 10s       ends, whatever has come by then

Messages in the input and the output:

  (default)           text, each ended by a line feed. Binary ones are written in
                      base64, or as --binary-as says
  -0                  the same with an octet 0, so that text may have lines
  --binary            binary, each behind its length in four octets, the most
                      significant first; text that comes is written so too
  --raw               binary, as the octets come, with nothing in between
  --whole             the whole input is one text message; the output has lines
  --whole --binary    the whole input is one binary message; the output is raw

The exit status tells how it ended:

  0    as it should: closed with 1000, 1001 or no code, or what was asked for came
  1    something here failed: the input, the output, the command of --exec
  2    the command line makes no sense
  3    no connection could be made
  4    it broke off, was closed with another code, or before all input was sent
  5    --timeout passed
  6    what --expect waits for did not come, also by --timeout; or the connection
       ended before as many messages as --wait says
  130  Ctrl-C or SIGTERM: closed with 1001; a second one ends at once. With
       --keep and --tcp-listen, which go on until then, it is 0
  141  who read the output has gone`

const connectExample = `  By hand, with a login and a subprotocol:
    everwire connect ws://localhost:8080/echo
    everwire connect wss://example.com/chat --user me:secret --subprotocol chat

  In a script: one question and its answer; a check for CI; a file's lines:
    everwire connect wss://example.com/api -m '{"op":"ping"}' --wait 1
    everwire connect :8080/health -m ping --expect '"ok"' --timeout 5s
    everwire connect ws://localhost:8080/echo -n < lines.txt > answers.txt
    everwire connect ws://localhost:8080/echo --whole --binary --wait 1 < in.png > out.png

  Joined with a command, with TCP, or with whoever connects:
    everwire connect ws://localhost:8080/feed --exec './handle.sh' --reconnect
    everwire connect --listen :9000 --keep --exec 'sed -u s/^/echo:/'
    everwire connect --tcp-listen 127.0.0.1:1236 wss://example.com/db
    everwire connect --listen :9000 --keep --tcp localhost:5432

  Through a proxy; with a certificate of one's own; over a Unix domain socket:
    everwire connect wss://example.com/ --proxy http://me:secret@proxy:3128
    everwire connect wss://localhost:8443/ --cacert ca.pem --cert me.pem --key me.key
    everwire connect ws://localhost/events --unix-socket /run/app.sock

  What is on the wire: the handshake, and with -vv every frame:
    everwire connect wss://example.com/ -vv --compress takeover,client-window=10 -m hello -n`

// connectFlags are the flags of everwire connect.
type connectFlags struct {
	dial dialer.Flags

	messages            []string
	closeAfterInput     bool
	wait                connect.Wait
	expect              *regexp.Regexp
	timeout             duration
	closeTimeout        duration
	null, binary        bool
	raw, whole          bool
	binaryAs            choice
	exec                string
	listen              string
	keep                bool
	tcp, tcpListen      address
	reconnect           bool
	verbose             int
	color               choice
	timestamps, noJSON  bool
	history             string
	flagsForScripts     *pflag.FlagSet
	flagsForConnections *pflag.FlagSet
}

// A flagGroup is what stands together in the help.
type flagGroup struct {
	title string
	flags *pflag.FlagSet
}

func (v *connectFlags) register() []flagGroup {
	v.closeTimeout = duration(connect.DefaultCloseTimeout)
	v.binaryAs = choice{"base64", []string{"base64", "hex", "raw"}}
	v.color = choice{"auto", []string{"auto", "always", "never"}}
	set := func() *pflag.FlagSet {
		fs := pflag.NewFlagSet("", pflag.ContinueOnError)
		fs.SortFlags = false
		return fs
	}

	scripts := set()
	scripts.StringArrayVarP(&v.messages, "message", "m", nil, "send this `text` instead of the input (repeatable)")
	scripts.BoolVarP(&v.closeAfterInput, "close-after-input", "n", false, "close when all of the input was sent")
	scripts.Var(&parsed[connect.Wait]{&v.wait, connect.ParseWait, "number|time", ""}, "wait",
		"after the input, wait for so many messages in all, or for so long, and close")
	scripts.Var(&parsed[*regexp.Regexp]{&v.expect, parseRegexp, "regex", ""}, "expect",
		"close, and succeed, at the first message that matches")
	scripts.Var(&v.timeout, "timeout", "end after this time, whatever has come by then; 0 for never")
	scripts.Lookup("timeout").DefValue = "0" // which the help leaves out
	scripts.BoolVarP(&v.null, "null", "0", false, "end messages by an octet 0 instead of a line feed, in and out")
	scripts.BoolVar(&v.binary, "binary", false, "binary messages behind their lengths, in and out")
	scripts.BoolVar(&v.raw, "raw", false, "octets as they come, in and out")
	scripts.BoolVar(&v.whole, "whole", false, "send the whole of the input as one message")
	scripts.Var(&v.binaryAs, "binary-as", "how to write binary messages between lines of text")

	joins := set()
	joins.StringVar(&v.exec, "exec", "",
		"join with the standard input and output of this shell `command`, line by line; it finds EVERWIRE_URL,\n"+
			"EVERWIRE_SUBPROTOCOL and EVERWIRE_REMOTE_ADDR in its environment")
	joins.StringVar(&v.listen, "listen", "",
		"wait for a connection at this `host:port`, or unix:PATH, instead of making one; --cert serves TLS,\n"+
			"--origin lets pages of another origin connect")
	joins.BoolVar(&v.keep, "keep", false, "take any number of connections, each with its own --exec or --tcp; standard input\n"+
		"goes to all of them")
	joins.Var(&v.tcpListen, "tcp-listen", "make a connection for each TCP connection that comes there, and carry its octets")
	joins.Var(&v.tcp, "tcp", "join with a TCP connection to there, and carry its octets")
	joins.BoolVar(&v.reconnect, "reconnect", false, "connect again when the connection is lost, after waits that grow to 30s, or as\n"+
		"long as the server asks for; what was on the way then is not sent again")

	shown := set()
	shown.CountVarP(&v.verbose, "verbose", "v", "show the handshake on the standard error; -vv every frame as well; -vvv also passwords,\ntokens and cookies")
	shown.Var(&v.color, "color", "colours on a terminal; auto has none if NO_COLOR is set")
	shown.BoolVar(&v.timestamps, "timestamps", false, "show on a terminal when each message came")
	shown.BoolVar(&v.noJSON, "no-json", false, "show JSON on a terminal as it came")
	shown.StringVar(&v.history, "history", "", "keep what is typed in this `file`, or none (default: one of the user's)")

	dial := set()
	v.dial.Register(dial)
	dial.Var(&v.closeTimeout, "close-timeout", "how long the peer may take to answer when the connection is closed")
	v.flagsForScripts, v.flagsForConnections = scripts, joins
	return []flagGroup{
		{"Scripts", scripts}, {"What is joined", joins}, {"What is shown", shown}, {"The connection", dial},
	}
}

func parseRegexp(text string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, errors.New("is not a regular expression: " + strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return re, nil
}

// groupedUsage writes the usage with the flags in groups.
func groupedUsage(cmd *cobra.Command, groups []flagGroup) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage:\n  %s\n\nExamples:\n%s\n", cmd.UseLine(), cmd.Example)
	for _, g := range groups {
		fmt.Fprintf(&b, "\n%s:\n%s", g.title, g.flags.FlagUsages())
	}
	b.WriteString("\nAlso:\n  -h, --help   help for connect\n")
	_, err := io.WriteString(cmd.OutOrStderr(), b.String())
	return err
}

// complete says what a shell can complete of the flags' values.
func (v *connectFlags) complete(cmd *cobra.Command) {
	dialer.Complete(cmd)
	words := func(list ...string) cobra.CompletionFunc {
		return cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp)
	}
	for flag, complete := range map[string]cobra.CompletionFunc{
		"wait":          words("1", "500ms", "2s"),
		"timeout":       words("5s", "30s", "1m"),
		"close-timeout": words("2s", "30s"),
		"listen":        words("127.0.0.1:9000", ":9000", "unix:"),
		"tcp-listen":    words("127.0.0.1:9000", ":9000"),
		"tcp":           words("localhost:"),
	} {
		// It fails for a flag that is not there, or one that has a completion: mistakes of this program.
		if err := cmd.RegisterFlagCompletionFunc(flag, complete); err != nil {
			panic(err)
		}
	}
}

// run is the command.
func (v *connectFlags) run(cmd *cobra.Command, args []string) error {
	c, err := v.config(cmd, args)
	if err != nil {
		return err
	}
	if in, out, ok := v.terminal(c); ok {
		return interactive(terminalRun(cmd.Context(), v, c, in, out))
	}
	// With a handler of its own, writing to a pipe that nobody reads any more is an error instead of the end of the
	// program, so that the connection can be closed in order. Unlike an ignored one, it is not a command's too.
	broken := make(chan os.Signal, 1)
	signal.Notify(broken, syscall.SIGPIPE)
	defer signal.Stop(broken)
	err = connect.Run(cmd.Context(), c)
	var exit *connect.ExitError
	if errors.As(err, &exit) {
		return ended{exit.Status, exit.Err}
	}
	return err
}

// config is what the flags say, or an error if they contradict each other.
func (v *connectFlags) config(cmd *cobra.Command, args []string) (connect.Config, error) {
	c := connect.Config{
		Reconnect: v.reconnect, Listen: v.listen, Keep: v.keep,
		Exec: v.exec, TCP: string(v.tcp), TCPListen: string(v.tcpListen),
		CloseAfterInput: v.closeAfterInput, Wait: v.wait, Expect: v.expect,
		Timeout: time.Duration(v.timeout), CloseTimeout: time.Duration(v.closeTimeout),
		Messages: v.messages, Verbose: v.verbose,
		In: cmd.InOrStdin(), Out: cmd.OutOrStdout(), Err: cmd.ErrOrStderr(),
	}
	if f, ok := c.In.(*os.File); ok {
		c.Terminal = term.IsTerminal(int(f.Fd()))
	}
	c.BinaryAs = map[string]connect.BinaryAs{"base64": connect.Base64, "hex": connect.Hex, "raw": connect.AsIs}[v.binaryAs.word]
	var err error
	if c.Format, err = v.format(); err != nil {
		return c, err
	}
	if len(args) == 1 {
		if c.URL, err = dialer.URL(args[0]); err != nil {
			return c, err
		}
	}
	if v.listen != "" && !strings.HasPrefix(v.listen, "unix:") {
		if err := new(address).Set(v.listen); err != nil {
			return c, fmt.Errorf("--listen %w, or unix:PATH", err)
		}
	}
	if err := c.Check(); err != nil {
		return c, err
	}
	if c.Listen != "" {
		c.Accept, c.TLS, err = v.dial.AcceptOptions()
		return c, err
	}
	c.Dial, err = v.dial.Options()
	return c, err
}

func (v *connectFlags) format() (connect.Format, error) {
	switch {
	case v.null && (v.binary || v.raw || v.whole), v.raw && (v.binary || v.whole):
		return 0, errors.New("-0, --binary, --raw and --whole each say how messages stand in the input; give one, or --whole --binary")
	case v.null:
		return connect.Null, nil
	case v.raw:
		return connect.Raw, nil
	case v.whole && v.binary:
		return connect.WholeBinary, nil
	case v.whole:
		return connect.Whole, nil
	case v.binary:
		return connect.Prefixed, nil
	}
	return connect.Lines, nil
}

// terminal returns the terminal to talk at, if there is one and no flag says that this is a script.
func (v *connectFlags) terminal(c connect.Config) (in, out *os.File, ok bool) {
	in, isFile := c.In.(*os.File)
	out, isFile2 := c.Out.(*os.File)
	if !isFile || !isFile2 || terminal.Usable(in, out) != nil {
		return nil, nil, false
	}
	script := false
	for _, set := range []*pflag.FlagSet{v.flagsForScripts, v.flagsForConnections} {
		set.VisitAll(func(f *pflag.Flag) { script = script || f.Changed && f.Name != "reconnect" })
	}
	return in, out, !script
}

// interactive makes the end of a session on a terminal that of the command.
func interactive(err error) error {
	var exit *terminal.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit):
		return ended{exit.Status, errors.New(dialer.Explain(exit.Err))}
	}
	return failure{err}
}

// colored says whether to use colours on a terminal.
func (v *connectFlags) colored() bool {
	return v.color.word == "always" || v.color.word == "auto" && os.Getenv("NO_COLOR") == ""
}

// historyFile is where lines that are typed are kept, "" for nowhere.
func (v *connectFlags) historyFile() string {
	if v.history != "" {
		return strings.TrimSuffix(v.history, "none")
	}
	file, err := terminal.HistoryFile()
	if err != nil {
		return "" // there is no folder of the user's: a history is not worth failing for
	}
	return file
}

// ended is a command's end with an exit status of its own. Without an error there is nothing to say about it.
type ended struct {
	status int
	err    error
}

func (e ended) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e ended) Unwrap() error { return e.err }
