package conformance_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/everwire/everwire/conformance"
)

// TestClassicDriver has a driver of the classic suite, with node's ws, run against ours as it is.
func TestClassicDriver(t *testing.T) {
	node, modules, agent := findNode(t)
	var reported []string
	suite := newSuite(t, &conformance.Options{Cases: "1,2,5.1,5.3,5.19,7.1.1,7.3.2,10"})
	suite.OnReports = func(agent string) { reported = append(reported, agent) }
	base := serveSuite(t, suite)

	cmd := exec.CommandContext(t.Context(), node, "testdata/node/classic-driver.js", base, agent)
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
	var said, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &complaints
	if err := cmd.Run(); err != nil {
		t.Fatalf("the driver: %v\n%s", err, &complaints)
	}

	var want strings.Builder
	results := suite.Results(agent)
	for _, r := range results {
		if !r.Good() {
			t.Errorf("%v", r)
		}
		fmt.Fprintf(&want, "%s %s\n", r.Case.ID, r.Behavior)
	}
	if len(results) != len(suite.Cases()) {
		t.Errorf("there are %d results of %d cases", len(results), len(suite.Cases()))
	}
	if said.String() != want.String() {
		t.Errorf("the driver was told\n%s\nwhere the results are\n%s", &said, &want)
	}
	if len(reported) != 1 || reported[0] != agent {
		t.Errorf("reports were asked for by %q", reported)
	}
}

// findNode finds node and the ws that interop/ uses, or skips the test; or fails it where nothing may be
// skipped.
func findNode(t *testing.T) (node, modules, agent string) {
	t.Helper()
	missing := func(what string) {
		const remedy = `; "make tools" installs it`
		if os.Getenv("EVERWIRE_TEST_ALL") != "" {
			t.Fatal(what + remedy)
		}
		t.Skip(what + remedy)
	}
	node, err := exec.LookPath("node")
	if err != nil {
		missing("node is not installed")
	}
	modules, err = filepath.Abs("../interop/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	about, err := os.ReadFile(filepath.Join(modules, "ws", "package.json"))
	if err != nil {
		missing("interop/node_modules has no ws")
	}
	var installed struct{ Version string }
	if err := json.Unmarshal(about, &installed); err != nil {
		t.Fatal(err)
	}
	return node, modules, "ws/" + installed.Version
}
