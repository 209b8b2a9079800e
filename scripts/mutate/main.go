// Command mutate tests the tests: it breaks the code in one way after the other, and sees a test fail each time.
// Run it from the root of the repository:
//
//	go run ./scripts/mutate library   # what each careful fault in the library is caught by
//	go run ./scripts/mutate pages     # the demos, in a real browser; also without an argument
//
// The mutations are in library.go and pages.go; add one as a row. The work tree is never changed: a mutation exists
// only in the overlay of one "go test". The test that fails must say what the mutation says it will, and a test of the
// same package that no mutation concerns must pass beside it, so that tests that do not start are not taken for a
// broken program.
//
// It prints a line for each mutation, and exits with status 1 if one stays green, does not compile or no longer
// matches the code, or if the tests fail without one.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// suites are the sets of mutations by the name they are run by.
var suites = map[string][]mutation{
	"library": libraryMutations,
	"pages":   pageMutations,
}

func main() {
	name := "pages"
	if len(os.Args) == 2 {
		name = os.Args[1]
	}
	mutations, ok := suites[name]
	if !ok || len(os.Args) > 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./scripts/mutate [library | pages]")
		os.Exit(2)
	}
	if err := mutate(os.Stdout, mutations); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func mutate(out io.Writer, mutations []mutation) error {
	mutants, err := applyAll(".", mutations)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	start := time.Now()
	if err := green(out, mutations); err != nil {
		return err
	}
	survived := 0
	for i, m := range mutations {
		began := time.Now()
		overlay, err := writeOverlay(dir, m.file, mutants[i])
		if err != nil {
			return err
		}
		r, err := m.in.run("-overlay", overlay, "-run", m.in.only(m))
		if err != nil {
			return err
		}
		failed, err := r.red(m)
		verdict, detail := "red", some(failed)
		if err != nil {
			survived++
			verdict, detail = "BAD", err.Error()
		}
		fmt.Fprintf(out, line, m.name, verdict, time.Since(began).Seconds(), detail)
	}
	fmt.Fprintf(out, line, "in all", "", time.Since(start).Seconds(),
		fmt.Sprintf("%d of %d were noticed", len(mutations)-survived, len(mutations)))
	if survived > 0 {
		return fmt.Errorf("%d of %d mutations went unnoticed", survived, len(mutations))
	}
	return nil
}

// some shortens a list of tests, of which one would do.
func some(failed []string) string {
	const shown = 2
	if more := len(failed) - shown; more > 0 {
		return fmt.Sprintf("%s, and %d more", strings.Join(failed[:shown], ", "), more)
	}
	return strings.Join(failed, ", ")
}

// green runs the tests that the mutations need, without a mutation.
func green(out io.Writer, mutations []mutation) error {
	byPackage := map[*testPackage][]mutation{}
	for _, m := range mutations {
		byPackage[m.in] = append(byPackage[m.in], m)
	}
	for in, mutations := range byPackage {
		began := time.Now()
		which, detail := in.only(mutations...), "those that mutations need"
		if in.whole {
			which, detail = ".", "all tests"
		}
		r, err := in.run("-run", which)
		if err != nil {
			return err
		}
		if err := r.green(in, mutations); err != nil {
			return fmt.Errorf("without a mutation: %w", err)
		}
		fmt.Fprintf(out, line, "none: "+in.path, "green", time.Since(began).Seconds(), detail)
	}
	return nil
}

const line = "%-48s  %-5s %6.1fs  %s\n"

// writeOverlay writes what stands in for a file, and the list that "go test -overlay" takes, and returns its name.
func writeOverlay(dir, file string, content []byte) (string, error) {
	original, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	instead := filepath.Join(dir, filepath.Base(file))
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{original: instead}})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, errors.Join(os.WriteFile(instead, content, 0o600), os.WriteFile(overlay, list, 0o600))
}
