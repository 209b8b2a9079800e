//go:build unix

package terminal

import (
	"os"
	"testing"

	"github.com/everwire/everwire/internal/leak"
)

// TestMain runs the tests, or, as the child of one, a session at the terminal that it was started at.
func TestMain(m *testing.M) {
	if url := os.Getenv("TERMINAL_TEST_URL"); url != "" {
		os.Exit(child(url))
	}
	leak.VerifyTestMain(m)
}
