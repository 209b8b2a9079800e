//lint:file-ignore SA1019 what is deprecated is compared as well

package sidebyside

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"

	compat "github.com/everwire/everwire/compat/gorilla"
	"github.com/everwire/everwire/internal/leak"
	gorilla "github.com/gorilla/websocket"
)

func TestMain(m *testing.M) { leak.VerifyTestMain(m) }

// conn is what both packages' Conn has.
type conn interface {
	Close() error
	CloseHandler() func(int, string) error
	EnableWriteCompression(bool)
	LocalAddr() net.Addr
	NetConn() net.Conn
	NextReader() (int, io.Reader, error)
	NextWriter(int) (io.WriteCloser, error)
	PingHandler() func(string) error
	PongHandler() func(string) error
	ReadJSON(any) error
	ReadMessage() (int, []byte, error)
	RemoteAddr() net.Addr
	SetCloseHandler(func(int, string) error)
	SetCompressionLevel(int) error
	SetPingHandler(func(string) error)
	SetPongHandler(func(string) error)
	SetReadDeadline(time.Time) error
	SetReadLimit(int64)
	SetWriteDeadline(time.Time) error
	Subprotocol() string
	UnderlyingConn() net.Conn
	WriteControl(int, []byte, time.Time) error
	WriteJSON(any) error
	WriteMessage(int, []byte) error
}

// upgrader has the fields of both packages' Upgrader that matter here, dialer those of both Dialers.
type upgrader struct {
	Subprotocols      []string
	Error             func(http.ResponseWriter, *http.Request, int, error)
	CheckOrigin       func(*http.Request) bool
	EnableCompression bool
}

type dialer struct {
	NetDial           func(network, addr string) (net.Conn, error)
	NetDialTLSContext func(ctx context.Context, network, addr string) (net.Conn, error)
	Proxy             func(*http.Request) (*url.URL, error)
	HandshakeTimeout  time.Duration
	Subprotocols      []string
	Jar               http.CookieJar
	EnableCompression bool
}

// A pkg is one of the two packages.
type pkg struct {
	name     string
	upgrade  func(upgrader, http.ResponseWriter, *http.Request, http.Header) (conn, error)
	upgrade1 func(http.ResponseWriter, *http.Request, http.Header) (conn, error) // the deprecated function
	dial     func(context.Context, dialer, string, http.Header) (conn, *http.Response, error)
	client   func(net.Conn, *url.URL, http.Header) (conn, *http.Response, error)
	join     func(conn, string) io.Reader
	prepared func(typ int, data []byte, to ...conn) error
	readJSON func(conn, any) error
	format   func(int, string) []byte
	isClose  func(error, ...int) bool
	isOther  func(error, ...int) bool
	closing  func(int, string) error // a *CloseError
	asked    func(*http.Request) bool
	offered  func(*http.Request) []string

	errReadLimit, errCloseSent, errBadHandshake error

	// describe says a package's own error type and what it holds, or "".
	describe func(error) string
}

