package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/deflate"
	"github.com/everwire/everwire/websocket/handshake"
)

// Dial connects to a server and returns the client's end of the connection as a [Conn], from which the
// program reads when it likes.
//
// The URL's scheme is ws or wss (http and https mean the same), or ws+unix for a Unix domain socket:
// ws+unix:///path/to/socket:/path?query. A user and password in it are sent as basic authorization. A
// host may be written in the letters of any language.
//
// Unless the options say otherwise, the environment's proxies are used (see [ProxyFromEnvironment]), and
// redirects are not followed. URL tells the URL that was connected to in the end.
//
// Ctx, and [DialOptions].HandshakeTimeout, bound the opening handshake; afterwards ctx has no effect.
// A refused or failed handshake is a [*HandshakeError]; a URL or options that cannot work are another
// error.
//
// In a web page (js/wasm) the connection is the browser's own WebSocket. The URL may be relative to the page's; see
// [DialOptions] for what cannot be set. The browser does not tell why a handshake failed, and refuses a server
// that chooses none of the subprotocols offered. A function that JavaScript calls must not wait, so not call
// Dial; it can start a goroutine that does.
func Dial(ctx context.Context, url string, opts *DialOptions) (*Conn, error) {
	d, err := newDialer(url, opts)
	if err != nil {
		return nil, err
	}
	began := d.settings.observer.beginning()
	up, err := d.dial(ctx)
	if err != nil {
		d.settings.observer.failed(nil, err, began)
		return nil, err
	}
	up.began = began
	c := newConn(up.nc, protocol.Client, d.settings, up.ahead, up.info)
	c.tellOpened(up)
	return c, nil
}

// New makes a client's [Socket] and starts connecting at once, as new WebSocket(url, protocols) does in
// a browser; see [Dial] for the URL. It returns an error only for a URL or options that cannot work; a
// connection that cannot be made is an error event with a [*HandshakeError] and a close event with
// code 1006. As in a browser, and unlike with Dial, a server that chooses none of the subprotocols
// offered is refused.
//
// Setup, which may be nil, is called on the caller's goroutine with the new Socket, still CONNECTING,
// before anything is delivered: add listeners there. If it panics, no connection is made, the Socket
// ends with a [*PanicError] and code 1006, and the panic goes on. A panic of a function in opts, which are
// called on another goroutine, ends the Socket likewise.
//
// In a web page (js/wasm) the connection is the browser's own WebSocket, as with Dial. New does not wait, and a
// function that JavaScript calls may call it.
func New(url string, opts *DialOptions, setup func(*Socket)) (*Socket, error) {
	d, err := newDialer(url, opts)
	if err != nil {
		return nil, err
	}
	d.needSubprotocol = len(d.opts.Subprotocols) > 0
	ctx, cancel := context.WithCancel(context.Background())
	s := newSocket(protocol.Client, d.settings, Connecting)
	s.info = &connInfo{url: d.target.url}
	s.more().dialStop = cancel
	defer func() { go s.connect(ctx, cancel, d) }() // also if setup panics: it may have told others of s
	s.setUp(setup)
	return s, nil
}

// connect makes the connection of a socket whose delivery token the caller passes on.
func (s *Socket) connect(ctx context.Context, cancel context.CancelFunc, d *dialer) {
	defer cancel()
	dialed := false
	began := d.settings.observer.beginning()
	defer func() {
		if !dialed { // a function of the program's has ended this goroutine, by runtime.Goexit
			err := &HandshakeError{Reason: "connecting was given up by a function in DialOptions"}
			d.settings.observer.failed(nil, err, began)
			go s.neverOpened(err)
		}
	}()
	up, err := d.dialSafely(ctx)
	dialed = true
	if err == nil {
		up.began = began
		if d := s.open(up); d != nil {
			defer d.run()
			s.tellOpened(up)
			return
		}
		reset(up.nc) // Close or Terminate came when the handshake was just done
		err = &HandshakeError{Reason: "closed before the connection was made"}
	}
	d.settings.observer.failed(nil, err, began)
	s.neverOpened(err)
}

// neverOpened ends a socket that has no connection.
func (s *Socket) neverOpened(err error) {
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
	header          http.Header // of opts, by canonical names, copied
	settings        *settings
	offer           *handshake.Offer
	request         []byte
	needSubprotocol bool

	// Of the attempt under way.
	nc       net.Conn // the stream, as far as it has come
	certNote string   // for errors: whether a client's certificate was asked for
}

func newDialer(url string, opts *DialOptions) (*dialer, error) {
	d := &dialer{}
	if opts != nil {
		d.opts = *opts
		d.opts.Subprotocols = slices.Clone(opts.Subprotocols)
		d.opts.TLSConfig = opts.TLSConfig.Clone()
		d.opts.ProxyTLSConfig = opts.ProxyTLSConfig.Clone()
	}
	var err error
	if d.settings, err = d.opts.settings(); err != nil {
		return nil, err
	}
	d.offer = &handshake.Offer{
		Key: handshake.NewKey(), Subprotocols: d.opts.Subprotocols, Extensions: d.settings.compression.offers,
	}
	if err := d.offer.Validate(); err != nil {
		return nil, fmt.Errorf("websocket: %w", err)
	}
	if d.target, err = d.opts.target(url); err != nil {
		return nil, err
	}
	if d.header, err = ownFields(d.opts.Header); err != nil {
		return nil, err
	}
	d.opts.Header = nil
	d.request, err = d.target.request(d.offer, d.header)
	return d, err
}

// dialSafely is dial for a goroutine of our own, on which a panic of a function in the program's options would
// have nobody to meet it.
func (d *dialer) dialSafely(ctx context.Context) (up *upgraded, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return d.dial(ctx)
}

