package child_test

import (
	"context"
	"testing"

	"github.com/everwire/everwire/bench/internal/child"
	"github.com/everwire/everwire/internal/leak"
)

func TestMain(m *testing.M) { leak.VerifyTestMain(m) }

func shell(script string) child.Program {
	return child.Program{Path: "/bin/sh", Args: []string{"-c", script}, Env: []string{"WORD=ready"}}
}

func TestProcessIsStartedToldAndStopped(t *testing.T) {
	p, line, err := shell(`echo $WORD; while read word; do echo "did $word"; done`).Start(t.Context())
	if err != nil || line != "ready" {
		t.Fatalf("%q, %v", line, err)
	}
	if answer, err := p.Tell("this"); err != nil || answer != "did this" {
		t.Errorf("%q, %v", answer, err)
	}
	p.Stop()
	if _, err := p.Tell("more"); err == nil {
		t.Error("a process that was stopped answers")
	}
}

func TestProcessThatSaysNothing(t *testing.T) {
	if _, _, err := shell(`exit 1`).Start(t.Context()); err == nil {
		t.Error("it was started")
	}
}

func TestProcessIsKilledWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p, _, err := shell(`echo ready; exec sleep 1000`).Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	p.Stop() // returns at once
}
