//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/everwire/everwire/bench/internal/document"
)

// A report is everything that was measured on a machine.
type report struct {
	Machine machine
	Notes   []string
	Results []*result
}

// marks are the lines between which docs/performance.md has what was measured.
var marks = document.Marks{
	Begin: "<!-- figures: written by go run ./bench -out docs -->",
	End:   "<!-- end of figures -->",
}

// publishable says, before anything is measured, whether publish will work.
func publishable(dir string, contestants []contestant) error {
	if !slices.ContainsFunc(contestants, func(c contestant) bool { return c.name() == baseline }) {
		return fmt.Errorf("-out needs %s among the servers: what it writes are ratios to that", baseline)
	}
	return marks.Check(filepath.Join(dir, "performance.md"))
}

// publish writes the report into a folder: performance/results.json, the charts beside it, and the part of performance.md
// that is between the marks. What results.json has of other scenarios on the same machine stays.
func (r report) publish(dir string) error {
	beside := filepath.Join(dir, "performance")
	if err := os.MkdirAll(beside, 0o755); err != nil {
		return err
	}
	file := filepath.Join(beside, "results.json")
	if err := r.keep(file); err != nil {
		return err
	}
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
		return err
	}
	for _, result := range r.Results {
		if err := os.WriteFile(filepath.Join(beside, result.Scenario+".svg"), result.chart(), 0o644); err != nil {
			return err
		}
	}
	return marks.Insert(filepath.Join(dir, "performance.md"), r.markdown())
}

// keep adds what a file has of scenarios that were not run now, and puts all in order.
func (r *report) keep(file string) error {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var old report
	if err := json.Unmarshal(text, &old); err != nil {
		return err
	}
	if old.Machine != r.Machine {
		return nil
	}
	results := append(slices.Clone(r.Results), old.Results...)
	r.Results = nil
	for _, s := range scenarios {
		i := slices.IndexFunc(results, func(r *result) bool { return r.Scenario == s.name })
		if i >= 0 {
			results[i].s = s
			r.Results = append(r.Results, results[i])
		}
	}
	return nil
}
