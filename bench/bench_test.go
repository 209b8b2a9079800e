//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/bench/internal/servers"
	"github.com/everwire/everwire/internal/leak"
)

// TestMain lets the test's program be the servers that it starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == servers.Role {
		main()
		return
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0") // a hundred servers end: the race detector would have each sleep for a second
	log.SetOutput(io.Discard)                // the progress that compete tells
	leak.VerifyTestMain(m)
}

// testLab has two connections for every scenario, and little time.
func testLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{duration: 50 * time.Millisecond, idle: 2, rate: 1000}
	if err := l.certify(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	return l
}

func TestEveryServerAnswersEveryScenario(t *testing.T) {
	l := testLab(t)
	for _, c := range contestants() {
		t.Run(c.name(), func(t *testing.T) {
			for _, s := range scenarios {
				if c.stream && !s.streams {
					continue
				}
				s.plan.Connections = 2
				s.plan.InFlight = min(s.plan.InFlight, 4)
				sample, err := takeLong(t, turn{lab: l, scenario: s, contestant: c})
				if errors.Is(err, servers.ErrMissing) && os.Getenv("EVERWIRE_TEST_ALL") == "" {
					t.Skip(err)
				}
				if err != nil {
					t.Errorf("%s: %v", s.name, err)
					continue
				}
				if s.figure != bytesPerConnection && (sample.PerSecond <= 0 || sample.CPU <= 0) {
					t.Errorf("%s: %+v", s.name, sample)
				}
			}
		})
	}
}

// takeLong takes a turn that is long enough for a message to arrive, however busy the machine is.
func takeLong(t *testing.T, turn turn) (sample, error) {
	for lab := *turn.lab; ; lab.duration *= 4 {
		turn.lab = &lab
		s, err := turn.take(t.Context())
		if !errors.Is(err, errSilent) || lab.duration > patience {
			return s, err
		}
	}
}

