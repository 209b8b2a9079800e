package inspect

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/record"
	"github.com/everwire/everwire/cmd/everwire/internal/wire"
	"github.com/everwire/everwire/websocket/deflate"
	"github.com/everwire/everwire/websocket/frame"
	"github.com/everwire/everwire/websocket/handshake"
)

// A script is one recorded connection, as it can be played.
type script struct {
	id     uint64
	opened time.Duration // since the recording's start
	open   *record.Open
	turns  []*turn
	cut    bool // the recording ends before the connection did
}

// A turn is a frame of a script.
type turn struct {
	at    time.Duration // since the connection was open
	from  wire.Direction
	frame record.Frame // plain: of compressed messages the inflated payload
	raw   record.Frame // as it was recorded
	skip  string       // why only raw has it; "" if plain has it too
	ends  *said        // what is said with it, when it is the last of a message, or a Close frame
}

// said is a message or a Close frame, as it is compared.
type said struct {
	op      frame.Opcode // Text, Binary or Close
	payload []byte
	unclear string // why the payload is not known
}

// readScripts reads a recording. An error is about it; what is there before an end inside a line is returned with
// record.ErrUnfinished.
func readScripts(r io.Reader) (header record.Header, scripts []*script, err error) {
	rr, err := record.NewReader(r)
	if err != nil {
		return header, nil, err
	}
	writers := map[uint64]*scriptWriter{}
	for {
		e, err := rr.Next()
		if err != nil {
			for _, w := range writers {
				w.end()
				w.script.cut = true
			}
			if err == io.EOF {
				err = nil
			}
			return rr.Header(), scripts, err
		}
		w := writers[e.Conn]
		switch {
		case e.Open != nil:
			w = newScriptWriter(e)
			writers[e.Conn] = w
			scripts = append(scripts, w.script)
		case e.Frame != nil:
			w.frame(e)
		case e.Close != nil:
			w.end()
			delete(writers, e.Conn)
		}
	}
}

// A scriptWriter makes a script of a connection's entries.
type scriptWriter struct {
	script   *script
	params   deflate.Params
	messages [2]gathering
}

// gathering is one direction's message in progress.
type gathering struct {
	turns      []*turn
	op         frame.Opcode
	compressed bool
	inflater   deflate.Decompressor
	lost       bool // an earlier message could not be inflated, and with it none after it
	takeover   bool
}

func newScriptWriter(e record.Entry) *scriptWriter {
	w := &scriptWriter{script: &script{id: e.Conn, opened: e.T, open: e.Open}}
	if e.Open.Request == nil || e.Open.Response == nil {
		return w
	}
	offers, _ := handshake.ParseExtensions(e.Open.Request.Header())
	answers, _ := handshake.ParseExtensions(e.Open.Response.Header())
	for _, x := range answers {
		if p, err := deflate.Accept(offers, x); err == nil {
			w.params = p
		}
	}
	w.messages[wire.FromClient].takeover = !w.params.ClientNoContextTakeover
	w.messages[wire.FromServer].takeover = !w.params.ServerNoContextTakeover
	for i := range w.messages {
		w.messages[i].inflater.Init(deflate.MaxWindowBits, w.messages[i].takeover)
	}
	return w
}

func (w *scriptWriter) end() {
	for i := range w.messages {
		w.messages[i].inflater.Release()
	}
}

func (w *scriptWriter) frame(e record.Entry) {
	f := e.Frame
	t := &turn{at: max(e.T-w.script.opened, 0), from: f.From, frame: *f, raw: *f}
	w.script.turns = append(w.script.turns, t)
	g := &w.messages[f.From]
	switch {
	case !f.Whole():
		t.skip = fmt.Sprintf("a frame of %d octets was recorded only in part", f.Length)
	case f.Opcode.Reserved():
		t.skip = "a frame has a reserved opcode"
	case f.Opcode.Control() && (!f.Fin || f.Length > frame.MaxControlPayload || f.Rsv != 0):
		t.skip = "a control frame breaks the rules"
	case f.Opcode == frame.Continuation && len(g.turns) == 0:
		t.skip = "a continuation frame continues nothing"
	}
	switch {
	case f.Opcode == frame.Close:
		t.ends = &said{op: frame.Close, payload: f.Payload}
		if _, _, err := frame.ParseClose(f.Payload); err != nil {
			t.skip = "a Close frame breaks the rules"
		}
	case f.Opcode.Control() || f.Opcode.Reserved() || f.Opcode == frame.Continuation && len(g.turns) == 0:
	default:
		w.data(g, t)
	}
}

