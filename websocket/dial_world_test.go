package websocket_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/everwire/everwire/internal/testcert"
	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// A world is a network in memory, with servers at addresses. It works in a bubble.
type world struct {
	opts   websocket.DialOptions // that dial in it
	open   atomic.Int32          // streams that were dialed by opts and not closed
	places map[string]*wstest.Listener

	mu     sync.Mutex
	dialed []string // by opts
}

func newWorld() *world {
	w := &world{places: map[string]*wstest.Listener{}}
	w.opts.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		w.mu.Lock()
		w.dialed = append(w.dialed, address)
		w.mu.Unlock()
		nc, err := w.dial(ctx, address)
		if err != nil {
			return nil, err
		}
		w.open.Add(1)
		return &counted{Conn: nc, open: &w.open}, nil
	}
	return w
}

func (w *world) dial(ctx context.Context, address string) (net.Conn, error) {
	place := w.places[strings.ToLower(address)]
	if place == nil {
		return nil, fmt.Errorf("nobody is at %s", address)
	}
	return place.Dial(ctx, "tcp", address)
}

// settle has serve serve each connection to an address, which is closed afterwards.
func (w *world) settle(t *testing.T, address string, serve func(net.Conn)) {
	ln := wstest.Listen()
	w.places[address] = ln
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer nc.Close()
				serve(nc)
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		serving.Wait()
	})
}

// answers settles a server that answers one request as the test says, and then waits for the other end to close.
func (w *world) answers(t *testing.T, address string, answer func(nc net.Conn, r *http.Request)) {
	w.settle(t, address, func(nc net.Conn) {
		if r, err := http.ReadRequest(bufio.NewReader(nc)); err == nil {
			answer(nc, r)
			untilClosed(nc)
		}
	})
}

// echoes settles a WebSocket server that reports its requests.
func (w *world) echoes(t *testing.T, address string, cfg *tls.Config, requests chan<- *http.Request) {
	echo := echoing(nil, nil)
	w.serve(t, address, cfg, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		requests <- r
		echo.ServeHTTP(rw, r)
	}))
}

// serve settles an HTTP server, with TLS if cfg is not nil.
func (w *world) serve(t *testing.T, address string, cfg *tls.Config, h http.Handler) {
	ln := wstest.Listen()
	w.places[address] = ln
	hs := &http.Server{ErrorLog: quiet, Handler: h}
	served := inBackground(func() error {
		if cfg != nil {
			return hs.Serve(tls.NewListener(ln, cfg))
		}
		return hs.Serve(ln)
	})
	t.Cleanup(func() {
		hs.Close()
		wantError(t, "Serve", <-served, http.ErrServerClosed)
	})
}

// securely is serve behind TLS.
func securely(cfg *tls.Config, serve func(net.Conn)) func(net.Conn) {
	return func(nc net.Conn) {
		secure := tls.Server(nc, cfg)
		defer secure.Close()
		serve(secure)
	}
}

// httpProxy is a proxy for CONNECT that wants this authorization, "" for none.
func (w *world) httpProxy(authorization string) func(net.Conn) {
	return func(nc net.Conn) {
		r, err := http.ReadRequest(bufio.NewReader(nc))
		if err != nil {
			return
		}
		switch {
		case r.Method != http.MethodConnect || r.Host != r.RequestURI:
			io.WriteString(nc, "HTTP/1.1 400 Bad Request\r\n\r\n")
		case r.Header.Get("Proxy-Authorization") != authorization:
			io.WriteString(nc, "HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 4\r\n\r\nwho?")
		default:
			w.relay(nc, r.Host, "HTTP/1.1 200 Connection established\r\n\r\n", "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
		}
	}
}

// socksProxy is a proxy for SOCKS 5 (RFC 1928, 1929) that is told only names, and wants user and password
// in the form "user:password", "" for none.
func (w *world) socksProxy(login string) func(net.Conn) {
	return func(nc net.Conn) {
		octets := func(n int) []byte {
			b := make([]byte, n)
			io.ReadFull(nc, b)
			return b
		}
		methods := octets(int(octets(2)[1]))
		switch {
		case login == "" && slices.Contains(methods, 0):
			nc.Write([]byte{5, 0})
		case login != "" && slices.Contains(methods, 2):
			nc.Write([]byte{5, 2})
			user := octets(int(octets(2)[1]))
			password := octets(int(octets(1)[0]))
			if string(user)+":"+string(password) != login {
				nc.Write([]byte{1, 1})
				return
			}
			nc.Write([]byte{1, 0})
		default:
			nc.Write([]byte{5, 0xff})
			return
		}
		if octets(4)[3] != 3 {
			nc.Write([]byte{5, 8, 0, 1, 0, 0, 0, 0, 0, 0})
			return
		}
		name := octets(int(octets(1)[0]))
		port := octets(2)
		w.relay(nc, fmt.Sprintf("%s:%d", name, int(port[0])<<8|int(port[1])),
			"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", "\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00")
	}
}

// relay connects a stream to an address, if it can, once it has said so.
func (w *world) relay(nc net.Conn, address, good, bad string) {
	to, err := w.dial(context.Background(), address)
	if err != nil {
		io.WriteString(nc, bad)
		return
	}
	defer to.Close()
	io.WriteString(nc, good)
	var back sync.WaitGroup
	back.Go(func() {
		io.Copy(nc, to)
		nc.(interface{ CloseWrite() error }).CloseWrite()
	})
	io.Copy(to, nc)
	to.(interface{ CloseWrite() error }).CloseWrite()
	back.Wait()
}

// wantRefused dials and checks that it fails with a HandshakeError that says something, and nothing secret,
// and leaves nothing behind.
func (w *world) wantRefused(t *testing.T, rawURL, says string) *websocket.HandshakeError {
	t.Helper()
	_, err := websocket.Dial(context.Background(), rawURL, &w.opts)
	var refused *websocket.HandshakeError
	if !errors.As(err, &refused) {
		t.Fatalf("Dial returned %v", err)
	}
	shown := fmt.Sprintf("%v %+v %v", err, *refused, refused.Err)
	if !strings.Contains(err.Error(), says) || strings.Contains(shown, secretly) || strings.Contains(shown, secretlyBasic) {
		t.Errorf("the error is %q, want it to say %q", shown, says)
	}
	equal(t, "open streams", w.open.Load(), 0)
	return refused
}

// secretlyBasic is how "me" and the password that must not show are sent.
const secretlyBasic = "bWU6cGE1NXdvcmQ="

// mustURL is a URL that a test relies on.
func mustURL(raw string) *url.URL {
	u, err := url.Parse(raw)
	if err != nil {
		panic(err)
	}
	return u
}

// trusted is a TLS server's configuration with a certificate for some hosts, and a client's that trusts it.
func trusted(hosts ...string) (server, client *tls.Config) {
	c := testcert.New(hosts...)
	return c.Server(), c.Client()
}
