//go:build linux

package main

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// report tells what was done, and what publishers noticed of it.
func (r *run) report() {
	if len(r.faults) > 0 {
		r.reportFaults()
	}
	fmt.Printf("attempts to publish:  %d were answered with an error, %d with nothing\n", r.failed.Load(), r.unanswered.Load())
	for _, text := range slices.Sorted(maps.Keys(r.notes)) {
		fmt.Printf("  %5d × %s\n", r.notes[text], text)
	}
	fmt.Printf("connections refused:  %d\n", r.refused.Load())
}

func (r *run) reportFaults() {
	fmt.Println("faults:                  from       to    one waited    nobody heard")
	slices.SortFunc(r.acks, func(a, b ack) int { return a.acked.Compare(b.acked) })
	for i, f := range r.faults {
		end := r.acks[len(r.acks)-1].acked
		if i+1 < len(r.faults) {
			end = r.faults[i+1].from
		}
		fmt.Printf("  %-18s %6.1f s %6.1f s %10.1f s %13.1f s\n", f, f.from.Sub(r.began).Seconds(), f.to.Sub(r.began).Seconds(),
			longestWait(r.acks, f.from, end).Seconds(), longestSilence(r.acks, f.from, end).Seconds())
	}
	fmt.Println("                      one waited: the longest that a message waited for its acknowledgement, until the next fault")
	fmt.Println("                      nobody heard: the longest in which nothing was acknowledged, on any node")
}

// longestWait is the longest of a time that a message waited in it.
func longestWait(acks []ack, from, to time.Time) (longest time.Duration) {
	for _, a := range acks {
		if a.acked.After(from) && a.sent.Before(to) {
			longest = max(longest, a.acked.Sub(a.sent))
		}
	}
	return longest
}

// longestSilence is the longest of a time that nothing was acknowledged. Acknowledgements are in order.
func longestSilence(acks []ack, from, to time.Time) (longest time.Duration) {
	last := from
	for _, a := range acks {
		if a.acked.Before(from) {
			continue
		}
		if a.acked.After(to) {
			break
		}
		longest = max(longest, a.acked.Sub(last))
		last = a.acked
	}
	return max(longest, to.Sub(last))
}