var packages = []*pkg{
	{
		name: "gorilla",
		upgrade: func(u upgrader, w http.ResponseWriter, r *http.Request, h http.Header) (conn, error) {
			up := gorilla.Upgrader{Subprotocols: u.Subprotocols, Error: u.Error, CheckOrigin: u.CheckOrigin, EnableCompression: u.EnableCompression}
			return some(up.Upgrade(w, r, h))
		},
		upgrade1: func(w http.ResponseWriter, r *http.Request, h http.Header) (conn, error) {
			return some(gorilla.Upgrade(w, r, h, 1024, 1024))
		},
		dial: func(ctx context.Context, d dialer, url string, h http.Header) (conn, *http.Response, error) {
			di := gorilla.Dialer{NetDial: d.NetDial, NetDialTLSContext: d.NetDialTLSContext, Proxy: d.Proxy, HandshakeTimeout: d.HandshakeTimeout,
				Subprotocols: d.Subprotocols, Jar: d.Jar, EnableCompression: d.EnableCompression}
			c, resp, err := di.DialContext(ctx, url, h)
			sc, err := some(c, err)
			return sc, resp, err
		},
		client: func(nc net.Conn, u *url.URL, h http.Header) (conn, *http.Response, error) {
			c, resp, err := gorilla.NewClient(nc, u, h, 1024, 1024)
			sc, err := some(c, err)
			return sc, resp, err
		},
		join: func(c conn, term string) io.Reader { return gorilla.JoinMessages(c.(*gorilla.Conn), term) },
		prepared: func(typ int, data []byte, to ...conn) error {
			p, err := gorilla.NewPreparedMessage(typ, data)
			for _, c := range to {
				if err == nil {
					err = c.(*gorilla.Conn).WritePreparedMessage(p)
				}
			}
			return err
		},
		readJSON: func(c conn, v any) error { return gorilla.ReadJSON(c.(*gorilla.Conn), v) },
		format:   gorilla.FormatCloseMessage,
		isClose:  gorilla.IsCloseError,
		isOther:  gorilla.IsUnexpectedCloseError,
		closing:  func(code int, text string) error { return &gorilla.CloseError{Code: code, Text: text} },
		asked:    gorilla.IsWebSocketUpgrade,
		offered:  gorilla.Subprotocols,

		errReadLimit: gorilla.ErrReadLimit, errCloseSent: gorilla.ErrCloseSent, errBadHandshake: gorilla.ErrBadHandshake,
		describe: func(err error) string {
			if _, ok := err.(gorilla.HandshakeError); ok {
				return "HandshakeError"
			}
			if e := (*gorilla.CloseError)(nil); errors.As(err, &e) {
				return e.Error()
			}
			return ""
		},
	},
	{
		name: "everwire",
		upgrade: func(u upgrader, w http.ResponseWriter, r *http.Request, h http.Header) (conn, error) {
			up := compat.Upgrader{Subprotocols: u.Subprotocols, Error: u.Error, CheckOrigin: u.CheckOrigin, EnableCompression: u.EnableCompression}
			return some(up.Upgrade(w, r, h))
		},
		upgrade1: func(w http.ResponseWriter, r *http.Request, h http.Header) (conn, error) {
			return some(compat.Upgrade(w, r, h, 1024, 1024))
		},
		dial: func(ctx context.Context, d dialer, url string, h http.Header) (conn, *http.Response, error) {
			di := compat.Dialer{NetDial: d.NetDial, NetDialTLSContext: d.NetDialTLSContext, Proxy: d.Proxy, HandshakeTimeout: d.HandshakeTimeout,
				Subprotocols: d.Subprotocols, Jar: d.Jar, EnableCompression: d.EnableCompression}
			c, resp, err := di.DialContext(ctx, url, h)
			sc, err := some(c, err)
			return sc, resp, err
		},
		client: func(nc net.Conn, u *url.URL, h http.Header) (conn, *http.Response, error) {
			c, resp, err := compat.NewClient(nc, u, h, 1024, 1024)
			sc, err := some(c, err)
			return sc, resp, err
		},
		join: func(c conn, term string) io.Reader { return compat.JoinMessages(c.(*compat.Conn), term) },
		prepared: func(typ int, data []byte, to ...conn) error {
			p, err := compat.NewPreparedMessage(typ, data)
			for _, c := range to {
				if err == nil {
					err = c.(*compat.Conn).WritePreparedMessage(p)
				}
			}
			return err
		},
		readJSON: func(c conn, v any) error { return compat.ReadJSON(c.(*compat.Conn), v) },
		format:   compat.FormatCloseMessage,
		isClose:  compat.IsCloseError,
		isOther:  compat.IsUnexpectedCloseError,
		closing:  func(code int, text string) error { return &compat.CloseError{Code: code, Text: text} },
		asked:    compat.IsWebSocketUpgrade,
		offered:  compat.Subprotocols,

		errReadLimit: compat.ErrReadLimit, errCloseSent: compat.ErrCloseSent, errBadHandshake: compat.ErrBadHandshake,
		describe: func(err error) string {
			if _, ok := err.(compat.HandshakeError); ok {
				return "HandshakeError"
			}
			if e := (*compat.CloseError)(nil); errors.As(err, &e) {
				return e.Error()
			}
			return ""
		},
	},
}

// some turns a nil *Conn into a nil conn.
func some[C conn](c C, err error) (conn, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}

// say describes an error as far as the packages should agree.
func (p *pkg) say(err error) string {
	switch network := net.Error(nil); {
	case err == nil:
		return "ok"
	case err == p.errReadLimit:
		return "ErrReadLimit"
	case err == p.errCloseSent:
		return "ErrCloseSent"
	case err == p.errBadHandshake:
		return "ErrBadHandshake"
	case p.describe(err) != "":
		return p.describe(err)
	case err == io.EOF, err == io.ErrUnexpectedEOF, err == errProgram:
		return err.Error()
	case errors.Is(err, net.ErrClosed):
		return "net.ErrClosed"
	case errors.As(err, &network) && network.Timeout():
		return "a timeout"
	}
	return "another error"
}

// errProgram is an error that a handler of the program returns.
var errProgram = errors.New("the program says no")
