package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/everwire/everwire/cmd/everwire/internal/dialer"
	"github.com/everwire/everwire/cmd/everwire/internal/inspect"
	"github.com/everwire/everwire/cmd/everwire/internal/record"
	"github.com/everwire/everwire/internal/testcert"
	"github.com/everwire/everwire/websocket"
)

// proxyFlags are the flags of everwire proxy.
type proxyFlags struct {
	listen          address
	tlsCert, tlsKey string
	tlsSelfSigned   toggle
	rewriting       inspect.Rewriting
	delay           duration
	dropAfter       duration
	verbose         int
	preview         int
	noInflate       bool
	secrets         bool
	record          string
	dial            dialer.Flags
}

// proxyDialFlags are those of the flags for connecting that make sense where the request is the client's.
var proxyDialFlags = []string{
	"header", "cookie", "user", "bearer", "proxy", "no-proxy", "proxy-cacert", "unix-socket",
	"cacert", "cert", "key", "insecure", "servername", "connect-timeout",
}

// addSome adds those of the flags for connecting that have one of some names.
func addSome(flags *pflag.FlagSet, dial *dialer.Flags, names []string) {
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	dial.Register(all)
	for _, name := range names {
		flags.AddFlag(all.Lookup(name))
	}
}

func newProxy() *cobra.Command {
	v := &proxyFlags{listen: "127.0.0.1:9000", rewriting: inspect.Rewriting{Origin: inspect.OriginAuto}}
	cmd := &cobra.Command{
		Use:   "proxy URL",
		Short: "Stand between clients and a server; show and record what passes",
		Long: `Listen, and pass every connection on to the WebSocket server at a URL. Both ends
speak with each other as if nothing was between them: extensions, subprotocols,
pings, close codes and half-closes, and also what breaks the rules, go through
octet by octet, and a slow end slows the other.

What passes is written to standard output: a line for each connection as it
opens and as it closes, and for what breaks the protocol's rules; with -v a line
for each frame, and for what a compressed message is inflated to; with -vv the
handshakes as well. → is what the client sends, ← what the server sends.

With --record all of it goes into a file of JSON Lines, which everwire replay
plays again; docs/inspecting.md describes it.

Of the request, Host becomes the URL's, and an Origin that is the proxy's own
becomes the URL's too. The URL's path is put before the one that is asked for.
Requests that are none for WebSocket pass too, one for each connection.

--delay and --drop-after try how both ends bear a slow line and a broken one.

Query strings, Authorization, cookies and subprotocols are shown and recorded
as "…", unless --show-secrets is given. What is in frames is shown as it is.

Stop with Ctrl-C or SIGTERM. The exit status is 0 then, 1 if listening or
recording fails, and 2 if the command line makes no sense.`,
		Example: `  everwire proxy ws://localhost:8080 -v
  everwire proxy wss://example.com/chat --listen :9000 --record session.jsonl
  everwire proxy wss://localhost:8443 --insecure --tls-self-signed -vv
  everwire proxy wss://example.com --header 'Cookie: id=1' --origin https://example.com
  everwire proxy ws://localhost:8080 --delay 200ms --drop-after 30s
  everwire proxy ws://localhost:8080 --record - | jq -r 'select(.text) | .text'`,
		Args: cobra.ExactArgs(1),
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Var(&v.listen, "listen", "where to listen; port 0 takes any free one")
	flags.StringVar(&v.tlsCert, "tls-cert", "", "listen with TLS, with the certificate in this PEM `file`")
	flags.StringVar(&v.tlsKey, "tls-key", "", "the PEM `file` with the certificate's key")
	flags.Var(&v.tlsSelfSigned, "tls-self-signed", "listen with TLS, with a certificate made on the spot")
	flags.Lookup("tls-self-signed").NoOptDefVal = "true"
	flags.CountVarP(&v.verbose, "verbose", "v", "show frames; twice (-vv), handshakes as well")
	flags.IntVar(&v.preview, "preview", 60, "show this many `octets` of a payload")
	flags.BoolVar(&v.noInflate, "no-inflate", false, "do not show what compressed messages are inflated to")
	flags.BoolVar(&v.secrets, "show-secrets", false, "show and record query strings, Authorization, cookies and subprotocols")
	flags.StringVar(&v.record, "record", "", "record everything in this `file`; - is standard output, and lines for people go to standard error")
	flags.BoolVar(&v.rewriting.KeepHost, "keep-host", false, "leave Host as the client sent it")
	flags.StringVar(&v.rewriting.Origin, "origin", inspect.OriginAuto,
		"what Origin becomes: keep, target (the URL's), auto (the URL's if it is the proxy's own),\nor an `origin` such as https://example.com")
	flags.BoolVar(&v.rewriting.Forwarded, "x-forwarded", false, "add X-Forwarded-For, -Host and -Proto")
	flags.Var(&v.delay, "delay", "pass everything on that much later, in both directions")
	flags.Var(&v.dropAfter, "drop-after", "reset each connection that long after its handshake; 0 for never")
	addSome(flags, &v.dial, proxyDialFlags)
	cmd.RunE = v.run
	return cmd
}

func (v *proxyFlags) run(cmd *cobra.Command, args []string) error {
	target, opts, err := v.target(args[0])
	if err != nil {
		return err
	}
	config, note, err := v.tls()
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	recording, shown, err := v.recording(target, out, cmd.ErrOrStderr())
	if err != nil {
		return failure{err}
	}
	defer recording.close()
	ln, err := listenFor(cmd.Context(), string(v.listen))
	if err != nil {
		return failure{err}
	}
	scheme := "ws"
	if config != nil {
		scheme, ln = "wss", tls.NewListener(ln, config)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "Passing %s://%s on to %s%s\n", scheme, ln.Addr(), withoutSecrets(target), note)
	p := &inspect.Proxy{
		Target: target, Dial: opts, Rewriting: v.rewriting,
		Faults: inspect.Faults{Delay: time.Duration(v.delay), DropAfter: time.Duration(v.dropAfter)}, Secure: config != nil, Record: recording.writer,
		Journal: inspect.Journal{
			W: shown, Frames: v.verbose > 0, Heads: v.verbose > 1, Raw: v.noInflate, Secrets: v.secrets, Preview: v.preview,
			Explain: dialer.Explain,
		},
	}
	if v.preview == 0 {
		p.Journal.Preview = -1
	}
	if err := p.Serve(cmd.Context(), ln); err != nil {
		return failure{err}
	}
	if err := recording.close(); err != nil {
		return failure{fmt.Errorf("the recording is not whole: %w", err)}
	}
	return nil
}

// target returns where to connect, and how.
func (v *proxyFlags) target(given string) (target string, opts *websocket.DialOptions, err error) {
	switch {
	case v.preview < 0:
		return "", nil, errors.New("--preview must not be negative")
	case bool(v.tlsSelfSigned) && (v.tlsCert != "" || v.tlsKey != ""):
		return "", nil, errors.New("--tls-self-signed makes a certificate and --tls-cert and --tls-key bring one; give one or the other")
	case (v.tlsCert == "") != (v.tlsKey == ""):
		return "", nil, errors.New("--tls-cert and --tls-key belong together; give both")
	}
	if origin := v.rewriting.Origin; origin != inspect.OriginAuto && origin != inspect.OriginKeep && origin != inspect.OriginTarget {
		if u, err := url.Parse(origin); err != nil || u.Scheme == "" || u.Host == "" || u.Path != "" {
			return "", nil, errors.New("--origin must be auto, keep, target, or an origin such as https://example.com")
		}
	}
	if target, err = onTCP(given); err != nil {
		return "", nil, err
	}
	opts, err = v.dial.Options()
	return target, opts, err
}

// onTCP is dialer.URL for who cannot dial a Unix domain socket by its URL.
func onTCP(given string) (string, error) {
	target, err := dialer.URL(given)
	if err == nil && strings.HasPrefix(target, "ws+unix:") {
		err = errors.New("a Unix domain socket is given by --unix-socket PATH here, with a ws:// URL for what to ask for")
	}
	return target, err
}

// tls returns what to listen with, nil for no TLS, and what to tell of it.
func (v *proxyFlags) tls() (*tls.Config, string, error) {
	switch {
	case bool(v.tlsSelfSigned):
		host, _, _ := net.SplitHostPort(string(v.listen))
		names := []string{"localhost", "127.0.0.1", "::1"}
		if host != "" && host != "localhost" {
			names = append(names, host)
		}
		return testcert.New(names...).Server(), " (with a certificate made on the spot, which clients must be told to take)", nil
	case v.tlsCert != "":
		pair, err := tls.LoadX509KeyPair(v.tlsCert, v.tlsKey)
		if err != nil {
			return nil, "", fmt.Errorf("--tls-cert and --tls-key: %w", err)
		}
		return &tls.Config{Certificates: []tls.Certificate{pair}}, "", nil
	}
	return nil, "", nil
}

// listenFor listens on TCP where --listen says.
func listenFor(ctx context.Context, at string) (net.Listener, error) {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", at)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("cannot listen on %s: another program uses this port; choose another with --listen "+
			"(--listen 127.0.0.1:0 takes any that is free)", at)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w; choose another address with --listen", at, err)
	}
	return ln, nil
}

