package deflate

import "errors"

// A Decompressor inflates what one end of a connection receives (RFC 7692 §7.2.2). It is fed a message's
// octets as they arrive and yields the payload piece by piece, so that whoever bounds the size of a
// message can stop in time. Between messages it holds nothing but, with context takeover, the last window
// of what was received.
//
// Call Init before use. A Decompressor is not safe for concurrent use.
type Decompressor struct {
	window   window
	takeover bool
	message  *inflater // of the message in progress, or of the piece that is out
}

// State says how a message goes on after a piece of it.
type State uint8

const (
	Hungry State = iota // feed what comes next
	Full                // there is more in what was fed: call Next again, feeding nothing
	Done                // the message ends with this piece
)

// ErrCorrupt is the error of input that is no DEFLATE data, refers to what it may not, or ends too early.
var ErrCorrupt = errors.New("deflate: the compressed data is corrupt")

// Init makes d ready for messages compressed with a window of 1<<bits octets, 8 to 15. With takeover they
// may refer to those before.
func (d *Decompressor) Init(bits int, takeover bool) {
	*d = Decompressor{takeover: takeover, window: window{size: 1 << bits}}
}

// Next feeds the next octets of a message and returns the next piece of its payload, of up to 32 KiB or
// empty. Last says that the message ends with these octets, and is said again with each call that feeds no
// more. Input must stay as it is until Next returns Hungry or Done, a piece until the next call of a
// method.
//
// The only error is [ErrCorrupt]. After it, or to give up a message, call Release.
func (d *Decompressor) Next(in []byte, last bool) (piece []byte, state State, err error) {
	if d.message != nil && d.message.done {
		d.Release()
	}
	if d.message == nil {
		d.message = newInflater()
		if d.takeover {
			d.message.window = &d.window
		}
	}
	piece, state, err = d.message.next(in, last)
	if err == nil && d.takeover {
		d.window.add(piece)
	}
	return piece, state, err
}

// Release gives back what the message in progress holds, and the last piece returned. The next call of
// Next begins a message.
func (d *Decompressor) Release() {
	if d.message != nil {
		d.message.free()
		d.message = nil
	}
}
