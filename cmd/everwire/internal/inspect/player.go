package inspect

import (
	"bytes"
	"context"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/wire"
	"github.com/everwire/everwire/websocket/frame"
)

// A Pace says when what was recorded is sent again.
type Pace struct {
	// Speed is how many times faster than it was recorded; 1 is as it was. 0 means as fast as can be: each frame
	// as soon as the other end has said as much as it had before that frame in the recording.
	Speed float64

	// Patience is how long to wait for what the other end is still to say: with Speed 0 before each frame, and in any case
	// before the connection is closed. When it did not come once it is not waited for again.
	Patience time.Duration
}

// A player plays one end of a script, on a stream on which the opening handshake is done.
type player struct {
	script *script
	me     wire.Direction
	pace   Pace
	raw    bool

	nc   net.Conn
	sees *wire.Decoder // of the whole connection, handshake included; its callback is player.see

	ponging sync.Mutex // held until the Pongs are sent, so that nothing overtakes them
	writing sync.Mutex

	mu      sync.Mutex
	changed chan struct{} // closed, and made anew, when something of what follows has changed
	heard   []*said       // what the other end has said, as far as it is kept
	most    int           // how much of that is kept, besides a Close frame
	room    int           // for their payloads, in octets
	count   int           // messages that came
	pings   [][]byte      // to be answered
	closing bool          // the other end has sent a Close frame
	over    bool          // nothing more comes
	broken  error         // why, if not in order

	closed  bool   // a Close frame was sent
	reply   []byte // the payload of the Close frame that answers the other end's, if that was recorded
	sent    int    // frames of the script
	skipped map[string]int
	tired   bool // patience was lost once
}

// keptPayload is how much of a message is kept to be compared, and of all of them more than was recorded, in octets.
const keptPayload = 64 << 20

func newPlayer(s *script, me wire.Direction, pace Pace, raw bool) *player {
	p := &player{script: s, me: me, pace: pace, raw: raw, changed: make(chan struct{}), skipped: map[string]int{}}
	expected := s.expects(me.Other())
	p.most, p.room = len(expected)+maxDifferences+1, keptPayload
	for _, m := range expected {
		p.room += len(m.payload)
	}
	return p
}

// see takes what the Decoder tells.
func (p *player) see(e wire.Event) {
	if e.From == p.me {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case e.Message != nil:
		p.count++
		p.hear(e.Message)
	case e.Frame != nil && e.Frame.Opcode == frame.Close && !e.Frame.Cut:
		if p.closing {
			return
		}
		p.heard = append(p.heard, &said{op: frame.Close, payload: bytes.Clone(e.Frame.Payload)})
		p.closing = true
	case e.Frame != nil && e.Frame.Opcode == frame.Ping && !p.raw:
		p.pings = append(p.pings, bytes.Clone(e.Frame.Payload))
	default:
		return
	}
	close(p.changed)
	p.changed = make(chan struct{})
}

// hear keeps a message, unless that is more than is ever compared: the other end may go on and on.
func (p *player) hear(message *wire.Message) {
	if len(p.heard) >= p.most {
		return
	}
	m := &said{op: message.Opcode}
	switch {
	case message.Err != nil:
		m.unclear = message.Err.Error()
	case message.Truncated:
		m.unclear = "it is larger than 64 MiB"
	case len(message.Payload) > p.room:
		m.unclear = "64 MiB more than was recorded have come"
	default:
		m.payload = bytes.Clone(message.Payload)
		p.room -= len(m.payload)
	}
	p.heard = append(p.heard, m)
}

// listen reads until the stream ends, and answers Pings.
func (p *player) listen() {
	p.pong() // Pings that came behind the handshake
	buf := make([]byte, 32<<10)
	for {
		n, err := p.nc.Read(buf)
		if n > 0 {
			p.sees.Write(p.me.Other(), buf[:n])
			p.pong()
		}
		if err != nil {
			p.sees.End(p.me.Other(), endError(err))
			p.mu.Lock()
			p.over, p.broken = true, endError(err)
			close(p.changed)
			p.changed = make(chan struct{})
			p.mu.Unlock()
			return
		}
	}
}

// pong answers the Pings that have come. When it returns they are answered, whoever did it.
func (p *player) pong() {
	p.ponging.Lock()
	defer p.ponging.Unlock()
	p.mu.Lock()
	pings := p.pings
	p.pings = nil
	p.mu.Unlock()
	for _, payload := range pings {
		p.send(frame.Header{Fin: true, Opcode: frame.Pong}, payload)
	}
}

// send sends a frame, masked if this end is a client. That it cannot is no error of its own: reading will tell.
func (p *player) send(h frame.Header, payload []byte) error {
	h.Length, h.Masked, h.Key = int64(len(payload)), p.me == wire.FromClient, 0
	if h.Masked {
		h.Key = frame.NewKey()
	}
	return p.write(h, payload)
}

// write sends a frame as it is.
func (p *player) write(h frame.Header, payload []byte) error {
	octets := h.Append(make([]byte, 0, h.Size()+len(payload)))
	at := len(octets)
	octets = append(octets, payload...)
	if h.Masked {
		frame.Mask(octets[at:], h.Key)
	}
	p.writing.Lock()
	defer p.writing.Unlock()
	if p.closed && !p.raw {
		return net.ErrClosed // nothing comes after a Close frame
	}
	p.closed = p.closed || h.Opcode == frame.Close
	p.sees.Write(p.me, octets)
	_, err := p.nc.Write(octets)
	return err
}

