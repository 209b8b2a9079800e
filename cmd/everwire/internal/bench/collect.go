package bench

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/everwire/everwire/cmd/everwire/load"
)

// maxSamples is about how many samples a report keeps: more than a chart is wide, and little memory in a soak.
const maxSamples = 600

// sampling chooses how often the load tells what it does, and how many of these make a sample of the report.
func sampling(run time.Duration) (interval time.Duration, merge int) {
	switch {
	case run <= 2*time.Second:
		interval = 50 * time.Millisecond
	case run <= 30*time.Second:
		interval = 200 * time.Millisecond
	case run <= 2*time.Minute:
		interval = 500 * time.Millisecond
	default:
		interval = time.Second
	}
	return interval, max(1, int((run+maxSamples*interval-1)/(maxSamples*interval)))
}

// nowSpan is how far back the figures go that are shown as those of now.
const nowSpan = time.Second

// A collector makes what is shown, and the report's series, of the load's samples.
type collector struct {
	merge int

	mu     sync.Mutex
	last   load.Sample
	recent []load.Sample // those of about the last second
	total  Sample        // of the measured interval: what a run that breaks off leaves
	all    *hdrhistogram.Histogram
	peak   int64

	series []Sample
	part   Sample // the sample that is being made, of pieces samples
	timed  *hdrhistogram.Histogram
	pieces int

	measuring time.Duration // when the measured interval began
	warming   time.Duration // and the warm-up
}

func newCollector(merge int) *collector { return &collector{merge: merge} }

// add takes a sample of the load's.
func (c *collector) add(s load.Sample) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.Phase == load.Holding { // between connecting and the run, and after it
		if c.last.Phase != "" && c.last.Phase != load.Connecting {
			return
		}
		s.Phase = load.Connecting
	}
	if s.Phase != c.last.Phase {
		c.flush() // a sample of the report is in one phase
		c.recent = nil
		switch s.Phase {
		case load.Warming:
			c.warming = s.At - s.Length
		case load.Measuring:
			c.measuring = s.At - s.Length
		}
	}
	c.last = s
	c.peak = max(c.peak, s.Open)
	c.recent = append(c.recent, s)
	for len(c.recent) > 1 && s.At-c.recent[0].At >= nowSpan {
		c.recent = c.recent[1:]
	}
	if s.Phase == load.Measuring {
		c.total.Length += s.Length
		c.total.Messages += s.Messages
		c.total.Sent += s.SentOctets
		c.total.Received += s.ReceivedOctets
	}
	c.all = merged(c.all, s.Latency)

	c.part.At, c.part.Phase, c.part.Target, c.part.Connections = s.At, s.Phase, s.Target, s.Open
	c.part.Length += s.Length
	c.part.Messages += s.Messages
	c.part.Sent += s.SentOctets
	c.part.Received += s.ReceivedOctets
	c.part.Errors += s.Errors
	c.timed = merged(c.timed, s.Latency)
	if c.pieces++; c.pieces >= c.merge {
		c.flush()
	}
}

// flush ends the sample that is being made.
func (c *collector) flush() {
	if c.pieces == 0 {
		return
	}
	if c.part.Length > 0 {
		c.part.Latency = statsOf(c.timed)
		c.series = append(c.series, c.part)
	}
	c.part, c.timed, c.pieces = Sample{}, nil, 0
}

// merged adds a histogram to another one, which may be nil.
func merged(to, from *hdrhistogram.Histogram) *hdrhistogram.Histogram {
	if from == nil || from.TotalCount() == 0 {
		return to
	}
	if to == nil {
		return from.Clone()
	}
	to.Merge(from)
	return to
}

// failures are the errors by kind so far.
func failures(counts []load.ErrorCount) []Failure {
	all := make([]Failure, 0, len(counts))
	for _, n := range counts {
		f := Failure{Kind: kindWords(n.Kind, n.Code), Count: n.Count}
		if n.Example != nil {
			f.Example = oneLine(n.Example.Error())
		}
		all = append(all, f)
	}
	return all
}

// A moment is what there is to say about a run while it is under way.
type moment struct {
	phase        load.Phase
	at           time.Duration // since the run began
	into         time.Duration // since the phase began
	target       int
	open         int64
	opening      int64
	rate         float64
	in, out      float64 // octets in a second
	now, all     Stats
	failures     []Failure
	errorsInAll  int64
	anythingThen bool // a sample has come
}

func (c *collector) moment() moment {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.last
	m := moment{
		phase: s.Phase, at: s.At, target: s.Target, open: s.Open, opening: s.Opening,
		failures: failures(s.ByKind), all: statsOf(c.all), anythingThen: len(c.recent) > 0,
	}
	switch s.Phase {
	case load.Warming:
		m.into = s.At - c.warming
	case load.Measuring, load.Draining:
		m.into = s.At - c.measuring
	default:
		m.into = s.At
	}
	var span time.Duration
	var now *hdrhistogram.Histogram
	var messages, in, out int64
	for _, r := range c.recent {
		span += r.Length
		messages += r.Messages
		in += r.ReceivedOctets
		out += r.SentOctets
		now = merged(now, r.Latency)
	}
	m.rate, m.in, m.out = perSec(float64(messages), span), perSec(float64(in), span), perSec(float64(out), span)
	m.now = statsOf(now)
	for _, f := range m.failures {
		m.errorsInAll += f.Count
	}
	return m
}

// most is how many connections were open at a time.
func (c *collector) most() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.peak
}

// fill puts the series into a report, and, where the load gave no result, what was counted until it broke off.
func (c *collector) fill(r *Report, result *load.Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flush()
	r.Series = c.series
	r.Peak = c.peak
	if result == nil {
		r.Elapsed, r.Messages, r.Sent, r.Received = c.total.Length, c.total.Messages, c.total.Sent, c.total.Received
		r.Latency = c.all
		r.Failures = failures(c.last.ByKind)
		return
	}
	r.Elapsed, r.Messages, r.Checked, r.Unsent = result.Elapsed, result.Messages, result.Checked, result.Unsent
	r.Sent, r.Received = result.SentOctets, result.ReceivedOctets
	r.Latency, r.Handshake = result.Latency, result.Handshakes
	if len(r.Settings.Stages) == 0 { // else there is no time at which all were open
		r.Connecting = result.Connecting
	}
	r.CPU, r.Busy, r.Starved = result.CPU, result.Busy, result.Starved
	r.Failures = failures(result.ByKind)
}
