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
	err := onThreads(func(tid int) error { return unix.SchedSetaffinity(tid, setOf(cores)) })
	if err != nil {
		return fmt.Errorf("keeping this process to the cores %v: %w", cores, err)
	}
	return nil
}

// GiveWay gives all threads of this process, and those that it will start, the lowest of the ordinary priorities and the shortest
// slices of time, so that other processes on its cores hardly wait for it.
func GiveWay() error {
	attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Nice: 19, Runtime: 100_000} // ns
	err := onThreads(func(tid int) error { return unix.SchedSetAttr(tid, &attr, 0) })
	if err != nil {
		return fmt.Errorf("giving way: %w", err)
	}
	return nil
}

// onThreads calls f with each thread of this process.
func onThreads(f func(tid int) error) error {
	done := map[int]bool{}
	for again := true; again; { // until no thread was started by one for which f was not yet called
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
			if err := f(tid); err != nil && err != unix.ESRCH {
				return err
			}
			done[tid], again = true, true
		}
	}
	return nil
}
