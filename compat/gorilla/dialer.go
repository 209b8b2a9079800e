package websocket

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	everwire "github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/handshake"
)

// DefaultDialer is a Dialer with a timeout of 45 s that uses the environment's proxies.
var DefaultDialer = &Dialer{
	Proxy:            http.ProxyFromEnvironment,
	HandshakeTimeout: 45 * time.Second,
}

// A Dialer makes connections to servers. It may be used by many goroutines at once, and not be changed meanwhile.
// A nil one is one without fields.
type Dialer struct {
	// NetDial opens the stream, to the server or the proxy. Default: that of a zero [net.Dialer].
	NetDial func(network, addr string) (net.Conn, error)

	// NetDialContext does so with a context, and comes before NetDial.
	NetDialContext func(ctx context.Context, network, addr string) (net.Conn, error)

	// NetDialTLSContext opens the stream for a wss URL, TLS included, and comes before the others. TLSClientConfig
	// has no effect then.
	NetDialTLSContext func(ctx context.Context, network, addr string) (net.Conn, error)

	// Proxy returns the proxy for a request, nil for none. See Proxy of the websocket package's DialOptions. Default:
	// none.
	Proxy func(*http.Request) (*url.URL, error)

	// TLSClientConfig is for wss. Default: the system's roots, the URL's host as server name. Its NextProtos are replaced
	// by http/1.1.
	TLSClientConfig *tls.Config

	// HandshakeTimeout bounds everything up to the server's answer. Default: only the context does.
	HandshakeTimeout time.Duration

	// ReadBufferSize and WriteBufferSize have no effect.
	ReadBufferSize, WriteBufferSize int

	// WriteBufferPool has no effect.
	WriteBufferPool BufferPool

	// Subprotocols are offered, in order of preference.
	Subprotocols []string

	// EnableCompression offers compression (RFC 7692).
	EnableCompression bool

	// Jar keeps cookies: those it has for the URL are sent, those that the answer sets are given to it. Default:
	// none.
	Jar http.CookieJar
}

// Dial is DialContext without an end.
func (d *Dialer) Dial(urlStr string, requestHeader http.Header) (*Conn, *http.Response, error) {
	return d.DialContext(context.Background(), urlStr, requestHeader)
}

// DialContext connects to a ws or wss URL, which has no user and password. RequestHeader, which may be nil, has
// further fields of the request, such as Origin, Cookie, Host, or, where Subprotocols is empty,
// Sec-WebSocket-Protocol; the handshake's own are an error. Ctx bounds the handshake.
//
// The answer is returned where there is one: beside the connection, its body empty, and beside
// [ErrBadHandshake], with the first KiB of its body. Bodies need not be closed.
func (d *Dialer) DialContext(ctx context.Context, urlStr string, requestHeader http.Header) (*Conn, *http.Response, error) {
	if d == nil {
		d = &Dialer{}
	}
	u, err := url.Parse(urlStr)
	if err != nil {
		return nil, nil, err
	}
	if u.Scheme != "ws" && u.Scheme != "wss" || u.User != nil {
		return nil, nil, errURL
	}
	u.Fragment, u.RawFragment = "", ""
	opts, err := d.options(requestHeader)
	if err != nil {
		return nil, nil, err
	}
	if u.Scheme == "wss" && d.NetDialTLSContext != nil {
		d.secured(u, opts)
	}
	var answer *http.Response
	opts.OnResponse = func(resp *http.Response) { answer = resp }
	conn, err := everwire.Dial(ctx, u.String(), opts)
	if err != nil {
		resp, err := dialError(err)
		return nil, resp, err
	}
	return newConn(conn), answer, nil
}

// options are what a Dialer says.
func (d *Dialer) options(header http.Header) (*everwire.DialOptions, error) {
	opts := &everwire.DialOptions{
		Subprotocols:     d.Subprotocols,
		Header:           header,
		TLSConfig:        d.TLSClientConfig,
		DialContext:      d.NetDialContext,
		Proxy:            d.Proxy,
		Jar:              d.Jar,
		HandshakeTimeout: d.HandshakeTimeout,
		Compression:      compression(d.EnableCompression),
		Limits:           noLimits,
		Heartbeat:        noHeartbeat,
	}
	if opts.DialContext == nil && d.NetDial != nil {
		opts.DialContext = func(_ context.Context, network, addr string) (net.Conn, error) { return d.NetDial(network, addr) }
	}
	if opts.Proxy == nil {
		opts.Proxy = everwire.NoProxy
	}
	if opts.HandshakeTimeout <= 0 {
		opts.HandshakeTimeout = -1
	}
	for name := range header {
		switch http.CanonicalHeaderKey(name) {
		case "Upgrade", "Connection", "Sec-Websocket-Key", "Sec-Websocket-Version", "Sec-Websocket-Extensions":
			return nil, errors.New("websocket: duplicate header not allowed: " + name)
		case "Sec-Websocket-Protocol":
			if len(d.Subprotocols) > 0 {
				return nil, errors.New("websocket: duplicate header not allowed: " + name)
			}
			var err error
			if opts.Subprotocols, err = handshake.Subprotocols(header); err != nil {
				return nil, err
			}
		}
	}
	return opts, nil
}

// secured has the program's function do TLS: what is left for the websocket package is a ws URL, though others are to
// see a wss one.
func (d *Dialer) secured(u *url.URL, opts *everwire.DialOptions) {
	opts.Header = opts.Header.Clone()
	if opts.Header == nil {
		opts.Header = http.Header{}
	}
	if opts.Header.Get("Host") == "" {
		opts.Header.Set("Host", u.Host)
	}
	opts.DialContext = d.NetDialTLSContext
	https := *u
	https.Scheme = "https"
	if d.Proxy != nil {
		opts.Proxy = func(r *http.Request) (*url.URL, error) {
			r = r.Clone(r.Context())
			r.URL = &https
			return d.Proxy(r)
		}
	}
	if d.Jar != nil {
		opts.Jar = jarOf{d.Jar, &https}
	}
	u.Scheme = "ws"
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), "443")
	}
}

// jarOf is a jar that is always asked for one URL.
type jarOf struct {
	http.CookieJar
	url *url.URL
}

func (j jarOf) Cookies(*url.URL) []*http.Cookie               { return j.CookieJar.Cookies(j.url) }
func (j jarOf) SetCookies(_ *url.URL, cookies []*http.Cookie) { j.CookieJar.SetCookies(j.url, cookies) }

// dialError says why there is no connection in gorilla's words.
func dialError(err error) (*http.Response, error) {
	var refused *everwire.HandshakeError
	if !errors.As(err, &refused) {
		return nil, err
	}
	if resp := refused.Response; resp != nil && (resp.Request == nil || resp.Request.Method != http.MethodConnect) {
		return resp, ErrBadHandshake
	}
	var network *net.OpError
	switch {
	case errors.As(err, &network):
		return nil, network // for who asks it for Timeout
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, io.ErrUnexpectedEOF
	}
	return nil, err
}

// NewClient makes a connection over a stream that is open. U is a ws URL, or a wss one, for which it does TLS; the rest
// is as for [Dialer.DialContext].
//
// Deprecated: use a Dialer, with NetDial.
func NewClient(netConn net.Conn, u *url.URL, requestHeader http.Header, readBufSize, writeBufSize int) (c *Conn, response *http.Response, err error) {
	d := Dialer{NetDial: func(network, addr string) (net.Conn, error) { return netConn, nil }}
	return d.Dial(u.String(), requestHeader)
}
