package metrics

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

func TestHistogramPutsEachDurationWhereItBelongs(t *testing.T) {
	bounds := []time.Duration{time.Millisecond, time.Second}
	var a, b histogram
	a.observe(bounds, -time.Second) // clocks may be set back
	a.observe(bounds, time.Millisecond)
	b.observe(bounds, time.Millisecond+1)
	b.observe(bounds, time.Second)
	b.observe(bounds, time.Second+1)
	var sum distribution
	sum.add(&a)
	sum.add(&b)

	var got dto.Metric
	if err := sum.metric(prometheus.NewDesc("x_seconds", "x", nil, nil), bounds).Write(&got); err != nil {
		t.Fatal(err)
	}
	h := got.GetHistogram()
	if h.GetSampleCount() != 5 || h.GetSampleSum() != 2.002000002 {
		t.Errorf("%d observations of %v s together, want 5 of 2.002000002", h.GetSampleCount(), h.GetSampleSum())
	}
	for i, want := range []struct {
		bound float64
		count uint64
	}{{0.001, 2}, {1, 4}} {
		if b := h.GetBucket()[i]; b.GetUpperBound() != want.bound || b.GetCumulativeCount() != want.count {
			t.Errorf("bucket %v, want %v", b, want)
		}
	}
}

func TestBoundsFitAndGrow(t *testing.T) {
	for name, bounds := range map[string][]time.Duration{
		"handler": handlerBounds, "round trip": roundTripBounds, "handshake": handshakeBounds,
	} {
		if len(bounds) > mostBuckets {
			t.Errorf("%s: %d bounds, a histogram has room for %d", name, len(bounds), mostBuckets)
		}
		for i := 1; i < len(bounds); i++ {
			if bounds[i] <= bounds[i-1] {
				t.Errorf("%s: %v behind %v", name, bounds[i], bounds[i-1])
			}
		}
	}
}
