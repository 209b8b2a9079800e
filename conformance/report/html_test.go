package report

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/conformance"
	"golang.org/x/net/html"
)

func parsePage(t *testing.T, r *Report, opts *HTMLOptions) (root *html.Node, source string) {
	t.Helper()
	var b strings.Builder
	if err := r.WriteHTML(&b, opts); err != nil {
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

func words(n *html.Node) string {
	var s []string
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			s = append(s, strings.TrimSpace(d.Data))
		}
	}
	return strings.TrimSpace(strings.Join(s, " "))
}

// pageData is what the page's script reads.
func pageData(t *testing.T, root *html.Node) (data dataView) {
	t.Helper()
	for _, n := range elements(root, "script") {
		if attribute(n, "id") == "data" {
			if err := json.Unmarshal([]byte(n.FirstChild.Data), &data); err != nil {
				t.Fatal(err)
			}
			return data
		}
	}
	t.Fatal("the page has no data")
	return data
}

func TestThePageHasACellForEachResult(t *testing.T) {
	r := sample(3, 10)
	late := &conformance.Case{ID: "99.1", Name: "only one agent was asked this"}
	r.Add(&conformance.Result{Case: late, Agent: "localhost:8080", Behavior: conformance.OK, Close: conformance.Unclean, Took: time.Second, Began: began})
	root, _ := parsePage(t, r, nil)
	links := make(map[string]string)
	for _, td := range elements(root, "td") {
		for _, a := range elements(td, "a") {
			fragment, err := url.PathUnescape(strings.TrimPrefix(attribute(a, "href"), "#"))
			if err != nil {
				t.Fatal(err)
			}
			links[fragment] = words(a)
		}
	}
	want := 0
	for _, name := range r.Agents() {
		for _, result := range r.Results(name) {
			want++
			got, ok := links[name+"/"+result.Case.ID]
			if l := lookOf(result.Behavior); !ok || !strings.HasPrefix(got, l.Word) {
				t.Errorf("%s, %s: %q, want %s", name, result.Case.ID, got, l.Word)
			}
		}
	}
	if len(links) != want {
		t.Errorf("%d cells, %d results", len(links), want)
	}
	if got := links["localhost:8080/99.1"]; got != "OK Unclean 1.00 s" {
		t.Errorf("the last is %q", got)
	}
	if got := len(elements(root, "tbody")); got != len(allFamilies)+1 {
		t.Errorf("%d families", got)
	}
	rows := elements(root, "tr")
	for _, row := range rows {
		n := 0
		for c := range row.ChildNodes() {
			if c.Type == html.ElementNode {
				n++
			}
		}
		if n != 4 {
			t.Errorf("a row of %d cells: %s", n, words(row))
		}
	}
	if got := words(elements(root, "tbody")[0].FirstChild.NextSibling); got != "1 Framing 10/10 10/10 10/10" {
		t.Errorf("the first family says %q", got)
	}
}

// What the fragment of a cell is must be the same to the page and to who links to it.
func TestFragmentsAreThoseOfThePage(t *testing.T) {
	r := New()
	for _, name := range []string{"a b", "localhost:8080", "x/y?z#%41", "µ+&="} {
		r.Add(&conformance.Result{Case: &conformance.Case{ID: "1.1.1"}, Agent: name, Behavior: conformance.OK, Close: conformance.OK})
	}
	root, _ := parsePage(t, r, nil)
	for i, td := range elements(elements(root, "tbody")[0], "td")[len(r.names):] {
		result := r.Results(r.names[i])[0]
		got, err := url.PathUnescape(strings.TrimPrefix(attribute(td.FirstChild, "href"), "#"))
		want, _ := url.PathUnescape(Fragment(result))
		if err != nil || got != want || got != r.names[i]+"/1.1.1" {
			t.Errorf("%q: the page has %q, Fragment %q", r.names[i], got, want)
		}
	}
}

func TestLogsAreOnThePage(t *testing.T) {
	cases := sampleCases([]int{1}, 8)
	results := sampleResults("a", cases, 0)
	results[3].Behavior = conformance.Informational
	results[5].Close = conformance.Unclean
	for range 999 {
		results[5].Log = append(results[5].Log, conformance.Entry{Note: "Ping"})
	}
	r := New(results...)
	for _, row := range []struct {
		opts *HTMLOptions
		want int
		says string
	}{
		{nil, 2, "for each result that is not plain OK"},
		{&HTMLOptions{AllLogs: true}, 8, "for every result"},
	} {
		root, _ := parsePage(t, r, row.opts)
		data := pageData(t, root)
		n := 0
		for _, c := range data.Cases {
			if c.Results[0].Details != nil {
				n++
			}
		}
		if n != row.want {
			t.Errorf("%+v: %d logs, want %d", row.opts, n, row.want)
		}
		if !strings.Contains(words(root), row.says) {
			t.Errorf("%+v: the page does not say so", row.opts)
		}
		log := data.Cases[5].Results[0].Details.Log
		if len(log) != logBegin+logEnd+1 || log[logBegin].Note != "844 entries left out here" {
			t.Errorf("a log of %d entries: %+v", len(log), log[logBegin])
		}
		first := log[0]
		if first.At != "0.412" || first.Sent != 1 || first.Length != 0 || len(first.Octets) != 14 || log[2].Length != 704 {
			t.Errorf("%+v, %+v", first, log[2])
		}
	}
}

