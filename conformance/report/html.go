package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/everwire/everwire/conformance"
)

// HTMLOptions say what is on the page. Nil and the zero value are the defaults.
type HTMLOptions struct {
	// AllLogs puts the handshake and what was on the wire on the page for all results. Default: only for
	// those that are not plain OK, so that the page of many agents stays small. The page says so.
	AllLogs bool
}

var (
	//go:embed html/page.html
	pageSource string
	//go:embed html/style.css
	pageStyle string
	//go:embed html/page.js
	pageScript string

	page = template.Must(template.New("page").Parse(pageSource))
)

// What a page has of a log: the rest is in the JSON.
const (
	logBegin = 120 // entries
	logEnd   = 40
)

// verdictLook is how a verdict stands on the page.
type verdictLook struct {
	Verdict conformance.Verdict
	Class   string
	Word    string // in a cell
	Means   string
}

var looks = []verdictLook{
	{conformance.OK, "ok", "OK", "as the standard asks"},
	{conformance.Informational, "info", "Info", "the standard leaves it open; what was done is told"},
	{conformance.Unimplemented, "none", "Absent", "an optional part that the agent does not offer"},
	{conformance.NonStrict, "lax", "Non-strict", "allowed, but not all that the standard recommends"},
	{conformance.WrongCode, "code", "Wrong code", "the Close frame had another code than it should"},
	{conformance.Unclean, "unclean", "Unclean", "the connection ended without the closing handshake"},
	{conformance.Failed, "fail", "Failed", "against the standard"},
}

func lookOf(v conformance.Verdict) verdictLook {
	for _, l := range looks {
		if l.Verdict == v {
			return l
		}
	}
	return verdictLook{v, "fail", string(v), ""}
}

// The page, as its template sees it.
type (
	pageView struct {
		Title, Policy    string
		Style            template.CSS
		Script           template.JS
		Line             string
		Agents           []agentView
		Families         []familyView
		Looks            []lookView
		AllLogs, Compact bool
		Data             dataView
	}
	agentView struct {
		Name, Count string
		Complete    bool
		Took        string
		Bar         []barView
	}
	barView struct {
		verdictLook
		Count    int
		X, Width int // of 1000
	}
	lookView struct {
		verdictLook
		Count int
	}
	familyView struct {
		Number int
		Title  string
		Counts []countView
		Rows   []rowView
	}
	countView struct {
		Count    string
		Complete bool
	}
	rowView struct {
		ID, Name string
		Cells    []cellView
	}
	cellView struct {
		Agent, Class, Word, Closing, Small string
	}

	// What the page's script reads.
	dataView struct {
		Agents   []string            `json:"agents"`
		Verdicts map[string][]string `json:"verdicts"` // class, word
		Cases    []caseView          `json:"cases"`
	}
	caseView struct {
		ID      string       `json:"id"`
		Name    string       `json:"name"`
		Does    string       `json:"does"`
		Expects string       `json:"expects"`
		Section [][]string   `json:"section"`
		Results []resultView `json:"results"` // by agent; null where there is none
	}
	resultView  = *resultFacts
	resultFacts struct {
		Behavior    conformance.Verdict `json:"b"`
		Close       conformance.Verdict `json:"c,omitempty"` // if not that too
		Reason      string              `json:"why,omitempty"`
		CloseReason string              `json:"closeWhy,omitempty"`
		Code        int                 `json:"code,omitempty"`
		Took        string              `json:"took"`
		Began       string              `json:"began,omitempty"`
		Details     *detailView         `json:"wire,omitempty"`
	}
	detailView struct {
		Request  string      `json:"request"`
		Response string      `json:"response"`
		Log      []entryView `json:"log"`
	}
	entryView struct {
		At     string `json:"at,omitempty"`
		Sent   int    `json:"sent,omitempty"`
		Note   string `json:"note"`
		Octets []byte `json:"octets,omitempty"`
		Length int    `json:"length,omitempty"`
	}
)

// WriteHTML writes the report as a web page: one file that needs nothing else, and whose policy forbids it to
// fetch anything. The table of cases by agents can be read without a script. With one, a cell opens what is
// known about the result, and has an address: the page's, "#" and what [Fragment] returns.
func (r *Report) WriteHTML(w io.Writer, opts *HTMLOptions) error {
	if opts == nil {
		opts = &HTMLOptions{}
	}
	return page.Execute(w, r.view(opts))
}

