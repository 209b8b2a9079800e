package websocket

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/handshake"
)

// Dial connects to a server and returns the client's end of the connection as a [Conn], from which the
// program reads when it likes.
//
// The URL's scheme is ws or wss (http and https mean the same), or ws+unix for a Unix domain socket:
// ws+unix:///path/to/socket:/path?query. A user and password in it are sent as basic authorization.
//
// Ctx, and [DialOptions].HandshakeTimeout, bound the opening handshake; afterwards ctx has no effect.
// A refused or failed handshake is a [*HandshakeError]; a URL or options that cannot work are another
// error.
func Dial(ctx context.Context, url string, opts *DialOptions) (*Conn, error) {
	d, err := newDialer(url, opts)
	if err != nil {
		return nil, err
	}
	up, err := d.dial(ctx)
	if err != nil {
		return nil, err
	}
	return newConn(up.nc, protocol.Client, d.opts.settings(), up.ahead, up.info), nil
}

// New makes a client's [Socket] and starts connecting at once, as new WebSocket(url, protocols) does in
// a browser; see [Dial] for the URL. It returns an error only for a URL or options that cannot work; a
// connection that cannot be made is an error event with a [*HandshakeError] and a close event with
// code 1006. As in a browser, and unlike with Dial, a server that chooses none of the subprotocols
// offered is refused.
//
// Setup, which may be nil, is called on the caller's goroutine with the new Socket, still CONNECTING,
// before anything is delivered: add listeners there. If it panics, no connection is made, the Socket
// ends with a [*PanicError] and code 1006, and the panic goes on.
func New(url string, opts *DialOptions, setup func(*Socket)) (*Socket, error) {
	d, err := newDialer(url, opts)
	if err != nil {
		return nil, err
	}
	d.needSubprotocol = len(d.opts.Subprotocols) > 0
	ctx, cancel := context.WithCancel(context.Background())
	s := newSocket(protocol.Client, d.opts.settings(), Connecting)
	s.info.url = d.target.url
	s.dialStop = cancel
	defer func() { go s.connect(ctx, cancel, d) }() // also if setup panics: it may have told others of s
	s.setUp(setup)
	return s, nil
}

// connect makes the connection of a socket whose delivery token the caller passes on.
func (s *Socket) connect(ctx context.Context, cancel context.CancelFunc, d *dialer) {
	defer cancel()
	up, err := d.dialSafely(ctx)
	if err == nil {
		if d := s.open(up); d != nil {
			d.run()
			return
		}
		reset(up.nc) // Close or Terminate came when the handshake was just done
		err = &HandshakeError{Reason: "closed before the connection was made"}
	}
	s.end(err)
	s.releaseForGood()
}

// releaseForGood is release for a socket that never had a driver; it survives Goexit in a listener.
func (s *Socket) releaseForGood() {
	returned := false
	defer func() {
		if !returned {
			go s.releaseForGood()
		}
	}()
	s.release()
	returned = true
}

// dialer makes one connection.
type dialer struct {
	target          *target
	opts            DialOptions // a copy, so that the caller may change its own meanwhile
	offer           *handshake.Offer
	request         []byte
	needSubprotocol bool
}

func newDialer(url string, opts *DialOptions) (*dialer, error) {
	d := &dialer{}
	if opts != nil {
		d.opts = *opts
		d.opts.Subprotocols = slices.Clone(opts.Subprotocols)
		d.opts.TLSConfig = opts.TLSConfig.Clone()
	}
	d.offer = &handshake.Offer{Key: handshake.NewKey(), Subprotocols: d.opts.Subprotocols}
	if err := d.offer.Validate(); err != nil {
		return nil, fmt.Errorf("websocket: %w", err)
	}
	var err error
	if d.target, err = parseTarget(url); err != nil {
		return nil, err
	}
	d.request, err = d.target.request(d.offer, d.opts.Header)
	d.opts.Header = nil
	return d, err
}

// dialSafely is dial for a goroutine of our own, on which a panic of the program's DialContext would
// have nobody to meet it.
func (d *dialer) dialSafely(ctx context.Context) (up *upgraded, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return d.dial(ctx)
}

