package bench

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/everwire/everwire/cmd/everwire/load"
)

// drawn makes a histogram of n latencies around a median, with a tail, that is the same whenever it is made.
func drawn(n int, median time.Duration) *hdrhistogram.Histogram {
	h := hdrhistogram.New(1000, int64(300*time.Second), 3)
	for i := range n {
		q := (float64(i) + 0.5) / float64(n)
		x := math.Log(q/(1-q)) / 6 // a logistic distribution of logarithms
		if q > 0.995 {
			x += 12 * (q - 0.995) * 20
		}
		// The median is the same to the nanosecond; what is left of a difference between processors is rounded away.
		us := math.Round(float64(median) / 1e3 * math.Exp(x))
		if err := h.RecordValue(min(int64(us*1e3), int64(300*time.Second))); err != nil {
			panic(err)
		}
	}
	return h
}

// sampleReport is a run that never was: a server that slows down for a while in the middle and drops three connections.
// Its histograms are shared.
func sampleReport() *Report {
	r := *sampled()
	r.Series, r.Failures = slices.Clone(r.Series), slices.Clone(r.Failures)
	return &r
}

var sampled = sync.OnceValue(func() *Report {
	r := &Report{
		Settings: Settings{
			URL: "ws://127.0.0.1:8080/echo", Scenario: load.Echo, Connections: 100, Rate: 50_000, InFlight: 1 << 16, Size: 64,
			Source: "random", Compress: "off", Expect: load.ExpectExact, Warmup: 2 * time.Second, Duration: 30 * time.Second, Loops: 1,
		},
		Began: time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC), Elapsed: 30 * time.Second, Connecting: 84 * time.Millisecond, Peak: 100,
		Messages: 1_497_312, Checked: 23_395, Sent: 104_811_840, Received: 98_822_592,
		Handshake: drawn(100, 3*time.Millisecond),
		Failures: []Failure{
			{"reset", 2, "connection 17: receiving: connection reset by peer"},
			{"close 1011", 1, "connection 3: the server sent a Close frame: 1011 \"internal error\""},
		},
		CPU: 14200 * time.Millisecond, Busy: 0.4713, Starved: 0.012,
	}
	all := hdrhistogram.New(1000, int64(300*time.Second), 3)
	at := 84 * time.Millisecond
	add := func(phase load.Phase, length time.Duration, rate float64, median time.Duration, connections, errors int64) {
		at += length
		s := Sample{
			At: at, Length: length, Phase: phase, Target: 100, Connections: connections, Errors: errors,
			Messages: int64(rate * length.Seconds()),
		}
		s.Sent, s.Received = s.Messages*70, s.Messages*66
		if phase == load.Measuring {
			h := drawn(2000, median)
			all.Merge(h)
			s.Latency = statsOf(h)
		}
		r.Series = append(r.Series, s)
	}
	r.Series = append(r.Series, Sample{At: at, Length: at, Phase: load.Connecting, Target: 100, Connections: 100})
	for i := range 4 {
		add(load.Warming, 500*time.Millisecond, 30_000+5_000*float64(i), 0, 100, 0)
	}
	for i := range 60 {
		rate, median, open, errors := 50_000+600*math.Sin(float64(i)), 400*time.Microsecond, int64(100), int64(0)
		median += time.Duration(40*math.Sin(float64(i)/3)) * time.Microsecond
		if i >= 30 && i < 36 {
			rate, median = rate*0.6, 6*time.Millisecond
		}
		if i == 33 {
			errors = 3
		}
		if i >= 33 {
			open = 97
		}
		add(load.Measuring, 500*time.Millisecond, rate, median, open, errors)
	}
	r.Latency = all
	var thresholds []Threshold
	for _, text := range []string{"p99>50ms", "errors>0", "rate < 10k", "handshake.p99 > 5ms"} {
		t, err := ParseThreshold(text)
		if err != nil {
			panic(err)
		}
		thresholds = append(thresholds, t)
	}
	r.Judge(thresholds)
	return r
})
