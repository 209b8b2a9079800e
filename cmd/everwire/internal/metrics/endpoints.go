package metrics

import (
	"net/http"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
)

// An endpoint is one Server under its name, and what was counted of it. Its counters are plain numbers that only ever
// grow; a scrape reads them.
type endpoint struct {
	name    string
	srv     *websocket.Server
	stripes []stripe // what happens for each message

	// What happens once for each connection, or less.
	handshakes    handshakes
	handshakeTime histogram
	closes        closes
	failures      failures
	drops         drops
	throttled     throttled
}

// Watch measures a Server as the endpoint of a name. It must be called before the Server's first request, at most
// once for each name. It takes the place of the Server's Observer.
func (m *Metrics) Watch(name string, srv *websocket.Server) {
	ep := &endpoint{name: name, srv: srv, stripes: newStripes()}
	srv.Observer = ep.observer()
	failed := ep.failed // one function for all sockets
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) { s.OnError(failed) })
	m.endpoints.list = append(m.endpoints.list, ep)
}

func (ep *endpoint) observer() *websocket.Observer {
	return &websocket.Observer{
		Handshake: ep.handshake,
		Closed:    func(_ websocket.Connection, e websocket.CloseEvent) { ep.closes.count(e) },
		Received:  ep.received,
		Sent:      ep.sent,
		Control:   ep.control,
		Dropped:   func(_ *websocket.Socket, d websocket.Drop) { ep.drops.count(d) },
		RTT: func(_ websocket.Connection, d time.Duration) {
			mine(ep.stripes).roundTrip.observe(roundTripBounds, d)
		},
		Handled: func(_ *websocket.Socket, d time.Duration) {
			mine(ep.stripes).handled.observe(handlerBounds, d)
		},
		Throttled: func(_ websocket.Connection, d time.Duration) { ep.throttled.count(d) },
	}
}

func (ep *endpoint) handshake(_ *http.Request, status int, err error, took time.Duration) {
	ep.handshakes.count(status, err)
	if err == nil {
		ep.handshakeTime.observe(handshakeBounds, took)
	}
}

func (ep *endpoint) failed(_ *websocket.Socket, err error) { ep.failures.count(err) }

func (ep *endpoint) received(_ websocket.Connection, t websocket.MessageType, octets, wire int64) {
	mine(ep.stripes).message(received, t, octets, wire)
}

func (ep *endpoint) sent(_ websocket.Connection, t websocket.MessageType, octets, wire int64) {
	mine(ep.stripes).message(sent, t, octets, wire)
}

func (s *stripe) message(direction int, t websocket.MessageType, octets, wire int64) {
	kind := text
	if t == websocket.Binary {
		kind = binary
	}
	s.messages[direction][kind].Add(1)
	s.octets[direction][kind].Add(uint64(octets))
	s.wire[direction][kind].Add(uint64(wire))
}

func (ep *endpoint) control(_ websocket.Connection, op frame.Opcode, out bool, _ int) {
	direction := received
	if out {
		direction = sent
	}
	kind := ping
	switch op {
	case frame.Pong:
		kind = pong
	case frame.Close:
		kind = closeFrame
	}
	mine(ep.stripes).control[direction][kind].Add(1)
}
