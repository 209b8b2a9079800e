package cli

import (
	"errors"
	"log/slog"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/everwire/everwire/cmd/everwire/internal/serve"
	"github.com/everwire/everwire/cmd/everwire/internal/status"
)

// serveFlags are the flags of everwire serve.
type serveFlags struct {
	addr            address
	tlsCert, tlsKey string
	tlsSelfSigned   toggle
	origins         origins
	shutdownDelay   duration
	shutdownTimeout duration
	drainWindow     duration
	rooms           roomFlags
	metrics, pprof  address
	adminTokenFile  string
	logFormat       choice
	logLevel        choice
	config          string
}

func newServeFlags(flags *pflag.FlagSet) *serveFlags {
	v := &serveFlags{
		addr:            "127.0.0.1:8080",
		shutdownTimeout: duration(10 * time.Second),
		drainWindow:     duration(5 * time.Second),
		logFormat:       choice{"text", logFormats},
		logLevel:        choice{"info", logLevels},
	}
	flags.SortFlags = false
	flags.Var(&v.addr, "addr", "where to listen; port 0 takes any free one")
	flags.StringVar(&v.tlsCert, "tls-cert", "",
		"serve over TLS with the certificate in this PEM `file`, read again when it changes")
	flags.StringVar(&v.tlsKey, "tls-key", "", "the PEM `file` with the certificate's key")
	flags.Var(&v.tlsSelfSigned, "tls-self-signed", "serve over TLS with a certificate made on the spot")
	flags.Lookup("tls-self-signed").NoOptDefVal = "true"
	flags.Var(&v.origins, "origin",
		"let pages of other origins connect: example.com, https://*.example.com, or * for all (repeatable)")
	v.rooms.add(flags)
	flags.Var(&v.shutdownDelay, "shutdown-delay",
		"how long to go on once told to stop, while /readyz says 503 and load balancers notice")
	flags.Var(&v.shutdownTimeout, "shutdown-timeout", "how long connections may take to close then")
	flags.Var(&v.drainWindow, "drain-window",
		"within how much of that they are told to, one after the other; few take less, 0 tells all at once")
	flags.Var(&v.metrics, "metrics", "serve /metrics, for Prometheus, here (default: nowhere)")
	flags.Var(&v.pprof, "pprof", "serve /debug/pprof/, for go tool pprof, here (default: nowhere)")
	flags.StringVar(&v.adminTokenFile, "admin-token-file", "",
		"make who has the token in this `file` the operator on /status and for everwire admin")
	flags.Var(&v.logFormat, "log-format", "how to log, to standard error")
	flags.Var(&v.logLevel, "log-level", "the least that is logged")
	flags.StringVar(&v.config, configFlag, "",
		"read what is not given here or in the environment from this TOML `file`")
	return v
}