// The page needs nothing else, and may not ask for it.
func TestThePageIsOneFile(t *testing.T) {
	root, _ := parsePage(t, sample(2, 4), nil)
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		for _, a := range n.Attr {
			switch {
			case a.Key == "src" || a.Key == "srcset" || a.Key == "action" || a.Key == "style" || strings.HasPrefix(a.Key, "on"):
				t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
			case n.Data == "link" && a.Key == "href" && !strings.HasPrefix(a.Val, "data:image/svg+xml;base64,"):
				t.Errorf("a link to %q", a.Val)
			case n.Data == "a" && a.Key == "href" && !strings.HasPrefix(a.Val, "#") && !strings.HasPrefix(a.Val, "https://www.rfc-editor.org/"):
				t.Errorf("a link to %q", a.Val)
			}
		}
	}
	if strings.Contains(pageStyle, "url(") || strings.Contains(pageStyle, "@import") || strings.Contains(pageScript, "innerHTML") {
		t.Error("the style fetches something, or the script writes markup")
	}
}

// The policy has the hashes of just the style and the script that are on the page, so nothing else runs.
func TestThePolicyAllowsWhatIsOnThePage(t *testing.T) {
	root, _ := parsePage(t, hostileReport(), nil)
	var got string
	for _, n := range elements(root, "meta") {
		if attribute(n, "http-equiv") == "Content-Security-Policy" {
			got = attribute(n, "content")
		}
	}
	hash := func(n *html.Node) string {
		sum := sha256.Sum256([]byte(n.FirstChild.Data))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	scripts := elements(root, "script")
	want := "default-src 'none'; style-src " + hash(elements(root, "style")[0]) + "; script-src " + hash(scripts[len(scripts)-1]) +
		"; img-src data:; base-uri 'none'; form-action 'none'"
	if got != want {
		t.Errorf("the policy is %q, want %q", got, want)
	}
	if n := len(scripts); n != 2 {
		t.Errorf("%d scripts", n)
	}
}

func TestThePageKeepsHostileNamesText(t *testing.T) {
	r := hostileReport()
	root, _ := parsePage(t, r, &HTMLOptions{AllLogs: true})
	if n := len(elements(root, "img")); n != 0 {
		t.Errorf("%d pictures", n)
	}
	if got := words(elements(root, "thead")[0]); got != "Case "+hostile {
		t.Errorf("the head says %q", got)
	}
	data := pageData(t, root)
	c := data.Cases[0]
	if data.Agents[0] != hostile || c.Does != r.Cases()[0].Does || c.Results[0].CloseReason != "<!--<script>" {
		t.Errorf("%+v", data)
	}
	for _, section := range c.Section {
		if section[1] != "" && !strings.HasPrefix(section[1], "https://www.rfc-editor.org/rfc/") {
			t.Errorf("a link to %q", section[1])
		}
	}
}

// 12 agents by 810 cases, one in twelve results not OK, is what a large report has.
func TestThePageStaysSmall(t *testing.T) {
	cases := sampleCases(allFamilies, 45)
	r := New()
	for i := range 12 {
		r.Add(sampleResults(strings.Repeat("a", i+1), cases, 12)...)
	}
	_, source := parsePage(t, r, nil)
	if n := len(source) >> 10; n > 4<<10 {
		t.Errorf("%d KiB", n)
	} else {
		t.Logf("%d KiB", n)
	}
}

func TestTookWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.0 ms", 250 * time.Microsecond: "0.2 ms", 9949 * time.Microsecond: "9.9 ms", 42*time.Millisecond + 600*time.Microsecond: "43 ms",
		1234 * time.Millisecond: "1.23 s", 12345 * time.Millisecond: "12.3 s", 83 * time.Second: "1m23s",
	} {
		if got := tookWords(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestAbout(t *testing.T) {
	for _, row := range []struct {
		agents, cases int
		first, last   time.Time
		want          string
	}{
		{0, 0, time.Time{}, time.Time{}, "0 agents, 0 cases"},
		{1, 1, began, began, "1 agent, 1 case, 20 November 2026"},
		{2, 517, began, began.Add(24 * time.Hour), "2 agents, 517 cases, 20 November 2026 to 21 November 2026"},
	} {
		if got := about(row.agents, row.cases, row.first, row.last); got != row.want {
			t.Errorf("%q, want %q", got, row.want)
		}
	}
}
