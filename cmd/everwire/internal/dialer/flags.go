package dialer

import (
	"time"

	"github.com/spf13/pflag"

	"github.com/everwire/everwire/websocket"
)

// defaultMessageSize is how many octets a received message may have if --max-message-size does not say: more than
// a program would want of strangers, as who types a URL has chosen the server.
const defaultMessageSize = 64 << 20

// Flags are the flags of a command that connects to a WebSocket server. Register them, and have Options after
// they were parsed. The zero value is ready; it is for one command.
type Flags struct {
	headers      []string
	cookies      []string
	cookieJar    string
	subprotocols []string
	origin       string
	user         string
	bearer       string

	proxy       string
	noProxy     bool
	proxyCACert string
	unixSocket  string

	caCert     string
	cert       string
	key        string
	insecure   bool
	serverName string

	compress       compression
	maxMessageSize size
	connectTimeout span
	maxRedirects   int
	pingInterval   span
	pingTimeout    span
}

// Register adds the flags to a set, with their defaults and their lines for --help.
func (f *Flags) Register(fs *pflag.FlagSet) {
	f.compress = compression{text: "on"}
	f.maxMessageSize = defaultMessageSize
	f.connectTimeout = span(30 * time.Second)
	f.pingInterval = span(30 * time.Second)
	f.pingTimeout = span(20 * time.Second)

	fs.StringArrayVarP(&f.headers, "header", "H", nil,
		"send this `field` with the request, as 'Name: value'; @FILE has one on each line (repeatable)")
	fs.StringArrayVar(&f.cookies, "cookie", nil, "send the `cookie` 'name=value' (repeatable)")
	fs.StringVar(&f.cookieJar, "cookie-jar", "",
		"send the cookies of this `file`, in Netscape's format, and keep in it those that the server sets")
	fs.StringArrayVar(&f.subprotocols, "subprotocol", nil, "offer this subprotocol, the preferred `name` first (repeatable)")
	fs.StringVar(&f.origin, "origin", "", "say that the request comes from a page of this `origin`, such as https://example.com")
	fs.StringVar(&f.user, "user", "", "log in with basic authorization as `name:password`, or what @FILE has")
	fs.StringVar(&f.bearer, "bearer", "", "log in with this bearer `token`, or what @FILE has")

	fs.StringVar(&f.proxy, "proxy", "",
		"connect through the proxy at this `URL`: http, https or socks5 (default: what the environment says)")
	fs.BoolVar(&f.noProxy, "no-proxy", false, "connect directly, whatever the environment says")
	fs.StringVar(&f.proxyCACert, "proxy-cacert", "", "trust the certificates in this PEM `file` for an https proxy")
	fs.StringVar(&f.unixSocket, "unix-socket", "", "connect to the Unix domain socket at this `path`; the URL says what to ask for")

	fs.StringVar(&f.caCert, "cacert", "", "trust the certificates in this PEM `file` instead of the system's")
	fs.StringVar(&f.cert, "cert", "", "show the server the certificate in this PEM `file`")
	fs.StringVar(&f.key, "key", "", "the PEM `file` with the certificate's key (default: that of --cert)")
	fs.BoolVarP(&f.insecure, "insecure", "k", false, "do not check the server's certificate")
	fs.StringVar(&f.serverName, "servername", "",
		"ask for, and check, the certificate of this `host` (SNI) instead of the URL's")

	fs.Var(&f.compress, "compress",
		"offer compression: on, off, or how: takeover, no-takeover, each also for one end as in\n"+
			"client-no-takeover; server-window=8 to 15, client-window=…; level=1 to 9; threshold=SIZE\n"+
			"from which on messages are compressed; with commas between them")
	fs.Var(&f.maxMessageSize, "max-message-size", "the largest message to accept, such as 64KiB or 1GiB, or none for no limit")
	fs.Var(&f.connectTimeout, "connect-timeout", "how long connecting may take in all, or 0 for no limit")
	fs.IntVar(&f.maxRedirects, "max-redirects", 0, "follow up to this `number` of redirects")
	fs.Var(&f.pingInterval, "ping-interval", "send a Ping when the connection was silent that long, or 0 for never")
	fs.Var(&f.pingTimeout, "ping-timeout", "take the connection for lost if nothing comes so long after a Ping, or 0 for never")
}

// Options returns what the flags say. It reads the files that they name. An error is one clear line for the user,
// who has made a mistake: a value or file that is no good, or flags that contradict each other.
//
// Of DialOptions, Queue, Driver, Rates and OnResponse are as they are by default, for the caller to set.
func (f *Flags) Options() (*websocket.DialOptions, error) {
	o := &websocket.DialOptions{
		Subprotocols:     f.subprotocols,
		Compression:      f.compress.options,
		Redirects:        max(f.maxRedirects, 0),
		HandshakeTimeout: f.connectTimeout.orNever(),
		Limits:           websocket.Limits{MessageSize: int64(f.maxMessageSize)},
		Heartbeat:        websocket.Heartbeat{Interval: f.pingInterval.orNever(), Timeout: f.pingTimeout.orNever()},
	}
	for _, part := range []func(*websocket.DialOptions) error{
		f.checkSubprotocols, f.fields, f.cookiesKept, f.tls, f.route,
	} {
		if err := part(o); err != nil {
			return nil, err
		}
	}
	return o, nil
}
