package bench

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/everwire/everwire/cmd/everwire/load"
)

func parsePage(t *testing.T, r *Report) (root *html.Node, source string) {
	t.Helper()
	var b strings.Builder
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(strings.NewReader(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	return root, b.String()
}

func elements(root *html.Node, name string) []*html.Node {
	var found []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == name {
			found = append(found, n)
		}
	}
	return found
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// said is all text in an element, with single blanks.
func said(n *html.Node) string {
	var s []string
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			s = append(s, strings.Fields(d.Data)...)
		}
	}
	return strings.Join(s, " ")
}

func figures(root *html.Node) []string {
	var ids []string
	for _, f := range elements(root, "figure") {
		ids = append(ids, attribute(f, "id"))
	}
	return ids
}

func TestThePageShowsTheRun(t *testing.T) {
	root, source := parsePage(t, sampleReport())
	if got, want := figures(root), []string{"throughput", "latency", "connections", "curve"}; !slices.Equal(got, want) {
		t.Errorf("the charts are %q, want %q", got, want)
	}
	all := said(elements(root, "main")[0])
	for _, want := range []string{
		"Throughput 49,910 /s 1,497,312 round trips", "99th percentile 8.65 ms", "✗ Failed",
		"✓ kept: fails if p99 > 50ms 8.65 ms", "✗ crossed: fails if errors > 0 3", "asked for 50,000/s",
		"p99.99 45.0 ms 7.25 ms", "close 1011 1 connection 3: the server sent a Close frame",
		"100 connections in 84.0 ms", "errors 3",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("the page does not say %q:\n%s", want, all)
		}
	}
	// It fetches nothing: there is nothing that could be fetched, and the policy forbids it.
	for _, n := range []string{"img", "iframe", "a"} {
		if len(elements(root, n)) > 0 {
			t.Errorf("there is an %s", n)
		}
	}
	for _, n := range elements(root, "script") {
		if attribute(n, "src") != "" {
			t.Error("there is a script elsewhere")
		}
	}
	for _, n := range elements(root, "link") {
		if !strings.HasPrefix(attribute(n, "href"), "data:") {
			t.Errorf("there is a link to %s", attribute(n, "href"))
		}
	}
	if !strings.Contains(source, "default-src &#39;none&#39;") && !strings.Contains(source, "default-src 'none'") {
		t.Error("there is no policy")
	}
	for _, bad := range []string{" style=", "@import", "url("} {
		if strings.Contains(source, bad) {
			t.Errorf("there is %q, which the policy forbids", bad)
		}
	}
}

// Every line is within its chart, and every place that can be pointed at has its words.
func TestChartsAreWithinTheirBorders(t *testing.T) {
	for name, r := range oddReports() {
		t.Run(name, func(t *testing.T) {
			root, source := parsePage(t, r)
			if strings.Contains(source, "NaN") || strings.Contains(source, "Inf") || strings.Contains(source, "ZgotmplZ") {
				t.Error("there is a number that is none, or something that the template refused")
			}
			for _, p := range elements(root, "path") {
				if strings.Contains(attribute(p, "class"), "line") || strings.Contains(attribute(p, "class"), "area") {
					wantWithin(t, attribute(p, "d"))
				}
			}
			var data map[string]hover
			for _, n := range elements(root, "script") {
				if attribute(n, "id") == "data" {
					if err := json.Unmarshal([]byte(n.FirstChild.Data), &data); err != nil {
						t.Fatal(err)
					}
				}
			}
			for _, f := range elements(root, "figure") {
				h := data[attribute(f, "id")]
				if !slices.IsSorted(h.X) || len(h.At) != len(h.X) {
					t.Errorf("%s: %d places, sorted %t, and %d names", attribute(f, "id"), len(h.X), slices.IsSorted(h.X), len(h.At))
				}
				if len(h.Words) != len(elements(f, "b")) {
					t.Errorf("%s: words for %d of %d lines", attribute(f, "id"), len(h.Words), len(elements(f, "b")))
				}
				for _, words := range h.Words {
					if words != nil && len(words) != len(h.X) {
						t.Errorf("%s: %d words for %d places", attribute(f, "id"), len(words), len(h.X))
					}
				}
			}
		})
	}
}

func wantWithin(t *testing.T, d string) {
	t.Helper()
	numbers := strings.FieldsFunc(d, func(r rune) bool { return strings.ContainsRune("MLZh ", r) })
	for _, s := range numbers {
		if x, err := strconv.ParseFloat(s, 64); err != nil || x < 0 || x > 1000 {
			t.Errorf("a place at %s in %.60s", s, d)
		}
	}
}