// withoutSecrets is a URL as it may be shown.
func withoutSecrets(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return text
	}
	u.User, u.RawQuery = nil, ""
	return u.String()
}

// A recordingFile is where --record writes to.
type recordingFile struct {
	writer *record.Writer
	file   *os.File
}

// recording opens what --record names, and returns where lines for people go then.
func (v *proxyFlags) recording(target string, out, status io.Writer) (r *recordingFile, shown io.Writer, err error) {
	r, shown = &recordingFile{}, out
	header := record.Header{Start: time.Now(), Target: withoutSecrets(target), Redacted: !v.secrets}
	switch v.record {
	case "":
	case "-":
		shown = status
		r.writer = record.NewWriter(out, header)
	default:
		// What is in frames may be anybody's secret.
		if r.file, err = os.OpenFile(v.record, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600); err != nil {
			return nil, nil, fmt.Errorf("cannot record: %w", err)
		}
		r.writer = record.NewWriter(&telling{r.file, status}, header)
	}
	return r, shown, nil
}

// telling says at once when nothing more can be recorded, and not only at the end.
type telling struct {
	file   io.Writer
	status io.Writer
}

func (t *telling) Write(b []byte) (int, error) {
	n, err := t.file.Write(b)
	if err != nil {
		fmt.Fprintf(t.status, "everwire: recording has stopped: %v\n", err)
	}
	return n, err
}

// close returns the first error there was. A second call does nothing.
func (r *recordingFile) close() error {
	if r.writer == nil {
		return nil
	}
	err := r.writer.Err()
	r.writer = nil
	if r.file != nil {
		if closed := r.file.Close(); err == nil {
			err = closed
		}
	}
	return err
}
