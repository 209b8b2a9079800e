package status

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/observe"
	"github.com/everwire/everwire/websocket"
)

// A Collector knows the connections of any number of Servers, and what all of them come to. Its methods may be
// called from any goroutine.
type Collector struct {
	started  time.Time
	accepted atomic.Uint64
	refused  atomic.Uint64
	received traffic
	sent     traffic
	runtime  runtimeMeter // only sample reads it

	// Beside reads what else there is to show, if it is not nil. It is set before the Board is started.
	Beside func(n *Numbers)

	place *websocket.Key[*connection]

	mu      sync.RWMutex
	servers []*websocket.Server
	byID    map[int64]*connection
	history history
}

// NewCollector returns a Collector that knows of nothing yet.
func NewCollector() *Collector {
	c := &Collector{started: time.Now(), byID: make(map[int64]*connection), place: websocket.NewKey[*connection]()}
	c.history.add(c.sample(nil))
	return c
}

// traffic is counted by many goroutines.
type traffic struct{ messages, octets, wire atomic.Uint64 }

func (t *traffic) counted() Counted { return Counted{t.messages.Load(), t.octets.Load()} }

func (t *traffic) total() Traffic {
	return Traffic{Messages: t.messages.Load(), Octets: t.octets.Load(), Wire: t.wire.Load()}
}

func (t *traffic) add(octets, wire int64) {
	t.messages.Add(1)
	t.octets.Add(uint64(octets))
	t.wire.Add(uint64(wire))
}

// peer is what a Collector needs of a *websocket.Socket.
type peer interface {
	ReadyState() websocket.ReadyState
	BufferedAmount() int64
	RTT() time.Duration
	Subprotocol() string
	Extensions() string
	Close(websocket.CloseCode, string) error
	Tap(func(websocket.TapEvent)) (remove func())
}

// connection is one that is open, or was when it was looked up.
type connection struct {
	id    int64
	peer  peer
	since time.Time

	// Of the request. They share no memory with it.
	address, path, agent, origin string
	searched                     string // all that is said of it, in lower case

	received, sent traffic

	mu   sync.Mutex
	taps []*tap
	gone *Gone // once it is closed
}

// agentSize is how much of a User-Agent and of an Origin is kept, in octets.
const agentSize = 256

// Watch has the Collector told what happens on a Server's connections, besides who is told already. Call it before the
// Server's first request. Each new connection must also be given to Connected.
func (c *Collector) Watch(srv *websocket.Server) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.servers = append(c.servers, srv)
	srv.Observer = observe.Join(srv.Observer, &websocket.Observer{
		Handshake: c.handshake,
		Closed: func(conn websocket.Connection, e websocket.CloseEvent) {
			if known := c.known(conn); known != nil {
				c.closed(known, e)
			}
		},
		Received: func(conn websocket.Connection, _ websocket.MessageType, octets, wire int64) {
			c.received.add(octets, wire)
			if known := c.known(conn); known != nil {
				known.received.add(octets, wire)
			}
		},
		Sent: func(conn websocket.Connection, _ websocket.MessageType, octets, wire int64) {
			c.sent.add(octets, wire)
			if known := c.known(conn); known != nil {
				known.sent.add(octets, wire)
			}
		},
	})
}

// Connected takes a new connection in, under a number by which the operator can name it, and the request that it came
// by. Call it in OnConnection.
func (c *Collector) Connected(id int64, s *websocket.Socket, r *http.Request) {
	c.place.Set(s, c.open(id, s, s.RemoteAddr().String(), r))
}

// known returns what is known of a connection that was given to Connected, else nil.
func (c *Collector) known(conn websocket.Connection) *connection {
	s, ok := conn.(*websocket.Socket)
	if !ok {
		return nil
	}
	known, _ := c.place.Get(s)
	return known
}

// handshake counts those that ask for a WebSocket.
func (c *Collector) handshake(r *http.Request, _ int, err error, _ time.Duration) {
	switch {
	case err == nil:
		c.accepted.Add(1)
	case r != nil:
		c.refused.Add(1)
	}
}

// Refused counts a handshake that was refused before it came to a Server. It is for who stands in front of one.
func (c *Collector) Refused(*http.Request) { c.refused.Add(1) }

// open takes a connection in.
func (c *Collector) open(id int64, p peer, address string, r *http.Request) *connection {
	conn := &connection{
		id: id, peer: p, since: time.Now(), address: address,
		path:   strings.Clone(r.URL.Path),
		agent:  kept(r.UserAgent()),
		origin: kept(r.Header.Get("Origin")),
	}
	conn.searched = strings.ToLower(strings.Join([]string{address, conn.path, conn.agent, conn.origin, p.Subprotocol()}, "\n"))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.byID[id] = conn
	return conn
}

// kept is what is kept of a header field.
func kept(field string) string {
	return strings.ToValidUTF8(strings.Clone(field[:min(len(field), agentSize)]), "")
}

// closed counts a connection out, and tells who taps it.
func (c *Collector) closed(conn *connection, how websocket.CloseEvent) {
	c.mu.Lock()
	delete(c.byID, conn.id)
	c.mu.Unlock()

	gone := &Gone{Socket: conn.id, Code: int(how.Code), Reason: how.Reason, Clean: how.WasClean}
	conn.mu.Lock()
	conn.gone = gone
	taps := conn.taps
	conn.taps = nil
	conn.mu.Unlock()
	for _, t := range taps {
		t.end(gone)
	}
}

// find returns a connection that is open, or nil.
func (c *Collector) find(id int64) *connection {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.byID[id]
}

// connections are those that are open, in no order.
func (c *Collector) connections() []*connection {
	c.mu.RLock()
	defer c.mu.RUnlock()
	all := make([]*connection, 0, len(c.byID))
	for _, conn := range c.byID {
		all = append(all, conn)
	}
	return all
}

// describe says how a connection is now.
func (c *connection) describe() Socket {
	c.mu.Lock()
	tapped := len(c.taps) > 0
	c.mu.Unlock()
	return Socket{
		ID: c.id, Address: c.address, Path: c.path, Agent: c.agent, Origin: c.origin,
		Subprotocol: c.peer.Subprotocol(), Extensions: c.peer.Extensions(),
		State: c.peer.ReadyState().String(), Since: c.since.UnixMilli(),
		Received: c.received.counted(), Sent: c.sent.counted(),
		Queued: c.peer.BufferedAmount(), RoundTrip: milliseconds(c.peer.RTT()), Tapped: tapped,
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// mostTimed is how many connections are asked for their round-trip time each second. Of more, that many are drawn.
const mostTimed = 2000

// roundTrip is what Pings took, of the connections that had one answered.
func (c *Collector) roundTrip() *RoundTrip {
	c.mu.RLock()
	timed := make([]peer, 0, min(len(c.byID), mostTimed))
	for _, conn := range c.byID { // in an order that is another each time
		if len(timed) == mostTimed {
			break
		}
		timed = append(timed, conn.peer)
	}
	c.mu.RUnlock()

	var times []time.Duration
	for _, p := range timed {
		if rtt := p.RTT(); rtt > 0 {
			times = append(times, rtt)
		}
	}
	if len(times) == 0 {
		return nil
	}
	slices.SortFunc(times, cmp.Compare)
	at := func(part float64) float64 { return milliseconds(times[int(part*float64(len(times)-1)+0.5)]) }
	return &RoundTrip{Median: at(0.5), P99: at(0.99)}
}
