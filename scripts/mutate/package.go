package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// A testPackage has tests that must notice mutations.
type testPackage struct {
	module  string // where "go test" runs, below the root
	path    string
	control string // the test that passes whatever is broken
	whole   bool   // all its tests must pass without a mutation, not just those that mutations need
	timeout string
}

// only is a pattern for the control and the tests of the mutations.
func (p *testPackage) only(mutations ...mutation) string {
	tests := []string{p.control}
	for _, m := range mutations {
		tests = append(tests, m.test)
	}
	slices.Sort(tests)
	return "^(" + strings.Join(slices.Compact(tests), "|") + ")$"
}

// run runs tests and returns what "go test -json" reported, red or green.
func (p *testPackage) run(args ...string) (*report, error) {
	args = append([]string{"test", "-json", "-vet=off", "-ldflags=-s -w", "-count=1", "-timeout=" + p.timeout}, append(args, p.path)...)
	cmd := exec.Command("go", args...)
	cmd.Dir = p.module
	cmd.Env = append(os.Environ(), "EVERWIRE_TEST_ALL=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	r, err := read(bytes.NewReader(stdout))
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, &stderr)
	}
	r.output += stderr.String()
	return r, nil
}
