package load

import (
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"time"
)

// A Scenario is what the connections do.
type Scenario string

const (
	// Echo: each connection keeps Plan.InFlight messages on the way; the server sends each back.
	Echo Scenario = "echo"
	// Broadcast: the first connection sends, and every message must arrive at every connection, the first one
	// included. Plan.InFlight broadcasts are on the way; one is over when it has arrived everywhere.
	Broadcast Scenario = "broadcast"
	// Handshake: connect, upgrade, exchange Close frames, cut; again and again, Plan.Connections at a time.
	Handshake Scenario = "handshake"
	// Idle: connect, exchange one message each (the first [Load.Run] does), then hold the connections.
	Idle Scenario = "idle"
)

const (
	maxInFlight    = 1 << 16
	maxSize        = 1 << 30
	maxConnections = 1 << 24
	maxLoops       = 1 << 10
	defaultSize    = 64
	defaultDialing = 100
	defaultTimeout = 10 * time.Second
)

// A Plan says what load to make. URL and Connections must be set; every other zero value has a meaning.
type Plan struct {
	URL         string   // ws://host:port/path or wss://
	Scenario    Scenario // empty: Echo
	Connections int      // how many; for Handshake how many at a time
	InFlight    int      // messages on the way, for each connection (Echo) or in all (Broadcast); 0: 1. At most 65536
	Size        int      // octets of a message if there is no Payload; 0: 64. At most 2^30; for an empty message Payload is []byte{}
	Text        bool     // text messages instead of binary ones
	Payload     []byte   // the message, instead of Size random octets (random letters with Text)

	// Announcement is what [Load.Broadcast] sends, with Text saying its type; nil: the same message as the others.
	Announcement []byte

	// Deflate offers permessage-deflate with client_no_context_takeover and server_no_context_takeover
	// (RFC 7692 §7.1.1) and sends compressed messages. A server that does not agree to it is an error. What comes
	// back compressed is inflated where its content is checked.
	Deflate bool
	// Takeover, with Deflate, asks for no end to give up its context. Messages are still compressed without
	// reference to earlier ones; what the server sends is inflated with its context, every message, as the context needs.
	Takeover bool

	// Rate is how many messages a second are due, over all connections in turn (Broadcast: broadcasts; Handshake:
	// connections); 0: as fast as the window allows. With a rate a latency counts from when the message was
	// due, whether the window was open then or not, so that a server that stalls cannot hide it.
	Rate float64

	Warmup, Duration time.Duration // of [Run]. Duration must be above 0 there
	// Timeout bounds one opening handshake, the exchange of one message (Idle), an arrival that [Load.Broadcast]
	// waits for, and what is still on the way when a run ends. 0: 10 s.
	Timeout time.Duration

	Loops    int            // event loops, where there are any (ws on Linux); 0: 1
	Sources  []netip.Addr   // local addresses to connect from, in turn: each has some 28,000 ports to one server
	Dialing  int            // handshakes at a time while connecting; 0: 100
	TLS      *tls.Config    // for wss; nil: the system's roots. The name is taken from the URL if it has none
	Progress func(Progress) // called at most five times a second, from a goroutine of its own; may be nil
}

// A Progress says how far the work has come.
type Progress struct {
	Open     int64 // connections that are open
	Messages int64 // as in Result, warm-up included, since the Load exists
	Errors   int64
}

// A target is the URL, taken apart.
type target struct {
	secure   bool
	host     string // for the Host field
	hostname string
	port     string
	resource string // path and query
}

// prepared checks p and returns it with its zero values filled in.
func (p Plan) prepared() (Plan, target, error) {
	t, err := parseTarget(p.URL)
	if err != nil {
		return p, t, err
	}
	if p.Scenario == "" {
		p.Scenario = Echo
	}
	fill(&p.InFlight, 1)
	fill(&p.Loops, 1)
	fill(&p.Dialing, defaultDialing)
	if p.Payload != nil {
		p.Size = len(p.Payload)
	} else {
		fill(&p.Size, defaultSize)
	}
	if p.Timeout == 0 {
		p.Timeout = defaultTimeout
	}
	switch p.Scenario {
	case Echo, Broadcast, Handshake, Idle:
	default:
		return p, t, fmt.Errorf("load: there is no scenario %q", string(p.Scenario))
	}
	for _, n := range []struct {
		name       string
		value, max int
	}{
		{"Connections", p.Connections, maxConnections},
		{"InFlight", p.InFlight, maxInFlight},
		{"Loops", p.Loops, maxLoops},
		{"Dialing", p.Dialing, maxConnections},
	} {
		if n.value < 1 || n.value > n.max {
			return p, t, fmt.Errorf("load: %s is %d; it must be from 1 to %d", n.name, n.value, n.max)
		}
	}
	if p.Size < 0 || p.Size > maxSize {
		return p, t, fmt.Errorf("load: a message of %d octets; the limit is %d", p.Size, maxSize)
	}
	if p.Warmup < 0 || p.Duration < 0 || p.Timeout < 0 || p.Rate < 0 || math.IsInf(p.Rate, 0) || math.IsNaN(p.Rate) {
		return p, t, errors.New("load: Warmup, Duration, Timeout and Rate must be neither negative nor without end")
	}
	if p.Takeover && !p.Deflate {
		return p, t, errors.New("load: Takeover says how to compress; it needs Deflate")
	}
	p.Loops = min(p.Loops, p.Connections)
	return p, t, nil
}

func fill(n *int, value int) {
	if *n == 0 {
		*n = value
	}
}

func parseTarget(address string) (target, error) {
	u, err := url.Parse(address)
	if err != nil {
		return target{}, fmt.Errorf("load: %w", err)
	}
	t := target{host: u.Host, hostname: u.Hostname(), port: u.Port(), resource: u.RequestURI()}
	switch u.Scheme {
	case "ws":
		if t.port == "" {
			t.port = "80"
		}
	case "wss":
		t.secure = true
		if t.port == "" {
			t.port = "443"
		}
	default:
		return target{}, fmt.Errorf("load: %q is not a URL of the kind ws://host:port/path or wss://", address)
	}
	if t.hostname == "" {
		return target{}, fmt.Errorf("load: %q names no host", address)
	}
	return t, nil
}