// oddReports are runs of which there is little, or much, to draw.
func oddReports() map[string]*Report {
	idle := &Report{Settings: Settings{URL: "ws://x/", Scenario: load.Idle, Connections: 3}, Peak: 3, Elapsed: time.Second}
	for i := range 3 {
		idle.Series = append(idle.Series, Sample{
			At: time.Duration(i+1) * time.Second, Length: time.Second, Phase: load.Measuring, Target: 3, Connections: 3,
		})
	}
	stages := sampleReport()
	stages.Settings.Stages = []load.Stage{{Duration: 30 * time.Second, Connections: 1000}}
	for i := range stages.Series {
		stages.Series[i].Target = 10 * i
	}
	same := sampleReport()
	same.Latency = drawn(1, time.Millisecond)
	long := sampleReport()
	for i := range long.Series {
		long.Series[i].At *= 5000
		long.Series[i].Length *= 5000
	}
	slow := sampleReport()
	slow.Latency = drawn(5000, 20*time.Second)
	for i := range slow.Series {
		slow.Series[i].Latency = statsOf(drawn(10, time.Duration(1+i)*time.Minute))
	}
	return map[string]*Report{
		"sample": sampleReport(), "empty": {}, "idle": idle, "stages": stages, "one latency": same, "hours": long, "slow": slow,
		"one sample": {Series: sampleReport().Series[:1]}, "without a time": {Series: make([]Sample, 3)},
	}
}

// A peer's words are text and nothing else.
func TestThePageEscapesWhatPeersSay(t *testing.T) {
	r := sampleReport()
	r.Failures[0].Example = `</script><script>alert(1)</script><img src=x onerror=alert(1)>`
	r.Settings.URL = `ws://x/"><b>`
	root, _ := parsePage(t, r)
	if n := len(elements(root, "script")); n != 2 {
		t.Errorf("there are %d scripts", n)
	}
	if n := len(elements(root, "img")); n != 0 {
		t.Errorf("there are %d images", n)
	}
}

// The last sample of a run may be a millisecond long, and what happened in it makes any rate.
func TestSamplesThatAreTooShortAreNotDrawn(t *testing.T) {
	r := sampleReport()
	last := r.Series[len(r.Series)-1]
	last.At, last.Length, last.Phase, last.Messages = last.At+time.Millisecond, time.Millisecond, load.Draining, 10_000
	last.Latency = Stats{Count: 1, P50: time.Minute, P90: time.Minute, P99: time.Minute, Max: time.Minute}
	c, l := r.throughputChart(), func() chart { c, _ := r.latencyChart(); return c }()
	r.Series = append(r.Series, last)
	then, lThen := r.throughputChart(), func() chart { c, _ := r.latencyChart(); return c }()
	if got, want := fmt.Sprint(labels(then.Y)), fmt.Sprint(labels(c.Y)); got != want {
		t.Errorf("the rates are now up to %s, before %s", got, want)
	}
	if got, want := fmt.Sprint(labels(lThen.Y)), fmt.Sprint(labels(l.Y)); got != want {
		t.Errorf("the latencies are now up to %s, before %s", got, want)
	}
	r.Series[len(r.Series)-1].Length = 500 * time.Millisecond
	r.Series[len(r.Series)-1].Messages = 1e9
	if got, want := fmt.Sprint(labels(r.throughputChart().Y)), fmt.Sprint(labels(c.Y)); got != want {
		t.Errorf("with what still came at the end the rates are up to %s, before %s", got, want)
	}
	for _, line := range append(then.Series[:1:1], lThen.Series...) {
		if strings.Contains(line.Path, "M1000") || strings.Contains(line.Path, "L1000 ") {
			t.Errorf("%s is drawn to the end: …%s", line.Name, line.Path[max(0, len(line.Path)-40):])
		}
	}
}

// Where the generator stood still a sample is long, and the others must not look short for that.
func TestALongSampleLeavesTheOthersThere(t *testing.T) {
	r := sampleReport()
	r.Series = slices.Clone(r.Series[:20])
	last := &r.Series[19]
	last.At, last.Length = last.At+20*time.Second, last.Length+20*time.Second
	c := r.throughputChart()
	if n := strings.Count(c.Series[0].Path, "L"); n < 17 {
		t.Errorf("the line has %d pieces: %s", n, c.Series[0].Path)
	}
}

func TestWhatWasNotMeasuredIsShaded(t *testing.T) {
	r := sampleReport()
	root, _ := parsePage(t, r)
	var bands []*html.Node
	for _, n := range elements(elements(root, "figure")[0], "rect") {
		if attribute(n, "class") == "band" {
			bands = append(bands, n)
		}
	}
	if len(bands) != 2 {
		t.Fatalf("%d bands, want one for connecting and one for the warm-up", len(bands))
	}
	width, err := strconv.ParseFloat(attribute(bands[1], "width"), 64)
	if want := 1000 * 2 / r.end().Seconds(); err != nil || math.Abs(width-want) > 1 {
		t.Errorf("the warm-up is %v wide, want %v", width, want)
	}
}
