package deflate

import (
	"errors"
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
	out        sink
	dictionary []byte // a copy: it stays here, and must not keep a connection's window from being collected
	pooled     *sync.Pool
}

// One pool for each window and, for the whole window, for each level: the compressor for a smaller one
// knows just one level.
var (
	windowWriters [MaxWindowBits]sync.Pool
	levelWriters  [MaxLevel + 1]sync.Pool
)

// newWriter returns a compressor that goes on behind dictionary. That is copied.
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
	w.dictionary = append(w.dictionary[:0], dictionary...)
	w.ResetDict(&w.out, w.dictionary)
	return w
}

// free gives the compressor back.
func (w *writer) free() { w.pooled.Put(w) }

// How much of the context is looked through before a message, besides as much as the message has, so that one like
// that before it finds all of it. Below lazyLevel the compressor keeps one place, or two, for what it has seen,
// and the more that is, the farther away they are: to look through 32 KiB for the sake of 1 KiB costs five times
// what 4 KiB cost, and the result is no smaller.
const (
	smallReach = 2 << 10 // for a message below smallSize
	fastReach  = 4 << 10 // for each level
)

// reach returns behind how much of the context a message, or a fragment, of n octets is compressed.
func reach(n, bits, level int) int {
	switch {
	case bits < MaxWindowBits:
		level = 1
	case level >= lazyLevel:
		return 1 << bits
	case n < smallSize:
		return smallReach + n
	}
	return level*fastReach + n
}

// last returns the end of b, of up to n octets.
func last(b []byte, n int) []byte { return b[max(0, len(b)-n):] }

// What flate does with messages of fewer than smallSize octets is not worth much, and refers to nothing
// before them, below lazyLevel.
const (
	smallSize = 128
	lazyLevel = 7
)

// A sink collects what is written to it, up to a limit.
type sink struct {
	b     []byte
	limit int
}

var errLimit = errors.New("deflate: the output is not worth it")

func (s *sink) Write(p []byte) (int, error) {
	if len(p) > s.limit-len(s.b) {
		return 0, errLimit
	}
	s.b = append(s.b, p...)
	return len(p), nil
}

var sinks = sync.Pool{New: func() any { return new(sink) }}

// compressSmall appends p, compressed behind context, to dst, unless that takes it over the limit.
func compressSmall(dst, p, context []byte, limit int) (out []byte, fits bool) {
	s := sinks.Get().(*sink)
	defer sinks.Put(s)
	s.b, s.limit = dst, limit
	err := flate.StatelessDeflate(s, p, false, context)
	out, s.b = s.b, nil
	return out, err == nil
}

// append compresses p behind what went before, up to a boundary at which the other end has all of it
// (RFC 7692 §7.2.1), and appends that to dst, unless that takes it over the limit: then the writer is of no more
// use than to be freed.
func (w *writer) append(dst, p []byte, limit int) (out []byte, fits bool) {
	w.out.b, w.out.limit = dst, limit
	w.Write(p) // its error is there again
	err := w.Flush()
	out, w.out.b = w.out.b, nil
	return out, err == nil
}
