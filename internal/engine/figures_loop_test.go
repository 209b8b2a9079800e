//go:build linux || (everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd))

package engine

import (
	"testing"
	"time"
)

func TestAPeakStandsForTenSeconds(t *testing.T) {
	var p peak
	for _, step := range []struct {
		name  string
		value time.Duration // noted, unless it is negative
		at    time.Duration
		want  time.Duration
	}{
		{"a value", 5, 1 * time.Second, 5},
		{"a smaller one", 3, 2 * time.Second, 5},
		{"a larger one", 7, 3 * time.Second, 7},
		{"just before it is too old", 1, 13 * time.Second, 7},
		{"the next after that", 2, 13*time.Second + 1, 2},
		{"nothing for long", -1, 60 * time.Second, 0},
	} {
		if step.value >= 0 {
			p.note(step.value, step.at)
		}
		if got := p.read(step.at); got != step.want {
			t.Errorf("%s: the peak is %d, want %d", step.name, got, step.want)
		}
	}
}

// A loop whose handler blocks says so while that lasts, and for a time after.
func TestALoopTellsItsLag(t *testing.T) {
	l := &Loop{}
	l.now.Store(int64(time.Second))
	if got := l.figures(time.Second + 5*time.Millisecond).Lag; got != 5*time.Millisecond {
		t.Errorf("5 ms after the last look the lag is %v", got)
	}
	l.lag.note(8*time.Millisecond, time.Second)
	if got := l.figures(time.Second + 5*time.Millisecond).Lag; got != 8*time.Millisecond {
		t.Errorf("after 8 ms from look to look the lag is %v", got)
	}
	l.sleeping.Store(true)
	if got := l.figures(time.Minute).Lag; got != 0 {
		t.Errorf("the lag of a loop that sleeps is %v", got)
	}
}
