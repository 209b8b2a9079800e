package report_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/everwire/everwire/conformance"
	"github.com/everwire/everwire/conformance/report"
)

var update = flag.Bool("update", false, "write docs/conformance-cases.md")

// TestDocumentListsTheCases keeps docs/conformance-cases.md with the cases as they are.
func TestDocumentListsTheCases(t *testing.T) {
	const name = "../../docs/conformance-cases.md"
	var want bytes.Buffer
	want.WriteString("# The cases\n\nWhat the [conformance suite](conformance.md) asks. Written by " +
		"`go test ./conformance/report -run Document -update`.\n\n")
	if err := report.WriteCases(&want, conformance.Cases(conformance.Server|conformance.Client)); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(name, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%s is not up to date (error %v); write it by: go test ./conformance/report -run Document -update", name, err)
	}
}
