package bench

import (
	"math"
	"testing"
	"time"
)

func TestWords(t *testing.T) {
	span := func(d time.Duration) string { return spanWords(d) }
	for _, row := range []struct{ name, got, want string }{
		{"no time", timeWords(0), "0"},
		{"negative time", timeWords(-1), "0"},
		{"nanoseconds", timeWords(950), "950 ns"},
		{"a microsecond", timeWords(time.Microsecond), "1.00 µs"},
		{"microseconds", timeWords(32400), "32.4 µs"},
		{"nearly a millisecond", timeWords(999_700), "1.00 ms"},
		{"milliseconds", timeWords(1_214_999), "1.21 ms"},
		{"many milliseconds", timeWords(999_400_000), "999 ms"},
		{"seconds", timeWords(12_345 * time.Millisecond), "12.3 s"},
		{"more than a minute", timeWords(75 * time.Second), "1 min 15 s"},

		{"span of seconds", span(10 * time.Second), "10 s"},
		{"span of a part of a second", span(500 * time.Millisecond), "500 ms"},
		{"span of a minute", span(time.Minute), "1 min"},
		{"span of hours", span(8*time.Hour + 30*time.Second), "8 h 30 s"},

		{"count", countWords(1_234_567), "1,234,567"},
		{"count of three digits", countWords(999), "999"},
		{"count below 0", countWords(-1000), "-1,000"},

		{"rate", rateWords(123456.7), "123,457"},
		{"small rate", rateWords(0.5), "0.50"},
		{"whole rate", rateWords(7), "7"},

		{"octets", octetWords(64), "64 B"},
		{"kibibytes", octetWords(4096), "4 KiB"},
		{"nearly a mebibyte", octetWords(1<<20 - 1), "1 MiB"},
		{"mebibytes", octetWords(9.27 * (1 << 20)), "9.27 MiB"},

		{"nothing of 1", percentWords(0), "0 %"},
		{"little", percentWords(0.00001), "<0.01 %"},
		{"some", percentWords(0.0123), "1.23 %"},
		{"half", percentWords(0.5), "50.0 %"},
		{"nearly all", percentWords(0.99999), "99.9 %"},
		{"all", percentWords(1), "100 %"},

		{"one", plural(1, "connection"), "1 connection"},
		{"several", plural(2, "delivery"), "2 deliveries"},
		{"none", plural(0, "round trip"), "0 round trips"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.got != row.want {
				t.Errorf("%q, want %q", row.got, row.want)
			}
		})
	}
}

func TestRound3(t *testing.T) {
	for _, row := range []struct{ x, want float64 }{{1234, 1230}, {999.7, 1000}, {0.01234, 0.0123}, {0, 0}, {-5, 0}} {
		if got := round3(row.x); math.Abs(got-row.want) > 1e-9*math.Max(1, row.want) {
			t.Errorf("round3(%v) is %v, want %v", row.x, got, row.want)
		}
	}
}
