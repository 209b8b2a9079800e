package interop

import (
	"context"
	"crypto/tls"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/internal/testcert"
	"github.com/everwire/everwire/websocket"
)

// self is the certificate that every scenario's server shows.
var self = testcert.New("127.0.0.1")

// A face is one of the four ways to make an end of a connection.
type face struct {
	name  string
	serve serve // of a server's face
	dial  dial  // of a client's face
}

type (
	// serve serves until stop. What it accepts goes to made.
	serve func(ln *tapping, conf *tls.Config, tm terms, made chan<- *end) (stop func())

	// dial connects, and returns an end that is open, or why there is none.
	dial func(t *testing.T, url string, tm terms) (*end, error)
)

var (
	serverFaces = []face{
		{name: "Server", serve: serveSockets},
		{name: "Accept", serve: serveConns},
	}
	clientFaces = []face{
		{name: "New", dial: dialSocket},
		{name: "Dial", dial: dialConn},
	}
)

// A pairing is a face of ours, and a program in the other role.
type pairing struct {
	face
	program *program
	them    *software
	deflate bool    // the two agree on permessage-deflate
	result  *result // what comes of the scenario
}

// terms are how a scenario wants the two ends to be. The zero value has all defaults.
type terms struct {
	accept websocket.AcceptOptions // of our end, if it is a server's
	dial   websocket.DialOptions   // of our end, if it is a client's
	theirs args                    // of "connect" or "listen"
	over   stream
	path   string // what the client asks the server for; default "/"
	user   string // user:password, in the client's URL
	tapped bool   // our end has a tap below
	slow   bool   // our end takes no message until told to
	apart  bool   // one end does without compression
}

// A stream is what a connection goes over.
type stream int

const (
	tcp stream = iota
	secure
	unix
)

func (tm *terms) limit(l websocket.Limits) { tm.accept.Limits, tm.dial.Limits = l, l }

func (tm *terms) queue(q websocket.Queue) { tm.accept.Queue, tm.dial.Queue = q, q }

// connect makes a connection that is open at both ends.
func (p pairing) connect(t *testing.T, tm terms) (us *end, they *peer) {
	t.Helper()
	if p.serve != nil {
		ours := p.listen(t, tm)
		they = ours.connect(t, tm)
		they.open = they.wantAny(t, "open")
		us = ours.accepted(t)
	} else {
		var url string
		var err error
		they, url = p.theirServer(t, tm)
		us, err = p.reach(t, url, tm)
		if err != nil {
			t.Fatalf("our %s: %v", p.name, err)
		}
		they.open = they.wantAny(t, "open")
	}
	p.checkExtension(t, us, they, tm)
	return us, they
}

// theirServer starts a scenario of the program's as a server, and returns its URL.
func (p pairing) theirServer(t *testing.T, tm terms) (they *peer, url string) {
	t.Helper()
	details := args{}
	switch tm.over {
	case secure:
		details["cert"], details["key"] = self.PEM, self.Key
	case unix:
		details["socket"] = socketPath(t)
	}
	maps.Copy(details, p.compression(tm).theirs)
	they = p.program.begin(t, "listen", details)
	return they, they.wantAny(t, "listening").URL
}

// ourServer is a server of ours that listens.
type ourServer struct {
	pairing
	url  string
	made chan *end
}

// listen starts a server of ours.
func (p pairing) listen(t *testing.T, tm terms) *ourServer {
	t.Helper()
	tm = p.compression(tm)
	network, address := "tcp", "127.0.0.1:0"
	if tm.over == unix {
		network, address = "unix", socketPath(t)
	}
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	srv := &ourServer{pairing: p, made: make(chan *end, 2)}
	var conf *tls.Config
	switch tm.over {
	case tcp:
		srv.url = "ws://" + ln.Addr().String()
	case secure:
		srv.url = "wss://" + ln.Addr().String()
		conf = self.Server()
	case unix:
		srv.url = "ws+unix://" + address + ":"
	}
	stop := p.serve(&tapping{Listener: ln, asked: tm.tapped}, conf, tm, srv.made)
	t.Cleanup(func() {
		stop()
		for {
			select {
			case e := <-srv.made: // which the test did not ask for
				e.stop()
			default:
				return
			}
		}
	})
	return srv
}

