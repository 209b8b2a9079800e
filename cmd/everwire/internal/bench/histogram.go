package bench

import (
	"math"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A Bucket is how many latencies lay between two.
type Bucket struct {
	From, To time.Duration
	Count    int64
}

// buckets divides a histogram into at most n parts that are each the same number of times as wide as the one before.
func buckets(h *hdrhistogram.Histogram, n int) []Bucket {
	if h == nil || h.TotalCount() == 0 {
		return nil
	}
	low, high := float64(max(1, h.Min())), float64(h.Max())
	if high <= low*1.02 { // within what the histogram cannot tell apart, or hardly
		return []Bucket{{time.Duration(h.Min()), time.Duration(h.Max()), h.TotalCount()}}
	}
	ratio := math.Log(high / low)
	all := make([]Bucket, n)
	for i := range all {
		all[i].From = time.Duration(low * math.Exp(ratio*float64(i)/float64(n)))
		all[i].To = time.Duration(low * math.Exp(ratio*float64(i+1)/float64(n)))
	}
	all[n-1].To = time.Duration(h.Max())
	for _, bar := range h.Distribution() {
		if bar.Count == 0 {
			continue
		}
		at := min(max(float64(bar.To), low), high)
		i := min(n-1, int(float64(n)*math.Log(at/low)/ratio))
		all[i].Count += bar.Count
	}
	return all
}

// bar draws a share of a width, in eighths of a character.
func bar(share float64, width int) string {
	eighths := int(math.Round(share * float64(width) * 8))
	if share > 0 {
		eighths = max(1, eighths)
	}
	s := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		s += string([]rune("▏▎▍▌▋▊▉")[rest-1])
	}
	return s
}
