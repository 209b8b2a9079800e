package websocket

import (
	"context"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/everwire/everwire/internal/engine"
)

// A directServer serves connections of a listener without net/http, as long as what they ask for is a plain upgrade to
// WebSocket: accepted right onto the event loops, where a greeter reads the request. All else is passed on, octet by octet,
// to an http.Server, which then finds a connection in its passage as if it had accepted it.
type directServer struct {
	srv      *Server
	http     *http.Server
	listener *engine.Listener
	passage  *passage
	base     context.Context // of all requests
	limit    int             // octets that a request's header may have
	slow     atomic.Int32    // handshakes to make off the loop, because one blocked it

	mu       sync.Mutex // guards what follows
	greeters map[*greeter]struct{}
	ended    bool
}

// direct returns nil if ln is for net/http alone: it is not a listener of package net's, or the sockets are not for event loops.
func (srv *Server) direct(h *http.Server, ln net.Listener) *directServer {
	if srv.settings.driver != EventLoops {
		return nil
	}
	listener, err := engine.Listen(ln)
	if err != nil {
		return nil
	}
	d := &directServer{
		srv: srv, http: h, listener: listener, limit: h.MaxHeaderBytes,
		base:     context.WithValue(context.Background(), http.ServerContextKey, h),
		greeters: map[*greeter]struct{}{},
	}
	if d.limit <= 0 {
		d.limit = http.DefaultMaxHeaderBytes
	}
	d.passage = newPassage(ln.Addr(), d.end)
	h.Handler = d
	visit := h.ConnContext
	h.ConnContext = func(ctx context.Context, nc net.Conn) context.Context {
		if visit != nil {
			ctx = visit(ctx, nc)
		}
		return contextWithVerdict(ctx, nc)
	}
	return d
}

// serve returns when the listener is closed or fails, or the http.Server is shut down. Who has not sent its request by then
// is turned away.
func (d *directServer) serve() error {
	served := make(chan error, 1)
	go func() { served <- d.http.Serve(d.passage) }()
	d.passage.end(d.listener.Run(d.greet))
	return <-served
}

// end ends the listener, and the connections that have no request.
func (d *directServer) end() {
	d.listener.Close()
	d.mu.Lock()
	d.ended = true
	greeters := d.greeters
	d.greeters = nil
	d.mu.Unlock()
	for g := range greeters {
		g.end(ErrServerClosed)
	}
}

// enter notes a greeter, unless there are to be no more.
func (d *directServer) enter(g *greeter) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.ended {
		d.greeters[g] = struct{}{}
	}
	return !d.ended
}

func (d *directServer) leave(g *greeter) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.greeters, g)
}

// pass passes a descriptor on to net/http, with what was read from it.
func (d *directServer) pass(fd int, ahead []byte, first *verdict) {
	f := os.NewFile(uintptr(fd), "")
	nc, err := net.FileConn(f)
	f.Close()
	if err != nil { // there is no other descriptor
		d.srv.logf("websocket: a connection cannot be passed on to net/http: %v", err)
		return
	}
	d.passage.pass(&passedConn{Conn: nc, ahead: ahead, first: first})
}

type verdictKey struct{}

func contextWithVerdict(ctx context.Context, nc net.Conn) context.Context {
	if c := nc.(*passedConn); c.first != nil {
		return context.WithValue(ctx, verdictKey{}, c)
	}
	return ctx
}

// ServeHTTP answers what was passed on. A handshake that was refused before is not judged again.
func (d *directServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c, ok := r.Context().Value(verdictKey{}).(*passedConn); ok && c.first != nil {
		v := c.first
		c.first = nil
		asked(d.srv.observer(), r)
		v.refused.answer(w)
		d.srv.refused(v.r, &v.refused.HandshakeError)
		d.srv.observer().failed(v.r, &v.refused.HandshakeError, v.began)
		return
	}
	d.srv.ServeHTTP(w, r)
}

// recovered logs what a function of the program's panicked with.
func (d *directServer) recovered(r *http.Request, v any) {
	if v != http.ErrAbortHandler {
		d.srv.logf("websocket: panic serving %v: %v\n%s", r.RemoteAddr, v, debug.Stack())
	}
}
