package cli

import (
	"errors"
	"runtime"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/everwire/everwire/cmd/everwire/internal/bench"
	"github.com/everwire/everwire/cmd/everwire/internal/dialer"
	"github.com/everwire/everwire/cmd/everwire/load"
)

func newBench() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench URL",
		Short: "Load a WebSocket server and measure what it does",
		Long: `Open many connections to the server at a ws:// or wss:// URL, keep messages on
the way, and say how many came back and how long they took. The server must
send every message back, unless --broadcast, --idle, --handshake or --expect
say that it does something else.

Without a rate a connection sends its next message when an answer has come
(closed loop): that finds out how much a server can do. With --rate or
--rate-per-connection messages are due at fixed times (open loop), and their
latency counts from then, so that a server that stalls cannot hide it: that
finds out what users would see.

A threshold makes the run fail: --fail 'p99>50ms'. Metrics are errors, errors%,
messages, rate, mib/s, connections, min, mean, max, p50 to p99.999, and
handshake.p99 and the like. Unless one of them is about errors, any error
makes it fail.

Ctrl-C ends a run in order: what was measured until then is reported. The exit
status is 0 if all is well, 1 if a threshold was crossed or connections failed,
and 2 if the load could not be made.`,
		Example: `  everwire bench ws://localhost:8080/echo
  everwire bench ws://localhost:8080/echo -c 1000 --rate 50k -d 1m --html report.html
  everwire bench wss://example.com/echo -c 100 --rate-per-connection 2 --fail 'p99>50ms'
  everwire bench wss://example.com/room --broadcast -c 500 --rate 100
  everwire bench ws://localhost:8080/echo --stages 30s:1000,1m:10000,10s:0 --rate-per-connection 1
  everwire bench ws://localhost:8080/echo --idle -c 100k --sources auto
  everwire bench ws://localhost:8080/echo --template '{"id":{{.Sequence}}}' --json -`,
		Args: cobra.ExactArgs(1),
	}
	v := newBenchFlags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		config, err := v.config(cmd.Flags(), cmd.InOrStdin(), args[0])
		if err != nil {
			return err
		}
		switch err := bench.Run(cmd.Context(), config, cmd.OutOrStdout(), cmd.ErrOrStderr()); {
		case err == nil:
			return nil
		case errors.Is(err, bench.ErrFailed):
			return failure{err}
		default:
			return unable{err}
		}
	}
	return cmd
}

// benchFlags are the flags of everwire bench.
type benchFlags struct {
	connections                int
	connectRate, rate, perConn float64
	inFlight                   int
	duration, warmup, soak     duration
	size                       int
	data, dataFile, template   string
	text, binary               bool
	compress                   choice
	broadcast, idle, handshake bool
	stages                     []load.Stage
	expect                     choice
	sources                    sources
	loops                      int
	reopen, timeout            duration
	thresholds                 []bench.Threshold
	outputs                    bench.Outputs
	quiet                      bool
	dial                       dialer.Flags
}

const (
	defaultConnections = 10
	defaultDuration    = 10 * time.Second
	mostConnections    = 1 << 24
	mostInFlight       = 1 << 16
	mostLoops          = 1 << 10
)

// connectionFlags are those of package dialer that the load can do as well.
var connectionFlags = []string{
	"header", "cookie", "user", "bearer", "origin", "subprotocol", "cacert", "cert", "key", "insecure", "servername",
}

func newBenchFlags(flags *pflag.FlagSet) *benchFlags {
	v := &benchFlags{
		connections: defaultConnections, inFlight: 1, duration: duration(defaultDuration), timeout: duration(10 * time.Second),
		loops:    max(1, runtime.NumCPU()/2),
		compress: choice{"off", []string{"off", "no-takeover", "takeover"}},
		expect:   choice{string(load.ExpectExact), []string{"exact", "any", "none"}},
	}
	flags.SortFlags = false
	add := func(name, short string, value pflag.Value, usage string) { flags.VarP(value, name, short, usage) }

	add("connections", "c", counted(&v.connections, mostConnections), "how many connections to open; 10k is 10,000")
	add("connect-rate", "", perSecond(&v.connectRate), "begin so many connections a second (default: 100 handshakes at a time)")
	add("rate", "r", perSecond(&v.rate), "send so many messages a second over all connections: an open loop")
	add("rate-per-connection", "", perSecond(&v.perConn), "send so many messages a second on each connection: an open loop")
	add("in-flight", "", counted(&v.inFlight, mostInFlight), "messages on the way, on each connection, or in all with --broadcast; a rate is not\nlimited by it unless it is given")
	add("duration", "d", &v.duration, "how long to measure")
	add("warmup", "", span(&v.warmup), "make the load for so long before measuring it")
	add("stages", "", &parsed[[]load.Stage]{&v.stages, bench.ParseStages, "list", ""},
		"let the number of connections change, evenly: 30s:1000,1m:10000,10s:0")
	add("soak", "", span(&v.soak), "measure for so long, replace connections that fail, show a line a minute")
	add("reopen", "", span(&v.reopen), "replace a connection that fails after this time, instead of going on without it")

	flags.BoolVar(&v.broadcast, "broadcast", false, "the first connection sends, and every one must get every message")
	flags.BoolVar(&v.idle, "idle", false, "hold the connections, with one message each at first")
	flags.BoolVar(&v.handshake, "handshake", false, "connect and close, again and again")
	add("expect", "", &v.expect, "what answers a message: exact is the same message, any is any message; with none\nnothing is waited for")

	v.size = 64
	add("size", "s", &parsed[int]{&v.size, bench.ParseSize, "size", "64"}, "octets of a message, at random: 64, 4KiB, 1MiB")
	flags.StringVar(&v.data, "data", "", "send this `text`")
	flags.StringVar(&v.dataFile, "data-file", "", "send what is in this `file`, - for the standard input")
	flags.StringVar(&v.template, "template", "",
		"make each message of this `file`, or text with {{ in it: {{.Connection}}, {{.Sequence}},\n{{.Time}}, {{.Random 16}}")
	flags.BoolVar(&v.text, "text", false, "send text messages (default for --data and --template)")
	flags.BoolVar(&v.binary, "binary", false, "send binary messages (default otherwise)")
	add("compress", "", &v.compress, "send compressed messages; takeover lets the server keep its context")
	flags.Lookup("compress").NoOptDefVal = "no-takeover"

	var connection pflag.FlagSet
	v.dial.Register(&connection)
	for _, name := range connectionFlags {
		flags.AddFlag(connection.Lookup(name))
	}
	add("timeout", "", &v.timeout, "how long a handshake, and at the end what is on the way, may take")
	add("sources", "", &v.sources, "connect from so many loopback addresses, or from these, with commas between them; auto is\nas many as it takes")
	add("loops", "", counted(&v.loops, mostLoops), "event loops that make the load, each on a processor (Linux, ws://)")

	add("fail", "", &thresholds{&v.thresholds}, "fail if this is so after the run, such as 'p99>50ms', 'errors%>0.1' or 'rate<10k' (repeatable)")
	flags.StringVar(&v.outputs.JSON, "json", "", "write a report for programs to this `file`, - for the standard output")
	flags.StringVar(&v.outputs.CSV, "csv", "", "write what happened over time to this `file`, - for the standard output")
	flags.StringVar(&v.outputs.HTML, "html", "", "write a page with charts to this `file`")
	flags.BoolVarP(&v.quiet, "quiet", "q", false, "show nothing while it runs")
	return v
}
