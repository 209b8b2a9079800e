package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReplayUsage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte(`{"type":"recording","version":99}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, args string
		status     int
		want       string
	}{
		{"no file", "", 2, "everwire: accepts between 1 and 2 arg(s), received 0\n"},
		{"no URL", "FILE", 2, "everwire: where to? Give the server's URL, or --serve to play the server\n"},
		{"a URL and --serve", "FILE ws://a --serve :0", 2, "everwire: with --serve clients connect, so there is no URL"},
		{"no URL of ours", "FILE ftp://a", 2, `everwire: a URL of scheme "ftp"`},
		{"no speed", "FILE ws://a --speed 0", 2, "everwire: --speed must be more than 0"},
		{"a speed that is none", "FILE ws://a --speed NaN", 2, "everwire: --speed must be more than 0"},
		{"two speeds", "FILE ws://a --speed 2 --fast", 2, "everwire: --fast and --speed contradict each other"},
		{"a bad expression", "FILE ws://a --compare --ignore (", 2, "everwire: --ignore: error parsing regexp"},
		{"an expression for nothing", "FILE ws://a --ignore a", 2, "everwire: --ignore is for comparing; give --compare as well\n"},
		{"a file that is not there", "no.jsonl ws://a", 2, "everwire: open no.jsonl: no such file"},
		{"a newer recording", "FILE ws://a", 2, "everwire: the recording cannot be read: line 1: the recording's format is version 99, and this everwire knows 1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var stdout, stderr buffer
			args := strings.Fields(strings.ReplaceAll(row.args, "FILE", file))
			status := Main(t.Context(), append([]string{"replay"}, args...), &stdout, &stderr)
			if status != row.status || !strings.HasPrefix(stderr.String(), row.want) {
				t.Errorf("status %d, %q", status, stderr.String())
			}
		})
	}
}