// connect starts a scenario of the program's as our server's client.
func (srv *ourServer) connect(t *testing.T, tm terms) *peer {
	t.Helper()
	details := args{"url": locate(srv.url, tm)}
	if tm.over == secure {
		details["ca"] = self.PEM
	}
	maps.Copy(details, srv.compression(tm).theirs)
	return srv.program.begin(t, "connect", details)
}

// accepted waits for an end of our server's.
func (srv *ourServer) accepted(t *testing.T) *end {
	t.Helper()
	var us *end
	select {
	case us = <-srv.made:
	case <-time.After(patience):
		t.Fatal("our server accepts nobody")
	}
	t.Cleanup(us.stop)
	us.wantAny(t, "open")
	return us
}

func serveSockets(ln *tapping, conf *tls.Config, tm terms, made chan<- *end) (stop func()) {
	srv := &websocket.Server{Options: tm.accept, TLSConfig: conf}
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		e := newEnd("Server", tm)
		e.asked, e.below = r.Header.Clone(), ln.accepted()
		e.follow(s)
		made <- e
	})
	return serveUntilStopped(srv, ln, conf != nil)
}

func serveConns(ln *tapping, conf *tls.Config, tm terms, made chan<- *end) (stop func()) {
	srv := &http.Server{TLSConfig: conf}
	srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &tm.accept)
		if err != nil {
			return // the program has seen the answer
		}
		e := newEnd("Accept", tm)
		e.asked, e.below = r.Header.Clone(), ln.accepted()
		e.read(c)
		made <- e
	})
	return serveUntilStopped(srv, ln, conf != nil)
}

// serveUntilStopped serves, over TLS if secure, until stop, which waits for the end.
func serveUntilStopped(srv interface {
	Serve(net.Listener) error
	ServeTLS(ln net.Listener, certFile, keyFile string) error
	Close() error
}, ln net.Listener, secure bool) (stop func()) {
	served := make(chan struct{})
	go func() {
		defer close(served)
		if secure {
			srv.ServeTLS(ln, "", "")
		} else {
			srv.Serve(ln)
		}
	}()
	return func() {
		srv.Close()
		<-served
	}
}

func dialSocket(t *testing.T, url string, tm terms) (*end, error) {
	t.Helper()
	e := newEnd("New", tm)
	_, err := websocket.New(locate(url, tm), e.dialOptions(t, tm), e.follow)
	if err != nil {
		return nil, err
	}
	t.Cleanup(e.stop)
	if first := e.next(t, "open"); first.Event != "open" {
		e.want(t, lost())
		return nil, first.err
	}
	return e, nil
}

func dialConn(t *testing.T, url string, tm terms) (*end, error) {
	t.Helper()
	e := newEnd("Dial", tm)
	c, err := websocket.Dial(context.Background(), locate(url, tm), e.dialOptions(t, tm))
	if err != nil {
		return nil, err
	}
	e.read(c)
	t.Cleanup(e.stop)
	e.wantAny(t, "open")
	return e, nil
}

// dialOptions are the terms' for a client's end.
func (e *end) dialOptions(t *testing.T, tm terms) *websocket.DialOptions {
	t.Helper()
	opts := tm.dial
	if tm.over == secure && opts.TLSConfig == nil {
		opts.TLSConfig = self.Client()
	}
	if tm.tapped {
		opts.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			nc, err := new(net.Dialer).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			e.below = &tap{Conn: nc}
			return e.below, nil
		}
	}
	return &opts
}

// locate makes the URL that a client connects to of its server's.
func locate(server string, tm terms) string {
	scheme, host, _ := strings.Cut(server, "://")
	if tm.user != "" {
		host = tm.user + "@" + host
	}
	if tm.path == "" {
		tm.path = "/"
	}
	return scheme + "://" + host + tm.path
}

// socketPath is where a Unix domain socket can be made. The test's own folder may have too long a name.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "everwire")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "socket")
}
