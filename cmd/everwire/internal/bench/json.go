package bench

import (
	"encoding/json"
	"io"
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/everwire/everwire/cmd/everwire/load"
)

// JSONVersion is the version of what [Report.WriteJSON] writes. It grows when a member changes its meaning or goes;
// one that is added is no new version.
const JSONVersion = 1

// The document. Times are in seconds (_s) or milliseconds (_ms), sizes in octets.
type (
	document struct {
		Version     int              `json:"version"`
		Tool        string           `json:"tool"`
		Passed      bool             `json:"passed"`
		Interrupted bool             `json:"interrupted"`
		Began       time.Time        `json:"began"`
		Settings    settingsDocument `json:"settings"`
		Totals      totalsDocument   `json:"totals"`
		Latency     *timesDocument   `json:"latency_ms"`
		Handshake   *timesDocument   `json:"handshake_ms"`
		Curve       []curvePoint     `json:"latency_curve"`
		Errors      []errorDocument  `json:"errors"`
		Thresholds  []checkDocument  `json:"thresholds"`
		Generator   generatorDoc     `json:"generator"`
		Series      []sampleDocument `json:"series"`
	}
	settingsDocument struct {
		URL           string           `json:"url"`
		Scenario      load.Scenario    `json:"scenario"`
		Connections   int              `json:"connections"`
		ConnectRate   float64          `json:"connect_rate,omitempty"`
		Rate          float64          `json:"rate,omitempty"`
		PerConnection float64          `json:"rate_per_connection,omitempty"`
		OpenLoop      bool             `json:"open_loop"`
		InFlight      int              `json:"in_flight"`
		Size          int              `json:"size"`
		Source        string           `json:"source"`
		Type          string           `json:"type"`
		Compress      string           `json:"compress"`
		Expect        load.Expectation `json:"expect"`
		Stages        []stageDocument  `json:"stages,omitempty"`
		Warmup        float64          `json:"warmup_s"`
		Duration      float64          `json:"duration_s"`
		Reopen        float64          `json:"reopen_s,omitempty"`
		Soak          bool             `json:"soak"`
	}
	stageDocument struct {
		Duration    float64 `json:"duration_s"`
		Connections int     `json:"connections"`
	}
	totalsDocument struct {
		Elapsed     float64 `json:"elapsed_s"`
		Connecting  float64 `json:"connecting_s"`
		Connections int64   `json:"connections"`
		Messages    int64   `json:"messages"`
		Rate        float64 `json:"rate"`
		Sent        int64   `json:"sent"`
		Received    int64   `json:"received"`
		MiB         float64 `json:"mib_per_second"`
		Checked     int64   `json:"checked"`
		Unsent      int64   `json:"unsent"`
		Errors      int64   `json:"errors"`
	}
	timesDocument struct {
		Count int64   `json:"count"`
		Min   float64 `json:"min"`
		Mean  float64 `json:"mean"`
		P50   float64 `json:"p50"`
		P75   float64 `json:"p75"`
		P90   float64 `json:"p90"`
		P95   float64 `json:"p95"`
		P99   float64 `json:"p99"`
		P999  float64 `json:"p99.9"`
		P4n   float64 `json:"p99.99"`
		Max   float64 `json:"max"`
	}
	curvePoint struct {
		Percentile float64 `json:"percentile"`
		Latency    float64 `json:"ms"`
		Count      int64   `json:"count"` // of all that took up to this
	}
	errorDocument struct {
		Kind    string `json:"kind"`
		Count   int64  `json:"count"`
		Example string `json:"example"`
	}
	checkDocument struct {
		Fails   string   `json:"fails_if"`
		Metric  string   `json:"metric"`
		Actual  *float64 `json:"actual"` // null: there was nothing to measure
		Limit   float64  `json:"limit"`
		Unit    string   `json:"unit"`
		Implied bool     `json:"implied"`
		Passed  bool     `json:"passed"`
	}
	generatorDoc struct {
		CPU     float64 `json:"cpu_s"`
		Busy    float64 `json:"busy"` // of 1
		Starved float64 `json:"starved"`
		Warning string  `json:"warning,omitempty"`
	}
	sampleDocument struct {
		At          float64        `json:"at_s"`
		Length      float64        `json:"length_s"`
		Phase       load.Phase     `json:"phase"`
		Target      int            `json:"target"`
		Connections int64          `json:"connections"`
		Messages    int64          `json:"messages"`
		Rate        float64        `json:"rate"`
		Sent        int64          `json:"sent"`
		Received    int64          `json:"received"`
		Errors      int64          `json:"errors"`
		Latency     *timesDocument `json:"latency_ms"`
	}
)

// WriteJSON writes the report for programs: one object, described in docs/load-testing.md.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r.document())
}

