//go:build linux

package proc

import (
	"fmt"
	"path/filepath"
)

// Switches returns how many context switches the threads of a process have had, voluntary and not. Those of threads that have
// ended are not counted.
func Switches(pid int) (int64, error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil {
		return 0, err
	}
	if len(threads) == 0 {
		return 0, fmt.Errorf("there is no process %d", pid)
	}
	var sum int64
	for _, status := range threads {
		// A thread may have ended since.
		scanLines(status, func(line string) {
			var n int64
			if _, err := fmt.Sscanf(line, "voluntary_ctxt_switches: %d", &n); err == nil {
				sum += n
			}
			if _, err := fmt.Sscanf(line, "nonvoluntary_ctxt_switches: %d", &n); err == nil {
				sum += n
			}
		})
	}
	return sum, nil
}
