package bench

import (
	"fmt"
	"slices"
	"time"

	"github.com/everwire/everwire/cmd/everwire/load"
)

// A drift is how the last quarter of a soak differs from the first one, each by the median of its samples, which
// a single bad moment does not move.
type drift struct {
	rate [2]float64
	p99  [2]time.Duration
}

// drift returns false if there are too few samples to say anything.
func (r *Report) drift() (drift, bool) {
	var measured []Sample
	for _, s := range r.Series {
		if s.Phase == load.Measuring && s.Latency.Count > 0 {
			measured = append(measured, s)
		}
	}
	n := len(measured) / 4
	if !r.Settings.Soak || n < 3 {
		return drift{}, false
	}
	var d drift
	for i, part := range [][]Sample{measured[:n], measured[len(measured)-n:]} {
		var rates []float64
		var p99s []time.Duration
		for _, s := range part {
			rates, p99s = append(rates, s.Rate()), append(p99s, s.Latency.P99)
		}
		slices.Sort(rates)
		slices.Sort(p99s)
		d.rate[i], d.p99[i] = rates[n/2], p99s[n/2]
	}
	return d, true
}

// words say what the first quarter had, what the last one has, and how much more or less that is.
func (d drift) words() (rate, p99 string) {
	return fmt.Sprintf("%s → %s/s (%s)", rateWords(wholeRate(d.rate[0])), rateWords(wholeRate(d.rate[1])), change(d.rate[0], d.rate[1])),
		fmt.Sprintf("p99 %s → %s (%s)", timeWords(d.p99[0]), timeWords(d.p99[1]), change(float64(d.p99[0]), float64(d.p99[1])))
}

func change(from, to float64) string {
	if from <= 0 {
		return "–"
	}
	return fmt.Sprintf("%+.0f %%", 100*(to/from-1))
}
