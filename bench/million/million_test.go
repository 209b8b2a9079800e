//go:build linux

package main

import (
	"os"
	"slices"
	"testing"

	"github.com/everwire/everwire/internal/leak"
)

// TestMain lets the test's program be the server that it starts.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "-serve") {
		main()
		return
	}
	leak.VerifyTestMain(m)
}

func TestEveryConnectionGetsTheBroadcast(t *testing.T) {
	for _, kind := range []string{"loops", "goroutines"} {
		t.Run(kind, func(t *testing.T) {
			*driver = kind
			if reached, err := attempt(t.Context(), 50); err != nil || reached != 50 {
				t.Errorf("reached %d connections, %v", reached, err)
			}
		})
	}
}
