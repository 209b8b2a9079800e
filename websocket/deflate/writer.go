package deflate

import (
	"fmt"
	"sync"

	"github.com/klauspost/compress/flate"
)

// Bounds of a window's size, given as its logarithm (RFC 7692 §7.1.2).
const (
	MinWindowBits = 8
	MaxWindowBits = 15
)

// Levels of compression. What a level means is the compressor's own affair: a higher one costs more time
// and yields less output.
const (
	MinLevel     = 1
	MaxLevel     = 9
	DefaultLevel = 1
)

// A writer is a compressor on loan for one message.
type writer struct {
	*flate.Writer
	out    sink
	primed bool
	pooled *sync.Pool
}

// One pool for each window and, for the whole window, for each level: the compressor for a smaller one
// knows just one level.
var (
	windowWriters [MaxWindowBits]sync.Pool
	levelWriters  [MaxLevel + 1]sync.Pool
)

// newWriter returns a compressor that goes on behind dictionary.
func newWriter(bits, level int, dictionary []byte) *writer {
	pool := &levelWriters[level]
	if bits < MaxWindowBits {
		pool = &windowWriters[bits]
	}
	w, ok := pool.Get().(*writer)
	if !ok {
		w = &writer{pooled: pool}
		var err error
		if bits < MaxWindowBits {
			w.Writer, err = flate.NewWriterWindow(nil, 1<<bits)
		} else {
			w.Writer, err = flate.NewWriter(nil, level)
		}
		if err != nil {
			panic(fmt.Sprintf("deflate: no compressor for window bits %d, level %d: %v", bits, level, err))
		}
	}
	w.primed = len(dictionary) > 0
	w.ResetDict(&w.out, dictionary)
	return w
}

// free gives the compressor back. It must not keep a connection's window from being collected.
func (w *writer) free() {
	if w.primed {
		w.ResetDict(nil, nil)
	}
	w.pooled.Put(w)
}

// What flate does with messages of fewer than smallSize octets is not worth much, and refers to nothing
// before them, below lazyLevel.
const (
	smallSize = 128
	lazyLevel = 7
)

// A sink collects what is written to it.
type sink struct{ b []byte }

func (s *sink) Write(p []byte) (int, error) {
	s.b = append(s.b, p...)
	return len(p), nil
}

var sinks = sync.Pool{New: func() any { return new(sink) }}

// compressSmall appends p, compressed behind context, to dst.
func compressSmall(dst, p, context []byte) []byte {
	s := sinks.Get().(*sink)
	defer sinks.Put(s)
	s.b = dst
	flate.StatelessDeflate(s, p, false, context) // our Write does not fail
	dst, s.b = s.b, nil
	return dst
}

// append compresses p behind what went before, up to a boundary at which the other end has all of it
// (RFC 7692 §7.2.1), and appends that to dst.
func (w *writer) append(dst, p []byte) []byte {
	w.out.b = dst
	w.Write(p) // the sink's Write does not fail
	w.Flush()
	dst, w.out.b = w.out.b, nil
	return dst
}
