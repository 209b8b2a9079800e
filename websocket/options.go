package websocket

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/handshake"
)

// AcceptOptions say how a server's end of a connection is made and how it behaves. A nil pointer and
// the zero value mean the defaults given at each field. Options are read when the connection is made;
// changing them afterwards has no effect on it.
type AcceptOptions struct {
	// Subprotocols are those this server speaks, each a token. The first of the client's list that is among them is
	// chosen (the client lists them in its order of preference); if none is, the connection is made
	// without one, which a browser that asked for one refuses (RFC 6455 §4.2.2).
	Subprotocols []string

	// Origins are patterns of the origins, besides the server's own host, whose pages may connect:
	// "*.example.com", "https://app.example.com:8443", or "*" for all. See handshake.CheckOrigin for
	// their form. A request without an Origin header does not come from a browser and is let in. Any
	// other is refused with status 403: it is what keeps other people's pages from using a visitor's
	// cookies (RFC 6455 §10.2). Default: the same host only.
	Origins []string

	// OnRequest, if set, is called for each handshake that is otherwise acceptable, on the goroutine
	// that serves the request, so for several at once, before it is answered. It may look at r, add fields to the header of
	// the answer, or refuse by returning an error: one made by [Refuse] is answered with its status
	// and text, any other with 403 Forbidden and no detail.
	OnRequest func(r *http.Request, answer http.Header) error

	// KeepHeader names fields of the request that [Socket.RequestHeader] can tell later. Default: none,
	// because a request outweighs an idle connection many times.
	KeepHeader []string

	// Observer is told what happens on the connections. Default: nobody is.
	Observer *Observer

	Compression Compression
	Limits      Limits
	Rates       Rates
	Heartbeat   Heartbeat
	Queue       Queue  // of a Socket; a Conn has none
	Driver      Driver // of a Socket; a Conn has none
}

// DialOptions say how a client's end of a connection is made and how it behaves. A nil pointer and the
// zero value mean the defaults given at each field. Options are read when the connection is made.
//
// In a web page the browser makes the connection, unless DialContext is set. There Header, TLSConfig, Proxy,
// ProxyTLSConfig, Jar, Redirects and OnResponse are an error that is [errors.ErrUnsupported]; HeaderBytes,
// Compression, Heartbeat, and those Limits that are about frames, are ignored.
type DialOptions struct {
	// Subprotocols to offer, in order of preference. Each must be a token and none may stand twice.
	Subprotocols []string

	// Header has additional fields for the request, such as Origin, Cookie or Authorization, which goes
	// before a user and password in the URL. Host sets the Host header. The handshake's own fields are
	// left out; a name or value that no field can have is an error.
	Header http.Header

	// TLSConfig is for wss and https. Default: the system's roots, the URL's host as server name. Its
	// Certificates, or GetClientCertificate, answer a server that asks for a client's. Its NextProtos are
	// replaced by http/1.1.
	TLSConfig *tls.Config

	// DialContext opens the stream below. For ws+unix the network is "unix" and the address the path;
	// else "tcp" and host:port, of the proxy if there is one. Default: that of a zero net.Dialer, which
	// tries a host's IPv6 and IPv4 addresses side by side (RFC 6555).
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)

	// Proxy returns the URL of the proxy to connect through, nil for none. It is called before each
	// connection, also for a redirect's, on the goroutine that connects, and has the form of the field of
	// [http.Transport], so that [http.ProxyURL] fits. R has the context, the program's Header and the URL,
	// with scheme http for ws and https for wss, and without user and password. For ws+unix it is not
	// called. Default: [ProxyFromEnvironment]; but [NoProxy] if DialContext is set, which may lead
	// somewhere else than to the network.
	//
	// The proxy's scheme is http (the default) or https: these are asked by CONNECT, for ws as for wss
	// (RFC 6455 §4.1); or socks5 or socks5h, which mean the same (RFC 1928): the proxy looks up the host's
	// name. The ports are 80, 443 and 1080 if the URL has none. A user and password in it are for the
	// proxy: sent as basic authorization, or as RFC 1929 says.
	//
	// When a proxy fails, the [HandshakeError]'s Reason names it, without user and password. If an HTTP
	// proxy refuses, as with status 407, Response is its answer, and Response.Request.Method is CONNECT.
	Proxy func(r *http.Request) (*url.URL, error)

	// ProxyTLSConfig is for a proxy whose scheme is https; TLSConfig is not. Default: the system's roots, the
	// proxy's host as server name. Its NextProtos are replaced by http/1.1.
	ProxyTLSConfig *tls.Config

	// Jar keeps cookies, as that of an [http.Client] does. Those it has for the URL, with scheme http for ws
	// and https for wss, are sent, behind any Cookie in Header; those that the server's answer sets are given
	// to it, also if the answer is a refusal or a redirect. It is called on the goroutine that connects, and
	// not for ws+unix. Default: no cookies are kept.
	Jar http.CookieJar

	// Redirects is how many redirects are followed at most: answers 301, 302, 303, 307 and 308 with a
	// Location whose scheme is ws, wss, http or https. One more is a refusal, and so is one from wss to ws,
	// and any from ws+unix. Where scheme, host or port differ, another server is meant, and what is for
	// the first one is not sent on: Authorization, Cookie, Proxy-Authorization and Host of Header, and the
	// URL's user and password. Default: 0, a redirect is a refusal.
	Redirects int

	// HandshakeTimeout bounds everything up to the server's answer: name look-up, connecting, proxy, TLS,
	// redirects, request and response. Default 30 s; negative: only the context bounds it.
	HandshakeTimeout time.Duration

	// OnResponse, if set, is called with the server's answer to a handshake that succeeded, before the
	// connection is returned: for its cookies and other fields. Its body is empty. The answer to one that
	// failed is in the [*HandshakeError].
	OnResponse func(*http.Response)

	// HeaderBytes bounds the size of the server's answer, and of a proxy's. Default 64 KiB; negative: no limit.
	HeaderBytes int

	// Observer is told what happens on the connection. Default: nobody is.
	Observer *Observer

	Compression Compression
	Limits      Limits
	Rates       Rates
	Heartbeat   Heartbeat
	Queue       Queue  // of a Socket; a Conn has none
	Driver      Driver // of a Socket; a Conn has none
}

