package websocket

import (
	"cmp"
	"context"
	"crypto/tls"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/handshake"
)

// A Server makes a [Socket] of everyone who connects. It is an [http.Handler], to be mounted in any
// mux on any path or host, and can listen by itself (ListenAndServe and the like). The zero value
// accepts connections from pages of its own host.
//
//	var srv websocket.Server
//	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
//		s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
//	})
//	http.Handle("/echo", &srv)
//
// One that listens by itself reads plain handshakes on event loops, and so it is a loop's goroutine then that serves the request and
// calls the functions. They may block: the loop goes on without them.
//
// Set the fields and add the functions before the first request; do not copy a Server. The methods are
// safe for concurrent use.
type Server struct {
	// Options are for every connection.
	Options AcceptOptions

	// Handler answers requests that do not ask for an upgrade to WebSocket: the page at the path of
	// its endpoint. Default: 426 Upgrade Required.
	Handler http.Handler

	// Untracked turns client tracking off: Clients stays empty, Broadcast reaches nobody, Shutdown waits
	// for connections to end but cannot close them, and Close leaves them alone.
	Untracked bool

	// MaxConnections is how many connections there may be at once, from their handshake to their close event,
	// those of all listeners and mounts together; one more is answered with 503 and Retry-After. Default: no limit.
	MaxConnections int

	// MaxPerAddress is how many of them may come from one client (see [Server.ClientAddr]): from one IPv4 address,
	// or from one /64 of IPv6, since a single subscriber has at least that many addresses. One more is answered with
	// 429 and Retry-After. Connections without an IP address are not counted. Default: no limit, because everybody
	// behind a proxy that is not in TrustedProxies, or behind one NAT, has the same address.
	MaxPerAddress int

	// TrustedProxies are the networks of the proxies in front of this Server, which are believed whose connection
	// they pass on: by X-Forwarded-For (see [Server.ClientAddr]) and, with ProxyProtocol, by their header. From
	// anybody else neither is believed. List no network that a client can connect from. Default: none.
	TrustedProxies []netip.Prefix

	// Budget is how many octets of messages all sockets together may hold: those that have arrived in part, and
	// those that wait to be sent. A broadcast message counts once, one of less than 1 KiB for each who waits for
	// it. Past it the socket that holds the most ends with [ErrBudget] and code 1013, and then the next,
	// until the rest is within it. Default: a quarter of the memory that the process may use (GOMEMLIMIT, else its control
	// group's limit, else the machine's memory). Negative: no limit.
	Budget int64

	// Observer is told what happens: on the connections, and, where the Server listens by itself, on those that never come to a
	// request. It takes the place of Options.Observer. Default: that one.
	Observer *Observer

	// What follows concerns only a Server that listens by itself.

	// Addr is where ListenAndServe listens. Default: ":http", ":https" with TLS.
	Addr string

	// TLSConfig is for ListenAndServeTLS and ServeTLS. Default: that of net/http.
	TLSConfig *tls.Config

	// HandshakeTimeout is how long a client may take for TLS, and then for its request's header; between
	// two requests it may rest for a minute. Default 10 s; negative: no limit.
	HandshakeTimeout time.Duration

	// HeaderBytes bounds the request's header, give or take 4 KiB; a larger one is answered with 431.
	// Default 16 KiB; negative: the 1 MiB of net/http.
	HeaderBytes int

	// ProxyProtocol says that TrustedProxies begin each connection with a PROXY protocol header, of version 1 or 2,
	// below TLS if there is TLS: they must, within HandshakeTimeout, and from anybody else it is not accepted.
	// See [ProxyListener] for what it does, and for an http.Server of the program's own. Default: no such header.
	ProxyProtocol bool

	// ErrorLog is for what goes wrong before there is a request, such as failing TLS handshakes, and for panics of
	// the program's functions. Default: the standard logger of package log.
	ErrorLog *log.Logger

	onConnection []func(*Socket, *http.Request)
	onHeaders    []func(*http.Request, http.Header)
	onListening  []func(net.Addr)
	onRefused    []func(*http.Request, error)
	onClose      []func()

	clients  Group
	once     sync.Once // makes what follows
	settings *settings
	wrong    error // what keeps the options from working

	closeOnce sync.Once // calls onClose

	mu        sync.Mutex // guards what follows
	stage     stage
	listeners []*http.Server
	door      door
	active    int           // sockets whose close event is not over, and handshakes
	idle      chan struct{} // closed when active falls to 0 and somebody waits for that
}

