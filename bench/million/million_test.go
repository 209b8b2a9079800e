//go:build linux

package main

import (
	"os"
	"slices"
	"testing"

	"go.uber.org/goleak"
)

// TestMain lets the test's program be the server that it starts.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "-serve") {
		main()
		return
	}
	goleak.VerifyTestMain(m)
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

func TestSourcesHavePortsEnough(t *testing.T) {
	for _, test := range []struct{ connections, sources int }{{1, 1}, {20_000, 1}, {20_001, 2}, {1_000_000, 50}, {16_000_000, 800}} {
		got := sources(test.connections)
		if len(got) != test.sources {
			t.Errorf("%d connections come from %d addresses; want %d", test.connections, len(got), test.sources)
		}
		seen := map[string]bool{}
		for _, a := range got {
			if seen[a.String()] || !a.IsLoopback() {
				t.Errorf("%v is there twice, or no loopback address", a)
			}
			seen[a.String()] = true
		}
	}
}
