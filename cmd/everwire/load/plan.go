package load

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net/http"
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

	defaultInterval  = time.Second
	shortestInterval = time.Millisecond
)

// A Plan says what load to make. URL and Connections must be set; every other zero value has a meaning.
type Plan struct {
	URL         string   // ws://host:port/path or wss://; user:password@ before the host is sent as Authorization: Basic
	Scenario    Scenario // empty: Echo
	Connections int      // how many; for Handshake how many at a time; with Stages how many are there at first, which may be 0
	InFlight    int      // messages on the way, for each connection (Echo) or in all (Broadcast); 0: 1. At most 65536
	Size        int      // octets of a message if there is no Payload; 0: 64. At most 2^30; for an empty message Payload is []byte{}
	Text        bool     // text messages instead of binary ones
	Payload     []byte   // the message, instead of Size random octets (random letters with Text)

	// Template is the message as a text/template of [Variables], rendered anew for every message instead of sending the
	// same one, such as {"id":{{.Sequence}},"from":{{.Connection}},"nonce":"{{.Random 16}}","at":"{{.Time}}"}. What is
	// expected back is what was sent on that connection, in order. It costs the generator more than a message that
	// stays the same: a rendering, and memory for what is on the way. For Echo and Idle.
	Template string
	// Message makes the messages as Template does. It may be called by several goroutines at a time, must not block,
	// and leaves what it returns alone from then on. With Text what it returns must be UTF-8, which nobody checks.
	Message func(Variables) []byte
	// Expect says what counts as an answer; empty: ExpectExact. Another one is for Echo and Idle.
	Expect Expectation

	Header       http.Header // more fields for the opening handshake; Host replaces the URL's. Not the handshake's own
	Origin       string      // the Origin field (RFC 6455 §4.1); empty: none
	Subprotocols []string    // are offered in this order; a server that chooses another one is an error, choosing none is not

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
	// RatePerConnection is the same for each connection (Echo): messages a second that are due on every one that is
	// open. Connections have different phases, so that they do not send at once. Not with Rate.
	RatePerConnection float64

	// ConnectRate is how many connections a second are started at most, when they are opened and when they are
	// replaced; 0: as many as Dialing allows, which is a limit with a rate too. It is not for Handshake, which has Rate.
	ConnectRate float64
	// Stages let the number of connections change during a run, for Echo and Idle. The first stage begins with the
	// measured interval, from Connections connections. They are opened in order and closed in the opposite one, with
	// a Close frame when what is on the way has been answered. Messages go on meanwhile: RatePerConnection on each that
	// is open, Rate over all that are. A connection that fails does not end such a run, and Idle exchanges no messages.
	Stages []Stage
	// Reopen is how long after its failure a connection is replaced by a new one, so that a run goes on; 0: it is left
	// out. It is for all but Broadcast, and for what fails during a run: when [Open] cannot connect it gives up.
	Reopen time.Duration

	Warmup, Duration time.Duration // of [Run]. Duration must be above 0 there, but with Stages: 0 is their sum
	// Timeout bounds one opening handshake, the exchange of one message (Idle), an arrival that [Load.Broadcast]
	// waits for, and what is still on the way when a run ends. 0: 10 s.
	Timeout time.Duration
	// AnswerTimeout is after how long without its answer, counted as its latency is, a message of Echo ends its
	// connection with a TimeoutError, up to a quarter of a second late. 0: as Timeout with Stages or Reopen, otherwise
	// no limit before the run's end.
	AnswerTimeout time.Duration

	Loops    int            // event loops, where there are any (ws on Linux); 0: 1
	Sources  []netip.Addr   // local addresses to connect from, in turn: each has some 28,000 ports to one server. See [Loopback]
	Dialing  int            // handshakes at a time while connecting; 0: 100
	TLS      *tls.Config    // for wss; nil: the system's roots. The name is taken from the URL if it has none
	Progress func(Progress) // called at most five times a second, from a goroutine of its own; may be nil

	// Sample is called with what happened in each Interval since [Open] was called, from one goroutine at a time. A run
	// begins an interval and ends one, so that those of a run add up to what it did; the last one of a run comes
	// before [Load.Run] returns and may be short. It must return soon, and must not call Close. nil: there are none.
	Sample   func(Sample)
	Interval time.Duration // 0: 1 s; at least 1 ms
}

// An Expectation says what counts as an answer to a message.
type Expectation string

const (
	// ExpectExact is a server that sends back what it gets: type and length of every answer, and the content of some,
	// must be those of the message. See the package's documentation.
	ExpectExact Expectation = "exact"
	// ExpectAny takes every message, whatever is in it, for the answer to the oldest one that has none. Messages nobody
	// asked for are counted in Sample.Received only.
	ExpectAny Expectation = "any"
	// ExpectNone expects no answers: a message counts as done when the socket has taken it, and InFlight is
	// how many leave in one write where there is no rate. What the server sends is read and thrown away.
	ExpectNone Expectation = "none"
)

// A Progress says how far the work has come.
type Progress struct {
	Open     int64 // connections that are open
	Messages int64 // as in Result, warm-up included, since the Load exists
	Errors   int64
}

// A target is the URL, taken apart.
type target struct {
	secure        bool
	host          string // for the Host field
	hostname      string
	port          string
	resource      string // path and query
	authorization string // the field's value; empty: none
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
	if p.AnswerTimeout == 0 && p.changing() {
		p.AnswerTimeout = p.Timeout
	}
	if p.Interval == 0 {
		p.Interval = defaultInterval
	}
	if p.Expect == "" {
		p.Expect = ExpectExact
	}
	switch p.Scenario {
	case Echo, Broadcast, Handshake, Idle:
	default:
		return p, t, fmt.Errorf("load: there is no scenario %q", string(p.Scenario))
	}
	if err := p.check(); err != nil {
		return p, t, err
	}
	if p.RatePerConnection > 0 {
		p.Rate = p.RatePerConnection * float64(p.slots())
	}
	p.Loops = min(p.Loops, p.slots())
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
	if u.User != nil {
		password, _ := u.User.Password()
		t.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password))
	}
	return t, nil
}
