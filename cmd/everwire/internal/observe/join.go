package observe

import (
	"net/http"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
)

// Join returns an Observer that tells each of several, in their order, nil ones left out; nil if none is left. What none of
// them wants to be told is not asked for. The Observers must not change afterwards.
func Join(observers ...*websocket.Observer) *websocket.Observer {
	var joined *websocket.Observer
	for _, o := range observers {
		switch {
		case o == nil:
		case joined == nil:
			joined = o
		default:
			joined = both(joined, o)
		}
	}
	return joined
}

// both returns an Observer that tells a and then b.
func both(a, b *websocket.Observer) *websocket.Observer {
	o := *a
	if f, g := a.Handshake, b.Handshake; f == nil {
		o.Handshake = g
	} else if g != nil {
		o.Handshake = func(r *http.Request, status int, err error, took time.Duration) {
			f(r, status, err, took)
			g(r, status, err, took)
		}
	}
	if f, g := a.Opened, b.Opened; f == nil {
		o.Opened = g
	} else if g != nil {
		o.Opened = func(c websocket.Connection) { f(c); g(c) }
	}
	if f, g := a.Closed, b.Closed; f == nil {
		o.Closed = g
	} else if g != nil {
		o.Closed = func(c websocket.Connection, e websocket.CloseEvent) { f(c, e); g(c, e) }
	}
	o.Received = inTurn(a.Received, b.Received)
	o.Sent = inTurn(a.Sent, b.Sent)
	if f, g := a.Control, b.Control; f == nil {
		o.Control = g
	} else if g != nil {
		o.Control = func(c websocket.Connection, op frame.Opcode, sent bool, octets int) {
			f(c, op, sent, octets)
			g(c, op, sent, octets)
		}
	}
	if f, g := a.Dropped, b.Dropped; f == nil {
		o.Dropped = g
	} else if g != nil {
		o.Dropped = func(s *websocket.Socket, d websocket.Drop) { f(s, d); g(s, d) }
	}
	o.RTT = timed(a.RTT, b.RTT)
	if f, g := a.Handled, b.Handled; f == nil {
		o.Handled = g
	} else if g != nil {
		o.Handled = func(s *websocket.Socket, d time.Duration) { f(s, d); g(s, d) }
	}
	o.Throttled = timed(a.Throttled, b.Throttled)
	return &o
}

type messageFunc = func(c websocket.Connection, t websocket.MessageType, octets, wire int64)

func inTurn(f, g messageFunc) messageFunc {
	switch {
	case f == nil:
		return g
	case g == nil:
		return f
	}
	return func(c websocket.Connection, t websocket.MessageType, octets, wire int64) {
		f(c, t, octets, wire)
		g(c, t, octets, wire)
	}
}

type timedFunc = func(c websocket.Connection, d time.Duration)

func timed(f, g timedFunc) timedFunc {
	switch {
	case f == nil:
		return g
	case g == nil:
		return f
	}
	return func(c websocket.Connection, d time.Duration) { f(c, d); g(c, d) }
}
