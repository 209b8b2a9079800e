package embedded

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"syscall"
	"testing"
)

func TestWhatTheServerSaysHasItsLevel(t *testing.T) {
	for _, row := range []struct {
		name  string
		say   func(j *journal)
		level string
	}{
		{"what it does", func(j *journal) { j.Noticef("Server is ready") }, "DEBUG"},
		{"a warning", func(j *journal) { j.Warnf("disk is %d%% full", 99) }, "WARN"},
		{"an error", func(j *journal) { j.Errorf("Critical write error: %v", "x") }, "ERROR"},
		{"another node is not up", func(j *journal) { j.Errorf("Error trying to connect to route (attempt %v): %v", 1, "refused") }, "DEBUG"},
		{"everyday", func(j *journal) { j.Warnf("%s", "JetStream has not established contact with a meta leader") }, "DEBUG"},
		{"the end", func(j *journal) { j.Fatalf("Error listening: %v", syscall.EADDRINUSE) }, "ERROR"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var out bytes.Buffer
			j := &journal{log: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})), fatal: make(chan error, 1)}
			row.say(j)
			if !strings.Contains(out.String(), "level="+row.level) {
				t.Errorf("want level %s: %s", row.level, &out)
			}
		})
	}
}

func TestTheFirstFatalErrorIsKept(t *testing.T) {
	j := &journal{log: quiet, fatal: make(chan error, 1)}
	j.Fatalf("Error listening on port %d: %v", 1, syscall.EADDRINUSE)
	j.Fatalf("and another")
	if err := <-j.fatal; !errors.Is(err, syscall.EADDRINUSE) || err.Error() != "embedded: Error listening on port 1: "+syscall.EADDRINUSE.Error() {
		t.Errorf("error %v", err)
	}
}
