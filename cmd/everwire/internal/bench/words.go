package bench

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Words for figures, the same in the summary, on the page and while a run is shown.

// three writes a positive number with three digits, which is what the histograms know.
func three(x float64) string {
	switch {
	case x >= 100:
		return strconv.FormatFloat(x, 'f', 0, 64)
	case x >= 10:
		return strconv.FormatFloat(x, 'f', 1, 64)
	default:
		return strconv.FormatFloat(x, 'f', 2, 64)
	}
}

// round3 rounds to three digits, so that 999.7 µs becomes 1 ms before its unit is chosen.
func round3(x float64) float64 {
	if x <= 0 {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(x))-2)
	return math.Round(x/unit) * unit
}

// timeWords is a latency.
func timeWords(d time.Duration) string {
	x := round3(float64(d))
	switch {
	case x <= 0:
		return "0"
	case x < 1e3:
		return strconv.FormatFloat(x, 'f', 0, 64) + " ns"
	case x < 1e6:
		return three(x/1e3) + " µs"
	case x < 1e9:
		return three(x/1e6) + " ms"
	case x < 60e9:
		return three(x/1e9) + " s"
	}
	return spanWords(d)
}

// spanWords is how long something lasts: 10 s, 1 min 30 s, 8 h.
func spanWords(d time.Duration) string {
	if d < time.Minute {
		if d == d.Truncate(time.Second) {
			return strconv.FormatInt(int64(d/time.Second), 10) + " s"
		}
		return timeWords(d)
	}
	d = d.Round(time.Second)
	var parts []string
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{time.Hour, " h"}, {time.Minute, " min"}, {time.Second, " s"}} {
		if n := d / u.unit; n > 0 {
			parts = append(parts, strconv.FormatInt(int64(n), 10)+u.name)
			d -= n * u.unit
		}
	}
	return strings.Join(parts, " ")
}

// countWords is a whole number with its thousands apart.
func countWords(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// rateWords is a number in a second: whole where it is large.
func rateWords(x float64) string {
	if x >= 100 || x == math.Trunc(x) {
		return countWords(int64(math.Round(x)))
	}
	return three(x)
}

// octetWords is a number of octets.
func octetWords(x float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for x >= 1023.5 && i < len(units)-1 { // which would be written as 1024
		x /= 1024
		i++
	}
	if x = round3(x); i == 0 || x == math.Trunc(x) {
		return strconv.FormatFloat(x, 'f', 0, 64) + " " + units[i]
	}
	return three(x) + " " + units[i]
}

// percentWords is a share, of 1.
func percentWords(x float64) string {
	switch p := 100 * x; {
	case p <= 0:
		return "0 %"
	case p < 0.01:
		return "<0.01 %"
	case p < 10:
		return strconv.FormatFloat(p, 'f', 2, 64) + " %"
	case x >= 1:
		return "100 %"
	default:
		return strconv.FormatFloat(math.Min(p, 99.9), 'f', 1, 64) + " %"
	}
}

func plural(n int64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	many := one + "s"
	if strings.HasSuffix(one, "y") {
		many = one[:len(one)-1] + "ies"
	}
	return fmt.Sprintf("%s %s", countWords(n), many)
}
