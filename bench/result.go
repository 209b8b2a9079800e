//go:build linux

package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// A result is what a scenario has come to.
type result struct {
	Scenario string // its name
	Title    string
	Rounds   int
	When     time.Time
	Rows     []row // best first

	s scenario
}

// A row is one contestant's, with the median of each figure.
type row struct {
	Name, Title, Version string
	Ours                 bool    `json:",omitempty"`
	Failed               string  `json:",omitempty"` // why; then there are no figures
	Ratio                float64 `json:",omitempty"` // to the baseline in the same round; 0: the baseline did not take part
	sample
}

// sort puts the best first, and those that failed last.
func (r *result) sort() {
	slices.SortStableFunc(r.Rows, func(a, b row) int {
		if (a.Failed == "") != (b.Failed == "") {
			return cmp.Compare(len(a.Failed), len(b.Failed))
		}
		if c := cmp.Compare(a.Ratio, b.Ratio); c != 0 {
			return c
		}
		return cmp.Compare(r.s.first(a.sample), r.s.first(b.sample))
	})
}

// A column is a figure in a table.
type column struct {
	head  string
	value func(row) string
}

func (r *result) columns() []column {
	ratio := column{"ratio", func(r row) string { return ratioText(r.Ratio) }}
	if r.s.figure == bytesPerConnection {
		return []column{
			{"octets", func(r row) string { return thousands(r.Bytes) }},
			ratio,
		}
	}
	columns := []column{
		ratio,
		{"CPU µs", func(r row) string { return number(r.CPU, 3) }},
		{"per second", func(r row) string { return thousands(r.PerSecond) }},
		{"p50 µs", func(r row) string { return thousands(r.P50) }},
		{"p99 µs", func(r row) string { return thousands(r.P99) }},
		{"busy", func(r row) string { return fmt.Sprintf("%.0f %%", 100*r.Busy) }},
		{"load's CPU µs", func(r row) string { return number(r.LoadCPU, 3) }},
	}
	if r.s.figure == switchesPerMessage {
		columns = append([]column{{"switches", func(r row) string { return number(r.Switches, 3) }}}, columns...)
	}
	return columns
}

// goal says what our best should come to, or is empty.
func (r *result) goal() string {
	switch {
	case r.s.goal == 0:
		return ""
	case r.s.figure == bytesPerConnection:
		return fmt.Sprintf("≤ %s octets", thousands(r.s.goal))
	}
	return fmt.Sprintf("≤ %v", r.s.goal)
}

// best returns our best row, and the best of the others'.
func (r *result) best() (ours, others *row) {
	for i := range r.Rows {
		row := &r.Rows[i]
		switch {
		case row.Failed != "":
		case row.Ours && ours == nil:
			ours = row
		case !row.Ours && others == nil:
			others = row
		}
	}
	return ours, others
}

// met reports whether our best is within the goal.
func (r *result) met() bool {
	ours, _ := r.best()
	if ours == nil {
		return false
	}
	if r.s.figure == bytesPerConnection {
		return ours.Bytes <= r.s.goal
	}
	return ours.Ratio > 0 && ours.Ratio <= r.s.goal
}

// print writes the result as an aligned table; Everwire's rows have a mark.
func (r *result) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s", r.Title)
	if goal := r.goal(); goal != "" {
		fmt.Fprintf(w, "; goal %s", goal)
	}
	fmt.Fprintln(w)
	columns := r.columns()
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "  \tserver")
	for _, c := range columns {
		fmt.Fprint(table, "\t", c.head)
	}
	fmt.Fprintln(table, "\t")
	for _, row := range r.Rows {
		mark := "  "
		if row.Ours {
			mark = "▸ "
		}
		fmt.Fprint(table, mark, "\t", strings.TrimSpace(row.Title+" "+row.Version))
		if row.Failed != "" {
			fmt.Fprintln(table, "\tfailed:", row.Failed)
			continue
		}
		for _, c := range columns {
			fmt.Fprint(table, "\t", c.value(row))
		}
		fmt.Fprintln(table, "\t")
	}
	table.Flush()
}
