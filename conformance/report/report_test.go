package report

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/conformance"
)

// forms are all that a report can be written as.
var forms = map[string]func(*Report, io.Writer) error{
	"json":      (*Report).WriteJSON,
	"index":     func(r *Report, w io.Writer) error { return r.WriteIndex(w, nil) },
	"html":      func(r *Report, w io.Writer) error { return r.WriteHTML(w, nil) },
	"html+logs": func(r *Report, w io.Writer) error { return r.WriteHTML(w, &HTMLOptions{AllLogs: true}) },
	"junit":     (*Report).WriteJUnit,
	"text":      func(r *Report, w io.Writer) error { return r.WriteText(w, nil) },
	"markdown":  (*Report).WriteMarkdown,
}

func written(t *testing.T, r *Report, form func(*Report, io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := form(r, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTheLaterResultCounts(t *testing.T) {
	c := &conformance.Case{ID: "1.1.1"}
	result := func(v conformance.Verdict, after time.Duration) *conformance.Result {
		return &conformance.Result{Case: c, Agent: "a", Behavior: v, Close: conformance.OK, Began: began.Add(after)}
	}
	for _, row := range []struct {
		name string
		add  []*conformance.Result
		want conformance.Verdict
	}{
		{"in order", []*conformance.Result{result(conformance.Failed, 0), result(conformance.OK, 1)}, conformance.OK},
		{"in reverse", []*conformance.Result{result(conformance.OK, 1), result(conformance.Failed, 0)}, conformance.OK},
		{"at the same time", []*conformance.Result{result(conformance.OK, 1), result(conformance.Failed, 1)}, conformance.Failed},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := New(row.add...).Results("a")
			if len(got) != 1 || got[0].Behavior != row.want {
				t.Errorf("%v, want one with %s", got, row.want)
			}
			merged := New(row.add[0])
			merged.Merge(New(row.add[1]))
			if got := merged.Results("a"); len(got) != 1 || got[0].Behavior != row.want {
				t.Errorf("merged: %v, want one with %s", got, row.want)
			}
		})
	}
}

func TestMergeKeepsAgentsInOrder(t *testing.T) {
	cases := sampleCases([]int{2, 10}, 3)
	r := New(sampleResults("b", cases, 0)...)
	other := New(sampleResults("a", cases[:2], 0)...)
	other.Title = "Servers"
	r.Merge(other)
	if got := r.Agents(); !slices.Equal(got, []string{"b", "a"}) || r.Title != "Servers" {
		t.Errorf("agents %q, title %q", got, r.Title)
	}
	if len(r.Results("a")) != 2 || len(r.Results("b")) != 6 || r.Results("nobody") != nil {
		t.Error("results are missing, or there are too many")
	}
}

func TestCasesAreInTheOrderOfTheirNumbers(t *testing.T) {
	ids := []string{"1.1.1", "1.1.2", "1.1.10", "1.10.1", "2.1", "2.1.1", "10.1.1", "18446744073709551616.1", "x.1"}
	r := New()
	for _, id := range []string{"x.1", "10.1.1", "2.1.1", "18446744073709551616.1", "1.10.1", "1.1.10", "2.1", "1.1.2", "1.1.1"} {
		r.Add(&conformance.Result{Case: &conformance.Case{ID: id}, Agent: "a"})
	}
	var got []string
	for _, c := range r.Cases() {
		got = append(got, c.ID)
	}
	if !slices.Equal(got, ids) {
		t.Errorf("got %q\nwant %q", got, ids)
	}
}

func TestACaseHasTheWordsOfTheLatestRun(t *testing.T) {
	r := New(
		&conformance.Result{Case: &conformance.Case{ID: "1.1", Name: "new"}, Agent: "a", Began: began.Add(1)},
		&conformance.Result{Case: &conformance.Case{ID: "1.1", Name: "old"}, Agent: "b", Began: began},
	)
	if got := r.Cases(); len(got) != 1 || got[0].Name != "new" {
		t.Errorf("%+v", got)
	}
}

func TestNamesArePresentable(t *testing.T) {
	c := &conformance.Case{ID: "1.1"}
	given := &conformance.Result{Case: c, Agent: "a\xff", Reason: "\xfe"}
	r := New(given, &conformance.Result{Case: c})
	if got := r.Agents(); !slices.Equal(got, []string{"a\ufffd", "unnamed"}) {
		t.Errorf("%q", got)
	}
	if given.Agent != "a\xff" || r.Results("a\ufffd")[0].Reason != "\ufffd" {
		t.Error("the result given was changed, or its reason was not")
	}
}

func TestGood(t *testing.T) {
	cases := sampleCases([]int{1}, 8)
	if !New(sampleResults("a", cases, 0)...).Good() || !new(Report).Good() {
		t.Error("not good")
	}
	bad := sampleResults("a", cases, 0)
	bad[3].Close = conformance.Unclean
	if New(bad...).Good() {
		t.Error("an unclean closing is good")
	}
}

// The order in which an agent's results are added, and the maps on the way, must not show.
func TestTheSameResultsGiveTheSameOctets(t *testing.T) {
	cases := sampleCases([]int{1, 5, 12}, 12)
	one, two := New(), New()
	for _, name := range []string{"a", "b", "c"} {
		results := sampleResults(name, cases, 3)
		one.Add(results...)
		slices.Reverse(results)
		// The first comes first in any case, as the agents' order is that of their coming.
		two.Add(results...)
	}
	for name, form := range forms {
		if a, b := written(t, one, form), written(t, two, form); a != b {
			t.Errorf("%s differs", name)
		}
	}
}

func TestAnEmptyReportCanBeWritten(t *testing.T) {
	for name, form := range forms {
		if got := written(t, new(Report), form); got == "" {
			t.Errorf("%s: nothing was written", name)
		}
	}
}

func TestAWriterThatFailsIsTold(t *testing.T) {
	r := sample(2, 4)
	for name, form := range forms {
		if err := form(r, failing{}); err != io.ErrClosedPipe {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// hostile is an agent that wants to be more than text.
const hostile = "<script>alert(1)</script>\"'`|*_[x](javascript:x)\x1b[31m\u202e&amp;{{.}}]]>"

func hostileReport() *Report {
	c := &conformance.Case{ID: "1.1.1", Name: "a </script><b>name | `x`", Does: "<img src=x onerror=alert(1)>", Expects: "]]>", Section: "RFC 6455 §5.1 <b>", Peers: conformance.Server}
	return New(&conformance.Result{Case: c, Agent: hostile, Behavior: conformance.Failed, Reason: "</script><script>x\x1b[2J\n\x00|", Close: conformance.Unclean,
		CloseReason: "<!--<script>", Began: began, Request: "GET /</script> HTTP/1.1\r\n\r\n", Response: "\xff\xfe\x00]]></failure>",
		Log: []conformance.Entry{{Note: "</script>", Octets: []byte("<b>\x00\x1b"), Length: 5}}})
}

func ExampleReport_WriteText() {
	ok := &conformance.Case{ID: "1.1.1", Name: "a text message of 0 octets", Section: "RFC 6455 §5.6"}
	pings := &conformance.Case{ID: "2.10", Name: "ten Pings at once", Section: "RFC 6455 §5.5.2"}
	r := New(
		&conformance.Result{Case: ok, Agent: "server 1.0", Behavior: conformance.OK, Close: conformance.OK, Took: 2 * time.Millisecond},
		&conformance.Result{Case: pings, Agent: "server 1.0", Behavior: conformance.Failed, Close: conformance.Unclean, Took: 40 * time.Millisecond,
			Reason: "wanted a Pong \"9\", got the end of the stream", CloseReason: "no Close frame came"},
	)
	if err := r.WriteText(os.Stdout, &TextOptions{Width: 64}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// server 1.0  1/2 good, 42 ms
	//   OK 1   FAILED 1
	//
	//                      server 1.0
	//  1  Framing                 1/1
	//  2  Pings and Pongs         0/1
	// All                         1/2
	//
	// server 1.0 fell short in 1 case
	//
	//   2.10  FAILED     ten Pings at once
	//         wanted a Pong "9", got the end of the stream
	//         Closing UNCLEAN: no Close frame came
	//         RFC 6455 §5.5.2
}

func ExampleRead() {
	var file bytes.Buffer
	c := &conformance.Case{ID: "1.1.1", Name: "a text message of 0 octets", Peers: conformance.Server}
	if err := New(&conformance.Result{Case: c, Agent: "server 1.0", Behavior: conformance.OK, Close: conformance.OK}).WriteJSON(&file); err != nil {
		fmt.Println(err)
	}
	r, err := Read(&file)
	fmt.Println(r.Agents(), r.Good(), err)
	_, err = Read(strings.NewReader(`{"server": {"1.1.1": {"behavior": "OK"}}}`))
	fmt.Println(err)
	// Output:
	// [server 1.0] true <nil>
	// not a full report but an index.json of the classic form, which has the verdicts only
}