func newServe() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the demos: echo, chat, handshake and others",
		Long: `Serve the demos, pages and WebSocket endpoints, on one port, alone or as a node
of a cluster:

  /echo           sends every message back as it came
  /echo?hello=1s  and says "Hello?" at that interval (100ms to 1h)
  /hello          answers "My name is John", and closes after 5 seconds
  /chat           sends every message, cut to 50 characters, to everyone; with the
                  subprotocol everwire.chat.v1 it has rooms that keep what was said
  /binary         sends bytes back, up to 64 MiB
  /rate           reads 512 KiB/s, and tells how much it has read
  /rate?rate=128  reads as many KiB/s as that (16 to 65536)
  /handshake      tells, in JSON, what was asked and answered to connect
  /subprotocols   speaks soap, wamp and xmpp
  /status         what the server is doing; needs a token, from elsewhere than here
  /api/           for backends: publish, history, presence; with --api-keys-file
  /readyz         200 while it serves, 503 from when it is told to stop, and while
                  it takes nobody in
  /healthz        the same
  /livez          200 as long as it answers at all

Visited with a browser each demo is a page. Stop with Ctrl-C or SIGTERM: every
connection is closed with code 1001; where there are very many, one after the
other, so that they do not come back all at once (--drain-window).

Several servers are one chat if they share a NATS (--nats), or bring one along
(--cluster). The first 1, 3 or 5 of the --peers keep what is said, each a copy, on
its disk: three go on when one is lost. Further nodes join by naming the same
peers, keep nothing, and may come and go. Nodes on other machines need the same
--cluster-secret-file. What was acknowledged is on the disks, unless
--durability relaxed says that their caches do.

The chat is open to everybody unless --auth asks for tokens: in Authorization, as
the subprotocol everwire.bearer.TOKEN, or in the first message.

Past --max-connections, --shed-memory or --shed-lag new connections are answered
with 503 until there is room, and /readyz says so; who is connected stays. Memory
is what is in use; lag, how late timers and event loops are, for half a second and
more.

What only its operators should see is served on addresses of its own, over
plain HTTP and to whoever can reach them: --metrics and --pprof, which may be
the same. Under systemd it takes the sockets of its .socket unit instead of
--addr, and says when it is ready.

On /status, and with everwire admin, an operator sees each connection, can close
it and watch its frames: with the token of --admin-token-file, or of the variable
EVERWIRE_ADMIN_TOKEN. Without one there is no operator.

A flag that is not given is taken from the environment (--log-level from
EVERWIRE_LOG_LEVEL; --origin from EVERWIRE_ORIGIN, with commas), or else from
the file that --config names, where its name is the key:

  addr = "127.0.0.1:9000"
  tls-self-signed = true
  origin = ["example.com", "https://*.example.com"]
  shutdown-timeout = "30s"
  peers = ["10.0.0.1:7900", "10.0.0.2:7900", "10.0.0.3:7900"]`,
		Example: `  everwire serve
  everwire serve --addr :9000 --origin https://example.com
  everwire serve --tls-self-signed
  everwire serve --tls-cert cert.pem --tls-key key.pem --log-format json
  everwire serve --metrics 127.0.0.1:9090 --pprof 127.0.0.1:9090
  everwire serve --cluster --cluster-addr 10.0.0.1:7900 --cluster-secret-file secret \
    --peers 10.0.0.1:7900,10.0.0.2:7900,10.0.0.3:7900
  everwire serve --nats nats://10.0.0.9:4222 --auth jwt --jwt-key-file issuer.pem
  everwire serve --max-connections 100k --shed-memory 3GiB --shed-lag 250ms
  openssl rand -hex 16 > token; everwire serve --admin-token-file token
  EVERWIRE_ADDR=127.0.0.1:9000 everwire serve --config everwire.toml`,
		Args: cobra.NoArgs,
	}
	flags := newServeFlags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := bind(cmd.Flags()); err != nil {
			return err
		}
		config, err := flags.serveConfig()
		if err != nil {
			return err
		}
		log := newLog(cmd.ErrOrStderr(), flags.logFormat.word, flags.logLevel.word)
		slog.SetDefault(log) // the websocket package tells the default logger what nobody else can be told
		if err := serve.Run(cmd.Context(), config, cmd.OutOrStdout(), log); err != nil {
			return failure{err}
		}
		return nil
	}
	return cmd
}

// listening returns what the flags say of how the server is reached.
func (v *serveFlags) listening() serve.Config {
	return serve.Config{Addr: string(v.addr), TLSCert: v.tlsCert, TLSKey: v.tlsKey, TLSSelfSigned: bool(v.tlsSelfSigned)}
}

// serveConfig returns what the flags say, or an error if they contradict each other.
func (v *serveFlags) serveConfig() (serve.Config, error) {
	switch {
	case bool(v.tlsSelfSigned) && (v.tlsCert != "" || v.tlsKey != ""):
		return serve.Config{}, errors.New(
			"tls-self-signed makes a certificate and tls-cert and tls-key bring one; give one or the other")
	case (v.tlsCert == "") != (v.tlsKey == ""):
		return serve.Config{}, errors.New("tls-cert and tls-key belong together; give both")
	}
	token, err := status.ReadToken(v.adminTokenFile)
	if err != nil {
		return serve.Config{}, err
	}
	config := v.listening()
	config.Origins = v.origins
	config.ShutdownDelay = time.Duration(v.shutdownDelay)
	config.ShutdownTimeout = time.Duration(v.shutdownTimeout)
	config.DrainWindow = time.Duration(v.drainWindow)
	config.Metrics, config.Pprof = string(v.metrics), string(v.pprof)
	config.AdminToken = token
	err = v.rooms.fill(&config)
	return config, err
}
