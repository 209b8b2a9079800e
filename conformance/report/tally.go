package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/everwire/everwire/conformance"
)

// The verdicts from best to worst: the order in which they are shown.
var (
	behaviors = []conformance.Verdict{conformance.OK, conformance.Informational, conformance.Unimplemented,
		conformance.NonStrict, conformance.Failed}
	closes = []conformance.Verdict{conformance.OK, conformance.Informational, conformance.Unimplemented,
		conformance.NonStrict, conformance.WrongCode, conformance.Unclean, conformance.Failed}
)

// plain reports whether there is nothing to be said about a result.
func plain(result *conformance.Result) bool {
	return result.Behavior == conformance.OK && result.Close == conformance.OK
}

// headline is the one verdict for a result: the behaviour's, unless that is good and the closing's is not.
func headline(result *conformance.Result) conformance.Verdict {
	if result.Behavior.Good() && !result.Close.Good() {
		return result.Close
	}
	return result.Behavior
}

// A tally counts results.
type tally struct {
	Good, Total int
	By          map[conformance.Verdict]int // by headline
	Took        time.Duration
	Began       time.Time // of the first
}

func count(results []*conformance.Result) tally {
	t := tally{Total: len(results), By: make(map[conformance.Verdict]int)}
	for _, result := range results {
		if result.Good() {
			t.Good++
		}
		t.By[headline(result)]++
		t.Took += result.Took
		if t.Began.IsZero() || result.Began.Before(t.Began) {
			t.Began = result.Began
		}
	}
	return t
}

// String is such as "16/16"; "–" if there is no result.
func (t tally) String() string {
	if t.Total == 0 {
		return "–"
	}
	return fmt.Sprintf("%d/%d", t.Good, t.Total)
}

// A family is a family of cases, of those in a report.
type family struct {
	Number int
	Title  string
	Cases  []*conformance.Case
}

// familiesOf groups cases, which are in the order of their numbers.
func familiesOf(cases []*conformance.Case) []*family {
	var list []*family
	for _, c := range cases {
		if n := c.Family(); len(list) == 0 || list[len(list)-1].Number != n {
			list = append(list, &family{Number: n, Title: conformance.FamilyTitle(n)})
		}
		last := list[len(list)-1]
		last.Cases = append(last.Cases, c)
	}
	return list
}

// of returns an agent's results in the family.
func (f *family) of(r *Report, agent string) []*conformance.Result {
	var results []*conformance.Result
	for _, c := range f.Cases {
		if result := r.results[agent][c.ID]; result != nil {
			results = append(results, result)
		}
	}
	return results
}

// short returns an agent's results that are not good.
func (r *Report) short(agent string) []*conformance.Result {
	return slices.DeleteFunc(r.Results(agent), (*conformance.Result).Good)
}

// plural counts things: "1 case", "2 cases", "2 entries".
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if stem, ok := strings.CutSuffix(what, "y"); ok {
		return fmt.Sprintf("%d %sies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, what)
}