// dial makes the connection, going where it is redirected.
func (d *dialer) dial(ctx context.Context) (*upgraded, error) {
	if timeout := orDefault(d.opts.HandshakeTimeout, 30*time.Second); timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	for followed := 0; ; followed++ {
		up, err := d.attempt(ctx)
		var refused *HandshakeError
		if d.opts.Redirects <= 0 || !errors.As(err, &refused) || !isRedirect(refused.Response) {
			return up, err
		}
		if followed == d.opts.Redirects {
			refused.Reason = fmt.Sprintf("the server's redirect is not followed: it is one more than the %d allowed", followed)
			return nil, refused
		}
		if err := d.redirect(refused); err != nil {
			return nil, err
		}
	}
}

// attemptByStream connects to the target and does the handshake with it. Whatever happens, a panic of the program's
// functions included, no stream is left behind but that of a success.
func (d *dialer) attemptByStream(ctx context.Context) (up *upgraded, err error) {
	defer func() {
		if up == nil && d.nc != nil {
			d.nc.Close()
		}
		d.nc = nil
	}()
	if d.request, err = d.target.request(d.offer, d.withCookies()); err != nil {
		return nil, handshakeFailed(ctx, "the request cannot be sent", err)
	}
	proxied, err := d.connect(ctx)
	if err != nil {
		return nil, err
	}
	var done *upgraded
	err = whileWaiting(ctx, d.nc, func() (err error) {
		done, err = d.handshake(ctx, d.nc)
		return err
	})
	var refused *HandshakeError
	switch {
	case errors.As(err, &refused):
		return nil, err
	case err != nil:
		return nil, handshakeFailed(ctx, "the handshake with "+d.target.address+" broke off"+d.certNote, err)
	}
	if proxied && !d.target.tls {
		done.info.tls = nil // that is with the proxy
	}
	return done, nil
}

// whileWaiting calls f, and has the end of ctx end what f waits for on nc.
func whileWaiting(ctx context.Context, nc net.Conn, f func() error) error {
	stop := context.AfterFunc(ctx, func() { nc.SetDeadline(longAgo) })
	err := f()
	if !stop() && err == nil { // it ended when f was just done
		err = ctx.Err()
	}
	return err
}

// handshakeFailed makes the error of a handshake that got no usable answer. If ctx is why, it says so.
func handshakeFailed(ctx context.Context, reason string, err error) error {
	cause := ctx.Err()
	if at, ok := ctx.Deadline(); cause == nil && ok && errors.Is(err, os.ErrDeadlineExceeded) && !time.Now().Before(at) {
		cause = context.DeadlineExceeded // the system's timer for it, which connecting has, was a moment sooner
	}
	if cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w (%w)", cause, err)
	}
	return &HandshakeError{Reason: fmt.Sprintf("%s: %v", reason, err), Err: err}
}

// connect opens the stream, through a proxy where there is one, with TLS on it where the URL says so. Its errors
// are complete.
func (d *dialer) connect(ctx context.Context) (proxied bool, err error) {
	p, err := d.proxy(ctx)
	if err != nil {
		return false, handshakeFailed(ctx, "no proxy can be chosen for "+d.target.address, err)
	}
	if p != nil {
		if err := d.connectThrough(ctx, p); err != nil {
			return true, err
		}
	} else {
		err = d.open(ctx, d.target.network, d.target.address)
	}
	if err == nil && d.target.tls {
		err = d.secure(ctx, d.opts.TLSConfig, d.target.serverName, tlsServer)
	}
	if err != nil {
		reason := "cannot connect to " + d.target.address
		if p != nil {
			reason += " through the proxy " + p.name
		}
		return p != nil, handshakeFailed(ctx, reason+d.certNote, err)
	}
	return p != nil, nil
}

// open opens the stream at its lowest.
func (d *dialer) open(ctx context.Context, network, address string) error {
	dial := d.opts.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	d.certNote = ""
	nc, err := dial(ctx, network, address)
	if err == nil {
		d.nc = nc
	}
	return err
}

// handshake sends the request and judges the answer.
func (d *dialer) handshake(ctx context.Context, nc net.Conn) (*upgraded, error) {
	resp, err := d.ask(nc, d.request, &http.Request{Method: http.MethodGet, Host: d.target.host, URL: d.target.page()})
	if err != nil {
		return nil, err
	}
	d.keepCookies(resp.Response)
	answer, err := d.offer.Judge(resp.StatusCode, resp.Header)
	if err == nil && (resp.ProtoMajor != 1 || resp.ProtoMinor < 1) {
		err = fmt.Errorf("the server answered by %s, which cannot be upgraded", resp.Proto)
	}
	if err == nil && d.needSubprotocol && answer.Subprotocol == "" {
		err = errors.New("the server chose none of the subprotocols offered")
	}
	var params deflate.Params
	if err == nil {
		params, err = acceptExtensions(d.offer.Extensions, answer.Extensions)
	}
	if err != nil {
		return nil, resp.refusal(ctx, err)
	}
	if d.opts.OnResponse != nil {
		resp.Body = http.NoBody // what follows the answer is not its body
		d.opts.OnResponse(resp.Response)
	}
	up := &upgraded{nc: nc, info: connInfo{
		url:         d.target.url,
		subprotocol: answer.Subprotocol,
		extensions:  string(handshake.AppendExtensions(nil, answer.Extensions)),
		deflate:     params,
		local:       nc.LocalAddr(),
		remote:      nc.RemoteAddr(),
		tls:         tlsState(nc),
	}}
	if n := resp.br.Buffered(); n > 0 {
		up.ahead = make([]byte, n)
		io.ReadFull(resp.br, up.ahead) // from memory
	}
	return up, nil
}
