package connect

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"strings"

	"github.com/everwire/everwire/cmd/everwire/internal/wire"
	"github.com/everwire/everwire/websocket"
)

// watch has -v and -vv see the connections that are made.
func (c *Config) watch() {
	if c.Verbose == 0 || c.Dial == nil {
		return
	}
	opts := *c.Dial
	c.watchDialing(&opts)
	c.Dial = wire.Options(&opts, Printer(c.Err, c.Verbose))
}

// Printer returns a function that writes what passes, as -v, -vv and -vvv want it: heads, every frame as well, and also
// what is secret in heads.
func Printer(w io.Writer, verbose int) func(wire.Event) {
	p := &wire.Printer{W: w, Frames: verbose > 1, Ends: verbose > 1, Secrets: true}
	return func(e wire.Event) {
		if e.Head != nil && verbose < 3 {
			e.Head = withoutCredentials(e.Head)
		}
		p.Print(e) // there is nowhere to tell that w is gone
	}
}

// withoutCredentials leaves out of a head what would let somebody else in. More, as subprotocols and queries, is
// what who looks at a handshake wants to see.
func withoutCredentials(h *wire.Head) *wire.Head {
	shown := &wire.Head{Line: h.Line, Fields: slices.Clone(h.Fields)}
	for i, f := range shown.Fields {
		switch strings.ToLower(f.Name) {
		case "authorization", "proxy-authorization", "cookie", "set-cookie":
			shown.Fields[i].Value = "…"
		}
	}
	return shown
}

// remark writes a line about what is not octets of HTTP or WebSocket, as curl does.
func (c *Config) remark(format string, args ...any) {
	io.WriteString(c.Err, "* "+wire.Visible(fmt.Sprintf(format, args...))+"\n")
}

// watchDialing remarks on addresses and on TLS.
func (c *Config) watchDialing(o *websocket.DialOptions) {
	dial := o.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
		if o.Proxy == nil {
			o.Proxy = websocket.ProxyFromEnvironment // which a DialContext turns off
		}
	}
	o.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		c.remark("connecting to %s", address)
		nc, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		c.remark("connected to %s", nc.RemoteAddr())
		return nc, nil
	}
	config := &tls.Config{}
	if o.TLSConfig != nil {
		config = o.TLSConfig.Clone()
	}
	verify := config.VerifyConnection
	config.VerifyConnection = func(state tls.ConnectionState) error {
		c.remarkTLS(state)
		if verify != nil {
			return verify(state)
		}
		return nil
	}
	o.TLSConfig = config
}

func (c *Config) remarkTLS(state tls.ConnectionState) {
	c.remark("%s, %s", tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite))
	if len(state.PeerCertificates) == 0 {
		return
	}
	cert := state.PeerCertificates[0]
	checked := ""
	if len(state.VerifiedChains) == 0 {
		checked = "; not checked (--insecure)"
	}
	c.remark("certificate of %s, issued by %s, valid until %s%s",
		certificateNames(cert), issuer(cert), cert.NotAfter.UTC().Format("2006-01-02 15:04 MST"), checked)
}

func certificateNames(cert *x509.Certificate) string {
	names := append([]string{}, cert.DNSNames...)
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return cert.Subject.String()
	}
	return strings.Join(names, ", ")
}

func issuer(cert *x509.Certificate) string {
	if cert.Issuer.String() == cert.Subject.String() {
		return "itself"
	}
	return cert.Issuer.String()
}

// connected remarks on what was agreed on.
func (c *Config) connected(conn *websocket.Conn) {
	if c.Verbose == 0 {
		return
	}
	extensions, subprotocol := "no extensions", "no subprotocol"
	if e := conn.Extensions(); e != "" {
		extensions = "extensions: " + e
	}
	if p := conn.Subprotocol(); p != "" {
		subprotocol = "subprotocol: " + p
	}
	c.remark("open; %s; %s", extensions, subprotocol)
}

// watchListener has -v and -vv see the connections that come.
func (c *Config) watchListener(ln net.Listener) net.Listener {
	if c.Verbose == 0 {
		return ln
	}
	return &watchedListener{ln, c}
}

type watchedListener struct {
	net.Listener
	config *Config
}

func (l *watchedListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.config.remark("connection from %s", nc.RemoteAddr())
	d := wire.NewDecoder(wire.Config{}, Printer(l.config.Err, l.config.Verbose))
	return wire.Wrap(nc, d, wire.FromServer), nil
}

// quietLog takes what net/http has to say about requests that make no sense.
func (c *Config) quietLog() *log.Logger {
	w := io.Discard
	if c.Verbose > 0 {
		w = c.Err
	}
	return log.New(w, "* ", 0)
}