// play plays the script, and closes the stream. It returns how it went; ctx ends it at once.
func (p *player) play(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() { p.nc.Close() })()
	var listening sync.WaitGroup
	listening.Go(p.listen)
	defer listening.Wait()
	defer p.nc.Close()

	start := time.Now()
	messages, theyFirst := 0, false // what the other end had said, at this point of the recording; that it had closed
	for _, t := range p.script.turns {
		if t.from != p.me {
			if t.ends != nil && t.ends.op != frame.Close {
				messages++
			}
			theyFirst = theyFirst || t.frame.Opcode == frame.Close
			continue
		}
		if !p.plays(t) {
			continue
		}
		last := t.frame.Opcode == frame.Close
		if last && theyFirst {
			p.reply = t.frame.Payload
			if p.awaitClose(ctx); !p.raw {
				break
			}
		}
		if p.pace.Speed > 0 {
			p.until(ctx, start.Add(time.Duration(float64(t.at)/p.pace.Speed)))
		}
		if p.pace.Speed == 0 || last {
			p.await(ctx, func() bool { return p.count >= messages || p.closing })
		}
		if p.ended() {
			break
		}
		p.pong() // those that came before the answer that was waited for
		h, payload := t.frame.Header, t.frame.Payload
		var err error
		if p.raw {
			err = p.write(t.raw.Header, t.raw.Payload)
		} else {
			err = p.send(h, payload)
		}
		if err != nil {
			break
		}
		p.sent++
	}
	p.finish(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closing {
		return nil // whatever came after it
	}
	return p.broken
}

// plays reports whether a turn of this end's is sent, and notes why if not.
func (p *player) plays(t *turn) bool {
	why := ""
	switch {
	case p.raw && !t.raw.Whole():
		why = t.skip
	case p.raw:
	case t.skip != "":
		why = t.skip
	case t.frame.Opcode == frame.Pong:
		return false // Pings that come are answered
	}
	if why != "" {
		p.skipped[why]++
	}
	return why == ""
}

// toSend is how many frames play would send.
func (p *player) toSend() (n int) {
	for _, t := range p.script.turns {
		plain := t.skip == "" && t.frame.Opcode != frame.Pong
		if t.from == p.me && (p.raw && t.raw.Whole() || !p.raw && plain) {
			n++
		}
	}
	return n
}

// finish waits for what the other end is still to say, and closes.
func (p *player) finish(ctx context.Context) {
	expected := p.script.expects(p.me.Other())
	if p.sentClose() { // and theirs is the answer
		expected = slices.DeleteFunc(expected, func(m *said) bool { return m.op == frame.Close })
	}
	if p.me == wire.FromServer {
		p.awaitClose(ctx)
	} else {
		p.await(ctx, func() bool { return len(p.heard) >= len(expected) || p.closing })
	}
	switch {
	case p.sentClose():
	case p.ended():
		p.echo()
	default:
		p.send(frame.Header{Fin: true, Opcode: frame.Close}, frame.AppendClose(nil, frame.CloseNormal, ""))
	}
	p.await(ctx, func() bool { return p.closing })
	endWrites(p.nc)
	p.tired = false
	p.await(ctx, func() bool { return p.over })
}

func (p *player) sentClose() bool {
	p.writing.Lock()
	defer p.writing.Unlock()
	return p.closed
}

// echo answers the other end's Close frame: as in the recording, or else by its own code.
func (p *player) echo() {
	p.mu.Lock()
	reply := p.reply
	for _, m := range p.heard {
		if code, _, err := frame.ParseClose(m.payload); m.op == frame.Close && reply == nil && err == nil {
			reply = frame.AppendClose(nil, code, "")
		}
	}
	p.mu.Unlock()
	if p.send(frame.Header{Fin: true, Opcode: frame.Close}, reply) == nil && p.reply != nil {
		p.sent++ // it is the script's
	}
}

// ended reports whether the other end has closed or gone.
func (p *player) ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.over || p.closing && !p.raw
}

// until waits for a time, for the other end to close, or for ctx.
func (p *player) until(ctx context.Context, at time.Time) {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	p.wait(ctx, timer.C, func() bool { return p.closing && !p.raw })
}

// awaitClose waits until the other end closes or goes: a client may take its time, a server as long as there is patience.
func (p *player) awaitClose(ctx context.Context) {
	closing := func() bool { return p.closing }
	if p.me == wire.FromServer {
		p.wait(ctx, nil, closing)
	} else {
		p.await(ctx, closing)
	}
}

// await waits until done, called with the lock held, reports true: as long as there is patience.
func (p *player) await(ctx context.Context, done func() bool) {
	patience := p.pace.Patience
	if p.tired {
		patience = 0
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	if !p.wait(ctx, timer.C, done) {
		p.tired = true
	}
}

// wait waits until done reports true or nothing more comes, or until limit or ctx says to stop; then it returns false.
func (p *player) wait(ctx context.Context, limit <-chan time.Time, done func() bool) bool {
	for {
		p.mu.Lock()
		changed, met := p.changed, done() || p.over
		p.mu.Unlock()
		if met {
			return true
		}
		select {
		case <-changed:
		case <-limit:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// shake reads a head, up to a final answer or a request, and feeds the Decoder all that comes.
func shake(nc net.Conn, from wire.Direction, sees *wire.Decoder) (*wire.Head, error) {
	var octets []byte
	for {
		had := len(octets)
		h, size, all, err := readHead(nc, from, octets)
		sees.Write(from, all[had:])
		if err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		if from == wire.FromClient || h.Status() >= 200 || h.Status() == 101 {
			return h, nil
		}
		octets = all[size:]
	}
}
