package bench

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A chart is drawn in a square of 1000 by 1000 that the page stretches; its lines keep their width. What is text stands
// outside of the square, at percentages, so that it keeps its size.
type chart struct {
	ID, Title, Note string
	Says            string // for who does not see it
	X, Y, Right     []tick
	Bands           []band
	Bars            []band // from the bottom
	Series          []line
	Hover           hover
}

// A tick is a place on an axis, in percent from the left or from the top.
type tick struct {
	At    string
	Label string
	Extra bool // one that narrow pages leave out
	Last  bool // one at the right border
}

// A band is a part of the width.
type band struct {
	X, Width, Y, Height string
	Label               string
	LabelAt             string // percent
}

// A line is one of a chart's series.
type line struct {
	Class, Name string
	Value       string // beside the name while nothing is pointed at
	Path        string
	Area        string // the same, closed at the bottom; empty: it is not filled
}

// hover is what the script says about the place that is pointed at.
type hover struct {
	X     []float64  `json:"x"` // percent
	At    []string   `json:"at"`
	Words [][]string `json:"words"` // by series
}

// A scale turns values into places from 0 to 1.
type scale struct {
	low, high float64
	log       bool
}

func (s scale) of(x float64) float64 {
	if s.log {
		return math.Log(max(x, s.low)/s.low) / math.Log(s.high/s.low)
	}
	return (x - s.low) / (s.high - s.low)
}

// niceStep is about a part of a span, and a distance between two ticks that people like.
func niceStep(span float64, ticks int) float64 {
	raw := span / float64(ticks)
	unit := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5} {
		if m*unit >= raw*0.999 {
			return m * unit
		}
	}
	return 10 * unit
}

// linear makes a scale from 0 to somewhat above the highest value, and its ticks, which are at least least apart.
func linear(highest, least float64, label func(float64) string) (scale, []tick) {
	if highest <= 0 {
		highest = 1
	}
	step := max(least, niceStep(highest, 5))
	top := step * math.Ceil(highest/step-1e-9)
	s := scale{high: top}
	var ticks []tick
	for i := 0; float64(i)*step <= top*1.0001; i++ {
		x := float64(i) * step
		ticks = append(ticks, tick{At: percent(1 - s.of(x)), Label: label(x)})
	}
	return s, ticks
}

// latencyScale makes a scale for latencies: logarithmic where they are far apart.
func latencyScale(low, high time.Duration) (scale, []tick) {
	label := func(x float64) string { return axisTime(time.Duration(math.Round(x))) }
	if low <= 0 || high <= 0 || float64(high)/float64(low) < 15 {
		return linear(float64(high), 1, label)
	}
	s := scale{roundDown(float64(low)), roundUp(float64(high)), true}
	decades := math.Log10(s.high / s.low)
	var ticks []tick
	for unit := math.Pow(10, math.Floor(math.Log10(s.low))); unit <= s.high; unit *= 10 {
		for _, m := range []float64{1, 2, 5} {
			x := m * unit
			if x < s.low*0.999 || x > s.high*1.001 || decades > 2.2 && m != 1 {
				continue
			}
			ticks = append(ticks, tick{At: percent(1 - s.of(x)), Label: label(x)})
		}
	}
	return s, ticks
}

// roundDown and roundUp find the next of 1, 2 and 5 times a power of ten.
func roundDown(x float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(x)))
	switch m := x / unit; {
	case m >= 4.999:
		return 5 * unit
	case m >= 1.999:
		return 2 * unit
	}
	return unit
}

func roundUp(x float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(x)))
	switch m := x / unit; {
	case m <= 1.001:
		return unit
	case m <= 2.001:
		return 2 * unit
	case m <= 5.001:
		return 5 * unit
	}
	return 10 * unit
}

// axisTime is a latency without digits that say nothing: 500 µs, 1 ms, 1.5 ms.
func axisTime(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{time.Second, " s"}, {time.Millisecond, " ms"}, {time.Microsecond, " µs"}} {
		if d >= u.unit {
			return strconv.FormatFloat(decimals(float64(d)/float64(u.unit), 3), 'f', -1, 64) + u.name
		}
	}
	if d == 0 {
		return "0"
	}
	return strconv.FormatInt(int64(d), 10) + " ns"
}

// axisCount is a number with k, M or G.
func axisCount(x float64) string {
	for _, u := range []struct {
		unit float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e4, "k"}} {
		if x >= u.unit {
			unit := u.unit
			if u.name == "k" {
				unit = 1e3
			}
			return strconv.FormatFloat(decimals(x/unit, 2), 'f', -1, 64) + u.name
		}
	}
	if x >= 1000 {
		return countWords(int64(x))
	}
	return strconv.FormatFloat(decimals(x, 3), 'f', -1, 64)
}

// timeTicks are those of a run.
func timeTicks(end time.Duration) []tick {
	steps := []float64{0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400}
	total := end.Seconds()
	step := steps[len(steps)-1]
	for _, s := range steps {
		if total/s <= 8 {
			step = s
			break
		}
	}
	var ticks []tick
	for i := 0; ; i++ {
		x := float64(i) * step
		if x > total*1.0001 || i > 400 {
			return ticks
		}
		at := time.Duration(math.Round(x*10)) * 100 * time.Millisecond
		ticks = append(ticks, across(x/max(total, 1e-9), clock(at), i%2 == 1))
	}
}

// across is a tick of a horizontal axis.
func across(x float64, label string, extra bool) tick {
	return tick{At: percent(x), Label: label, Extra: extra, Last: x > 0.96}
}

// clock is a time since the run began: 12 s, 1:30, 2:00:00.
func clock(d time.Duration) string {
	switch {
	case d < time.Minute:
		return strconv.FormatFloat(decimals(d.Seconds(), 1), 'f', -1, 64) + " s"
	case d < time.Hour:
		return fmt.Sprintf("%d:%02d", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%d:%02d:%02d", d/time.Hour, d%time.Hour/time.Minute, d%time.Minute/time.Second)
}

func percent(x float64) string { return strconv.FormatFloat(100*x, 'f', 2, 64) + "%" }

// place is a coordinate in the square.
func place(x float64) string { return strconv.FormatFloat(math.Round(x*10000)/10, 'f', -1, 64) }

// A dot is where a line goes through, from 0 to 1; without a value the line has a gap.
type dot struct {
	x, y float64
	gap  bool
}

// path draws dots; with area it also returns what is below them. A dot between two gaps is a line of no length, which
// round ends make a point.
func path(dots []dot, area bool) (stroke, fill string) {
	var s, f strings.Builder
	for len(dots) > 0 {
		n := slices.IndexFunc(dots, func(d dot) bool { return d.gap })
		if n == 0 {
			dots = dots[1:]
			continue
		}
		if n < 0 {
			n = len(dots)
		}
		var part strings.Builder
		for i, d := range dots[:n] {
			command := "L"
			if i == 0 {
				command = "M"
			}
			part.WriteString(command + place(d.x) + " " + place(1-min(1, max(0, d.y))))
		}
		s.WriteString(part.String())
		if n == 1 {
			s.WriteString("h0")
		} else if area {
			fmt.Fprintf(&f, "%sL%s 1000L%s 1000Z", part.String(), place(dots[n-1].x), place(dots[0].x))
		}
		dots = dots[n:]
	}
	return s.String(), f.String()
}
