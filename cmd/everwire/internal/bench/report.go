package bench

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/everwire/everwire/cmd/everwire/load"
)

// A Report is what came of a run.
type Report struct {
	Settings Settings
	Began    time.Time // when the first connection was begun
	// Interrupted: the run was ended before its time, and what was measured until then counts.
	Interrupted bool

	Elapsed    time.Duration // the measured interval
	Connecting time.Duration // how long it took until all connections were open; 0 if they came one by one
	Peak       int64         // the most connections that were open at a time

	Messages int64 // round trips, deliveries or handshakes within Elapsed
	Checked  int64 // messages whose content was compared octet by octet
	Sent     int64 // octets of frames that were sent within Elapsed
	Received int64 // and that came
	Unsent   int64 // messages that were due within Elapsed and that no connection was there to send

	Latency   *hdrhistogram.Histogram // nanoseconds; nil or empty: nothing was timed
	Handshake *hdrhistogram.Histogram // from the call that starts a connection to the answer
	Series    []Sample
	Failures  []Failure

	CPU     time.Duration // that this process used within Elapsed
	Busy    float64       // which part of Elapsed the generator worked, of 1; with 1 it could not have done more
	Starved float64       // and which part it waited for a processor
	Checks  []Check
}

// Settings say what load was made.
type Settings struct {
	URL           string // without user and query, which may hold secrets
	Scenario      load.Scenario
	Connections   int
	ConnectRate   float64 // connections begun in a second; 0: as fast as may be
	Rate          float64 // messages a second in all; 0: a closed loop
	PerConnection float64 // messages a second on each connection
	InFlight      int
	Size          int    // octets of a message
	Source        string // random, text, file or template
	Text          bool
	Compress      string // off, no-takeover or takeover
	Expect        load.Expectation
	Stages        []load.Stage
	Warmup        time.Duration
	Duration      time.Duration
	Reopen        time.Duration // after which a connection that failed is replaced; 0: never
	Soak          bool
	Loops         int // event loops; 0: there are none
}

// OpenLoop says whether messages are due at times that do not depend on answers.
func (s *Settings) OpenLoop() bool { return s.Rate > 0 || s.PerConnection > 0 }

// noun is what a scenario counts, one of it.
func noun(s load.Scenario) string {
	switch s {
	case load.Broadcast:
		return "delivery"
	case load.Handshake:
		return "handshake"
	}
	return "round trip"
}

// A Sample is a part of the run.
type Sample struct {
	At          time.Duration // when it ended, since the run began
	Length      time.Duration
	Phase       load.Phase
	Target      int   // connections that were asked for at its end
	Connections int64 // open at its end
	Messages    int64
	Sent        int64 // octets
	Received    int64
	Errors      int64
	Latency     Stats // Count is 0 where nothing was timed
}

// Rate is messages in a second.
func (s *Sample) Rate() float64 { return perSec(float64(s.Messages), s.Length) }

// A Failure is a number of errors of one kind.
type Failure struct {
	Kind    string
	Count   int64
	Example string // one of them, in full
}

// Errors is how many there were.
func (r *Report) Errors() int64 {
	var n int64
	for _, f := range r.Failures {
		n += f.Count
	}
	return n
}

// ErrorShare is how many attempts were errors, of 1: of messages, or of connections if those were just held.
func (r *Report) ErrorShare() float64 {
	tried := r.Messages
	if r.Settings.Scenario == load.Idle {
		tried = r.Peak
	}
	errors := r.Errors()
	if errors == 0 {
		return 0
	}
	return float64(errors) / float64(tried+errors)
}

// Rate is messages in a second.
func (r *Report) Rate() float64 { return perSec(float64(r.Messages), r.Elapsed) }

// Throughput is octets of frames in a second, both ways.
func (r *Report) Throughput() float64 { return perSec(float64(r.Sent+r.Received), r.Elapsed) }

func perSec(n float64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return n / d.Seconds()
}

