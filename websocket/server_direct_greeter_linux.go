package websocket

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/everwire/everwire/internal/engine"
)

// A greeter reads a connection's first request, on an event loop. If it is a plain upgrade the greeter makes the handshake,
// and the Socket takes its place; else it passes the connection on to net/http.
type greeter struct {
	engine.Conn
	d             *directServer
	local, remote net.Addr
	head          []byte // what was read; owned by who is busy

	began time.Duration // for an Observer
	asked bool          // the request has come; owned by who is busy

	mu     sync.Mutex // guards what follows
	busy   bool       // the request is being read or judged
	ending bool       // the connection is to be closed when nobody is busy
	gone   bool       // the connection is closed, or somebody else's
	why    error      // it is closed without a request
}

// greet takes a new connection.
func (d *directServer) greet(a engine.Accepted) {
	g := &greeter{d: d, local: a.Local, remote: a.Remote, began: d.srv.settings.observer.beginning()}
	if !d.enter(g) || g.Place(a, g) != nil {
		d.leave(g)
		a.Close()
		return
	}
	g.SetTimer(d.http.ReadHeaderTimeout)
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.gone && g.Watch(true, false) != nil {
		g.finish()
	}
}

func (g *greeter) Lock()   { g.mu.Lock() }
func (g *greeter) Unlock() { g.mu.Unlock() }

// finish has the connection closed. Call with mu held.
func (g *greeter) finish() {
	g.gone = true
	g.Finish()
}

// end ends the connection, unless its request has come.
func (g *greeter) end(why error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.why == nil {
		g.why = why
	}
	switch {
	case g.gone:
	case g.busy:
		g.ending = true
	default:
		g.finish()
	}
}

// Prepare returns where the request is to be read to, no more than net/http would take.
func (g *greeter) Prepare(w *engine.Worker) []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.busy || g.gone {
		g.Watch(false, false)
		return nil
	}
	g.busy = true
	const slack = 4 << 10 // of net/http, and for what comes behind the request
	buf := w.Buffer()
	return buf[:min(len(buf), g.d.limit+slack-len(g.head))]
}

// Received looks whether the request is whole.
func (g *greeter) Received(w *engine.Worker, input []byte, err error) {
	switch {
	case err == io.EOF && len(g.head) > 0: // net/http answers that
		g.pass(nil)
		return
	case err != nil:
		g.close(err)
		return
	}
	looked := len(g.head)
	if looked > 0 {
		g.head = append(g.head, input...)
		input = g.head
	}
	end, plain := headEnd(input, looked)
	switch {
	case !plain || end == 0 && len(input) > g.d.limit:
		g.own(input)
		g.pass(nil)
	case end == 0:
		g.own(input)
		g.rest()
	case w.Wary() || g.d.slow.Load() > 0:
		g.own(input)
		go g.greetAway(end)
	default:
		g.greet(input, end)
	}
}

// own keeps what was read in memory of its own.
func (g *greeter) own(input []byte) {
	if len(g.head) == 0 {
		g.head = bytes.Clone(input)
	}
}

// rest waits for more of the request.
func (g *greeter) rest() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.busy = false
	if g.ending || g.Watch(true, false) != nil {
		g.finish()
	}
}

// close has the connection closed by who is busy.
func (g *greeter) close(why error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.why = why
	g.finish()
}

// pass passes the connection on to net/http.
func (g *greeter) pass(v *verdict) {
	g.d.leave(g)
	g.mu.Lock()
	g.gone = true
	fd := g.Disown()
	g.mu.Unlock()
	go g.d.pass(fd, g.head, v)
}

// greetAway is greet on a goroutine of its own, for functions of the program's that may block.
func (g *greeter) greetAway(end int) {
	began := time.Now()
	defer func() {
		if time.Since(began) > quick {
			g.d.slow.Store(slowTurns)
		} else {
			g.d.slow.Add(-1)
		}
	}()
	g.greet(g.head, end)
}

// greet makes the handshake of a request whose header is input up to end. The memory is somebody else's.
func (g *greeter) greet(input []byte, end int) {
	ctx, cancel := context.WithCancel(context.WithValue(g.d.base, http.LocalAddrContextKey, g.local))
	defer cancel()
	r := parseUpgrade(ctx, string(input[:end]))
	if r == nil {
		g.own(input)
		g.pass(nil)
		return
	}
	r.RemoteAddr = engine.AddrString(g.remote)
	g.asked, g.began = true, g.d.srv.settings.observer.beginning()

	returned := false
	defer func() {
		if returned {
			return
		}
		if v := recover(); v != nil { // else it is runtime.Goexit
			g.d.recovered(r, v)
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		if !g.gone {
			g.finish()
		}
	}()
	if passOn, v := g.connect(r, input[end:]); passOn {
		g.own(input)
		g.pass(v)
	}
	returned = true
}

// connect makes a Socket of the connection. If it is refused the answer is net/http's, to which it has to be passed on.
func (g *greeter) connect(r *http.Request, ahead []byte) (passOn bool, v *verdict) {
	srv := g.d.srv
	client, refused := srv.enter(r)
	if refused != nil {
		return true, nil // to be asked again there
	}
	var s *Socket
	defer func() {
		if s == nil { // refused, or a function of the program's panicked
			srv.leave(client)
		}
	}()
	response, params, refused := judge(r, srv.settings)
	if refused != nil {
		return true, &verdict{r, refused, g.began}
	}
	srv.headers(r, response.Header)
	up := newUpgraded(r, srv.settings, response, params)
	up.greeted, up.ahead, up.began = g, bytes.Clone(ahead), g.began
	up.info.local, up.info.remote = g.local, g.remote
	s = srv.newSocket(r, up, client)
	s.start(up, func(s *Socket) { srv.connected(s, r) })
	return false, nil
}

// handOver gives the connection to the driver of its Socket.
func (g *greeter) handOver(to *loopDriver) {
	g.d.leave(g)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gone = true
	g.HandOver(&to.Conn, to)
}

func (g *greeter) Writable(*engine.Worker) {}
func (g *greeter) Attend(*engine.Worker)   {}

// Timeout ends a connection whose request has not come in time; without an answer, as net/http does.
func (g *greeter) Timeout(*engine.Worker) { g.end(os.ErrDeadlineExceeded) }

// Stolen notes that functions of the program's block.
func (g *greeter) Stolen() { g.d.slow.Store(slowTurns) }

func (g *greeter) Closed(*engine.Worker) {
	g.d.leave(g)
	if !g.asked {
		g.d.srv.settings.observer.unasked(g.why, g.began)
	}
}
