package connect

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/everwire/everwire/websocket"
)

// listen waits for one connection, or, with --keep, for any number.
func (c *Config) listen(ctx context.Context) error {
	network, address := "tcp", c.Listen
	if path, unix := strings.CutPrefix(c.Listen, "unix:"); unix {
		network, address = "unix", path
	}
	ln, err := new(net.ListenConfig).Listen(ctx, network, address)
	if err != nil {
		return exit(Failed, "cannot listen on "+c.Listen+": "+listenError(err))
	}
	scheme := "ws"
	if c.TLS != nil {
		scheme = "wss"
		ln = tls.NewListener(ln, c.TLS)
	}
	c.say("listening on %s://%s", scheme, reachable(ln.Addr()))
	d := &door{Config: c, ctx: ctx, conns: make(chan *websocket.Conn), closed: make(chan struct{})}
	srv := &http.Server{Handler: d, ReadHeaderTimeout: 10 * time.Second, ErrorLog: c.quietLog()}
	defer srv.Close() // not of those that are connections
	served := make(chan error, 1)
	go func() { served <- srv.Serve(c.watchListener(ln)) }()
	if c.Keep {
		return d.many(served)
	}
	return d.first(srv, served)
}

// A door takes connections in.
type door struct {
	*Config
	ctx    context.Context
	conns  chan *websocket.Conn
	closed chan struct{} // closed when no more is taken

	mu    sync.Mutex
	taken bool
}

// ServeHTTP answers an opening handshake.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if websocket.IsUpgrade(r) && !d.enter() {
		http.Error(w, "another client is connected", http.StatusServiceUnavailable)
		return
	}
	opts := *d.Accept
	opts.Limits.CloseTimeout = d.CloseTimeout
	conn, err := websocket.Accept(w, r, &opts)
	if err != nil {
		d.leave(r)
		d.say("%s was refused: %s", from(r.RemoteAddr), strings.TrimPrefix(err.Error(), "websocket: handshake failed: "))
		return
	}
	d.connected(conn)
	select {
	case d.conns <- conn:
	case <-d.closed:
		conn.Close(websocket.CloseGoingAway, "")
	}
}

// enter reports whether there is room for another connection.
func (d *door) enter() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.taken {
		return false
	}
	d.taken = !d.Keep
	return true
}

// leave undoes enter for a handshake that was refused.
func (d *door) leave(r *http.Request) {
	if websocket.IsUpgrade(r) {
		d.mu.Lock()
		d.taken = false
		d.mu.Unlock()
	}
}

// from is what a client at an address is called.
func from(address string) string {
	if address == "" || address == "@" { // of a Unix domain socket
		return "a client"
	}
	return address
}

// first joins the first connection, and takes no other.
func (d *door) first(srv *http.Server, served <-chan error) error {
	s := &session{goal: d.newGoal()}
	defer close(d.closed)
	select {
	case conn := <-d.conns:
		srv.Close()
		<-served
		return d.one(conn, s.goal)
	case err := <-served:
		return exit(Failed, "cannot accept connections: "+err.Error())
	case <-d.ctx.Done():
		srv.Close()
		<-served
		return s.stopped(d.ctx)
	}
}

// one is a connection's whole life.
func (d *door) one(conn *websocket.Conn, g *goal) error {
	l, err := d.open(d.ctx, conn)
	if err != nil {
		conn.Close(websocket.CloseInternalError, "")
		return exit(Failed, err.Error())
	}
	stop := make(chan struct{})
	defer close(stop)
	s := d.newSession(l, g)
	s.in = read(l.source, stop)
	return d.endLocal(l, s.conclude(s.talk(d.ctx, conn)))
}

// many joins every connection with something of its own; but standard input and output are for all of them.
func (d *door) many(served <-chan error) error {
	if d.Exec == "" && d.TCP == "" {
		return d.crowd(served)
	}
	var all sync.WaitGroup
	defer all.Wait()
	defer close(d.closed)
	for {
		select {
		case conn := <-d.conns:
			all.Go(func() {
				l, err := d.open(d.ctx, conn)
				if err != nil {
					d.say("%v", err)
					conn.Close(websocket.CloseInternalError, "")
					return
				}
				d.joined(d.ctx, d.newSession(l, d.newGoal()), l, conn, from(conn.RemoteAddr().String()))
			})
		case err := <-served:
			return exit(Failed, "cannot accept connections: "+err.Error())
		case <-d.ctx.Done():
			return d.listened(d.ctx, d.newGoal())
		}
	}
}

// listened is the end of what runs until it is told to end: that is as it should be.
func (c *Config) listened(ctx context.Context, g *goal) error {
	if context.Cause(ctx) == errTimeout {
		return (&session{goal: g}).stopped(ctx)
	}
	return nil
}

// reachable is an address as somebody on this machine can use it.
func reachable(a net.Addr) string {
	if tcp, ok := a.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("localhost:%d", tcp.Port)
	}
	return a.String()
}

// listenError is an error of listening without what is said besides it.
func listenError(err error) string {
	var sys *os.SyscallError
	if errors.As(err, &sys) {
		return sys.Err.Error()
	}
	return err.Error()
}

// withoutSecrets is a URL without user, password and query.
func withoutSecrets(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "the URL"
	}
	u.User, u.RawQuery = nil, ""
	return u.String()
}
