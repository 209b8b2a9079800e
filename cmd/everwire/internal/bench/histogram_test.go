package bench

import (
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

func TestEveryLatencyIsInABucket(t *testing.T) {
	one := hdrhistogram.New(1000, int64(300*time.Second), 3)
	if err := one.RecordValues(int64(time.Millisecond), 7); err != nil {
		t.Fatal(err)
	}
	wide := hdrhistogram.New(1000, int64(300*time.Second), 3)
	for _, d := range []time.Duration{0, time.Microsecond, time.Millisecond, time.Second, 300 * time.Second} {
		if err := wide.RecordValue(int64(d)); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []struct {
		name string
		h    *hdrhistogram.Histogram
		want int // buckets
	}{
		{"none", nil, 0},
		{"empty", hdrhistogram.New(1000, int64(300*time.Second), 3), 0},
		{"all the same", one, 1},
		{"many", drawn(10_000, time.Millisecond), 10},
		{"far apart", wide, 10},
	} {
		t.Run(row.name, func(t *testing.T) {
			all := buckets(row.h, 10)
			if len(all) != row.want {
				t.Fatalf("%d buckets, want %d", len(all), row.want)
			}
			var total int64
			for i, b := range all {
				total += b.Count
				if b.From > b.To || i > 0 && b.From != all[i-1].To {
					t.Errorf("a bucket from %v to %v, after %v", b.From, b.To, all[max(0, i-1)].To)
				}
			}
			if row.want > 0 && total != row.h.TotalCount() {
				t.Errorf("%d latencies of %d", total, row.h.TotalCount())
			}
		})
	}
}

func TestBar(t *testing.T) {
	for _, row := range []struct {
		share float64
		want  string
	}{
		{0, ""}, {0.0001, "▏"}, {0.5, "██"}, {0.6, "██▍"}, {1, "████"},
	} {
		if got := bar(row.share, 4); got != row.want {
			t.Errorf("%v is %q, want %q", row.share, got, row.want)
		}
		if n := strings.Count(bar(row.share, 4), "") - 1; n > 4 {
			t.Errorf("%v is %d wide", row.share, n)
		}
	}
}