// Limits bound what a peer can make this end spend. Zero means the default, negative no limit.
type Limits struct {
	// MessageSize is the most octets a received message may have, compressed or not. A frame that would
	// go past it fails the connection with 1009 as soon as its header is read, before its payload; one
	// that is compressed as soon as so many octets have come out of it. Default 1 MiB.
	MessageSize int64

	// Fragments is the most frames a received message may come in; past it the connection fails with
	// 1009. Default 131,072.
	Fragments int

	// ProgressTimeout is how long a message that has begun to arrive may stand still; then the connection
	// fails with 1008. Time in the program's own callbacks, or while reading is paused, does not count; that of
	// a [Conn] counts only while a call waits to read. Default 60 s. Negative: no limit.
	ProgressTimeout time.Duration

	// ControlFrames is how many Pings and Pongs a second a peer may send, over ten seconds; past it the
	// connection fails with 1008. Default 100.
	ControlFrames int

	// CloseTimeout is how long a closing connection may stand still: how long the peer may take to
	// answer a Close frame, or to take the next 64 KiB of what is queued ahead of it. Then the
	// connection is cut and the close code is 1006. For Conn.Close it is the whole time from the call on.
	// Default 5 s. Negative: no limit.
	CloseTimeout time.Duration

	// After the last Close frame the connection is shut down for writing and read until the peer shuts
	// it down as well, so that our Close frame is not lost to a reset. A client gives the server the first half
	// of that time to shut it down first (RFC 6455 §7.1.1). LingerTime bounds how long; once LingerBytes were read
	// and discarded, the rest of that time is waited for without reading. Defaults 2 s and 1 MiB. A negative LingerTime means no lingering, negative LingerBytes no bound.
	LingerTime  time.Duration
	LingerBytes int64
}

// Rates bound how much one peer may send in the long run. Zero and negative rates are no bound, which is the
// default: what is too much depends on what the program does.
type Rates struct {
	// Messages is how many messages a second are received, Bytes how many octets of frames, as they arrive.
	Messages float64
	Bytes    float64

	// Burst is how much may come at once after a pause: what the rates allow in so long, but not less than one
	// message and 64 KiB. Default 1 s.
	Burst time.Duration

	// Exceeded says what happens to a peer that sends more. Default: Throttle.
	Exceeded RatePolicy
}

// RatePolicy says what happens to a peer that sends more than [Rates] allow.
type RatePolicy uint8

const (
	// Throttle reads no more until the rate is kept, so that TCP's window holds the peer back. Nothing is
	// lost. Meanwhile its Pings and its Close frame are not seen either; if that takes longer than its
	// heartbeat waits, the peer gives up.
	Throttle RatePolicy = iota

	// CloseExceeded fails the connection with 1008.
	CloseExceeded
)

// Heartbeat finds connections whose peer is gone without a word, and keeps idle ones alive through
// proxies and NAT. Anything that arrives counts as life.
type Heartbeat struct {
	// Interval is how long a connection may be silent before it is sent a Ping, give or take 10 %. A
	// [Conn] is sent one only while a call waits to read. Default 30 s; negative: no heartbeat.
	Interval time.Duration

	// Timeout is how long after that Ping the connection may stay silent; then it ends with
	// [ErrHeartbeat] and code 1006. Time spent in the program's own callbacks, or while reading is
	// paused, does not count. Default 20 s. Negative: nothing is concluded from silence.
	Timeout time.Duration
}

// Queue bounds what waits to be sent on a [Socket].
type Queue struct {
	// Bytes is the most octets of payload that may wait in memory, which those of a blob do not; Messages
	// is the most messages. A message always fits an empty queue. Defaults 16 MiB and 65,536; negative: no bound.
	Bytes    int64
	Messages int

	// Full says what happens with a message that does not fit. Default: RefuseNewest.
	Full Policy
}

