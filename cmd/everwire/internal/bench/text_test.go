package bench

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/everwire/everwire/cmd/everwire/load"
)

var update = flag.Bool("update", false, "write the files of testdata anew")

// wantGolden compares with a file of testdata.
func wantGolden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		g, w := "(its end)", "(its end)"
		if i < len(gotLines) {
			g = gotLines[i]
		}
		if i < len(wantLines) {
			w = wantLines[i]
		}
		if g != w {
			t.Fatalf("line %d of %s\n got %q\nwant %q\n-update writes it anew", i+1, file, g, w)
		}
	}
}

func textOf(t *testing.T, r *Report, o TextOptions) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteText(&b, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSummary(t *testing.T) {
	broadcast := sampleReport()
	broadcast.Settings.Scenario, broadcast.Settings.Rate, broadcast.Settings.InFlight = load.Broadcast, 0, 1
	broadcast.Failures, broadcast.Handshake, broadcast.Busy = nil, nil, 0.97
	broadcast.Judge(nil)

	idle := &Report{
		Settings: Settings{URL: "wss://example.com/", Scenario: load.Idle, Connections: 1000, Size: 64, Source: "random", Duration: time.Hour},
		Elapsed:  time.Hour, Peak: 1000, Connecting: 2 * time.Second,
	}
	idle.Judge(nil)

	stages := sampleReport()
	stages.Settings.Rate, stages.Settings.PerConnection, stages.Settings.Connections = 0, 2, 10_000
	stages.Settings.Stages = []load.Stage{{Duration: 30 * time.Second, Connections: 1000}, {Duration: time.Minute, Connections: 10_000}}
	stages.Settings.Duration, stages.Connecting, stages.Unsent = 90*time.Second, 0, 12
	stages.Interrupted, stages.Starved, stages.Busy = true, 0.4, 0.6
	stages.Settings.Text, stages.Settings.Source = true, "template"

	handshake := &Report{
		Settings: Settings{URL: "ws://[::1]:9/", Scenario: load.Handshake, Connections: 10, Duration: 10 * time.Second},
		Elapsed:  10 * time.Second, Messages: 4321, Latency: drawn(4321, 2*time.Millisecond), Peak: 10,
	}
	handshake.Judge(nil)

	for _, row := range []struct {
		name string
		r    *Report
		o    TextOptions
	}{
		{"echo.txt", sampleReport(), TextOptions{}},
		{"echo-colour.txt", sampleReport(), TextOptions{Width: 100, Color: true}},
		{"echo-narrow.txt", sampleReport(), TextOptions{Width: 40}},
		{"broadcast.txt", broadcast, TextOptions{}},
		{"idle.txt", idle, TextOptions{}},
		{"stages.txt", stages, TextOptions{}},
		{"handshake.txt", handshake, TextOptions{}},
		{"nothing.txt", &Report{Settings: Settings{URL: "ws://x/", Scenario: load.Echo, Connections: 1}}, TextOptions{}},
	} {
		t.Run(row.name, func(t *testing.T) {
			wantGolden(t, row.name, textOf(t, row.r, row.o))
		})
	}
}

func TestTheSummaryKeepsWithinTheWidth(t *testing.T) {
	r := sampleReport()
	r.Failures[0].Example = strings.Repeat("because ", 30)
	for width := 48; width <= 120; width += 9 {
		for _, line := range strings.Split(textOf(t, r, TextOptions{Width: width}), "\n") {
			if n := utf8.RuneCountInString(line); n > width {
				t.Fatalf("width %d: a line of %d: %q", width, n, line)
			}
		}
	}
}
