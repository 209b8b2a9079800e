package load

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A Phase is what a [Load] is at.
type Phase string

const (
	Connecting Phase = "connecting" // within Open
	Holding    Phase = "holding"    // between runs
	Warming    Phase = "warming up"
	Measuring  Phase = "measuring"
	Draining   Phase = "draining" // what is on the way arrives
)

// A Sample is what happened in one interval. Numbers are those of the interval, where nothing else is said.
type Sample struct {
	At     time.Duration // the interval's end, since Open was called
	Length time.Duration // of the interval; divide by it for rates
	Phase  Phase         // at its end

	Target  int   // how many connections the plan asks for at its end
	Open    int64 // how many are open at its end
	Opening int64 // how many opening handshakes are under way at its end
	Opened  int64 // opening handshakes that were completed

	Messages                   int64 // as in Result, but in any phase
	Sent, Received             int64 // messages each way; of broadcasts every delivery is one
	Unsent                     int64 // as in Result
	SentOctets, ReceivedOctets int64

	Errors int64        // connections that failed
	ByKind []ErrorCount // since Open, the most frequent first

	// Latency is of the messages that completed, as Result.Latency: empty but for the measured interval and after it. It
	// takes some 240 KB and is the receiver's to keep; who draws a soak of hours keeps percentiles of it.
	Latency       *hdrhistogram.Histogram
	Busy, Starved float64 // as in Result
}

// A reading is what a tally says at a time.
type reading struct {
	total                 int64
	volume                volume
	usage                 usage
	open, opening, errors int64
	epoch                 int64
	latency               *hdrhistogram.Snapshot
}

// read is called by the tally's owner.
func (t *tally) read() reading {
	return reading{
		total: t.total, volume: t.volume, usage: t.usage(),
		open: t.open.Load(), opening: t.opening.Load(), errors: t.errors.Load(),
		epoch: t.epoch, latency: t.latency.Export(),
	}
}

// A sampler makes samples of readings.
type sampler struct {
	mu     sync.Mutex // held while a sample is made and told
	at     int64
	last   []reading
	errors int64
	ticker *time.Ticker
	ended  chan struct{} // closed when its goroutine is over

	opened atomic.Bool             // Open is over
	run    atomic.Pointer[measure] // under way

	stopping sync.Mutex // held while a run begins, ends or is told to stop
	stop     bool       // the run under way, or the next one, was
}

// begin begins a run.
func (s *sampler) begin(m *measure) {
	s.stopping.Lock()
	defer s.stopping.Unlock()
	m.stopped.Store(s.stop)
	s.run.Store(m)
}

// over ends a run.
func (s *sampler) over() {
	s.stopping.Lock()
	defer s.stopping.Unlock()
	s.run.Store(nil)
	s.stop = false
}

// sample starts what calls Plan.Sample until the Load is closed.
func (l *Load) sample() {
	if l.plan.Sample == nil {
		return
	}
	s := &l.samples
	s.last = l.driver.readings()
	s.ticker = time.NewTicker(l.plan.Interval)
	s.ended = make(chan struct{})
	go func() {
		defer close(s.ended)
		defer s.ticker.Stop()
		for {
			select {
			case <-l.ctx.Done():
				return
			case <-s.ticker.C:
				l.tell(false)
			}
		}
	}()
}

// tell ends an interval, and lets the next one be a whole one.
func (l *Load) tell(anew bool) {
	if l.plan.Sample == nil {
		return
	}
	s := &l.samples
	s.mu.Lock()
	defer s.mu.Unlock()
	if anew {
		s.ticker.Reset(l.plan.Interval)
	}
	readings := l.driver.readings()
	errors := int64(0)
	now := l.clock.now()
	sample := Sample{At: time.Duration(now), Length: time.Duration(now - s.at), Phase: l.phase(), Target: l.wanted(now)}
	latency := *readings[0].latency
	latency.Counts = make([]int64, len(latency.Counts))
	for i, r := range readings {
		last := &s.last[i]
		v := r.volume.since(last.volume)
		sample.Messages += r.total - last.total
		sample.Sent += v.sent
		sample.Received += v.received
		sample.Unsent += v.unsent
		sample.SentOctets += v.out
		sample.ReceivedOctets += v.in
		sample.Opened += v.opened
		sample.Opening += r.opening
		sample.Open += r.open
		sample.Busy, sample.Starved = busiest(sample.Busy, sample.Starved, r.usage.since(last.usage), sample.Length)
		errors += r.errors
		for j, n := range r.latency.Counts {
			latency.Counts[j] += n
		}
		if r.epoch == last.epoch {
			for j, n := range last.latency.Counts {
				latency.Counts[j] -= n
			}
		}
		*last = r
	}
	sample.Latency = hdrhistogram.Import(&latency)
	sample.Errors, s.errors = errors-s.errors, errors
	sample.ByKind = l.byKind()
	s.at = now
	l.plan.Sample(sample)
}

// busiest takes another loop into account.
func busiest(busy, starved float64, u usage, length time.Duration) (float64, float64) {
	if length <= 0 {
		return busy, starved
	}
	b, s := float64(u.busy)/float64(length), float64(u.starved)/float64(length)
	if b+s > busy+starved {
		return b, s
	}
	return busy, starved
}

// byKind are all errors until now, the most frequent first.
func (l *Load) byKind() (list []ErrorCount) {
	for _, t := range l.driver.tallies() {
		list = t.failures.appendTo(list)
	}
	slices.SortStableFunc(list, func(a, b ErrorCount) int { return cmp.Compare(b.Count, a.Count) })
	return list
}

func (l *Load) phase() Phase {
	m := l.samples.run.Load()
	if m == nil {
		if l.samples.opened.Load() {
			return Holding
		}
		return Connecting
	}
	return [...]Phase{Warming, Measuring, Draining}[m.phase.Load()]
}

// wanted is how many connections there should be.
func (l *Load) wanted(now int64) int {
	if m := l.samples.run.Load(); m != nil {
		return m.wanted(now)
	}
	return l.plan.Connections
}
