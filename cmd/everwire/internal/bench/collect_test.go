package bench

import (
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/everwire/everwire/cmd/everwire/load"
)

func TestSamplingKeepsARunToAboutTheSameNumberOfSamples(t *testing.T) {
	for _, run := range []time.Duration{
		50 * time.Millisecond, time.Second, 5 * time.Second, 10 * time.Second, time.Minute, time.Hour, 24 * time.Hour, maxSpan,
	} {
		interval, merge := sampling(run)
		kept := float64(run) / float64(interval) / float64(merge)
		if kept > maxSamples+1 || run > 20*time.Second && kept < 50 {
			t.Errorf("%v: %v times %d makes %.0f samples", run, interval, merge, kept)
		}
		if interval > time.Second {
			t.Errorf("%v: shown every %v", run, interval)
		}
	}
}

// timed is a histogram of n latencies of d.
func timedFor(t *testing.T, n int, d time.Duration) *hdrhistogram.Histogram {
	t.Helper()
	h := hdrhistogram.New(1000, int64(300*time.Second), 3)
	if n > 0 {
		if err := h.RecordValues(int64(d), int64(n)); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func TestCollectorMergesSamplesOfOnePhase(t *testing.T) {
	c := newCollector(2)
	at := time.Duration(0)
	add := func(phase load.Phase, messages int64, d time.Duration) {
		at += time.Second
		n := 0
		if phase == load.Measuring {
			n = int(messages)
		}
		c.add(load.Sample{
			At: at, Length: time.Second, Phase: phase, Target: 10, Open: int64(at / time.Second), Messages: messages,
			SentOctets: 100, ReceivedOctets: 200, Errors: 1, Latency: timedFor(t, n, d),
		})
	}
	add(load.Holding, 0, 0)
	add(load.Warming, 5, 0)
	add(load.Warming, 5, 0)
	add(load.Warming, 5, 0)
	add(load.Measuring, 10, time.Millisecond)
	add(load.Measuring, 30, 2*time.Millisecond)
	add(load.Measuring, 7, 4*time.Millisecond)
	add(load.Holding, 1000, 0)

	m := c.moment()
	if m.phase != load.Measuring || m.into != 3*time.Second || m.all.Count != 47 || m.open != 7 {
		t.Errorf("the moment is %+v", m)
	}
	if m.rate != 7 || m.now.Max.Round(time.Millisecond) != 4*time.Millisecond || m.out != 100 || m.in != 200 {
		t.Errorf("now there are %v messages/s, at most %v, %v/s out, %v/s in", m.rate, m.now.Max, m.out, m.in)
	}

	var r Report
	c.fill(&r, nil)
	want := []struct {
		phase    load.Phase
		length   time.Duration
		messages int64
		timed    int64
	}{
		{load.Connecting, time.Second, 0, 0},
		{load.Warming, 2 * time.Second, 10, 0},
		{load.Warming, time.Second, 5, 0},
		{load.Measuring, 2 * time.Second, 40, 40},
		{load.Measuring, time.Second, 7, 7},
	}
	if len(r.Series) != len(want) {
		t.Fatalf("%d samples, want %d: %+v", len(r.Series), len(want), r.Series)
	}
	for i, w := range want {
		if s := r.Series[i]; s.Phase != w.phase || s.Length != w.length || s.Messages != w.messages || s.Latency.Count != w.timed {
			t.Errorf("sample %d is %+v, want %+v", i, s, w)
		}
	}
	if r.Peak != 7 || r.Messages != 47 || r.Elapsed != 3*time.Second || r.Latency.TotalCount() != 47 || r.Sent != 300 {
		t.Errorf("a run that broke off leaves %+v", r)
	}
}

// A sample's histogram is merged, not kept and added to: its owner may be the load.
func TestCollectorLeavesTheLoadsHistogramsAlone(t *testing.T) {
	c := newCollector(10)
	h := timedFor(t, 1, time.Millisecond)
	for range 3 {
		c.add(load.Sample{Length: time.Second, Phase: load.Measuring, Latency: h})
	}
	if h.TotalCount() != 1 {
		t.Errorf("it has %d latencies now", h.TotalCount())
	}
}
