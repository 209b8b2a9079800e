package bench

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A Threshold is a condition that a run must not meet, such as p99>50ms. It is written as a metric, a comparison
// (> >= < <= == !=) and a value, with spaces where one likes; upper and lower case are the same but for M and m.
//
//	metric                          value
//	errors                          a number; k and M stand for thousands and millions
//	errors%                         errors in 100 attempts: 1, 0.1%
//	messages                        a number
//	rate                            messages a second: 1000, 10k, 10k/s
//	mib/s                           MiB of frames a second, both ways: 100
//	connections                     the most that were open at a time
//	min mean max p50 p99 p99.9 …    latency, with its unit: 800us, 50ms, 1.5s
//	handshake.p99 handshake.max …   how long the opening handshakes took
//
// A metric that has no value, such as the latency of a run in which nothing was answered, meets every condition: a
// check that finds nothing to check must not pass.
type Threshold struct {
	Text   string // as it was written
	Metric string // in lower case
	Op     string
	Value  float64 // nanoseconds where the metric is a time

	kind       metricKind
	percentile float64
}

// A metricKind says what a metric's values are like.
type metricKind uint8

const (
	counted  metricKind = iota // a number
	relative                   // of 100
	perSecond
	mebibytes // in a second
	timed
)

// A ThresholdError says what is wrong with a threshold, and where.
type ThresholdError struct {
	Text   string // the whole threshold
	At     int    // octets before the fault
	Detail string
}

// Error points at the fault in one line.
func (e *ThresholdError) Error() string {
	where := "at its end"
	if rest := e.Text[e.At:]; rest != "" {
		where = "at " + strconv.Quote(rest)
	}
	return where + ": " + e.Detail
}

const metricNames = "errors, errors%, messages, rate, mib/s, connections, min, mean, max, p50 to p99.999, " +
	"and handshake.p99 and the like"

// ParseThreshold reads a threshold. Its error is a *ThresholdError.
func ParseThreshold(text string) (Threshold, error) {
	t := Threshold{Text: strings.TrimSpace(text)}
	fault := func(at int, detail string, args ...any) (Threshold, error) {
		return Threshold{}, &ThresholdError{text, at, fmt.Sprintf(detail, args...)}
	}
	pos := skipSpace(text, 0)
	end := pos
	for end < len(text) && !strings.ContainsRune("<>=! \t", rune(text[end])) {
		end++
	}
	if end == pos {
		return fault(pos, "a metric is missing; there are %s", metricNames)
	}
	t.Metric = strings.ToLower(text[pos:end])
	var ok bool
	if t.kind, t.percentile, ok = metricOf(t.Metric); !ok {
		return fault(pos, "there is no metric %q; there are %s", text[pos:end], metricNames)
	}
	pos = skipSpace(text, end)
	for _, op := range []string{">=", "<=", "==", "!=", ">", "<"} {
		if strings.HasPrefix(text[pos:], op) {
			t.Op = op
			break
		}
	}
	if t.Op == "" {
		return fault(pos, "a comparison is missing: > >= < <= == or !=")
	}
	pos = skipSpace(text, pos+len(t.Op))
	end = pos
	for end < len(text) && (text[end] >= '0' && text[end] <= '9' || text[end] == '.') {
		end++
	}
	if end == pos {
		return fault(pos, "a number is missing, such as in %s", t.example())
	}
	var err error
	if t.Value, err = strconv.ParseFloat(text[pos:end], 64); err != nil || math.IsInf(t.Value, 0) {
		return fault(pos, "%q is not a number", text[pos:end])
	}
	if pos = skipSpace(text, end); pos == len(text) && t.kind == timed && t.Value != 0 {
		return fault(pos, "a time needs a unit, such as in %s", t.example())
	}
	unit := strings.TrimRightFunc(text[pos:], unicode.IsSpace)
	factor, ok := t.kind.unit(unit)
	if !ok {
		return fault(pos, "%q is no unit of %s; write it as in %s", unit, t.Metric, t.example())
	}
	t.Value *= factor
	return t, nil
}

func skipSpace(s string, i int) int {
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		if !unicode.IsSpace(r) {
			break
		}
		i += n
	}
	return i
}

// metricOf finds a metric by its name, which is in lower case.
func metricOf(name string) (kind metricKind, percentile float64, ok bool) {
	switch name {
	case "errors", "messages", "connections":
		return counted, 0, true
	case "errors%":
		return relative, 0, true
	case "rate":
		return perSecond, 0, true
	case "mib/s":
		return mebibytes, 0, true
	}
	percentile, ok = latencyMetric(strings.TrimPrefix(name, handshakeMetric))
	return timed, percentile, ok
}

