package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/everwire/everwire/bench/chaos/internal/record"
)

// A latency is how long messages took from when they were first sent to a node until a member of another node
// had them, in order.
type latency struct {
	all  []time.Duration
	calm []time.Duration // sent in times without faults
}

// Times without faults end so long before one, so that what was sent in them has arrived; and begin so long
// after one, when those who had to come back are back.
const (
	before = 2 * time.Second
	after  = 8 * time.Second
)

func measure(run *record.Run, rooms map[string]*room) (l latency) {
	for _, m := range run.Members {
		for _, got := range m.Messages {
			s := rooms[m.Room].sent[got.ID]
			if s == nil || s.Node == got.Node {
				continue
			}
			d := time.Duration(got.Time - s.First)
			l.all = append(l.all, d)
			if calm(run.Faults, s.First) {
				l.calm = append(l.calm, d)
			}
		}
	}
	slices.Sort(l.all)
	slices.Sort(l.calm)
	return l
}

// calm reports whether a time is one without faults.
func calm(faults []record.Fault, t int64) bool {
	for _, f := range faults {
		if t > f.From-int64(before) && t < f.To+int64(after) {
			return false
		}
	}
	return true
}

func percentiles(sorted []time.Duration) string {
	if len(sorted) == 0 {
		return "none"
	}
	at := func(p float64) time.Duration { return sorted[int(p*float64(len(sorted)-1))] }
	return fmt.Sprintf("p50 %v, p99 %v, longest %v", short(at(0.5)), short(at(0.99)), short(at(1)))
}

// short has no more digits than mean something.
func short(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(100 * time.Microsecond)
	}
	return d.Round(10 * time.Millisecond)
}

func (v *verdict) print(out io.Writer) {
	fmt.Fprintf(out, "rooms:                %d, with %d members and %d publishers\n", v.rooms, v.members, v.publishers)
	fmt.Fprintf(out, "published:            %d messages, in %d attempts\n", v.published, v.attempts)
	fmt.Fprintf(out, "acknowledged:         %d\n", v.acked)
	fmt.Fprintf(out, "received:             %d\n", v.received)
	fmt.Fprintf(out, "connections:          %d, of which %d were new ones of members who had lost theirs\n", v.connections, v.connections-v.members)
	fmt.Fprintf(out, "gaps:                 %d\n", v.gaps)
	fmt.Fprintf(out, "duplicates:           %d\n", v.duplicates)
	fmt.Fprintf(out, "out of order:         %d\n", v.disorder)
	fmt.Fprintf(out, "disagreements:        %d\n", v.disagreement)
	fmt.Fprintf(out, "published by nobody:  %d\n", v.strangers)
	fmt.Fprintf(out, "positions too old:    %d\n", v.tooOld)
	fmt.Fprintf(out, "from node to node:    %s (in times without faults)\n", percentiles(v.latency.calm))
	fmt.Fprintf(out, "                      %s (in all)\n", percentiles(v.latency.all))
	for _, example := range v.examples {
		fmt.Fprintf(out, "  %s\n", example)
	}
	switch {
	case v.acked == 0 || v.received == 0:
		fmt.Fprintln(out, "verdict:              nothing was published or nothing received, so that nothing is proven")
	case v.good():
		fmt.Fprintln(out, "verdict:              every member has exactly what was acknowledged, in the same order")
	default:
		fmt.Fprintln(out, "verdict:              NOT as it must be")
	}
}
