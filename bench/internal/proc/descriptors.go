//go:build linux

package proc

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// Descriptors lets this process, and those that it will start, have n descriptors. Where that may not be, it lets it have as many as may be, and
// returns how many those are and what to raise.
func Descriptors(n uint64) (allowed uint64, err error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, err
	}
	if limit.Cur >= n {
		return limit.Cur, nil
	}
	// The package syscall's, not x/sys's, so that the processes started later inherit it.
	want := syscall.Rlimit{Cur: n, Max: max(n, limit.Max)}
	if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &want) == nil {
		return n, nil
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, err
	}
	remedy := fmt.Sprintf("ulimit -Hn %d", n)
	if most, err := os.ReadFile("/proc/sys/fs/nr_open"); err == nil {
		var open uint64
		if fmt.Sscan(strings.TrimSpace(string(most)), &open); open < n {
			remedy = fmt.Sprintf("sysctl fs.nr_open=%d, and then %s", n, remedy)
		}
	}
	return limit.Max, fmt.Errorf("a process may have %d descriptors here, and %d are needed: as root, %s", limit.Max, n, remedy)
}