// data takes a frame of a message.
func (w *scriptWriter) data(g *gathering, t *turn) {
	f := &t.raw
	if f.Opcode != frame.Continuation {
		for _, old := range g.turns {
			old.skip = "a message was begun and not ended"
			g.lost = g.lost || g.compressed && g.takeover // what comes may refer to it
		}
		g.turns, g.op = nil, f.Opcode
		g.compressed = w.params.Agreed() && f.Rsv&frame.Rsv1 != 0
	}
	g.turns = append(g.turns, t)
	t.frame.Rsv = 0
	if !f.Fin {
		return
	}
	turns := g.turns
	g.turns = nil
	t.ends = &said{op: g.op}
	for _, part := range turns {
		if part.skip != "" {
			t.ends.unclear = part.skip
		}
		t.ends.payload = append(t.ends.payload, part.raw.Payload...)
	}
	if g.compressed && t.ends.unclear == "" {
		w.inflated(g, t.ends, turns)
	}
	if t.ends.unclear != "" {
		g.lost = g.lost || g.compressed && g.takeover
		t.ends.payload = nil
		for _, part := range turns {
			part.skip = t.ends.unclear
		}
	}
}

// inflated inflates a message, and gives each of its frames its share of what comes out: where the borders were
// before it was compressed, nobody knows.
func (w *scriptWriter) inflated(g *gathering, m *said, turns []*turn) {
	packed := m.payload
	m.payload = nil
	if g.lost {
		m.unclear = "a compressed message refers to one that could not be inflated"
		return
	}
	if w.params.PerFrame {
		m.unclear = "it is compressed by deflate-frame, which is not inflated here"
		return
	}
	if m.payload, m.unclear = inflate(&g.inflater, packed); m.unclear != "" {
		return
	}
	from := 0
	for i, t := range turns {
		to := len(m.payload) * (i + 1) / len(turns)
		t.frame.Payload = m.payload[from:to]
		t.frame.Length = int64(to - from)
		from = to
	}
}

// maxInflated bounds a message that is inflated, in octets.
const maxInflated = 256 << 20

func inflate(d *deflate.Decompressor, packed []byte) (payload []byte, unclear string) {
	for {
		piece, state, err := d.Next(packed, true)
		payload = append(payload, piece...)
		switch {
		case err != nil:
			d.Release()
			return nil, "a compressed message is corrupt"
		case len(payload) > maxInflated:
			d.Release()
			return nil, "a compressed message is larger than 256 MiB"
		case state == deflate.Done:
			return payload, ""
		case state == deflate.Hungry:
			d.Release()
			return nil, "a compressed message ends too early"
		}
		packed = nil
	}
}

// choose returns the script of a connection, or all of them for 0.
func choose(scripts []*script, id uint64) ([]*script, error) {
	if len(scripts) == 0 {
		return nil, errors.New("the recording has no connection")
	}
	if id == 0 {
		return scripts, nil
	}
	i := slices.IndexFunc(scripts, func(s *script) bool { return s.id == id })
	if i < 0 {
		return nil, fmt.Errorf("the recording has no connection %d: they are %s", id, numbers(scripts))
	}
	return scripts[i : i+1], nil
}

func numbers(scripts []*script) string {
	if len(scripts) == 1 {
		return fmt.Sprintf("%d alone", scripts[0].id)
	}
	return fmt.Sprintf("%d to %d", scripts[0].id, scripts[len(scripts)-1].id)
}

// expects returns what one end says in a script, Close frame included.
func (s *script) expects(from wire.Direction) (all []*said) {
	for _, t := range s.turns {
		if t.from == from && t.ends != nil {
			all = append(all, t.ends)
		}
	}
	return all
}