func (r *Report) document() *document {
	s := &r.Settings
	d := &document{
		Version: JSONVersion, Tool: "everwire bench", Passed: len(r.Crossed()) == 0, Interrupted: r.Interrupted,
		Began: r.Began.UTC().Truncate(time.Millisecond),
		Settings: settingsDocument{
			URL: s.URL, Scenario: s.Scenario, Connections: s.Connections, ConnectRate: s.ConnectRate, Rate: s.Rate,
			PerConnection: s.PerConnection, OpenLoop: s.OpenLoop(), InFlight: s.InFlight, Size: s.Size, Source: s.Source,
			Type: "binary", Compress: s.Compress, Expect: s.Expect, Warmup: s.Warmup.Seconds(),
			Duration: s.Duration.Seconds(), Reopen: s.Reopen.Seconds(), Soak: s.Soak,
		},
		Totals: totalsDocument{
			Elapsed: seconds(r.Elapsed), Connecting: seconds(r.Connecting), Connections: r.Peak, Messages: r.Messages,
			Rate: decimals(r.Rate(), 2), Sent: r.Sent, Received: r.Received, MiB: decimals(r.Throughput()/(1<<20), 3),
			Checked: r.Checked, Unsent: r.Unsent, Errors: r.Errors(),
		},
		Latency: timesOf(statsOf(r.Latency)), Handshake: timesOf(statsOf(r.Handshake)),
		Curve: []curvePoint{}, Errors: []errorDocument{}, Thresholds: []checkDocument{}, Series: []sampleDocument{},
		Generator: generatorDoc{CPU: seconds(r.CPU), Busy: decimals(r.Busy, 3), Starved: decimals(r.Starved, 3), Warning: r.bottleneck()},
	}
	if s.Text {
		d.Settings.Type = "text"
	}
	for _, st := range s.Stages {
		d.Settings.Stages = append(d.Settings.Stages, stageDocument{st.Duration.Seconds(), st.Connections})
	}
	for _, p := range curve(r.Latency) {
		d.Curve = append(d.Curve, curvePoint{decimals(p.percentile, 6), millis(p.at), p.count})
	}
	for _, f := range r.Failures {
		d.Errors = append(d.Errors, errorDocument(f))
	}
	for _, c := range r.Checks {
		d.Thresholds = append(d.Thresholds, c.document())
	}
	for i := range r.Series {
		p := &r.Series[i]
		d.Series = append(d.Series, sampleDocument{
			At: seconds(p.At), Length: seconds(p.Length), Phase: p.Phase, Target: p.Target, Connections: p.Connections,
			Messages: p.Messages, Rate: decimals(p.Rate(), 2), Sent: p.Sent, Received: p.Received, Errors: p.Errors,
			Latency: timesOf(p.Latency),
		})
	}
	return d
}

func (c Check) document() checkDocument {
	d := checkDocument{Fails: c.Text, Metric: c.Metric, Limit: c.Value, Implied: c.Implied, Passed: !c.Crossed}
	scale := 1.0
	switch c.kind {
	case timed:
		d.Unit, scale = "ms", 1e-6
	case relative:
		d.Unit = "%"
	case perSecond:
		d.Unit = "1/s"
	case mebibytes:
		d.Unit = "MiB/s"
	}
	d.Limit = decimals(c.Value*scale, 6)
	if !math.IsNaN(c.Actual) {
		actual := decimals(c.Actual*scale, 6)
		d.Actual = &actual
	}
	return d
}

func timesOf(s Stats) *timesDocument {
	if s.Count == 0 {
		return nil
	}
	return &timesDocument{
		Count: s.Count, Min: millis(s.Min), Mean: millis(s.Mean), P50: millis(s.P50), P75: millis(s.P75), P90: millis(s.P90),
		P95: millis(s.P95), P99: millis(s.P99), P999: millis(s.P999), P4n: millis(s.P4n), Max: millis(s.Max),
	}
}

// millis are milliseconds, to the microsecond.
func millis(d time.Duration) float64 { return decimals(float64(d)/1e6, 3) }

// seconds are to the millisecond.
func seconds(d time.Duration) float64 { return decimals(d.Seconds(), 3) }

// decimals rounds to so many digits behind the point.
func decimals(x float64, digits int) float64 {
	unit := math.Pow10(digits)
	return math.Round(x*unit) / unit
}

// A point of the percentile curve.
type point struct {
	percentile float64
	at         time.Duration
	count      int64
}

// curve is the percentile curve: ten points for each halving of what lies above, as is usual.
func curve(h *hdrhistogram.Histogram) []point {
	if h == nil || h.TotalCount() == 0 {
		return nil
	}
	var points []point
	for _, b := range h.CumulativeDistributionWithTicks(10) {
		p := point{b.Quantile, time.Duration(b.ValueAt), b.Count}
		if n := len(points); n > 0 && points[n-1].percentile >= p.percentile {
			continue
		}
		points = append(points, p)
	}
	return points
}
