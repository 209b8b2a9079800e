package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A report is what "go test -json" said: the verdict on each test and subtest by its name, "pass", "fail" or "skip".
type report struct {
	verdicts map[string]string
	built    bool   // it compiled
	passed   bool   // the package passed as a whole
	output   string // for messages
}

func read(events io.Reader) (*report, error) {
	r := &report{verdicts: map[string]string{}, built: true}
	var output strings.Builder
	for decoder := json.NewDecoder(events); ; {
		var event struct{ Action, Test, Output string }
		err := decoder.Decode(&event)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read the report: %w", err)
		}
		switch event.Action {
		case "build-fail":
			r.built = false
		case "build-output", "output":
			output.WriteString(event.Output)
		case "pass", "fail", "skip":
			if event.Test != "" {
				r.verdicts[event.Test] = event.Action
			} else {
				r.passed = event.Action == "pass"
			}
		}
	}
	r.output = output.String()
	return r, nil
}

// green returns an error if not every test passed, or one that a mutation needs is not there.
func (r *report) green(in *testPackage, mutations []mutation) error {
	if !r.built || !r.passed {
		return fmt.Errorf("the tests fail:\n%s", r.output)
	}
	for _, m := range append([]mutation{{test: in.control}}, mutations...) {
		if r.verdicts[m.test] != "pass" {
			return fmt.Errorf("there is no test %s that passes:\n%s", m.test, r.output)
		}
	}
	return nil
}

// red returns which subtests of the mutation's test failed, or that test itself. It is an error if that test did
// not fail, or did not say what it should, or if that proves nothing.
func (r *report) red(m mutation) ([]string, error) {
	switch {
	case !r.built:
		return nil, errors.New("it does not compile:\n" + r.output)
	case r.verdicts[m.test] == "pass":
		return nil, errors.New(m.test + " stays green")
	case r.verdicts[m.test] != "fail":
		return nil, fmt.Errorf("%s did not run to its end:\n%s", m.test, r.output)
	case r.verdicts[m.in.control] != "pass":
		return nil, fmt.Errorf("%s fails, but %s did not pass either:\n%s", m.test, m.in.control, r.output)
	case !strings.Contains(r.output, m.says):
		return nil, fmt.Errorf("%s fails without saying %q:\n%s", m.test, m.says, r.output)
	}
	var failed []string
	for name, verdict := range r.verdicts {
		if strings.HasPrefix(name, m.test+"/") && verdict == "fail" {
			failed = append(failed, name)
		}
	}
	if len(failed) == 0 {
		failed = []string{m.test}
	}
	slices.Sort(failed)
	return failed, nil
}
