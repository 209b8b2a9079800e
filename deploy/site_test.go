package deploy

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

// A site is what stands behind a proxy: two servers of ours and a website.
type site struct {
	servers [2]*server
	web     *httptest.Server
}

// thisMachine is the proxies' network. Clients' address, home, is apart.
var thisMachine = netip.MustParsePrefix("127.0.0.1/32")

// A server is a websocket.Server, with a page and a check of its health beside it.
type server struct {
	websocket *websocket.Server
	http      *http.Server
	listener  net.Listener
	joined    chan *guest
	draining  atomic.Bool
	checked   chan struct{} // by the proxy, for its health
}

// A guest is our server's end of a connection.
type guest struct {
	*websocket.Socket
	request  *http.Request // for its header, host and path
	server   *server
	messages chan string // what came, if the server does not echo
	errors   chan error
	closed   chan websocket.CloseEvent
}

// behavior says how the servers of a site are. The zero value has the defaults, and echoes.
type behavior struct {
	options websocket.AcceptOptions
	deaf    bool // no echo: messages go to guest.messages
	mute    bool // no echo either: messages go to whom the test says
}

func newSite(t *testing.T, b behavior) *site {
	t.Helper()
	s := &site{}
	for i := range s.servers {
		s.servers[i] = newServer(t, b)
	}
	s.web = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "the website")
	}))
	t.Cleanup(s.web.Close)
	return s
}

func (s *site) addresses() backends {
	return backends{
		everwire: [2]string{s.servers[0].address(), s.servers[1].address()},
		website:  strings.TrimPrefix(s.web.URL, "http://"),
	}
}

func newServer(t *testing.T, b behavior) *server {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &server{
		websocket: &websocket.Server{Options: b.options, TrustedProxies: []netip.Prefix{thisMachine}},
		listener:  ln,
		joined:    make(chan *guest, 1000),
		checked:   make(chan struct{}),
	}
	srv.websocket.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/page" {
			io.WriteString(w, "the page of "+r.Host)
			return
		}
		if r.URL.Path == "/upgrade" {
			fmt.Fprintf(w, "Upgrade %q, Connection %q", r.Header.Get("Upgrade"), r.Header.Get("Connection"))
			return
		}
		w.WriteHeader(http.StatusUpgradeRequired)
	})
	srv.websocket.OnConnection(func(s *websocket.Socket, r *http.Request) {
		g := &guest{
			Socket: s, request: r.Clone(context.Background()), server: srv,
			messages: make(chan string, 1000),
			errors:   make(chan error, 1),
			closed:   make(chan websocket.CloseEvent, 1),
		}
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			switch {
			case b.deaf:
				g.messages <- m.Text()
			case !b.mute:
				s.SendMessage(m)
			}
		})
		s.OnError(func(_ *websocket.Socket, err error) { g.errors <- err })
		s.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) { g.closed <- e })
		srv.joined <- g
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		if srv.draining.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		select {
		case srv.checked <- struct{}{}:
		default: // no test waits for it
		}
	})
	mux.Handle("/", srv.websocket)
	srv.http = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})
	go func() {
		defer close(served)
		srv.http.Serve(ln)
	}()
	t.Cleanup(func() {
		srv.kill()
		<-served
	})
	return srv
}

// drain ends the server in order, as everwire serve does.
func (srv *server) drain(t *testing.T) {
	t.Helper()
	srv.draining.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := srv.websocket.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
}

// kill ends the server as if its machine was gone, but for the connections, which it resets.
func (srv *server) kill() {
	srv.http.Close()
	srv.websocket.Close()
}

func (srv *server) address() string { return srv.listener.Addr().String() }

// next waits for the server's end of the next connection, at whichever server.
func (s *site) next(t *testing.T) *guest {
	t.Helper()
	select {
	case g := <-s.servers[0].joined:
		return g
	case g := <-s.servers[1].joined:
		return g
	case <-time.After(patience):
		t.Fatal("nobody came to our servers")
		return nil
	}
}

// wantClosed waits for the close event.
func (g *guest) wantClosed(t *testing.T, want websocket.CloseEvent) {
	t.Helper()
	if got := await(t, "the server's close event", g.closed); got != want {
		t.Fatalf("the server's end was closed by %+v, want %+v", got, want)
	}
}

// await waits for something to come out of a channel.
func await[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("waited in vain for %s", what)
		panic("unreachable")
	}
}

// lost is the close event of a connection that ended without a closing handshake.
var lost = websocket.CloseEvent{Code: websocket.CloseAbnormal}