// stage is where a Server is in its life. It only grows.
type stage uint8

const (
	serving stage = iota
	closing       // Shutdown: who is there is to go in order, nobody else comes in
	cutting       // Close, or Shutdown has waited long enough: who is there is terminated
)

// OnConnection adds a function that is called with each new Socket, which is OPEN, and the request it
// came by, before anything is delivered on it: add listeners there. It runs on the goroutine that
// serves the request; the request must not be kept after it has returned.
func (srv *Server) OnConnection(f func(s *Socket, r *http.Request)) {
	srv.onConnection = append(srv.onConnection, f)
}

// OnHeaders adds a function that may look at and change the header of the answer to each handshake that
// is accepted, before it is sent. It runs on the goroutine that serves the request. The handshake's own
// fields cannot be set.
func (srv *Server) OnHeaders(f func(r *http.Request, answer http.Header)) {
	srv.onHeaders = append(srv.onHeaders, f)
}

// OnListening adds a function that is called with the address when the Server listens by itself, on the
// goroutine that called the serving method, before the first connection is accepted.
func (srv *Server) OnListening(f func(addr net.Addr)) { srv.onListening = append(srv.onListening, f) }

// OnClose adds a function that is called once, when Shutdown or Close is through, on its goroutine. It
// must not call them.
func (srv *Server) OnClose(f func()) { srv.onClose = append(srv.onClose, f) }

// Clients returns the group of all sockets of this Server that are not CLOSED. Do not add to it or
// remove from it.
func (srv *Server) Clients() *Group { return &srv.clients }

// Broadcast sends a message to every client that all filters pick, encoding it once, and returns how
// many took it: to all, to all but one (with [Except]), or to those a function picks. It never waits;
// see [Group.Publish]. Text that is not UTF-8 is [ErrInvalidUTF8].
func (srv *Server) Broadcast(t MessageType, data []byte, filters ...Filter) (int, error) {
	p, err := Prepare(t, data)
	if err != nil {
		return 0, err
	}
	return srv.clients.Publish(p, filters...), nil
}

// ServeHTTP makes a Socket of a request that asks for an upgrade to WebSocket, and gives any other to
// Handler. From Shutdown or Close on it answers handshakes with 503. If Options cannot work, as if they
// have a malformed pattern in Origins, it answers with 500 and logs why.
func (srv *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if srv.Handler != nil && !IsUpgrade(r) {
		asked(srv.observer(), r)
		srv.Handler.ServeHTTP(w, r)
		return
	}
	o := srv.observer()
	asked(o, r)
	began := o.beginning()
	if err := srv.connect(w, r, began); err != nil {
		srv.refused(r, err)
		o.failed(r, err, began)
	}
}

// connect makes a Socket of a handshake, or answers why not and returns that.
func (srv *Server) connect(w http.ResponseWriter, r *http.Request, began time.Duration) error {
	set, err := srv.connectionSettings()
	if err != nil {
		return misconfigured(w, err)
	}
	client, refused := srv.enter(r)
	if refused != nil {
		refused.answer(w)
		return &refused.HandshakeError
	}
	var s *Socket
	defer func() {
		if s == nil { // refused, or a function of the program's panicked
			srv.leave(client)
		}
	}()
	up, err := upgrade(w, r, set, srv.headers)
	if err != nil {
		return err
	}
	up.began = began
	s = srv.newSocket(r, up, client)
	s.start(up, func(s *Socket) { srv.connected(s, r) })
	return nil
}

// newSocket makes the socket of a handshake that is accepted, which is counted out as the client's after its close event.
func (srv *Server) newSocket(r *http.Request, up *upgraded, client netip.Addr) *Socket {
	up.info.client = srv.namedClient(r)
	s := newSocket(protocol.Server, srv.settings, Connecting)
	if client.IsValid() {
		s.more().door = &client
	}
	return s
}