// A column is one of a table of times.
type column struct {
	name string
	Stats
}

// columns are those that there are. Where handshakes are what is measured, there is just one.
func (r *Report) columns() []column {
	var all []column
	if s := statsOf(r.Latency); s.Count > 0 {
		all = append(all, column{"Latency", s})
	}
	if s := statsOf(r.Handshake); s.Count > 0 && r.Settings.Scenario != load.Handshake {
		all = append(all, column{"Handshake", s})
	}
	return all
}

// Judge holds thresholds against the report and keeps what came of it. If none of them is about errors, errors>0 is
// one of them.
func (r *Report) Judge(thresholds []Threshold) {
	r.Checks = nil
	implied := true
	for _, t := range thresholds {
		implied = implied && !t.AboutErrors()
		r.Checks = append(r.Checks, t.check(r))
	}
	if implied {
		none := Threshold{Text: "errors>0", Metric: "errors", Op: ">"}
		c := none.check(r)
		c.Implied = true
		r.Checks = append(r.Checks, c)
	}
}

// Crossed returns the checks that were.
func (r *Report) Crossed() []Check {
	var crossed []Check
	for _, c := range r.Checks {
		if c.Crossed {
			crossed = append(crossed, c)
		}
	}
	return crossed
}

// Stats are what there is to say about a histogram.
type Stats struct {
	Count                              int64
	Min, Mean, Max                     time.Duration
	P50, P75, P90, P95, P99, P999, P4n time.Duration // P4n: of four nines, 99.99 %
}

func statsOf(h *hdrhistogram.Histogram) Stats {
	if h == nil || h.TotalCount() == 0 {
		return Stats{}
	}
	at := func(p float64) time.Duration { return time.Duration(h.ValueAtPercentile(p)) }
	return Stats{
		Count: h.TotalCount(), Min: time.Duration(h.Min()), Mean: time.Duration(h.Mean()), Max: time.Duration(h.Max()),
		P50: at(50), P75: at(75), P90: at(90), P95: at(95), P99: at(99), P999: at(99.9), P4n: at(99.99),
	}
}

// bottleneck says why the generator, and not the server, may be what was measured; empty if it is not.
func (r *Report) bottleneck() string {
	switch {
	case r.Busy+r.Starved < 0.95:
		return ""
	case r.Starved > 0.2:
		return "The generator was at its limit: it waited for a processor " + percentWords(r.Starved) +
			" of the time. The server may do better with the generator on another machine."
	}
	s := "The generator was at its limit, " + percentWords(min(1, r.Busy)) + " busy: the server can do more than this says."
	if r.Settings.Loops > 0 {
		s += fmt.Sprintf(" Give it more processors, with --loops %d.", r.Settings.Loops+1)
	}
	return s
}

// shortfall says by how much a run fell short of the rate it was asked for; empty if it did not.
func (r *Report) shortfall() string {
	want := r.Settings.wanted()
	if got := r.Rate(); want > 0 && len(r.Settings.Stages) == 0 && got < 0.98*want {
		return "Asked for " + rateWords(want) + " messages/s, got " + percentWords(got/want) +
			" of that. Those that were late count with the time they waited."
	}
	return ""
}

// wanted is how many messages should come in a second; 0 if that depends on the server.
func (s *Settings) wanted() float64 {
	var rate float64
	switch {
	case s.PerConnection > 0 && s.Scenario != load.Broadcast:
		rate = s.PerConnection * float64(s.Connections)
	default:
		rate = max(s.Rate, s.PerConnection)
	}
	if s.Scenario == load.Broadcast {
		rate *= float64(s.Connections)
	}
	return rate
}

// warnings are what keeps the figures from meaning what they seem to.
func (r *Report) warnings() []string {
	var all []string
	for _, s := range []string{r.bottleneck(), r.shortfall()} {
		if s != "" {
			all = append(all, s)
		}
	}
	return all
}
