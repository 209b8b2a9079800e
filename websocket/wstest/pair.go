package wstest

import (
	"context"
	"net"
	"net/http"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// PairOptions say how the two ends of a pair are made. A nil pointer and the zero value are the
// defaults of the websocket package over a Pipe.
type PairOptions struct {
	Accept websocket.AcceptOptions // the server's end
	Dial   websocket.DialOptions   // the client's end; its DialContext is replaced

	// Compression says that what Accept and Dial say of compression counts. Otherwise there is none, so
	// that what a Pipe holds is as many octets as the messages have.
	Compression bool

	// Server and Client, if set, wrap the stream below that end, in a Faulty for example. For the
	// server's end the opening handshake passes the wrapper too.
	Server, Client func(net.Conn) net.Conn

	Pipe []Option // of the stream below
}

// Sockets returns a server's and a client's Socket that are connected in memory, by a real opening
// handshake. Each setup, which may be nil, is called as those of websocket.Upgrade and websocket.New
// are. Both Sockets are OPEN on return; their open events have been delivered or are about to be.
//
// At the end of the test both are terminated. It works in a testing/synctest bubble.
func Sockets(tb testing.TB, opts *PairOptions, server, client func(*websocket.Socket)) (s, c *websocket.Socket) {
	tb.Helper()
	opts = orDefaults(opts)
	accepted := make(chan *websocket.Socket, 1)
	dial := serveOnce(tb, opts, func(w http.ResponseWriter, r *http.Request) error {
		s, err := websocket.Upgrade(w, r, &opts.Accept, server)
		if err == nil {
			accepted <- s
		}
		return err
	})
	outcome := make(chan error, 2)
	c, err := websocket.New("ws://pipe/", dial, func(c *websocket.Socket) {
		c.OnOpen(func(*websocket.Socket) { outcome <- nil })
		c.OnError(func(_ *websocket.Socket, err error) { outcome <- err })
		if client != nil {
			client(c)
		}
	})
	if err == nil {
		err = <-outcome
	}
	if err != nil {
		tb.Fatalf("wstest: cannot connect: %v", err)
	}
	s = <-accepted
	tb.Cleanup(func() {
		s.Terminate()
		c.Terminate()
		<-s.Context().Done()
		<-c.Context().Done()
	})
	return s, c
}

// Conns returns a server's and a client's Conn that are connected in memory, by a real opening
// handshake. At the end of the test both are terminated. It works in a testing/synctest bubble.
func Conns(tb testing.TB, opts *PairOptions) (s, c *websocket.Conn) {
	tb.Helper()
	opts = orDefaults(opts)
	accepted := make(chan *websocket.Conn, 1)
	dial := serveOnce(tb, opts, func(w http.ResponseWriter, r *http.Request) error {
		s, err := websocket.Accept(w, r, &opts.Accept)
		if err == nil {
			accepted <- s
		}
		return err
	})
	c, err := websocket.Dial(context.Background(), "ws://pipe/", dial)
	if err != nil {
		tb.Fatalf("wstest: cannot connect: %v", err)
	}
	s = <-accepted
	tb.Cleanup(func() {
		s.Terminate()
		c.Terminate()
	})
	return s, c
}

// orDefaults returns a copy of opts with the defaults filled in.
func orDefaults(opts *PairOptions) *PairOptions {
	if opts == nil {
		opts = &PairOptions{}
	}
	filled := *opts
	if !opts.Compression {
		filled.Accept.Compression.Disabled, filled.Dial.Compression.Disabled = true, true
	}
	return &filled
}

// serveOnce answers one handshake with handle, over a Pipe, and returns options that dial it.
func serveOnce(tb testing.TB, opts *PairOptions, handle func(http.ResponseWriter, *http.Request) error) *websocket.DialOptions {
	ln := Listen(opts.Pipe...)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := handle(w, r); err != nil {
			tb.Errorf("wstest: the server's end: %v", err)
		}
	})}
	served := make(chan struct{})
	go func() {
		defer close(served)
		srv.Serve(wrapListener{ln, opts.Server})
	}()
	tb.Cleanup(func() {
		srv.Close() // connections that became WebSockets are not its any more
		<-served
	})
	dial := opts.Dial
	dial.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		nc, err := ln.Dial(ctx, network, addr)
		if err == nil && opts.Client != nil {
			nc = opts.Client(nc)
		}
		return nc, err
	}
	return &dial
}

// wrapListener wraps what it accepts.
type wrapListener struct {
	net.Listener
	wrap func(net.Conn) net.Conn
}

func (l wrapListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err == nil && l.wrap != nil {
		nc = l.wrap(nc)
	}
	return nc, err
}
