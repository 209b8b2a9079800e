package bench

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"time"

	"github.com/everwire/everwire/cmd/everwire/load"
)

var (
	//go:embed html/page.html
	pageSource string
	//go:embed html/style.css
	pageStyle string
	//go:embed html/page.js
	pageScript string

	page = template.Must(template.New("page").Parse(pageSource))
)

// The page, as its template sees it.
type (
	pageView struct {
		Policy      string
		Style       template.CSS
		Script      template.JS
		URL         string
		About       []string
		Began       string
		Passed      bool
		Interrupted bool
		Cards       []card
		Checks      []checkView
		Warnings    []string
		Charts      []chart
		Columns     []string // of the table of times
		Times       []timesRow
		Buckets     []bucketView
		Failures    []Failure
		Facts       []fact
		Data        map[string]hover
	}
	// A card is a figure that stands out.
	card struct{ Name, Value, Unit, More string }
	// A checkView is a threshold.
	checkView struct {
		Words, Actual string
		Crossed       bool
	}
	timesRow struct {
		Name  string
		Times []string // by column
	}
	bucketView struct {
		From, To, Share string
		Width           string // of 100
	}
	fact struct{ Name, Value string }
)

// WriteHTML writes the report as a web page: one file that needs nothing else, and whose policy forbids it to fetch
// anything. All of it can be read without a script; with one the charts say what lies where one points.
func (r *Report) WriteHTML(w io.Writer) error { return page.Execute(w, r.view()) }

func (r *Report) view() *pageView {
	s := &r.Settings
	v := &pageView{
		Policy: policy(), Style: template.CSS(pageStyle), Script: template.JS(pageScript),
		URL: s.URL, About: s.words(), Began: r.Began.UTC().Format("2 January 2006, 15:04:05 UTC"),
		Passed: len(r.Crossed()) == 0, Interrupted: r.Interrupted, Warnings: r.warnings(), Charts: r.charts(), Failures: r.Failures,
		Cards: r.cards(), Facts: r.facts(), Data: map[string]hover{},
	}
	for _, c := range v.Charts {
		v.Data[c.ID] = c.Hover
	}
	for _, c := range r.Checks {
		v.Checks = append(v.Checks, checkView{c.Words(), c.ActualWords(), c.Crossed})
	}
	if columns := r.columns(); len(columns) > 0 {
		for _, c := range columns {
			v.Columns = append(v.Columns, c.name)
		}
		for _, row := range timesRows {
			t := timesRow{Name: row.name}
			for _, c := range columns {
				t.Times = append(t.Times, timeWords(row.of(c.Stats)))
			}
			v.Times = append(v.Times, t)
		}
	}
	all := buckets(r.Latency, 12)
	var highest int64
	for _, b := range all {
		highest = max(highest, b.Count)
	}
	for _, b := range all {
		v.Buckets = append(v.Buckets, bucketView{
			timeWords(b.From), timeWords(b.To), percentWords(float64(b.Count) / float64(r.Latency.TotalCount())),
			place(float64(b.Count) / float64(highest)),
		})
	}
	return v
}

func (r *Report) cards() []card {
	s := &r.Settings
	l := statsOf(r.Latency)
	var all []card
	if s.Scenario == load.Idle {
		all = append(all, card{"Held", countWords(r.Peak), "connections", "for " + timeWords(r.Elapsed)})
	} else {
		all = append(all, card{"Throughput", rateWords(wholeRate(r.Rate())), "/s", plural(r.Messages, noun(s.Scenario))})
	}
	if l.Count > 0 {
		all = append(all,
			card{"Median latency", timeWords(l.P50), "", "mean " + timeWords(l.Mean)},
			card{"99th percentile", timeWords(l.P99), "", "99.99th " + timeWords(l.P4n)},
			card{"Slowest", timeWords(l.Max), "", "of " + countWords(l.Count)})
	}
	more := "none"
	if r.Errors() > 0 {
		more = percentWords(r.ErrorShare()) + " of attempts"
	} else if s.Scenario != load.Handshake {
		more = plural(r.Peak, "connection")
	}
	return append(all, card{"Errors", countWords(r.Errors()), "", more})
}

func (r *Report) facts() []fact {
	var all []fact
	add := func(name, value string) { all = append(all, fact{name, value}) }
	add("Measured", timeWords(r.Elapsed))
	if r.Settings.Scenario != load.Idle {
		add("Completed", plural(r.Messages, noun(r.Settings.Scenario)))
	}
	add("In", octetWords(perSec(float64(r.Received), r.Elapsed))+"/s")
	add("Out", octetWords(perSec(float64(r.Sent), r.Elapsed))+"/s")
	if r.Connecting > 0 {
		add("Connected", plural(r.Peak, "connection")+" in "+timeWords(r.Connecting))
	}
	if r.Checked > 0 {
		add("Checked octet by octet", plural(r.Checked, "message"))
	}
	if d, ok := r.drift(); ok {
		rate, p99 := d.words()
		add("From the first quarter to the last", rate+", "+p99)
	}
	if r.Unsent > 0 {
		add("Due when no connection was open", plural(r.Unsent, "message"))
	}
	if r.CPU > 0 {
		add("Generator", percentWords(min(1, r.Busy))+" busy, "+three(perSec(r.CPU.Seconds(), r.Elapsed))+" processors used")
	}
	return all
}

// timesRows are the rows of every table of times.
var timesRows = []struct {
	name string
	of   func(Stats) time.Duration
}{
	{"min", func(s Stats) time.Duration { return s.Min }},
	{"mean", func(s Stats) time.Duration { return s.Mean }},
	{"p50", func(s Stats) time.Duration { return s.P50 }},
	{"p90", func(s Stats) time.Duration { return s.P90 }},
	{"p99", func(s Stats) time.Duration { return s.P99 }},
	{"p99.9", func(s Stats) time.Duration { return s.P999 }},
	{"p99.99", func(s Stats) time.Duration { return s.P4n }},
	{"max", func(s Stats) time.Duration { return s.Max }},
}

// policy allows the page its own style and script, by their hashes, and nothing else.
func policy() string {
	hash := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; style-src " + hash(pageStyle) + "; script-src " + hash(pageScript) +
		"; img-src data:; base-uri 'none'; form-action 'none'"
}