// connected is the setup of a new socket.
func (srv *Server) connected(s *Socket, r *http.Request) {
	if !srv.Untracked {
		srv.clients.Add(s)
	}
	s.answer() // not before it is among the clients: who has the answer may count on broadcasts

	switch srv.currentStage() { // who closes the clients may have looked before this one was added
	case closing:
		s.Close(CloseGoingAway, shutdownReason)
	case cutting:
		s.Terminate()
	}
	for _, f := range srv.onConnection {
		f(s, r)
	}
}

// connectionSettings are made of the options when they are needed first.
func (srv *Server) connectionSettings() (*settings, error) {
	srv.once.Do(func() {
		srv.settings, srv.wrong = srv.Options.settings()
		if srv.wrong = cmp.Or(srv.wrong, srv.checkProxies()); srv.wrong != nil {
			slog.Error("websocket: a server's options are wrong", "error", srv.wrong)
			return
		}
		srv.settings.server = srv
		srv.settings.observer = cmp.Or(srv.Observer, srv.settings.observer)
		switch {
		case srv.Budget == 0:
			srv.settings.budget = newBudget(memoryLimit() / 4)
		case srv.Budget > 0:
			srv.settings.budget = newBudget(srv.Budget)
		}
	})
	return srv.settings, srv.wrong
}

// IsUpgrade reports whether a request asks for an upgrade to WebSocket, so that a handler can serve a
// page and a WebSocket on one path. Whether the handshake is right is for [Upgrade] or [Accept] to say.
func IsUpgrade(r *http.Request) bool { return handshake.IsUpgrade(r.Header) }

func (srv *Server) headers(r *http.Request, h http.Header) {
	for _, f := range srv.onHeaders {
		f(r, h)
	}
}

const shutdownReason = "server is shutting down"

func (srv *Server) currentStage() stage {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	return srv.stage
}

// Shutdown ends the Server in order: it listens no more, answers further handshakes with 503, closes
// every client with code 1001, what was sent to it first, and waits until all are gone, their close
// events included, and nil is returned. If ctx ends before, it terminates those that are left and
// returns ctx's error at once; their close events follow. A Server cannot be used again.
//
// In a listener of a Socket, or in OnConnection, it does nothing and returns [ErrInCallback], because it would wait for
// itself: start a goroutine that calls it.
func (srv *Server) Shutdown(ctx context.Context) error {
	if inCallback() {
		return ErrInCallback
	}
	idle, listeners := srv.beginClosing(closing)
	stopped := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() {
			err := l.Shutdown(ctx)
			if err != nil {
				l.Close()
			}
			stopped <- err
		}()
	}
	for _, s := range srv.clients.Members() {
		s.Close(CloseGoingAway, shutdownReason)
	}
	err := await(ctx, idle)
	for range listeners {
		err = cmp.Or(err, <-stopped)
	}
	if err != nil {
		srv.terminate()
	}
	srv.finishClosing()
	return err
}

// await waits until done is closed, and returns nil; or until ctx ends, and returns its error.
func await(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done: // also if ctx has ended as well
		return nil
	default:
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close ends the Server at once: it listens no more, answers further handshakes with 503 and terminates
// every client. It does not wait for their close events. It may be called during Shutdown, which then
// has nothing more to wait for.
func (srv *Server) Close() error {
	_, listeners := srv.beginClosing(cutting)
	var err error
	for _, l := range listeners {
		err = cmp.Or(err, l.Close())
	}
	srv.terminate()
	srv.finishClosing()
	return err
}

// terminate cuts the clients that are left.
func (srv *Server) terminate() {
	srv.beginClosing(cutting)
	for _, s := range srv.clients.Members() {
		s.Terminate()
	}
}

// beginClosing goes on to a stage, and returns a channel that is closed when the last connection is gone.
func (srv *Server) beginClosing(to stage) (idle <-chan struct{}, listeners []*http.Server) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	srv.stage = max(srv.stage, to)
	if srv.idle == nil {
		srv.idle = make(chan struct{})
		if srv.active == 0 {
			close(srv.idle)
		}
	}
	return srv.idle, srv.listeners
}

func (srv *Server) finishClosing() {
	srv.closeOnce.Do(func() {
		for _, f := range srv.onClose {
			f()
		}
	})
}