func (r *Report) view(opts *HTMLOptions) *pageView {
	cases := r.Cases()
	v := &pageView{
		Title: r.title(), AllLogs: opts.AllLogs, Compact: len(r.names) > 5,
		Style: template.CSS(pageStyle), Script: template.JS(pageScript), Policy: policy(),
		Data: dataView{Agents: r.Agents(), Verdicts: make(map[string][]string), Cases: []caseView{}},
	}
	all := make(map[conformance.Verdict]int)
	var first, last time.Time
	for _, name := range r.names {
		results := r.Results(name)
		t := count(results)
		a := agentView{Name: name, Count: t.String(), Complete: t.Good == t.Total, Took: tookWords(t.Took)}
		at := 0
		for _, l := range looks {
			if n := t.By[l.Verdict]; n > 0 {
				x := at * 1000 / t.Total
				at += n
				a.Bar = append(a.Bar, barView{l, n, x, at*1000/t.Total - x})
				all[l.Verdict] += n
			}
		}
		v.Agents = append(v.Agents, a)
		for _, result := range results {
			if first.IsZero() || result.Began.Before(first) {
				first = result.Began
			}
			if result.Began.After(last) {
				last = result.Began
			}
		}
	}
	for _, l := range looks {
		v.Data.Verdicts[string(l.Verdict)] = []string{l.Class, l.Word}
		if all[l.Verdict] > 0 {
			v.Looks = append(v.Looks, lookView{l, all[l.Verdict]})
		}
	}
	v.Line = about(len(r.names), len(cases), first, last)
	for _, f := range familiesOf(cases) {
		fv := familyView{Number: f.Number, Title: f.Title}
		for _, name := range r.names {
			t := count(f.of(r, name))
			fv.Counts = append(fv.Counts, countView{t.String(), t.Good == t.Total})
		}
		for _, c := range f.Cases {
			row := rowView{ID: c.ID, Name: c.Name}
			cv := caseView{ID: c.ID, Name: c.Name, Does: c.Does, Expects: c.Expects, Section: [][]string{}}
			for _, ref := range sections(c.Section) {
				cv.Section = append(cv.Section, []string{ref.Text, ref.URL})
			}
			for _, name := range r.names {
				result := r.results[name][c.ID]
				row.Cells = append(row.Cells, cellOf(result))
				cv.Results = append(cv.Results, factsOf(result, opts.AllLogs))
			}
			fv.Rows = append(fv.Rows, row)
			v.Data.Cases = append(v.Data.Cases, cv)
		}
		v.Families = append(v.Families, fv)
	}
	return v
}

// about says what the report is about.
func about(agents, cases int, first, last time.Time) string {
	s := plural(agents, "agent") + ", " + plural(cases, "case")
	if first.IsZero() {
		return s
	}
	const day = "2 January 2006"
	s += ", " + first.UTC().Format(day)
	if end := last.UTC().Format(day); end != first.UTC().Format(day) {
		s += " to " + end
	}
	return s
}

func cellOf(result *conformance.Result) cellView {
	if result == nil {
		return cellView{}
	}
	l := lookOf(result.Behavior)
	c := cellView{Agent: result.Agent, Class: l.Class, Word: l.Word}
	var small []string
	if !result.Close.Good() {
		closing := lookOf(result.Close)
		c.Closing = closing.Word
		if result.Close == conformance.Failed {
			c.Closing = "Close failed"
		}
		if result.Behavior.Good() {
			c.Class = closing.Class
		}
	}
	if result.RemoteCode != 0 && result.RemoteCode != 1005 {
		small = append(small, strconv.Itoa(result.RemoteCode))
	}
	c.Small = strings.Join(append(small, tookWords(result.Took)), " · ")
	return c
}

func factsOf(result *conformance.Result, allLogs bool) *resultFacts {
	if result == nil {
		return nil
	}
	f := &resultFacts{Behavior: result.Behavior, Reason: result.Reason, CloseReason: result.CloseReason, Code: result.RemoteCode,
		Took: tookWords(result.Took)}
	if result.Close != result.Behavior {
		f.Close = result.Close
	}
	if plain(result) && !allLogs {
		return f
	}
	if !result.Began.IsZero() {
		f.Began = result.Began.UTC().Format("2006-01-02 15:04:05.000 UTC")
	}
	f.Details = &detailView{Request: result.Request, Response: result.Response, Log: []entryView{}}
	begin, end, left := cutLog(result.Log)
	for _, e := range begin {
		f.Details.Log = append(f.Details.Log, entryOf(e))
	}
	if left > 0 {
		f.Details.Log = append(f.Details.Log, entryView{Note: plural(left, "entry") + " left out here"})
	}
	for _, e := range end {
		f.Details.Log = append(f.Details.Log, entryOf(e))
	}
	return f
}

func entryOf(e conformance.Entry) entryView {
	v := entryView{At: millis(e.At), Note: e.Note, Octets: e.Octets}
	if e.Sent {
		v.Sent = 1
	}
	if e.Length != len(e.Octets) {
		v.Length = e.Length
	}
	return v
}

// cutLog returns the beginning and the end of a log, and how many entries are left out between.
func cutLog(log []conformance.Entry) (begin, end []conformance.Entry, left int) {
	if len(log) <= logBegin+logEnd {
		return log, nil, 0
	}
	return log[:logBegin], log[len(log)-logEnd:], len(log) - logBegin - logEnd
}

// millis is a time in a log, in milliseconds.
func millis(d time.Duration) string {
	return strconv.FormatFloat(float64(d)/1e6, 'f', 3, 64)
}

// tookWords is a duration as people want it: three digits or so.
func tookWords(d time.Duration) string {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= 10*time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case d >= time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 2, 64) + " s"
	case d >= 10*time.Millisecond:
		return strconv.FormatInt(d.Round(time.Millisecond).Milliseconds(), 10) + " ms"
	}
	return strconv.FormatFloat(float64(d)/1e6, 'f', 1, 64) + " ms"
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
