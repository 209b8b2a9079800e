//go:build linux

package main

import (
	"testing"
	"time"
)

func TestWaitsAndSilencesAreThoseOfATime(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	acks := []ack{{at(0), at(1)}, {at(1), at(3)}, {at(2), at(9)}, {at(8), at(10)}, {at(10), at(20)}}
	tests := []struct {
		name          string
		from, to      int
		wait, silence int
	}{
		{"all", 0, 20, 10, 10},
		{"before the long one", 0, 5, 7, 2},
		{"it began before", 5, 10, 7, 4},
		{"it ends later", 12, 15, 10, 3},
		{"after all", 25, 30, 0, 5},
	}
	for _, test := range tests {
		wait, silence := longestWait(acks, at(test.from), at(test.to)), longestSilence(acks, at(test.from), at(test.to))
		if wait != time.Duration(test.wait)*time.Second || silence != time.Duration(test.silence)*time.Second {
			t.Errorf("%s: waited %v, silent for %v; want %d s and %d s", test.name, wait, silence, test.wait, test.silence)
		}
	}
}
