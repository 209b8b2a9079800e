package report

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/everwire/everwire/conformance"
)

// A Report holds the results of any number of agents. The zero value is an empty one. It is not for several
// goroutines at a time while one of them changes it.
type Report struct {
	// Title stands above the forms that people read. Default: "WebSocket conformance".
	Title string

	names   []string // of the agents, in the order in which they came
	results map[string]map[string]*conformance.Result
}

// New returns a report of some results.
func New(results ...*conformance.Result) *Report {
	r := new(Report)
	r.Add(results...)
	return r
}

// Add adds results. If there is one of the same agent for the same case, the one that began later stays, and
// of two that began together the one added now. An agent without a name is called "unnamed". The results must
// not be changed afterwards.
func (r *Report) Add(results ...*conformance.Result) {
	if r.results == nil {
		r.results = make(map[string]map[string]*conformance.Result)
	}
	for _, result := range results {
		result = presentable(result)
		of := r.results[result.Agent]
		if of == nil {
			of = make(map[string]*conformance.Result)
			r.results[result.Agent] = of
			r.names = append(r.names, result.Agent)
		}
		if old := of[result.Case.ID]; old == nil || !result.Began.Before(old.Began) {
			of[result.Case.ID] = result
		}
	}
}

// presentable returns a result whose words are UTF-8 and whose agent has a name: all forms need that.
func presentable(result *conformance.Result) *conformance.Result {
	name := result.Agent
	if name == "" {
		name = "unnamed"
	}
	valid := func(s string) string { return strings.ToValidUTF8(s, string(utf8.RuneError)) }
	p := *result
	p.Agent, p.Reason, p.CloseReason = valid(name), valid(result.Reason), valid(result.CloseReason)
	if p.Agent == result.Agent && p.Reason == result.Reason && p.CloseReason == result.CloseReason {
		return result
	}
	return &p
}

// Merge adds all results of another report, as [Report.Add] does, and its title if this one has none.
func (r *Report) Merge(other *Report) {
	if r.Title == "" {
		r.Title = other.Title
	}
	for _, name := range other.names {
		r.Add(other.Results(name)...)
	}
}

// Agents returns the agents' names, in the order in which they came.
func (r *Report) Agents() []string { return slices.Clone(r.names) }

// Results returns an agent's results in the order of the cases' numbers.
func (r *Report) Results(agent string) []*conformance.Result {
	return slices.SortedFunc(maps.Values(r.results[agent]), func(a, b *conformance.Result) int {
		return compareIDs(a.Case.ID, b.Case.ID)
	})
}

// Cases returns the cases that there are results for, in the order of their numbers.
func (r *Report) Cases() []*conformance.Case {
	latest := make(map[string]*conformance.Result) // the words of a case may have changed from run to run
	for _, name := range r.names {
		for id, result := range r.results[name] {
			if old := latest[id]; old == nil || result.Began.After(old.Began) {
				latest[id] = result
			}
		}
	}
	var cases []*conformance.Case
	for _, id := range slices.SortedFunc(maps.Keys(latest), compareIDs) {
		cases = append(cases, latest[id].Case)
	}
	return cases
}

// Good reports whether all results are good: nobody has anything to mend.
func (r *Report) Good() bool {
	for _, of := range r.results {
		for _, result := range of {
			if !result.Good() {
				return false
			}
		}
	}
	return true
}

func (r *Report) title() string {
	if r.Title == "" {
		return "WebSocket conformance"
	}
	return r.Title
}

// compareIDs compares numbers by their parts: 1.2 comes before 1.10. What is no number comes last.
func compareIDs(a, b string) int {
	return cmp.Or(
		slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(p, q string) int {
			m, errM := strconv.ParseUint(p, 10, 64)
			n, errN := strconv.ParseUint(q, 10, 64)
			switch {
			case errM != nil && errN != nil:
				return strings.Compare(p, q)
			case errM != nil:
				return 1
			case errN != nil:
				return -1
			}
			return cmp.Compare(m, n)
		}),
		strings.Compare(a, b))
}
