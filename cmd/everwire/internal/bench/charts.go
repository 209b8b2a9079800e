package bench

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/everwire/everwire/cmd/everwire/load"
)

// charts are those of the page that have something to show.
func (r *Report) charts() []chart {
	var all []chart
	if len(r.Series) > 1 {
		if r.Settings.Scenario != load.Idle {
			all = append(all, r.throughputChart())
		}
		if c, ok := r.latencyChart(); ok {
			all = append(all, c)
		}
		all = append(all, r.connectionsChart())
	}
	if c, ok := r.curveChart(); ok {
		all = append(all, c)
	}
	return all
}

// end is when the series ends; not 0, as it is divided by.
func (r *Report) end() time.Duration { return max(1, r.Series[len(r.Series)-1].At) }

// over makes a chart over time, without its lines.
func (r *Report) over(id, title string) chart {
	c := chart{ID: id, Title: title, X: timeTicks(r.end())}
	for i, s := range r.Series {
		c.Hover.At = append(c.Hover.At, clock((s.At - s.Length/2).Round(100*time.Millisecond)))
		c.Hover.X = append(c.Hover.X, decimals(100*r.middle(i), 2))
	}
	c.Bands = r.bands()
	return c
}

// middle is where a sample stands, from 0 to 1.
func (r *Report) middle(i int) float64 {
	s := &r.Series[i]
	return (s.At - s.Length/2).Seconds() / r.end().Seconds()
}

// brief says whether a sample is so much shorter than most that its figures are chance, as the last one of a run may
// be. Lines leave it out.
func (r *Report) brief(i int) bool {
	lengths := make([]time.Duration, len(r.Series))
	for k, s := range r.Series {
		lengths[k] = s.Length
	}
	slices.Sort(lengths)
	return 3*r.Series[i].Length < lengths[len(lengths)/2]
}

// paced says whether a sample's rate means something: not while connections open, nor of what still comes at the end.
func (r *Report) paced(i int) bool {
	phase := r.Series[i].Phase
	return (phase == load.Warming || phase == load.Measuring) && !r.brief(i)
}

// bands are the parts of the run that are not measured.
func (r *Report) bands() []band {
	var all []band
	end := r.end().Seconds()
	for i := 0; i < len(r.Series); {
		phase, from := r.Series[i].Phase, r.Series[i].At-r.Series[i].Length
		j := i
		for j < len(r.Series) && r.Series[j].Phase == phase {
			j++
		}
		to := r.Series[j-1].At
		i = j
		if phase == load.Measuring {
			continue
		}
		x, width := max(0, from.Seconds()/end), (to-from).Seconds()/end
		b := band{X: place(x), Width: place(width), Y: "0", Height: "1000"}
		if width > 0.1 {
			b.Label, b.LabelAt = string(phase), percent(x+width/2)
		}
		all = append(all, b)
	}
	return all
}

func (r *Report) throughputChart() chart {
	c := r.over("throughput", "Throughput")
	unit := "messages a second"
	switch r.Settings.Scenario {
	case load.Handshake:
		unit = "handshakes a second"
	case load.Broadcast:
		unit = "deliveries a second"
	}
	c.Note = unit
	highest := 0.0
	for i := range r.Series {
		if r.paced(i) {
			highest = max(highest, r.Series[i].Rate())
		}
	}
	wanted := 0.0
	if len(r.Settings.Stages) == 0 {
		wanted = r.Settings.wanted()
	}
	scale, ticks := linear(max(highest, wanted), 0, axisCount)
	c.Y = ticks
	var dots []dot
	var words []string
	for i := range r.Series {
		s := &r.Series[i]
		dots = append(dots, dot{r.middle(i), scale.of(s.Rate()), !r.paced(i)})
		words = append(words, rateWords(wholeRate(s.Rate()))+"/s")
	}
	stroke, fill := path(dots, true)
	c.Series = append(c.Series, line{"a", "completed", rateWords(r.Rate()) + "/s", stroke, fill})
	c.Hover.Words = append(c.Hover.Words, words)
	if wanted > 0 {
		from := 0.0
		for _, s := range r.Series {
			if s.Phase == load.Connecting {
				from = s.At.Seconds() / r.end().Seconds()
			}
		}
		stroke, _ := path([]dot{{from, scale.of(wanted), false}, {1, scale.of(wanted), false}}, false)
		c.Series = append(c.Series, line{"wanted", "asked for", rateWords(wanted) + "/s", stroke, ""})
		c.Hover.Words = append(c.Hover.Words, nil)
	}
	c.Says = fmt.Sprintf("%s over time, up to %s; %s on average.", unit, rateWords(highest), rateWords(r.Rate()))
	return c
}

// latencyLines are the percentiles that are drawn over time.
var latencyLines = []struct {
	class, name string
	of          func(Stats) time.Duration
}{
	{"d", "max", func(s Stats) time.Duration { return s.Max }},
	{"c", "p99", func(s Stats) time.Duration { return s.P99 }},
	{"b", "p90", func(s Stats) time.Duration { return s.P90 }},
	{"a", "p50", func(s Stats) time.Duration { return s.P50 }},
}

