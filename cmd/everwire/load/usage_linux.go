package load

import (
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// threadUsage is what the calling thread has used, and how long it waited for a processor.
func threadUsage() (u usage) {
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &r); err == nil {
		u.busy = time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	// Where the kernel keeps no such statistics there is no such file.
	if line, err := os.ReadFile("/proc/thread-self/schedstat"); err == nil {
		if fields := strings.Fields(string(line)); len(fields) > 1 {
			n, _ := strconv.ParseInt(fields[1], 10, 64)
			u.starved = time.Duration(n)
		}
	}
	return u
}
