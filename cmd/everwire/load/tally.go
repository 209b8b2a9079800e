package load

import (
	"fmt"
	"sync/atomic"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// maxLatency is the longest that a histogram tells from others, in nanoseconds; longer ones count as this.
const maxLatency = int64(300e9)

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1000, maxLatency, 3) }

// A tally is what one loop, or one connection that has a goroutine, counts. Its owner adds to it; what is atomic
// may be read meanwhile.
type tally struct {
	total   int64  // messages since the load exists
	counts         // in the measured interval
	result  counts // those of the last run, when it has ended
	latency *hdrhistogram.Histogram

	shownTotal atomic.Int64 // total, as told from time to time
	open       atomic.Int64
	errors     atomic.Int64
	first      atomic.Pointer[error]
}

// counts are numbers of messages.
type counts struct{ messages, checked int64 }

// begin starts the measured interval.
func (t *tally) begin() {
	t.counts = counts{}
	t.latency.Reset()
}

// end keeps what was counted, for who asked for the run: the owner may count on.
func (t *tally) end() {
	t.result = t.counts
	t.shownTotal.Store(t.total)
}

// record counts n messages that took the same time.
func (t *tally) record(nanoseconds int64, n int) {
	_ = t.latency.RecordValues(min(max(nanoseconds, 0), maxLatency), int64(n)) // it is within bounds
}

// fail counts an error of a connection and returns it with its number.
func (t *tally) fail(connection int, err error) error {
	err = fmt.Errorf("connection %d: %w", connection, err)
	t.errors.Add(1)
	t.first.CompareAndSwap(nil, &err)
	return err
}
