//go:build linux

package proc

import (
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// Cores returns the cores on which this process may run.
func Cores() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(os.Getpid(), &set); err != nil {
		return nil, err
	}
	var cores []int
	for core := 0; len(cores) < set.Count(); core++ {
		if set.IsSet(core) {
			cores = append(cores, core)
		}
	}
	return cores, nil
}

func setOf(cores []int) *unix.CPUSet {
	set := new(unix.CPUSet)
	for _, core := range cores {
		set.Set(core)
	}
	return set
}

// OnCores calls f on a thread that may run on these cores only: a process that f starts inherits that.
func OnCores(cores []int, f func() error) error {
	runtime.LockOSThread()
	var before unix.CPUSet
	err := unix.SchedGetaffinity(0, &before)
	if err == nil {
		err = unix.SchedSetaffinity(0, setOf(cores))
	}
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("keeping a process to the cores %v: %w", cores, err)
	}
	err = f()
	if unix.SchedSetaffinity(0, &before) == nil {
		runtime.UnlockOSThread()
	} // else the thread ends with its goroutine, rather than run others where they do not belong
	return err
}

// Stay keeps all threads of this process, and those that it will start, to these cores.
func Stay(cores []int) error {
	done := map[int]bool{}
	for again := true; again; { // until no thread was started by one that was not yet kept
		again = false
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		for _, thread := range threads {
			tid, err := strconv.Atoi(thread.Name())
			if err != nil || done[tid] {
				continue
			}
			if err := unix.SchedSetaffinity(tid, setOf(cores)); err != nil && err != unix.ESRCH {
				return fmt.Errorf("keeping this process to the cores %v: %w", cores, err)
			}
			done[tid], again = true, true
		}
	}
	return nil
}
