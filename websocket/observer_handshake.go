package websocket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/everwire/everwire/internal/engine"
)

// What Observer.Handshake is told of handshakes that failed.

const statusUpgraded = http.StatusSwitchingProtocols

// beginning returns the engine's time, if there is somebody to be told how long a handshake took.
func (o *Observer) beginning() time.Duration {
	if o == nil {
		return 0
	}
	return engine.Since()
}

// failed tells of a handshake that failed.
func (o *Observer) failed(r *http.Request, err error, began time.Duration) {
	if o == nil || o.Handshake == nil {
		return
	}
	defer logPanic()
	o.Handshake(r, statusOf(err), err, engine.Since()-began)
}

// statusOf returns the status that a handshake was answered with that failed, or 0.
func statusOf(err error) int {
	var refused *HandshakeError
	switch {
	case !errors.As(err, &refused):
		return 0
	case refused.Response != nil:
		return refused.Response.StatusCode
	}
	return refused.Status
}

// observer returns who is told, also if the options are wrong.
func (srv *Server) observer() *Observer {
	if srv.Observer != nil {
		return srv.Observer
	}
	return srv.Options.Observer
}

// unasked tells of a connection that ended without a request, because of what.
func (o *Observer) unasked(why error, began time.Duration) {
	err := ErrNoRequest
	if why != nil {
		err = fmt.Errorf("%w: %w", err, why)
	}
	o.failed(nil, err, began)
}

// A visit is a connection to an http.Server, of which no request may come.
type visit struct {
	began time.Duration
	asked atomic.Bool // there was a request
}

type visitKey struct{}

// visits are the connections to an http.Server until they end, or are taken over.
type visits struct {
	observer *Observer
	mu       sync.Mutex
	byConn   map[net.Conn]*visit
}

// watchVisits has the Observer told of connections to an http.Server that never come to a request.
func (srv *Server) watchVisits(h *http.Server) {
	o := srv.observer()
	if o == nil || o.Handshake == nil {
		return
	}
	v := &visits{observer: o, byConn: map[net.Conn]*visit{}}
	h.ConnContext, h.ConnState = v.enter, v.changed
}

// enter is http.Server.ConnContext, which is called for each connection first.
func (v *visits) enter(ctx context.Context, nc net.Conn) context.Context {
	x := &visit{began: engine.Since()}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.byConn[nc] = x
	return context.WithValue(ctx, visitKey{}, x)
}

// changed is http.Server.ConnState.
func (v *visits) changed(nc net.Conn, state http.ConnState) {
	if state != http.StateHijacked && state != http.StateClosed {
		return
	}
	v.mu.Lock()
	x := v.byConn[nc]
	delete(v.byConn, nc)
	v.mu.Unlock()
	if x != nil && !x.asked.Load() && state == http.StateClosed {
		v.observer.unasked(nil, x.began)
	}
}

// asked notes that a request has come.
func asked(o *Observer, r *http.Request) {
	if o == nil || o.Handshake == nil {
		return
	}
	if x, ok := r.Context().Value(visitKey{}).(*visit); ok {
		x.asked.Store(true)
	}
}
