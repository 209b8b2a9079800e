//go:build unix

package terminal

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain runs the tests, or, as the child of one, a session at the terminal that it was started at.
func TestMain(m *testing.M) {
	if url := os.Getenv("TERMINAL_TEST_URL"); url != "" {
		os.Exit(child(url))
	}
	goleak.VerifyTestMain(m)
}
