//go:build linux

package proc

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// CPU returns the processor time that a process has taken until now, user and system together: to the nanosecond by the process's
// own clock, or by ticks of 10 ms where that cannot be read.
func CPU(pid int) (time.Duration, error) {
	var ts unix.Timespec
	if unix.ClockGettime(cpuClock(pid), &ts) == nil {
		return time.Duration(ts.Nano()), nil
	}
	return cpuTicks(pid)
}

// cpuClock is the number of a process's CPU clock, as the kernel's include/linux/posix-timers.h makes it: CPUCLOCK_SCHED is 2.
func cpuClock(pid int) int32 { return int32(^pid<<3 | 2) }

const tick = 10 * time.Millisecond // USER_HZ is 100 wherever Go runs

func cpuTicks(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, ok := strings.Cut(string(stat), ") ") // the name before it may have anything in it
	fields := strings.Fields(rest)
	if !ok || len(fields) < 13 {
		return 0, errors.New("/proc/PID/stat is not as proc(5) says")
	}
	var user, system int64
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		return 0, err
	}
	return time.Duration(user+system) * tick, nil
}
