//go:build linux

package main

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/everwire/everwire/internal/leak"
)

func TestMain(m *testing.M) {
	if os.Getenv(playedVar) != "" {
		playNode()
	}
	leak.VerifyTestMain(m)
}

var everyKind = []kind{kill, stop, term, all, cut}

func TestAPlanHasEachKindInTurnsAndTheSameForOneSeed(t *testing.T) {
	orders := make(map[string]bool)
	for _, length := range []time.Duration{10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, time.Hour} {
		for seed := range uint64(50) {
			faults := plan(seed, length, everyKind)
			rounds := max(1, int((length+time.Minute)/(2*time.Minute)))
			count := make(map[kind]int)
			touched := make(map[int]int)
			var before, busy time.Duration
			order := ""
			for _, f := range faults {
				count[f.kind]++
				if f.kind != all {
					touched[f.node]++
				}
				if f.at <= before {
					t.Fatalf("seed %d, %v: %v begins at %v, before the one before it has ended, at %v", seed, length, f, f.at, before)
				}
				before = f.at + f.length
				busy += f.length
				order += f.String() + ", "
			}
			if before >= length {
				t.Errorf("seed %d, %v: the last ends at %v", seed, length, before)
			}
			for _, k := range everyKind {
				if count[k] != rounds {
					t.Errorf("seed %d, %v: %q is done %d times, want %d", seed, length, k, count[k], rounds)
				}
			}
			if len(touched) != nodeCount {
				t.Errorf("seed %d, %v: of %d nodes %d are touched", seed, length, nodeCount, len(touched))
			}
			if length >= 2*time.Minute && faults[slices.IndexFunc(faults, func(f *fault) bool { return f.kind == stop })].length != 20*time.Second {
				t.Errorf("seed %d, %v: a node is not stopped for 20 s", seed, length)
			}
			if again := plan(seed, length, everyKind); fmt.Sprint(again) != fmt.Sprint(faults) || again[0].at != faults[0].at {
				t.Errorf("seed %d, %v: the plan is %v, and then %v", seed, length, faults, again)
			}
			orders[order] = true
		}
	}
	if len(orders) < 100 {
		t.Errorf("300 seeds and lengths have %d plans", len(orders))
	}
}
