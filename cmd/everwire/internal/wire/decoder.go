package wire

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/everwire/everwire/websocket/deflate"
	"github.com/everwire/everwire/websocket/frame"
	"github.com/everwire/everwire/websocket/handshake"
)

// Config says what a Decoder keeps and tells.
type Config struct {
	// Payload is how many octets of a frame's payload, and of a message, are kept for its Event. Default 4 KiB;
	// negative: none. Of control frames at least 125 octets are kept, which is all that they may have.
	Payload int

	// Messages asks for messages as well as frames. Those that are compressed are inflated for it, which costs
	// what it costs the peer.
	Messages bool

	// Inflate bounds how many octets of one message are inflated, kept or not. A message that is larger is not
	// inflated any further. Default 256 MiB.
	Inflate int64

	// Now tells the time. Default: time.Now.
	Now func() time.Time
}

// A Decoder looks on while a connection's octets pass, and calls back with what they mean. Make one with
// NewDecoder for each connection, and Close it.
//
// Its methods may be called concurrently, such as by the two goroutines that carry the two directions; calls of
// its callback never overlap.
type Decoder struct {
	config Config
	tell   func(Event)

	mu    sync.Mutex
	now   time.Time
	sides [2]side

	// Of the opening handshake.
	request *Head
}

// stage is how far a direction has come.
type stage uint8

const (
	inHead   stage = iota // of a request or a response
	waiting               // the client's, for the answer to its request
	inFrames              // after the opening handshake
	opaque                // what comes has no meaning here
	ended
)

// side is one direction.
type side struct {
	from   Direction
	stage  stage
	octets int64 // that have passed
	opaque int64 // of these, that were not decoded

	held []byte // in inHead the head so far; in waiting, what is for later
	frames
}

// NewDecoder returns a Decoder of a connection from its first octet. It calls tell, from within its own methods
// and with its lock held: tell must be quick and must not call the Decoder.
func NewDecoder(config Config, tell func(Event)) *Decoder {
	switch {
	case config.Payload == 0:
		config.Payload = 4 << 10
	case config.Payload < 0:
		config.Payload = 0
	}
	if config.Inflate == 0 {
		config.Inflate = 256 << 20
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	d := &Decoder{config: config, tell: tell}
	for i := range d.sides {
		d.sides[i].from = Direction(i)
	}
	return d
}

// Write tells d that octets pass in a direction. They are the caller's again when Write returns. Octets after End
// are ignored.
func (d *Decoder) Write(from Direction, octets []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.config.Now()
	s := &d.sides[from]
	if s.stage == ended {
		return
	}
	s.octets += int64(len(octets))
	d.feed(s, octets)
}

// End tells d that a direction has ended: in order, if err is nil. A second call does nothing.
func (d *Decoder) End(from Direction, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.config.Now()
	d.end(&d.sides[from], err)
}

// Close ends both directions, as far as they have not ended, and gives up what d holds.
func (d *Decoder) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.config.Now()
	for i := range d.sides {
		d.end(&d.sides[i], nil)
	}
}

func (d *Decoder) end(s *side, err error) {
	if s.stage == ended {
		return
	}
	d.endFrames(s)
	s.opaque += int64(len(s.held))
	s.stage, s.held = ended, nil
	d.emit(s, Event{End: &End{Octets: s.octets, Undecoded: s.opaque, Err: err}})
}

func (d *Decoder) emit(s *side, e Event) {
	e.Time, e.From = d.now, s.from
	d.tell(e)
}

func (d *Decoder) feed(s *side, octets []byte) {
	for len(octets) > 0 {
		switch s.stage {
		case inHead:
			octets = d.head(s, octets)
		case waiting:
			if s.held = append(s.held, octets...); len(s.held) > maxHead {
				d.emit(s, Event{Violation: &handshake.Error{
					Reason: "the client sends more than 64 KiB before the server has answered", Section: "RFC 6455 §4.1",
				}})
				d.giveUp(s)
			}
			return
		case inFrames:
			octets = d.frame(s, octets)
		case opaque, ended:
			s.opaque += int64(len(octets))
			return
		}
	}
}

// giveUp has what comes in a direction only be counted from now on, and what it holds.
func (d *Decoder) giveUp(s *side) {
	s.opaque += int64(len(s.held))
	s.stage, s.held = opaque, nil
}

