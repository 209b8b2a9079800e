package load

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// maxLatency is the longest that a histogram tells from others, in nanoseconds; longer ones count as this.
const maxLatency = int64(300e9)

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1000, maxLatency, 3) }

// record counts n durations that are the same.
func record(h *hdrhistogram.Histogram, nanoseconds int64, n int) {
	_ = h.RecordValues(min(max(nanoseconds, 0), maxLatency), int64(n)) // it is within bounds
}

// A tally is what one loop, or all connections that have goroutines, count. Its owner adds to it; what is atomic
// may be read meanwhile.
type tally struct {
	total   int64  // messages since the load exists
	volume         // since then as well
	counts         // in the measured interval
	result  counts // those of the last run, when it has ended
	latency *hdrhistogram.Histogram
	epoch   int64 // how often latency was reset

	handshakes *hdrhistogram.Histogram
	shaken     *hdrhistogram.Snapshot // of handshakes, as result
	usage      func() usage
	base       volume // when the measured interval began
	used       usage  // then

	shownTotal atomic.Int64 // total, as told from time to time
	open       atomic.Int64
	opening    atomic.Int64
	errors     atomic.Int64
	first      atomic.Pointer[error]
	failures   failures
}

// A volume is what went through the sockets, and what did not.
type volume struct {
	sent, received, unsent int64 // messages
	out, in                int64 // octets
	opened                 int64
}

func (v volume) since(was volume) volume {
	return volume{
		v.sent - was.sent, v.received - was.received, v.unsent - was.unsent,
		v.out - was.out, v.in - was.in, v.opened - was.opened,
	}
}

// counts are what the measured interval comes to.
type counts struct {
	messages, checked int64
	interval          volume
	usage             usage
}

// A usage is how much of processors was used, and waited for.
type usage struct{ busy, starved time.Duration }

func (u usage) since(was usage) usage { return usage{u.busy - was.busy, u.starved - was.starved} }

func (t *tally) init(used func() usage) {
	t.latency, t.handshakes, t.usage = newHistogram(), newHistogram(), used
}

// begin starts the measured interval.
func (t *tally) begin() {
	t.counts = counts{}
	t.latency.Reset()
	t.epoch++
	t.base, t.used = t.volume, t.usage()
}

// stop ends it; what was sent during it may be counted later.
func (t *tally) stop() {
	t.interval, t.counts.usage = t.volume.since(t.base), t.usage().since(t.used)
}

// end keeps what was counted, for who asked for the run: the owner may count on.
func (t *tally) end() {
	t.interval.unsent = t.unsent - t.base.unsent // what is found later was due before
	t.result = t.counts
	t.shaken = t.handshakes.Export()
	t.shownTotal.Store(t.total)
}

// record counts n messages that took the same time.
func (t *tally) record(nanoseconds int64, n int) { record(t.latency, nanoseconds, n) }

// fail counts an error of a connection and returns it with its number. What says no kind is about content.
func (t *tally) fail(connection int, err error) error {
	e := Error{Kind: ContentError, Err: err}
	if known := (*Error)(nil); errors.As(err, &known) {
		e = *known
	}
	e.Connection = connection
	err = &e
	t.errors.Add(1)
	t.first.CompareAndSwap(nil, &err)
	t.failures.add(&e)
	return err
}
