package bench

import (
	"fmt"
	"testing"
	"time"
)

func labels(ticks []tick) (all []string) {
	for _, t := range ticks {
		all = append(all, t.Label)
	}
	return all
}

func TestTicks(t *testing.T) {
	for _, row := range []struct {
		name  string
		ticks func() []tick
		want  string
	}{
		{"nothing", func() []tick { _, k := linear(0, 1, axisCount); return k }, "[0 1]"},
		{"hundred", func() []tick { _, k := linear(100, 1, axisCount); return k }, "[0 20 40 60 80 100]"},
		{"three, whole", func() []tick { _, k := linear(3, 1, axisCount); return k }, "[0 1 2 3]"},
		{"one, whole", func() []tick { _, k := linear(1, 1, axisCount); return k }, "[0 1]"},
		{"a rate", func() []tick { _, k := linear(152_340, 0, axisCount); return k }, "[0 50k 100k 150k 200k]"},
		{"a small rate", func() []tick { _, k := linear(0.7, 0, axisCount); return k }, "[0 0.2 0.4 0.6 0.8]"},
		{"millions", func() []tick { _, k := linear(3.1e6, 0, axisCount); return k }, "[0 1M 2M 3M 4M]"},
		{"latencies close together", func() []tick { _, k := latencyScale(300*time.Microsecond, 900*time.Microsecond); return k },
			"[0 200 µs 400 µs 600 µs 800 µs 1 ms]"},
		{"latencies apart", func() []tick { _, k := latencyScale(300*time.Microsecond, 9*time.Millisecond); return k },
			"[200 µs 500 µs 1 ms 2 ms 5 ms 10 ms]"},
		{"latencies far apart", func() []tick { _, k := latencyScale(30*time.Microsecond, 4*time.Second); return k },
			"[100 µs 1 ms 10 ms 100 ms 1 s]"},
		{"no latency", func() []tick { _, k := latencyScale(0, 0); return k }, "[0 1 ns]"},
		{"seconds", func() []tick { return timeTicks(10 * time.Second) }, "[0 s 2 s 4 s 6 s 8 s 10 s]"},
		{"half a second", func() []tick { return timeTicks(500 * time.Millisecond) }, "[0 s 0.1 s 0.2 s 0.3 s 0.4 s 0.5 s]"},
		{"minutes", func() []tick { return timeTicks(5 * time.Minute) }, "[0 s 1:00 2:00 3:00 4:00 5:00]"},
		{"hours", func() []tick { return timeTicks(8 * time.Hour) }, "[0 s 1:00:00 2:00:00 3:00:00 4:00:00 5:00:00 6:00:00 7:00:00 8:00:00]"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := fmt.Sprint(labels(row.ticks())); got != row.want {
				t.Errorf("%s, want %s", got, row.want)
			}
		})
	}
}

func TestScales(t *testing.T) {
	log := scale{low: 1, high: 10_000, log: true}
	for _, row := range []struct {
		s       scale
		x, want float64
	}{
		{log, 1, 0}, {log, 100, 0.5}, {log, 10_000, 1}, {log, 0, 0},
		{scale{high: 50}, 25, 0.5},
	} {
		if got := row.s.of(row.x); got < row.want-1e-9 || got > row.want+1e-9 {
			t.Errorf("%+v has %v at %v, want %v", row.s, row.x, got, row.want)
		}
	}
}

func TestPathsHaveGaps(t *testing.T) {
	dots := []dot{{gap: true}, {0, 0, false}, {0.25, 1, false}, {gap: true}, {0.5, 0.5, false}, {1, 2, false}}
	stroke, fill := path(dots, true)
	if want := "M0 1000L250 0M500 500L1000 0"; stroke != want {
		t.Errorf("the line is %s, want %s", stroke, want)
	}
	if want := "M0 1000L250 0L250 1000L0 1000ZM500 500L1000 0L1000 1000L500 1000Z"; fill != want {
		t.Errorf("the area is %s, want %s", fill, want)
	}
	alone := []dot{{0, 0, false}, {gap: true}, {0.5, 1, false}, {gap: true}}
	if stroke, fill := path(alone, true); stroke != "M0 1000h0M500 0h0" || fill != "" {
		t.Errorf("dots alone are %s, %s", stroke, fill)
	}
	if _, fill := path(dots, false); fill != "" {
		t.Errorf("an area that nobody wanted: %s", fill)
	}
}