func (r *Report) latencyChart() (chart, bool) {
	c := r.over("latency", "Latency over time")
	low, high := time.Duration(math.MaxInt64), time.Duration(0)
	for i := range r.Series {
		if s := r.Series[i].Latency; s.Count > 0 && !r.brief(i) {
			low, high = min(low, s.P50), max(high, s.Max)
		}
	}
	if high == 0 {
		return c, false
	}
	scale, ticks := latencyScale(low, high)
	c.Y = ticks
	if scale.log {
		c.Note = "logarithmic"
	}
	all := statsOf(r.Latency)
	for _, l := range latencyLines {
		var dots []dot
		var words []string
		for i := range r.Series {
			s := r.Series[i].Latency
			if s.Count == 0 || r.brief(i) {
				dots = append(dots, dot{gap: true})
				words = append(words, "–")
				continue
			}
			dots = append(dots, dot{r.middle(i), scale.of(float64(l.of(s))), false})
			words = append(words, timeWords(l.of(s)))
		}
		stroke, _ := path(dots, false)
		c.Series = append(c.Series, line{l.class, l.name, timeWords(l.of(all)), stroke, ""})
		c.Hover.Words = append(c.Hover.Words, words)
	}
	c.Says = fmt.Sprintf("Latency over time: in all p50 %s, p99 %s, at most %s.", timeWords(all.P50), timeWords(all.P99), timeWords(all.Max))
	return c, true
}

func (r *Report) connectionsChart() chart {
	c := r.over("connections", "Connections and errors")
	var most, mostErrors int64
	stages := len(r.Settings.Stages) > 0
	for i := range r.Series {
		s := &r.Series[i]
		most, mostErrors = max(most, s.Connections), max(mostErrors, s.Errors)
		if stages {
			most = max(most, int64(s.Target))
		}
	}
	scale, ticks := linear(float64(most), 1, axisCount)
	c.Y = ticks
	end := r.end().Seconds()
	open, target := []dot{{0, 0, false}}, []dot{{0, 0, false}}
	var openWords, errorWords, targetWords []string
	errorScale, right := linear(2*float64(mostErrors), 1, axisCount) // the line stays visible above
	for i := range r.Series {
		s := &r.Series[i]
		x := s.At.Seconds() / end
		open = append(open, dot{x, scale.of(float64(s.Connections)), false})
		target = append(target, dot{x, scale.of(float64(s.Target)), false})
		openWords = append(openWords, countWords(s.Connections))
		targetWords = append(targetWords, countWords(int64(s.Target)))
		errorWords = append(errorWords, countWords(s.Errors))
		if s.Errors > 0 {
			width := s.Length.Seconds() / end
			height := errorScale.of(float64(s.Errors))
			c.Bars = append(c.Bars, band{X: place(x - width), Width: place(max(width*0.9, 0.004)), Y: place(1 - height), Height: place(height)})
		}
	}
	stroke, fill := path(open, true)
	c.Series = append(c.Series, line{"b", "open", countWords(r.Peak) + " at most", stroke, fill})
	c.Hover.Words = append(c.Hover.Words, openWords)
	if stages {
		stroke, _ := path(target, false)
		c.Series = append(c.Series, line{"wanted", "asked for", "", stroke, ""})
		c.Hover.Words = append(c.Hover.Words, targetWords)
	}
	c.Series = append(c.Series, line{"error", "errors", countWords(r.Errors()), "", ""})
	c.Hover.Words = append(c.Hover.Words, errorWords)
	if mostErrors > 0 {
		c.Right = right
	}
	c.Says = fmt.Sprintf("Open connections over time, at most %s, and %s.", countWords(r.Peak), plural(r.Errors(), "error"))
	return c
}

// curveChart has latencies by percentile. To the right each of the same distances has ten times fewer above it.
func (r *Report) curveChart() (chart, bool) {
	points := curve(r.Latency)
	if len(points) < 2 {
		return chart{}, false
	}
	c := chart{ID: "curve", Title: "Latency by percentile", Note: "of all that were measured"}
	all := statsOf(r.Latency)
	nines := min(7, max(1, math.Log10(float64(all.Count)))) // beyond is nothing
	x := func(percentile float64) float64 {
		left := 1 - percentile/100
		if left <= 0 {
			return 1
		}
		return min(1, -math.Log10(left)/nines)
	}
	for n := range int(nines) + 1 {
		label := "0 %"
		switch {
		case n == 1:
			label = "90 %"
		case n >= 2:
			label = fmt.Sprintf("%.*f %%", n-2, 100*(1-math.Pow(10, -float64(n))))
		}
		c.X = append(c.X, across(float64(n)/nines, label, n%2 == 1 && n > 1))
	}
	scale, ticks := latencyScale(max(all.Min, 1), all.Max)
	c.Y = ticks
	if scale.log {
		c.Note = "logarithmic"
	}
	var dots []dot
	var words []string
	for _, p := range points {
		dots = append(dots, dot{x(p.percentile), scale.of(float64(p.at)), false})
		c.Hover.X = append(c.Hover.X, decimals(100*x(p.percentile), 2))
		c.Hover.At = append(c.Hover.At, fmt.Sprintf("%.6g %%", p.percentile))
		words = append(words, timeWords(p.at))
	}
	stroke, fill := path(dots, true)
	c.Series = []line{{"c", "latency", "p50 " + timeWords(all.P50) + ", p99.99 " + timeWords(all.P4n), stroke, fill}}
	c.Hover.Words = [][]string{words}
	c.Says = fmt.Sprintf("Latency by percentile: p50 %s, p99 %s, p99.9 %s, p99.99 %s, at most %s.",
		timeWords(all.P50), timeWords(all.P99), timeWords(all.P999), timeWords(all.P4n), timeWords(all.Max))
	return c, true
}