// dial makes the connection.
func (d *dialer) dial(ctx context.Context) (*upgraded, error) {
	if timeout := orDefault(d.opts.HandshakeTimeout, 30*time.Second); timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	nc, err := d.connect(ctx)
	if err != nil {
		return nil, handshakeFailed(ctx, "cannot connect to "+d.target.address, err)
	}
	// The context ends what the stream is waiting for.
	stop := context.AfterFunc(ctx, func() { nc.SetDeadline(longAgo) })
	up, err := d.handshake(ctx, nc)
	if !stop() && err == nil { // it ended when the answer had just come
		err = ctx.Err()
	}
	if err == nil {
		return up, nil
	}
	nc.Close()
	var refused *HandshakeError
	if errors.As(err, &refused) {
		return nil, err
	}
	return nil, handshakeFailed(ctx, "the handshake with "+d.target.address+" broke off", err)
}

// handshakeFailed makes the error of a handshake that got no usable answer. If ctx is why, it says so.
func handshakeFailed(ctx context.Context, reason string, err error) error {
	if cause := ctx.Err(); cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w (%w)", cause, err)
	}
	return &HandshakeError{Reason: fmt.Sprintf("%s: %v", reason, err), Err: err}
}

// connect opens the stream, with TLS on it where the URL says so.
func (d *dialer) connect(ctx context.Context) (net.Conn, error) {
	dial := d.opts.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	nc, err := dial(ctx, d.target.network, d.target.address)
	if err != nil || !d.target.tls {
		return nc, err
	}
	cfg := d.opts.TLSConfig
	if cfg == nil {
		cfg = &tls.Config{}
	}
	cfg.ServerName = cmp.Or(cfg.ServerName, d.target.serverName)
	cfg.NextProtos = []string{"http/1.1"} // another version has no Upgrade
	t := tls.Client(nc, cfg)
	if err := t.HandshakeContext(ctx); err != nil {
		nc.Close()
		return nil, err
	}
	return t, nil
}

// handshake sends the request and judges the answer.
func (d *dialer) handshake(ctx context.Context, nc net.Conn) (*upgraded, error) {
	if _, err := nc.Write(d.request); err != nil {
		return nil, err
	}
	limit := &io.LimitedReader{R: nc, N: int64(orDefault(d.opts.HeaderBytes, 64<<10))}
	if limit.N < 0 {
		limit.N = math.MaxInt64
	}
	br := bufio.NewReader(limit)
	resp, err := readResponse(br)
	if err != nil {
		if limit.N <= 0 {
			err = errors.New("the header of the server's answer is larger than HeaderBytes allow")
		}
		return nil, err
	}
	answer, err := d.offer.Judge(resp.StatusCode, resp.Header)
	if err == nil && d.needSubprotocol && answer.Subprotocol == "" {
		err = errors.New("the server chose none of the subprotocols offered")
	}
	if err != nil {
		limit.N = errorBodyOctets
		nc.SetReadDeadline(time.Now().Add(errorBodyTime))
		if ctx.Err() != nil {
			nc.SetReadDeadline(longAgo) // which may have been set before
		}
		return nil, refusedBy(resp, err)
	}
	up := &upgraded{nc: nc, info: connInfo{
		url:         d.target.url,
		subprotocol: answer.Subprotocol,
		local:       nc.LocalAddr(),
		remote:      nc.RemoteAddr(),
		tls:         tlsState(nc),
	}}
	if n := br.Buffered(); n > 0 {
		up.ahead = make([]byte, n)
		io.ReadFull(br, up.ahead) // from memory
	}
	return up, nil
}

// readResponse reads the final answer, after any interim ones (RFC 9110 §15.2).
func readResponse(br *bufio.Reader) (*http.Response, error) {
	for range 8 {
		resp, err := http.ReadResponse(br, &http.Request{Method: http.MethodGet})
		if err != nil {
			return nil, err
		}
		if resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			return resp, nil
		}
	}
	return nil, errors.New("too many interim answers")
}

// How much of a refusal's body is kept for who asks why, how much is read for it in whatever encoding, and
// how long that may take.
const (
	maxErrorBody    = 1 << 10
	errorBodyOctets = 8 << 10
	errorBodyTime   = time.Second
)

// refusedBy makes the error of an answer that is no good, with the start of its body.
func refusedBy(resp *http.Response, why error) error {
	// What came of it is what there is. It is not closed: that would read all of it.
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	resp.Body = io.NopCloser(bytes.NewReader(body))
	reason := why.Error()
	var e *handshake.Error
	if errors.As(why, &e) {
		reason = e.Reason
	}
	return &HandshakeError{Response: resp, Status: resp.StatusCode, Reason: reason, Err: why}
}
