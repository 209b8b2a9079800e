package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"time"
)

// figures are what a process holds.
type figures struct {
	RSS         int64 // octets
	Goroutines  int
	Descriptors int
}

func measure() figures {
	for range 3 { // pools let go of what they hold at the second collection
		debug.FreeOSMemory()
	}
	f := figures{RSS: resident("self"), Goroutines: runtime.NumGoroutine()}
	if fds, err := os.ReadDir("/proc/self/fd"); err == nil {
		f.Descriptors = len(fds) - 1 // but for the one that reads the directory
	}
	return f
}

// resident returns the resident memory of a process.
func resident(pid string) int64 {
	var total, pages int64
	if statm, err := os.ReadFile("/proc/" + pid + "/statm"); err == nil {
		fmt.Sscan(string(statm), &total, &pages)
	}
	return pages * int64(os.Getpagesize())
}

func (f figures) String() string {
	return fmt.Sprintf("%.1f MiB resident, %d goroutines, %d descriptors", float64(f.RSS)/(1<<20), f.Goroutines, f.Descriptors)
}

func (f figures) compare(start figures) string {
	return fmt.Sprintf("%+.1f %% resident, %+d goroutines, %+d descriptors",
		100*(float64(f.RSS)/float64(start.RSS)-1), f.Goroutines-start.Goroutines, f.Descriptors-start.Descriptors)
}

// near reports whether memory is within a fraction of the start's, or less, and the rest is at most 2 more.
func (f figures) near(start figures, slack float64) bool {
	return float64(f.RSS) <= (1+slack)*float64(start.RSS) &&
		f.Goroutines <= start.Goroutines+2 && f.Descriptors <= start.Descriptors+2
}

// latencies are how long messages took, exactly.
type latencies struct {
	n                   int
	p50, p99, p999, max time.Duration
}

func summarize(all []time.Duration) (l latencies) {
	if len(all) == 0 {
		return l
	}
	slices.Sort(all)
	at := func(q float64) time.Duration { return all[int(q*float64(len(all)-1))] }
	return latencies{len(all), at(0.5), at(0.99), at(0.999), all[len(all)-1]}
}

func (l latencies) String() string {
	r := func(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }
	return fmt.Sprintf("%d messages; half took up to %v, 99 %% %v, 99.9 %% %v, all %v", l.n, r(l.p50), r(l.p99), r(l.p999), r(l.max))
}
