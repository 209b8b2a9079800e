package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"github.com/everwire/everwire/cmd/everwire/internal/dialer"
	"github.com/everwire/everwire/cmd/everwire/internal/inspect"
	"github.com/everwire/everwire/cmd/everwire/internal/record"
	"github.com/everwire/everwire/websocket"
)

// replayFlags are the flags of everwire replay.
type replayFlags struct {
	speed      float64
	fast       bool
	connection uint64
	raw        bool
	compare    bool
	ignore     []string
	patience   duration
	serve      address
	verbose    int
	preview    int
	secrets    bool
	dial       dialer.Flags
}

// replayDialFlags are those of the flags for connecting that make sense where frames are sent as they were recorded.
var replayDialFlags = []string{
	"header", "cookie", "user", "bearer", "subprotocol", "proxy", "no-proxy", "proxy-cacert", "unix-socket",
	"cacert", "cert", "key", "insecure", "servername", "connect-timeout",
}

func newReplay() *cobra.Command {
	v := &replayFlags{speed: 1, patience: duration(5 * time.Second)}
	cmd := &cobra.Command{
		Use:   "replay FILE [URL]",
		Short: "Play a recording of everwire proxy again",
		Long: `Send what the clients of a recording sent to the server at a URL again, each
connection and each frame when it was sent. The file is one that everwire proxy
--record wrote; - is standard input. What was asked for is asked for below the
URL's path.

Messages are sent again, in as many fragments, but not compressed; Pings and
Close frames are sent again, and Pings that come are answered. With --raw it is
the frames themselves, octet by octet: compressed, masked with the same keys,
and with whatever breaks the rules, if the server agrees to the same extensions.

With --compare, what the server answers is held against the recording: each
message, and the Close frame. What changes from run to run is left out with
--ignore. With --fast nothing waits for the time, but each frame for as many
answers as had come before it in the recording.

With --serve it is the server that is played, to whoever connects: to each
client the next connection of the recording, until Ctrl-C.

Secrets are not in a recording, unless it was made with --show-secrets: give
what the server needs by --header, --cookie, --user or --subprotocol.

The exit status is 0 if everything was played, and came back as recorded if
that was compared; 1 if something differs, or a connection could not be made or
broke off; and 2 if the command line makes no sense or the file is no recording.`,
		Example: `  everwire replay session.jsonl ws://localhost:8080
  everwire replay session.jsonl ws://localhost:8080 --fast --compare
  everwire replay session.jsonl wss://example.com --connection 3 --speed 2 --header 'Cookie: id=1'
  everwire replay session.jsonl ws://localhost:8080 --compare --ignore '"time":"[^"]*"'
  everwire replay session.jsonl --serve :9000 --fast`,
		Args: cobra.RangeArgs(1, 2),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return nil, cobra.ShellCompDirectiveDefault
			}
			return []cobra.Completion{"ws://", "wss://"}, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Float64Var(&v.speed, "speed", 1, "play this many `times` faster; 0.5 is half as fast")
	flags.BoolVar(&v.fast, "fast", false, "do not wait for the time, only for as many answers as came in the recording")
	flags.Uint64Var(&v.connection, "connection", 0, "play only the connection with this `number`")
	flags.BoolVar(&v.raw, "raw", false, "play the frames as they were, compressed and wrong ones too")
	flags.BoolVar(&v.compare, "compare", false, "compare what comes back with the recording")
	flags.StringArrayVar(&v.ignore, "ignore", nil, "with --compare, leave out what this `regexp` matches (repeatable)")
	flags.Var(&v.patience, "patience", "how long to wait for answers that were recorded")
	flags.Var(&v.serve, "serve", "play the server, and listen here")
	flags.CountVarP(&v.verbose, "verbose", "v", "show frames; twice (-vv), handshakes as well")
	flags.IntVar(&v.preview, "preview", 60, "show this many `octets` of a payload")
	flags.BoolVar(&v.secrets, "show-secrets", false, "show query strings, Authorization, cookies and subprotocols")
	addSome(flags, &v.dial, replayDialFlags)
	cmd.RunE = v.run
	return cmd
}

func (v *replayFlags) run(cmd *cobra.Command, args []string) error {
	r, err := v.replay(cmd, args[1:])
	if err != nil {
		return err
	}
	file, err := open(args[0], cmd.InOrStdin())
	if err != nil {
		return unable{err}
	}
	defer file.Close()
	if v.serve == "" {
		err = r.Run(cmd.Context(), file)
	} else {
		err = v.serveWith(cmd, r, file)
	}
	return replayed(err)
}

func (v *replayFlags) serveWith(cmd *cobra.Command, r *inspect.Replay, file io.Reader) error {
	ln, err := listenFor(cmd.Context(), string(v.serve))
	if err != nil {
		return failure{err}
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "Playing the server on ws://%s\n", ln.Addr())
	return r.Serve(cmd.Context(), file, ln)
}

// replay returns what the flags say.
func (v *replayFlags) replay(cmd *cobra.Command, urls []string) (*inspect.Replay, error) {
	switch {
	case v.serve != "" && len(urls) > 0:
		return nil, errors.New("with --serve clients connect, so there is no URL; leave it out")
	case v.serve == "" && len(urls) == 0:
		return nil, errors.New("where to? Give the server's URL, or --serve to play the server")
	case !(v.speed > 0 && v.speed <= 1e6):
		return nil, errors.New("--speed must be more than 0, such as 2 or 0.5")
	case v.fast && cmd.Flags().Changed("speed"):
		return nil, errors.New("--fast and --speed contradict each other; give one of them")
	case len(v.ignore) > 0 && !v.compare:
		return nil, errors.New("--ignore is for comparing; give --compare as well")
	case v.preview < 0:
		return nil, errors.New("--preview must not be negative")
	}
	r := &inspect.Replay{
		Pace: inspect.Pace{Speed: v.speed, Patience: time.Duration(v.patience)}, Raw: v.raw, Connection: v.connection, Compare: v.compare,
		Journal: inspect.Journal{
			W: cmd.OutOrStdout(), Frames: v.verbose > 0, Heads: v.verbose > 1, Secrets: v.secrets, Preview: v.preview, Explain: dialer.Explain,
		},
	}
	if v.fast {
		r.Speed = 0
	}
	if v.preview == 0 {
		r.Journal.Preview = -1
	}
	for _, text := range v.ignore {
		expression, err := regexp.Compile(text)
		if err != nil {
			return nil, fmt.Errorf("--ignore: %w", err)
		}
		r.Ignore = append(r.Ignore, expression)
	}
	if v.serve != "" {
		return r, nil
	}
	return r, v.to(r, urls[0])
}

// to has a replay go to a URL.
func (v *replayFlags) to(r *inspect.Replay, given string) (err error) {
	if r.Target, err = onTCP(given); err != nil {
		return err
	}
	var opts *websocket.DialOptions
	if opts, err = v.dial.Options(); err == nil {
		r.Dial = opts
	}
	return err
}

// replayed makes the error of a replay that of the command.
func replayed(err error) error {
	var mistake *record.Mistake
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return failure{errors.New("interrupted")}
	case errors.As(err, &mistake), errors.Is(err, record.ErrUnfinished):
		return unable{fmt.Errorf("the recording cannot be read: %w", err)}
	case errors.Is(err, inspect.ErrDiffers), errors.Is(err, inspect.ErrFailed):
		return failure{err}
	}
	return unable{err}
}

// open opens a file, or standard input for -.
func open(name string, stdin io.Reader) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(stdin), nil
	}
	return os.Open(name)
}
