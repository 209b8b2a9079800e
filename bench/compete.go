//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"slices"
	"time"

	"github.com/everwire/everwire/bench/internal/servers"
)

// An entry is how a contestant has done in a scenario.
type entry struct {
	contestant
	version string
	failed  error
	rounds  []*sample // nil where it has none
}

// compete has the contestants take turns for some rounds. One that fails is out.
func (l *lab) compete(ctx context.Context, s scenario, contestants []contestant, rounds int) (*result, error) {
	if s.rounds > 0 {
		rounds = min(rounds, s.rounds)
	}
	if s.figure == switchesPerMessage {
		if err := l.calibrate(ctx, s); err != nil {
			return nil, err
		}
		s.title += fmt.Sprintf(" (%s a second)", thousands(l.rate))
	}
	if s.figure == bytesPerConnection {
		s.title += fmt.Sprintf(" (of %s)", thousands(float64(l.idle)))
	}
	var entries []*entry
	for _, c := range contestants {
		if c.stream && !s.streams {
			continue
		}
		entries = append(entries, &entry{contestant: c, rounds: make([]*sample, rounds)})
	}
	for round := range rounds {
		for i := range entries {
			e := entries[(i+round)%len(entries)] // each begins once, so that none profits from its place
			if e.failed != nil {
				continue
			}
			t := turn{lab: l, scenario: s, contestant: e.contestant}
			sample, err := t.take(ctx)
			if ctx.Err() != nil {
				return nil, errors.New("interrupted")
			}
			if t.server != nil {
				e.version = t.server.Version
			}
			if err != nil {
				log.Printf("%s, round %d of %d: %s failed: %v", s.name, round+1, rounds, e.name(), err)
				e.failed = err
				continue
			}
			log.Printf("%s, round %d of %d: %s %v", s.name, round+1, rounds, e.name(), sample)
			e.rounds[round] = &sample
		}
	}
	return summarize(s, entries, rounds, time.Now()), nil
}

// calibrate finds what 30 % load is: of what gorilla/websocket bears on two processors, the same for all.
func (l *lab) calibrate(ctx context.Context, s scenario) error {
	library, _ := servers.Find(baseline)
	t := turn{lab: l, scenario: s, contestant: contestant{Library: library}}
	t.rate = 0 // as much as it can
	sample, err := t.take(ctx)
	if err != nil {
		return fmt.Errorf("finding out what %s bears: %w", library.Title, err)
	}
	l.rate = 0.3 * sample.PerSecond
	return nil
}

// summarize makes a result of what was measured, without those that are not installed.
func summarize(s scenario, entries []*entry, rounds int, when time.Time) *result {
	r := &result{Scenario: s.name, Title: s.title, Rounds: rounds, When: when.UTC().Truncate(time.Second), s: s}
	entries = slices.DeleteFunc(entries, func(e *entry) bool { return errors.Is(e.failed, servers.ErrMissing) })
	base := slices.IndexFunc(entries, func(e *entry) bool { return e.name() == baseline })
	for _, e := range entries {
		row := row{Name: e.name(), Title: e.title(), Version: e.version, Ours: e.Ours()}
		if e.failed != nil {
			row.Failed = e.failed.Error()
		} else {
			var ratios []float64
			for round, sample := range e.rounds {
				if base >= 0 && entries[base].rounds[round] != nil {
					ratios = append(ratios, s.first(*sample)/s.first(*entries[base].rounds[round]))
				}
			}
			row.Ratio = median(ratios)
			row.sample = medians(e.rounds)
		}
		r.Rows = append(r.Rows, row)
	}
	r.sort()
	return r
}

// first is the figure that the scenario is about.
func (s scenario) first(m sample) float64 {
	switch s.figure {
	case bytesPerConnection:
		return m.Bytes
	case switchesPerMessage:
		return m.Switches
	}
	return m.CPU
}

// medians is the sample with the median of each figure.
func medians(samples []*sample) sample {
	of := func(figure func(*sample) float64) float64 {
		var values []float64
		for _, s := range samples {
			values = append(values, figure(s))
		}
		return median(values)
	}
	return sample{
		CPU:       of(func(s *sample) float64 { return s.CPU }),
		LoadCPU:   of(func(s *sample) float64 { return s.LoadCPU }),
		PerSecond: of(func(s *sample) float64 { return s.PerSecond }),
		P50:       of(func(s *sample) float64 { return s.P50 }),
		P99:       of(func(s *sample) float64 { return s.P99 }),
		Busy:      of(func(s *sample) float64 { return s.Busy }),
		Bytes:     of(func(s *sample) float64 { return s.Bytes }),
		Switches:  of(func(s *sample) float64 { return s.Switches }),
	}
}

// median is 0 for none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 1 {
		return values[middle]
	}
	return (values[middle-1] + values[middle]) / 2
}
