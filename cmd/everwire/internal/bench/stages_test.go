package bench

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/cmd/everwire/load"
)

func TestStagesAreRead(t *testing.T) {
	want := []load.Stage{{Duration: 30 * time.Second, Connections: 1000}, {Duration: time.Minute, Connections: 10_000}, {Duration: 10 * time.Second}}
	for _, text := range []string{"30s:1000,1m:10000,10s:0", " 30s : 1k , 60s:10k,10000ms:0"} {
		if got, err := ParseStages(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	if got := length(want); got != 100*time.Second {
		t.Errorf("they take %v", got)
	}
	if got := most(want); got != 10_000 {
		t.Errorf("they lead to %d", got)
	}
}

func TestStagesThatMakeNoSense(t *testing.T) {
	for _, row := range []struct{ text, says string }{
		{"", `"" is no stage`},
		{"30s", `"30s" is no stage; write how long it takes and where it leads, as in 30s:1000`},
		{"30s:1000,", `"" is no stage`},
		{"30:1000", `in "30:1000", "30" is no duration`},
		{"-1s:1000", `"-1s" is no duration`},
		{"30s:lots", `in "30s:lots", "lots" is no number of connections`},
		{"30s:-1", `"-1" is no number`},
		{"30s:20M", `"20M" is no number of connections from 0 to 16777216`},
		{"30s:0,10s:0", "no stage leads to any connection"},
		{"0s:10", "must take some time"},
		{"8760h:1,1h:1", "at most a year"},
		{"2562047h:1,2562047h:1", "at most a year"},
		{strings.Repeat("1s:1,", maxStages) + "1s:1", "more than 1000 stages"},
	} {
		t.Run(row.text[:min(len(row.text), 30)], func(t *testing.T) {
			if _, err := ParseStages(row.text); err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("error %v, want one with %q", err, row.says)
			}
		})
	}
}

func FuzzParseStages(f *testing.F) {
	for _, text := range []string{"30s:1000,1m:10000,10s:0", "1s:1k", "1s:", ":1", "1h:1,,", "9999999h:1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		stages, err := ParseStages(text)
		if err != nil {
			return
		}
		if n := most(stages); n < 1 || n > maxConnections {
			t.Fatalf("%q leads to %d", text, n)
		}
		if d := length(stages); d <= 0 || d > maxSpan {
			t.Fatalf("%q takes %v", text, d)
		}
		var parts []string
		for _, s := range stages {
			if s.Duration < 0 || s.Connections < 0 {
				t.Fatalf("%q has the stage %v", text, s)
			}
			parts = append(parts, fmt.Sprintf("%v:%d", s.Duration, s.Connections))
		}
		again, err := ParseStages(strings.Join(parts, ","))
		if err != nil || !slices.Equal(again, stages) {
			t.Fatalf("%q is %v, and then %v, %v", text, stages, again, err)
		}
	})
}

func TestNumbersAreRead(t *testing.T) {
	count := func(s string) (float64, error) { n, err := ParseCount(s, 1<<20); return float64(n), err }
	size := func(s string) (float64, error) { n, err := ParseSize(s); return float64(n), err }
	for _, row := range []struct {
		name, text string
		parse      func(string) (float64, error)
		want       float64 // -1: it is an error
	}{
		{"count", "500", count, 500},
		{"thousands", "10k", count, 10_000},
		{"millions", "1M", count, 1_000_000},
		{"no count", "0", count, -1},
		{"too many", "2M", count, -1},
		{"far too many", "99999999999999999999", count, -1},
		{"half a connection", "0.5", count, -1},
		{"nothing", "", count, -1},
		{"negative count", "-1", count, -1},

		{"rate", "1000", ParseRate, 1000},
		{"rate in a second", "1000/s", ParseRate, 1000},
		{"thousands in a second", "2.5k/s", ParseRate, 2500},
		{"one in two seconds", "0.5", ParseRate, 0.5},
		{"no rate", "0", ParseRate, -1},
		{"negative rate", "-5", ParseRate, -1},
		{"rate without end", "inf", ParseRate, -1},
		{"rate beyond reason", "1000000M", ParseRate, -1},
		{"rate in a minute", "5/m", ParseRate, -1},

		{"octets", "64", size, 64},
		{"none", "0", size, 0},
		{"octets with a unit", "64B", size, 64},
		{"kibibytes", "4KiB", size, 4096},
		{"kilobytes", "4 kB", size, 4000},
		{"a gibibyte", "1GiB", size, 1 << 30},
		{"more", "2GiB", size, -1},
		{"one octet more", "1073741825", size, -1},
		{"another unit", "4K", size, -1},
		{"only a unit", "KiB", size, -1},
		{"a part", "1.5KiB", size, -1},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := row.parse(row.text)
			if row.want < 0 {
				if err == nil {
					t.Errorf("%q is %v, want an error", row.text, got)
				}
			} else if err != nil || got != row.want {
				t.Errorf("%q is %v, %v; want %v", row.text, got, err, row.want)
			}
		})
	}
}

func FuzzParseSize(f *testing.F) {
	for _, text := range []string{"64", "4KiB", "1 MB", "9999999999GiB", "B", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if n, err := ParseSize(text); err == nil && (n < 0 || n > 1<<30) {
			t.Fatalf("%q is %d", text, n)
		}
		if x, err := ParseRate(text); err == nil && !(x > 0 && x <= 1e9) {
			t.Fatalf("%q is a rate of %v", text, x)
		}
	})
}
