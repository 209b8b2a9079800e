package load

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Raw system calls do not tell Go's scheduler, which costs as much as a short call does. That is right for those that
// never block: sockets are asked with MSG_DONTWAIT.

func rawReceive(fd int32, b []byte) (int, syscall.Errno) {
	n, _, e := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)),
		unix.MSG_DONTWAIT, 0, 0)
	return int(n), e
}

// rawDiscard throws up to n received octets away, which for TCP costs no copying (tcp(7), MSG_TRUNC).
func rawDiscard(fd int32, n int64) (int, syscall.Errno) {
	m, _, e := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), 0, uintptr(n), unix.MSG_DONTWAIT|unix.MSG_TRUNC, 0, 0)
	return int(m), e
}

func rawSend(fd int32, b []byte) (int, syscall.Errno) {
	n, _, e := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)),
		unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
	return int(n), e
}

// rawPoll asks for events without waiting.
func rawPoll(epoll int, events []unix.EpollEvent) (int, syscall.Errno) {
	n, _, e := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epoll), uintptr(unsafe.Pointer(unsafe.SliceData(events))),
		uintptr(len(events)), 0, 0, 0)
	return int(n), e
}

// poll waits for events, for ever if the timeout, in nanoseconds, is negative. Where the kernel has no epoll_pwait2
// (before 5.11) it waits for whole milliseconds.
func poll(epoll int, events []unix.EpollEvent, timeout int64) (int, syscall.Errno) {
	var limit *unix.Timespec
	if timeout >= 0 {
		t := unix.NsecToTimespec(timeout)
		limit = &t
	}
	n, _, e := syscall.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(epoll), uintptr(unsafe.Pointer(unsafe.SliceData(events))),
		uintptr(len(events)), uintptr(unsafe.Pointer(limit)), 0, 0)
	if e != unix.ENOSYS {
		return int(n), e
	}
	milliseconds := -1
	if timeout >= 0 {
		milliseconds = int((timeout + 999_999) / 1_000_000)
	}
	m, err := unix.EpollWait(epoll, events, milliseconds)
	if err != nil {
		return 0, err.(syscall.Errno) // x/sys returns nothing else
	}
	return m, 0
}

// pause sleeps for some nanoseconds. It is raw for another reason: a goroutine that Go's scheduler knows to be in a
// system call is looked after every 20 µs, which costs more than the rest saves.
func pause(n int64) {
	t := unix.NsecToTimespec(n)
	_, _, _ = syscall.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&t)), 0, 0) // a signal ends it early, which is as well
}
