package deflate

import (
	"errors"
	"sync"
)

// A Decompressor inflates what one end of a connection receives (RFC 7692 §7.2.2). It is fed a message's
// octets as they arrive and yields the payload piece by piece, so that whoever bounds the size of a
// message can stop in time. Between messages it holds nothing but, with context takeover, the last window
// of what was received.
//
// Call Init before use. A Decompressor is not safe for concurrent use.
type Decompressor struct {
	window   window
	takeover bool
	gathered *gathered // of the message in progress, while it is small
	message  *inflater // of the message in progress, or of the piece that is out
}

// State says how a message goes on after a piece of it.
type State uint8

const (
	Hungry State = iota // feed what comes next
	Full                // there is more in what was fed: call Next again, feeding nothing
	Done                // the message ends with this piece
)

// ErrCorrupt is the error of input that is no DEFLATE data, refers to what it may not, or ends too early; also of
// a message that consists of final blocks of hardly any octets, which would be much work and say nothing.
var ErrCorrupt = errors.New("deflate: the compressed data is corrupt")

// Init makes d ready for messages compressed with a window of 1<<bits octets, 8 to 15. With takeover they
// may refer to those before.
func (d *Decompressor) Init(bits int, takeover bool) {
	*d = Decompressor{takeover: takeover, window: window{size: 1 << bits}}
}

// Next feeds the next octets of a message and returns the next piece of its payload, of up to 32 KiB or
// empty. Last says that the message ends with these octets, and is said again with each call that feeds no
// more. Input must stay as it is until Next returns Hungry or Done, or Keep is called; a piece until the next call of a
// method.
//
// The only error is [ErrCorrupt]. After it, or to give up a message, call Release.
func (d *Decompressor) Next(in []byte, last bool) (piece []byte, state State, err error) {
	if d.message != nil && d.message.done {
		d.Release()
	}
	if d.message == nil {
		if !last && d.gathered.len()+len(in) <= gatherSize {
			d.gather(in)
			return nil, Hungry, nil
		}
		d.begin()
	}
	piece, state, err = d.message.next(in, last)
	if err == nil && d.takeover {
		d.window.add(piece)
	}
	return piece, state, err
}

// Keep copies what is unread of the input, which from then on may change.
func (d *Decompressor) Keep() {
	if m := d.message; m != nil && m.stream != nil {
		m.stream.keep()
	}
}

// Effort returns how much work the last piece was: about as much as to inflate so many octets. It may be much for a
// piece that is empty.
func (d *Decompressor) Effort() int {
	if d.message == nil {
		return 0
	}
	return d.message.effort
}

// Holds returns about how many octets of memory the message in progress holds, besides the window.
func (d *Decompressor) Holds() int {
	if d.message != nil {
		return inflaterSize
	}
	return d.gathered.len()
}

// gather keeps input until the message is whole or no longer small.
func (d *Decompressor) gather(in []byte) {
	if d.gathered == nil {
		d.gathered = gathers.Get().(*gathered)
	}
	d.gathered.b = append(d.gathered.b, in...)
}

// begin gives the message in progress an inflater, and that what was gathered.
func (d *Decompressor) begin() {
	d.message = newInflater()
	if d.takeover {
		d.message.window = &d.window
	}
	if d.gathered != nil {
		d.message.input = append(d.message.input, d.gathered.b...)
		d.message.fed = int64(len(d.gathered.b))
		d.gathered.free()
		d.gathered = nil
	}
}

// Release gives back what the message in progress holds, and the last piece returned. The next call of
// Next begins a message.
func (d *Decompressor) Release() {
	if d.message != nil {
		d.message.free()
		d.message = nil
	}
	if d.gathered != nil {
		d.gathered.free()
		d.gathered = nil
	}
}

// gathered is the beginning of a small message.
type gathered struct{ b []byte }

var gathers = sync.Pool{New: func() any { return new(gathered) }}

func (g *gathered) len() int {
	if g == nil {
		return 0
	}
	return len(g.b)
}

func (g *gathered) free() {
	g.b = g.b[:0]
	gathers.Put(g)
}