// Policy says what a full [Queue] does with one more message.
type Policy uint8

const (
	// RefuseNewest does not take the message: sending returns [ErrQueueFull].
	RefuseNewest Policy = iota

	// DropOldest drops waiting messages, oldest first, until the new one fits. Each is reported to
	// OnDrop with ErrQueueFull. Those of a [Topic] are left alone.
	DropOldest

	// ReplaceByKey drops the waiting messages that have the same key as the new one (see
	// [Outgoing.Key]), reported to OnDrop with ErrReplaced. If the new one still does not fit, or has
	// no key, it is refused.
	ReplaceByKey

	// CloseSlow closes the socket with code 1013: a peer that reads too slowly is asked to come back
	// later. Sending returns ErrQueueFull. What waits is not sent: Done functions are told ErrClosed, and
	// OnDrop is not called.
	CloseSlow

	// Conflate is ReplaceByKey also while the queue is not full: of messages with the same key only the newest waits.
	Conflate
)

// Driver says on which goroutines a [Socket] is read from and written to. What a Socket promises is the same with both.
type Driver uint8

const (
	// EventLoops serves many sockets on a few goroutines, one for each processor, and costs little memory for a
	// socket that is idle. It is there on Linux, for connections that are TCP or Unix domain sockets of package
	// net, and for those with TLS that came from a [Server]'s own listener or from [NewListener]; for others, such
	// as a client's with TLS, Goroutines stands in.
	EventLoops Driver = iota

	// Goroutines serves each socket with a goroutine of its own, and another one while it writes. It works with every
	// net.Conn.
	Goroutines
)

// settings are options with the defaults filled in, made once for all connections that share options.
type settings struct {
	limits    Limits
	receive   protocol.Limits
	rates     Rates
	rated     bool // they are held to
	heartbeat Heartbeat
	queue     Queue
	budget    *budget // a Server's, or nil
	server    *Server // that the sockets belong to, or nil
	observer  *Observer
	infos     infos
	driver    Driver
	page      bool // the browser speaks the protocol: see page.go

	compression  compressionSettings
	subprotocols []string
	origins      []string
	onRequest    func(*http.Request, http.Header) error
	keepHeader   []string
}

func (o *DialOptions) settings() (*settings, error) {
	s := newSettings(o.Limits, o.Rates, o.Heartbeat, o.Queue)
	s.driver, s.observer = o.Driver, o.Observer
	var err error
	if s.compression, err = o.Compression.settings(protocol.Client); err != nil {
		return nil, err
	}
	return s, o.adapt(s)
}

// settings returns an error for options that cannot work.
func (o *AcceptOptions) settings() (*settings, error) {
	if o == nil {
		o = &AcceptOptions{}
	}
	for _, pattern := range o.Origins {
		if err := handshake.ValidatePattern(pattern); err != nil {
			return nil, fmt.Errorf("websocket: %w", err)
		}
	}
	for _, name := range o.Subprotocols {
		if !handshake.ValidToken(name) {
			return nil, fmt.Errorf("websocket: the subprotocol %q is not a token (RFC 6455 §4.1)", name)
		}
	}
	s := newSettings(o.Limits, o.Rates, o.Heartbeat, o.Queue)
	s.driver, s.observer = o.Driver, o.Observer
	var err error
	if s.compression, err = o.Compression.settings(protocol.Server); err != nil {
		return nil, err
	}
	s.subprotocols, s.origins = slices.Clone(o.Subprotocols), slices.Clone(o.Origins)
	s.onRequest, s.keepHeader = o.OnRequest, slices.Clone(o.KeepHeader)
	return s, nil
}

func newSettings(l Limits, r Rates, h Heartbeat, q Queue) *settings {
	r.Burst = orDefault(r.Burst, time.Second)
	s := &settings{
		rates: r,
		limits: Limits{
			MessageSize:  orDefault(l.MessageSize, 1<<20),
			Fragments:    orDefault(l.Fragments, 131_072),
			CloseTimeout: orDefault(l.CloseTimeout, 5*time.Second),
			LingerTime:   orDefault(l.LingerTime, 2*time.Second),
			LingerBytes:  orDefault(l.LingerBytes, 1<<20),

			ProgressTimeout: orDefault(l.ProgressTimeout, time.Minute),
			ControlFrames:   orDefault(l.ControlFrames, 100),
		},
		heartbeat: Heartbeat{
			Interval: orDefault(h.Interval, 30*time.Second),
			Timeout:  orDefault(h.Timeout, 20*time.Second),
		},
		queue: Queue{
			Bytes:    orDefault(q.Bytes, 16<<20),
			Messages: orDefault(q.Messages, 65_536),
			Full:     q.Full,
		},
	}
	s.rated = newMeter(&s.rates) != nil
	s.receive = protocol.Limits{
		MessageSize: max(s.limits.MessageSize, 0),
		Fragments:   max(s.limits.Fragments, 0),
	}
	return s
}

// orDefault returns def for zero; negative values stay, and mean no limit.
func orDefault[T int | int64 | time.Duration](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}