func TestServerThatDoesNotAnswerFails(t *testing.T) {
	l := testLab(t)
	s := scenarios[0]
	s.plan.Connections, s.plan.Deflate = 2, true // which the server does not agree to
	library, _ := servers.Find(baseline)
	result, err := l.compete(t.Context(), s, []contestant{{Library: library}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	result.print(&out)
	if !strings.Contains(out.String(), "failed: ") {
		t.Errorf("the table does not say that it failed:\n%s", out.String())
	}
}

func TestInterruptEndsTheMeasurement(t *testing.T) {
	l := testLab(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.compete(ctx, scenarios[0], contestants()[:1], 1); err == nil {
		t.Error("an interrupted measurement has a result")
	}
}

func TestPatternChoosesScenarios(t *testing.T) {
	for _, test := range []struct {
		patterns string
		want     int
	}{
		{"*", len(scenarios)},
		{"idle", 1},
		{"echo-64-*", 3},
		{"idle, upgrade-*", 2},
		{"idle,idle", 1},
		{"nothing", 0},
		{"[", 0},
	} {
		chosen, err := chooseScenarios(test.patterns)
		if len(chosen) != test.want || (err == nil) != (test.want > 0) {
			t.Errorf("%q chooses %d, %v; want %d", test.patterns, len(chosen), err, test.want)
		}
	}
}

func TestNameChoosesContestants(t *testing.T) {
	chosen, err := chooseContestants("everwire-conn-stream, gorilla")
	if err != nil || len(chosen) != 2 || !chosen[0].stream || chosen[1].name() != baseline {
		t.Errorf("chosen: %v, %v", chosen, err)
	}
	if _, err := chooseContestants("nobody"); err == nil {
		t.Error("nobody was chosen")
	}
}

func TestOrderIsAKibibyte(t *testing.T) {
	if len(order) != 1<<10 {
		t.Errorf("the order has %d octets", len(order))
	}
}

// figures are a result made up: we are second of three, and one failed.
func figures() *result {
	e := func(name string, cpu ...float64) *entry {
		library, _ := servers.Find(name)
		entry := &entry{contestant: contestant{Library: library}, version: "1.0"}
		for _, c := range cpu {
			entry.rounds = append(entry.rounds, &sample{CPU: c, LoadCPU: 1, PerSecond: 100_000, P50: 500, P99: 1_000, Busy: 0.98})
		}
		return entry
	}
	failed := e("ws")
	failed.failed = errors.New("it fell over | badly")
	return summarize(scenarios[0], []*entry{
		e("everwire", 6, 16, 8), e(baseline, 10, 20, 10), e("gws", 5, 10, 5), failed, {
			contestant: contestant{Library: servers.Library{Name: "absent"}}, failed: servers.ErrMissing},
	}, 3, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
}

func TestRatioIsTheMedianOfTheRoundsRatios(t *testing.T) {
	r := figures()
	var names []string
	for _, row := range r.Rows {
		names = append(names, row.Name)
	}
	if got := strings.Join(names, " "); got != "gws everwire gorilla ws" {
		t.Errorf("the rows are %s", got)
	}
	if r.Rows[1].Ratio != 0.8 || r.Rows[1].CPU != 8 {
		t.Errorf("0.6, 0.8 and 0.8 of 10, 20 and 10 are %v, and 6, 16, 8 are %v", r.Rows[1].Ratio, r.Rows[1].CPU)
	}
	if r.met() {
		t.Error("0.8 is within the goal of 0.75")
	}
	if lines := r.behind(); len(lines) != 2 {
		t.Errorf("behind the goal and gws: %q", lines)
	}
}

func TestPublishKeepsOtherScenarios(t *testing.T) {
	dir := t.TempDir()
	doc := filepath.Join(dir, "performance.md")
	if err := os.WriteFile(doc, []byte("before\n"+marks.Begin+"\nold\n"+marks.End+"\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	first, second := figures(), figures()
	second.s = scenarios[1]
	second.Scenario, second.Title = second.s.name, second.s.title
	m := machine{Processor: "abacus"}
	for _, r := range []*result{second, first} {
		if err := (report{Machine: m, Results: []*result{r}}).publish(dir); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"before\n", "\nafter\n", "abacus", first.Title, second.Title, "failed: it fell over \\| badly",
		"| **everwire Socket (engine) 1.0** | 0.800 | 8.00 | 100,000 | 500 | 1,000 | 98 % | 1.00 |"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the document lacks %q:\n%s", want, text)
		}
	}
	if strings.Index(string(text), "### "+first.Title) > strings.Index(string(text), "### "+second.Title) || strings.Contains(string(text), "old") {
		t.Errorf("the document is not in order:\n%s", text)
	}
	for _, r := range []*result{first, second} {
		if _, err := os.Stat(filepath.Join(dir, "performance", r.Scenario+".svg")); err != nil {
			t.Error(err)
		}
	}
}

func TestNotPublishable(t *testing.T) {
	dir := t.TempDir()
	if err := publishable(dir, contestants()); err == nil {
		t.Error("there is no document")
	}
	if err := os.WriteFile(filepath.Join(dir, "performance.md"), []byte(marks.Begin+"\n"+marks.End+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := publishable(dir, contestants()); err != nil {
		t.Error(err)
	}
	if err := publishable(dir, contestants()[:2]); err == nil {
		t.Errorf("there is no %s", baseline)
	}
}

func TestNumbers(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{number(0, 3), "–"}, {number(6.066, 3), "6.07"}, {number(0.1366, 3), "0.137"}, {number(173.2, 3), "173"}, {number(1234, 3), "1234"},
		{thousands(999), "999"}, {thousands(1234567.4), "1,234,567"}, {thousands(-1234), "-1,234"},
		{ratioText(0.5), "0.500"}, {ratioText(0), "–"},
	} {
		if test.got != test.want {
			t.Errorf("%s; want %s", test.got, test.want)
		}
	}
}
