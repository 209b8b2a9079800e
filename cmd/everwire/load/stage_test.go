package load

import (
	"testing"
	"time"
)

func TestProfile(t *testing.T) {
	const s = time.Second
	up := profile{0, []Stage{{10 * s, 100}, {20 * s, 100}, {10 * s, 0}}}
	steps := profile{5, []Stage{{0, 20}, {10 * s, 20}, {0, 3}, {10 * s, 4}}}
	tests := []struct {
		name string
		p    profile
		at   time.Duration
		want int
	}{
		{"no stages", profile{first: 7}, time.Hour, 7},
		{"before the beginning", up, -1, 0},
		{"before a step at the beginning", steps, -1, 5},
		{"at the beginning", up, 0, 0},
		{"a tenth", up, s, 10},
		{"between two", up, 1049 * time.Millisecond, 10},
		{"the end of a ramp", up, 10 * s, 100},
		{"held", up, 29 * s, 100},
		{"down", up, 31 * s, 90},
		{"over", up, 41 * s, 0},
		{"a step up", steps, 0, 20},
		{"a step down", steps, 10 * s, 3},
		{"one more", steps, 20 * s, 4},
	}
	for _, tt := range tests {
		if got := tt.p.at(tt.at); got != tt.want {
			t.Errorf("%s: %d connections, want %d", tt.name, got, tt.want)
		}
	}
	if n, d := steps.most(), steps.length(); n != 20 || d != 20*s {
		t.Errorf("at most %d connections in %v, want 20 in 20s", n, d)
	}
}

// Who looks again when next says so sees every number that there should be, one after the other.
func TestProfileMissesNothing(t *testing.T) {
	p := profile{0, []Stage{{time.Second, 50}, {time.Second, 50}, {700 * time.Millisecond, 10}}}
	seen := 0
	for at := time.Duration(0); at < p.length(); {
		n := p.at(at)
		if n > seen+1 || n < seen-1 {
			t.Fatalf("after %v it is %d, and was %d when it was looked for last", at, n, seen)
		}
		seen = n
		next := p.next(at)
		if next <= at {
			t.Fatalf("after %v it is to be looked for at %v", at, next)
		}
		at = next
	}
	if seen > 11 || p.at(p.length()) != 10 {
		t.Errorf("it ends with %d, and then %d", seen, p.at(p.length()))
	}
}
