package deflate

import (
	"bufio"
	"bytes"
	"io"
	"sync"
	"time"

	"github.com/klauspost/compress/flate"
)

// inflaterSize is about what an inflater takes, and what lies below it.
const inflaterSize = 160 << 10

// pieceSize is how many octets a piece has, at least the largest window.
const pieceSize = 32 << 10

// gatherSize is what a message's size, compressed, may be to be inflated only when it is whole. Tests make
// it smaller.
var gatherSize = 16 << 10

// An inflater is a decompressor on loan for one message. The decompressor below pulls its input and
// cannot wait: so a small message is gathered first, and a large one is inflated in a coroutine.
type inflater struct {
	flate  io.Reader // also a flate.Resetter
	window *window   // the context that is taken over, or nil

	input    []byte       // what was gathered, or the whole message
	memory   bytes.Reader // reads input, if it is the whole message
	reading  bool         // from memory
	stream   *stream      // or from there
	buffered *bufio.Reader

	// Pieces go to the halves in turn, so that what comes before a piece is still there.
	halves [2][pieceSize]byte
	half   int  // the one that is being filled
	n      int  // octets in it
	taken  int  // of which these were handed on
	turned bool // the other one is full
	done   bool // the message has ended

	effort     int    // of the last call of next
	fed        int64  // octets of input
	restarts   int64  // final blocks behind which it went on
	dictionary []byte // of the last restart
}

// A message's final blocks, but for freeRestarts, have restartSize octets each, on average: going on behind one
// moves a whole window, which would be much work for the two octets that the smallest takes.
const (
	freeRestarts = 16
	restartSize  = 64
)

// Going on behind a final block is as much work as to inflate restartEffort octets. After restartsAtOnce of them the caller may do
// something else.
const (
	restartsAtOnce = 8
	restartEffort  = 8 << 10
)

// Blocks that are nothing but descriptions of codes can take a hundred times as long as other octets. So in a message of at
// least timedSize how long a piece took counts as its effort, an octet for each effortTime, if that is more than came of it. Those
// that go by a stream are divided as they arrive.
const (
	timedSize  = 1 << 10
	effortTime = 2 * time.Nanosecond
)

var inflaters = sync.Pool{New: func() any {
	return &inflater{flate: flate.NewReader(nil), buffered: bufio.NewReader(nil)}
}}

func newInflater() *inflater { return inflaters.Get().(*inflater) }

func (m *inflater) free() {
	if m.stream != nil {
		m.stream.stop()
		m.stream = nil
		m.buffered.Reset(nil)
	}
	m.input, m.window = m.input[:0], nil
	m.memory.Reset(nil)
	m.half, m.n, m.taken = 0, 0, 0
	m.reading, m.turned, m.done = false, false, false
	m.fed, m.restarts = 0, 0
	inflaters.Put(m)
}

func (m *inflater) next(in []byte, last bool) (piece []byte, state State, err error) {
	m.fed += int64(len(in))
	before := m.restarts
	timed := m.stream == nil && len(m.input)+len(in) >= timedSize
	var began time.Time
	if timed {
		began = time.Now()
	}
	switch {
	case m.stream != nil:
		state, err = m.stream.feed(in, last)
	case m.reading:
		state, err = m.fill()
	case len(m.input)+len(in) > gatherSize:
		m.stream = newStream(m)
		m.stream.in = m.input
		state, err = m.stream.feed(in, last)
	default: // it is whole
		m.input = append(append(m.input, in...), trailer...)
		m.memory.Reset(m.input)
		m.reading = true
		m.reset(&m.memory, m.context())
		state, err = m.fill()
	}
	if err != nil {
		return nil, state, ErrCorrupt
	}
	piece = m.halves[m.half][m.taken:m.n:m.n]
	m.taken = m.n
	m.done = state == Done
	m.effort = len(piece) + int(m.restarts-before)*restartEffort
	if timed {
		m.effort = max(m.effort, int(time.Since(began)/effortTime))
	}
	return piece, state, nil
}

// reset has flate read from r, behind dictionary.
func (m *inflater) reset(r io.Reader, dictionary []byte) {
	m.flate.(flate.Resetter).Reset(r, dictionary)
}

// context returns what the message's next octet may refer to, from before those of it that are there.
func (m *inflater) context() []byte {
	if m.window != nil {
		return m.window.octets
	}
	return nil
}

// fill inflates until the message ends, Done, or a half is full, or it has gone on behind some final blocks.
func (m *inflater) fill() (State, error) {
	if m.n == pieceSize {
		m.half, m.n, m.taken, m.turned = 1-m.half, 0, 0, true
	}
	half := &m.halves[m.half]
	for m.n < pieceSize {
		n, err := m.flate.Read(half[m.n:])
		m.n += n
		if n > 0 && m.unread() < len(trailer)-len(tail) { // made of what is not the message's
			return Done, ErrCorrupt
		}
		if err == io.EOF {
			var more bool
			switch more, err = m.final(); {
			case err != nil:
			case !more:
				return Done, nil
			case m.restarts%restartsAtOnce == 0:
				return Full, nil
			}
		}
		if err != nil {
			return Done, err
		}
	}
	return Full, nil
}

// trailer follows a message's octets: the tail that its sender took away (RFC 7692 §7.2.2, step 1), and an
// empty final block, by which flate sees that it has come to the end of the tail and of nothing else.
var trailer = append(tail[:], 0x01, 0x00, 0x00, 0xff, 0xff)

// final is called when flate has read a final block: it is the trailer's, or one of the message's own,
// behind which it goes on with another stream (RFC 7692 §7.2.3.4).
func (m *inflater) final() (more bool, err error) {
	if m.stream != nil {
		if err := m.stream.awaitMore(); err != nil {
			return false, err
		}
	}
	unread := m.unread()
	switch own := unread - len(trailer); {
	case own > 0 && m.restarts <= freeRestarts+m.fed/restartSize:
		m.restart()
		return true, nil
	case own == 0, // the message's last block is a final one
		own == -len(tail) && !m.endsWithTail(), // the same, and the tail is that block's length
		unread == 0:
		return false, nil
	}
	return false, ErrCorrupt
}

// endsWithTail reports whether the tail has become the message's data, as that of a block that was cut does.
func (m *inflater) endsWithTail() bool {
	return bytes.HasSuffix(m.halves[m.half][:m.n], tail[:])
}

// unread returns how many octets, the trailer included, flate has not read of what was fed.
func (m *inflater) unread() int {
	if m.stream != nil {
		return m.stream.unread()
	}
	return m.memory.Len()
}

// restart goes on with another DEFLATE stream, which has the same context.
func (m *inflater) restart() {
	m.restarts++
	before := m.context()
	here := m.halves[m.half][m.taken:m.n]
	if m.window == nil {
		here = m.halves[m.half][:m.n]
		if m.turned {
			before = m.halves[1-m.half][:]
		}
	}
	m.dictionary = append(append(m.dictionary[:0], before[max(len(before)+len(here)-pieceSize, 0):]...), here...)
	if m.stream != nil {
		m.reset(m.buffered, m.dictionary)
	} else {
		m.reset(&m.memory, m.dictionary)
	}
}