const handshakeMetric = "handshake."

// The latency metrics that are not percentiles, as if they were.
const (
	meanMetric = -1
	minMetric  = 0
	maxMetric  = 100
)

func latencyMetric(name string) (percentile float64, ok bool) {
	switch name {
	case "min":
		return minMetric, true
	case "mean":
		return meanMetric, true
	case "max":
		return maxMetric, true
	}
	digits, ok := strings.CutPrefix(name, "p")
	if !ok || digits == "" || strings.Trim(digits, "0123456789.") != "" {
		return 0, false
	}
	p, err := strconv.ParseFloat(digits, 64)
	return p, err == nil && p > 0 && p < 100
}

// unit returns by what a value is multiplied that has this unit.
func (k metricKind) unit(unit string) (factor float64, ok bool) {
	switch k {
	case timed:
		switch unit {
		case "": // only 0 comes without a unit
			return 1, true
		case "min":
			return float64(time.Minute), true
		case "m", "h": // of a second or of an hour, one would have to guess
			return 0, false
		}
		d, err := time.ParseDuration("1" + unit)
		return float64(d), err == nil && strings.Trim(unit, "0123456789.") == unit
	case relative:
		return 1, unit == "" || unit == "%"
	case mebibytes:
		return 1, unit == "" || strings.EqualFold(unit, "mib/s")
	case perSecond:
		unit = strings.TrimSpace(strings.TrimSuffix(unit, "/s"))
	}
	switch unit {
	case "":
		return 1, true
	case "k", "K":
		return 1e3, true
	case "M":
		return 1e6, true
	}
	return 0, false
}

func (t Threshold) example() string {
	name := t.Metric
	switch t.kind {
	case timed:
		return name + ">50ms"
	case relative:
		return name + ">0.1%"
	case perSecond:
		return name + "<1000"
	case mebibytes:
		return name + "<100"
	}
	if name == "errors" {
		return name + ">0"
	}
	return name + "<1000"
}

// AboutErrors says whether t judges errors. A run whose thresholds do not has errors>0 besides.
func (t Threshold) AboutErrors() bool { return t.Metric == "errors" || t.Metric == "errors%" }

// A Check is a threshold held against a run.
type Check struct {
	Threshold
	Implied bool    // errors>0, which nobody wrote
	Actual  float64 // NaN if there is none
	Crossed bool
}

// check holds t against a report.
func (t Threshold) check(r *Report) Check {
	c := Check{Threshold: t, Actual: t.actual(r)}
	x := c.Actual
	switch {
	case math.IsNaN(x):
		c.Crossed = true
	case t.Op == ">":
		c.Crossed = x > t.Value
	case t.Op == ">=":
		c.Crossed = x >= t.Value
	case t.Op == "<":
		c.Crossed = x < t.Value
	case t.Op == "<=":
		c.Crossed = x <= t.Value
	case t.Op == "==":
		c.Crossed = x == t.Value
	case t.Op == "!=":
		c.Crossed = x != t.Value
	}
	return c
}

// actual is what a metric is in a report.
func (t Threshold) actual(r *Report) float64 {
	switch t.Metric {
	case "errors":
		return float64(r.Errors())
	case "errors%":
		return 100 * r.ErrorShare()
	case "messages":
		return float64(r.Messages)
	case "rate":
		return r.Rate()
	case "mib/s":
		return r.Throughput() / (1 << 20)
	case "connections":
		return float64(r.Peak)
	}
	h := r.Latency
	if strings.HasPrefix(t.Metric, handshakeMetric) {
		h = r.Handshake
	}
	s := statsOf(h)
	switch {
	case s.Count == 0:
		return math.NaN()
	case t.percentile == meanMetric:
		return float64(s.Mean)
	case t.percentile == minMetric:
		return float64(s.Min)
	case t.percentile == maxMetric:
		return float64(s.Max)
	}
	return float64(h.ValueAtPercentile(t.percentile))
}

// ActualWords is what the metric was, for people.
func (c Check) ActualWords() string {
	switch x := c.Actual; {
	case math.IsNaN(x):
		return "there was nothing to measure"
	case c.kind == timed:
		return timeWords(time.Duration(x))
	case c.kind == relative:
		return percentWords(x / 100)
	case c.kind == perSecond:
		return rateWords(x) + "/s"
	case c.kind == mebibytes:
		return three(x) + " MiB/s"
	default:
		return countWords(int64(x))
	}
}

// Words is the condition with one space around the comparison.
func (c Check) Words() string {
	before, after, _ := strings.Cut(c.Text, c.Op)
	return strings.TrimSpace(before) + " " + c.Op + " " + strings.TrimSpace(after)
}
