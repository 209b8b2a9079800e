// Command mutate tests the browser tests: it breaks the program behind the demos in twelve ways, one at a time, and
// sees a test in a real browser fail each time. Run it from the root of the repository:
//
//	go run ./scripts/mutate
//
// The mutations are in mutations.go; add one as a row. The work tree is never changed: a mutation exists only in
// the overlay of one "go test". The test that fails must say what the mutation says it will, and a test that no
// mutation concerns must pass beside it, so that a browser that does not start is not taken for a broken program.
//
// It prints a line for each mutation, and exits with status 1 if one stays green, does not compile or no longer
// matches the code, or if the tests fail without one.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	testModule  = "cmd/everwire"
	testPackage = "./internal/browser"

	// control is the test that passes whatever is broken: it opens a page and no WebSocket.
	control = "TestIndexShowsThisServersAddresses"
)

func main() {
	if err := mutate(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func mutate(out io.Writer) error {
	mutants, err := applyAll(".", mutations)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	began := time.Now()
	whole, err := test("-run", ".")
	if err != nil {
		return err
	}
	if err := whole.green(mutations); err != nil {
		return fmt.Errorf("without a mutation: %w", err)
	}
	fmt.Fprintf(out, line, "none", "green", time.Since(began).Seconds(), "all tests")

	survived := 0
	for i, m := range mutations {
		began := time.Now()
		overlay, err := writeOverlay(dir, m.file, mutants[i])
		if err != nil {
			return err
		}
		r, err := test("-overlay", overlay, "-run", "^("+control+"|"+m.test+")$")
		if err != nil {
			return err
		}
		failed, err := r.red(m)
		verdict, detail := "red", strings.Join(failed, ", ")
		if err != nil {
			survived++
			verdict, detail = "BAD", err.Error()
		}
		fmt.Fprintf(out, line, m.name, verdict, time.Since(began).Seconds(), detail)
	}
	if survived > 0 {
		return fmt.Errorf("%d of %d mutations went unnoticed", survived, len(mutations))
	}
	return nil
}

const line = "%-20s  %-5s %6.1fs  %s\n"

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

// test runs the browser tests and returns what "go test -json" reported, red or green.
func test(args ...string) (*report, error) {
	args = append([]string{"test", "-json", "-vet=off", "-count=1", "-timeout=180s"}, append(args, testPackage)...)
	cmd := exec.Command("go", args...)
	cmd.Dir = testModule
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
