package metrics

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// mostBuckets is how many bounds a histogram can have.
const mostBuckets = 16

// A histogram counts durations by the first of its bounds that they do not exceed; one that exceeds all has the place
// behind the last. Its bounds are kept by who knows what it measures, once for all histograms of that.
type histogram struct {
	counts [mostBuckets + 1]atomic.Uint64
	sum    atomic.Int64 // in nanoseconds: enough for 292 years of waiting
}

func (h *histogram) observe(bounds []time.Duration, d time.Duration) {
	d = max(d, 0)
	i := 0
	for i < len(bounds) && d > bounds[i] {
		i++
	}
	h.counts[i].Add(1)
	h.sum.Add(int64(d))
}

// A distribution is what histograms come to.
type distribution struct {
	counts [mostBuckets + 1]uint64
	sum    time.Duration
}

func (d *distribution) add(h *histogram) {
	for i := range h.counts {
		d.counts[i] += h.counts[i].Load()
	}
	d.sum += time.Duration(h.sum.Load())
}

// metric is the distribution as Prometheus wants it: in seconds, each bucket with all that is in those before.
func (d *distribution) metric(desc *prometheus.Desc, bounds []time.Duration, labels ...string) prometheus.Metric {
	buckets := make(map[float64]uint64, len(bounds))
	var count uint64
	for i, bound := range bounds {
		count += d.counts[i]
		buckets[bound.Seconds()] = count
	}
	count += d.counts[len(bounds)]
	return prometheus.MustNewConstHistogram(desc, count, d.sum.Seconds(), buckets, labels...)
}