// head takes what is there of a head, and returns what comes after it.
func (d *Decoder) head(s *side, octets []byte) (rest []byte) {
	had := len(s.held)
	s.held = append(s.held, octets[:min(len(octets), maxHead-had)]...)
	end := endOfHead(s.held, had)
	if end < 0 {
		if len(s.held) < maxHead {
			return nil
		}
		d.emit(s, Event{Violation: &handshake.Error{
			Reason: "the " + s.from.String() + "'s head is larger than 64 KiB", Section: "RFC 6455 §4",
		}})
		rest = octets[len(s.held)-had:]
		d.giveUp(s)
		return rest
	}
	rest = octets[end-had:]
	h, ok := parseHead(s.held[:end], s.from)
	if !ok && len(strings.TrimSpace(string(s.held[:end]))) == 0 { // only empty lines: the head is still to come
		s.held = s.held[:0]
		return rest
	}
	if !ok {
		s.held = s.held[:end]
		d.emit(s, Event{Violation: &handshake.Error{
			Reason: "what the " + s.from.String() + " sends is not HTTP/1.1", Section: "RFC 6455 §4",
		}})
		d.giveUp(s)
		return rest
	}
	s.held = nil
	if s.from == FromClient {
		d.asked(s, h)
	} else {
		d.answer(s, h)
	}
	return rest
}

// asked takes the client's request.
func (d *Decoder) asked(s *side, h *Head) {
	d.request = h
	s.stage = waiting
	d.emit(s, Event{Head: h})
	method, target, version := h.Request()
	if method == http.MethodConnect {
		return
	}
	header := h.Header()
	if header.Get("Upgrade") == "" {
		return // an ordinary request
	}
	r := handshake.Request{
		Method: method, Target: target, Major: 1, Minor: 1, Host: header.Get("Host"), Header: header,
	}
	if version == "HTTP/1.0" {
		r.Minor = 0
	}
	if err := r.Check(); err != nil {
		d.emit(s, Event{Violation: err})
	}
}

// answer takes the server's response, which decides what comes in both directions.
func (d *Decoder) answer(s *side, h *Head) {
	d.emit(s, Event{Head: h})
	client := &d.sides[FromClient]
	status := h.Status()
	if d.request == nil {
		d.emit(s, Event{Violation: &handshake.Error{Reason: "the server answers before it was asked", Section: "RFC 6455 §4.2.2"}})
		d.giveUp(s)
		return
	}
	method, _, _ := d.request.Request()
	switch {
	case status >= 100 && status < 200 && status != http.StatusSwitchingProtocols:
		return // the answer is still to come
	case method == http.MethodConnect && status/100 == 2:
		d.request = nil
		d.resume(client, inHead)
	case status == http.StatusSwitchingProtocols:
		d.agreed(s, h)
		s.stage = inFrames
		d.resume(client, inFrames)
	default:
		d.giveUp(s)
		if client.stage == waiting {
			d.giveUp(client)
		}
	}
}

// resume goes on with the client's side, which has waited.
func (d *Decoder) resume(client *side, next stage) {
	if client.stage != waiting {
		return
	}
	held := client.held
	client.stage, client.held = next, nil
	d.feed(client, held)
}

// agreed judges the handshake and prepares for the extensions that were agreed on.
func (d *Decoder) agreed(s *side, response *Head) {
	request := d.request.Header()
	protocols, _ := handshake.Subprotocols(request) // errors there are the request's, which was judged
	offers, _ := handshake.ParseExtensions(request)
	offer := handshake.Offer{Key: request.Get("Sec-WebSocket-Key"), Subprotocols: protocols, Extensions: offers}
	answer, err := offer.Judge(response.Status(), response.Header())
	if err != nil {
		d.emit(s, Event{Violation: err})
		answer.Extensions, _ = handshake.ParseExtensions(response.Header())
	}
	var params deflate.Params
	unknown := false
	for _, x := range answer.Extensions {
		if !slices.Contains([]string{deflate.Name, deflate.FrameName, deflate.WebkitFrameName}, x.Name) {
			unknown = true
			continue
		}
		if params.Agreed() {
			err = errors.New("the server chose two extensions that both use RSV1")
		} else {
			params, err = deflate.Accept(offers, x)
		}
		if err != nil {
			d.emit(s, Event{Violation: err})
		}
	}
	for i := range d.sides {
		side := &d.sides[i]
		side.foreign = unknown
		side.agreed, side.perFrame = params.Agreed(), params.PerFrame
		if side.agreed && d.config.Messages {
			takeover := !params.ServerNoContextTakeover
			if side.from == FromClient {
				takeover = !params.ClientNoContextTakeover
			}
			// A larger window than was agreed on inflates the same, and also what is wrong by a little.
			side.inflater.Init(deflate.MaxWindowBits, takeover)
			side.takeover = takeover
		}
	}
}

func violation(code frame.CloseCode, section, detail string) *frame.Violation {
	return &frame.Violation{Code: code, Section: section, Detail: detail}
}
