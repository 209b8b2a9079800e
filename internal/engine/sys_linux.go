//go:build (amd64 || arm64) && !race

package engine

import (
	"io"
	"syscall"
	"unsafe"
)

// System calls without the scheduler's knowledge, which save half of what they cost beside the kernel's own
// work. They are for what does not take long: small amounts, and never a wait (MSG_DONTWAIT also where somebody has made the
// descriptor a blocking one).

const rawLimit = 64 << 10

const flags = syscall.MSG_DONTWAIT | syscall.MSG_NOSIGNAL

func epollWait(fd int, events []event) int {
	n, _, e := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(fd), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0)
	if e != 0 {
		return 0
	}
	return int(n)
}

func asEpollEvents(events []event) []syscall.EpollEvent {
	return unsafe.Slice((*syscall.EpollEvent)(&events[0]), len(events))
}

func epollCtl(set, op, fd int, ev *syscall.EpollEvent) error {
	_, _, e := syscall.RawSyscall6(syscall.SYS_EPOLL_CTL, uintptr(set), uintptr(op), uintptr(fd), uintptr(unsafe.Pointer(ev)), 0, 0)
	if e != 0 {
		return e
	}
	return nil
}

// shutdownWrite ends this end's half of a stream.
func shutdownWrite(fd int) { syscall.RawSyscall(syscall.SYS_SHUTDOWN, uintptr(fd), syscall.SHUT_WR, 0) }

// closeDescriptor closes a descriptor. Prompt says that it does not wait, as who has set SO_LINGER lets it.
func closeDescriptor(fd int, prompt bool) {
	if prompt {
		syscall.RawSyscall(syscall.SYS_CLOSE, uintptr(fd), 0, 0)
	} else {
		syscall.Close(fd)
	}
}

// recv reads what is there. Nothing there is no error, and the end of the stream is io.EOF.
func recv(fd int, p []byte) (int, error) {
	for {
		var n uintptr
		var e syscall.Errno
		if len(p) <= rawLimit {
			n, _, e = syscall.RawSyscall6(syscall.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), flags, 0, 0)
		} else {
			n, _, e = syscall.Syscall6(syscall.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), flags, 0, 0)
		}
		if e == 0 && n == 0 {
			return 0, io.EOF
		}
		if e != syscall.EINTR {
			return result(n, e)
		}
	}
}

func send(fd int, p []byte) (int, error) { return sendWith(fd, p, flags) }

func sendWith(fd int, p []byte, flags uintptr) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		var n uintptr
		var e syscall.Errno
		if len(p) <= rawLimit {
			n, _, e = syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), flags, 0, 0)
		} else {
			n, _, e = syscall.Syscall6(syscall.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), flags, 0, 0)
		}
		if e != syscall.EINTR {
			return result(n, e)
		}
	}
}

// send2 sends two pieces, neither of which is empty.
func send2(fd int, p, q []byte) (int, error) {
	iov := [2]syscall.Iovec{{Base: &p[0]}, {Base: &q[0]}}
	iov[0].SetLen(len(p))
	iov[1].SetLen(len(q))
	msg := syscall.Msghdr{Iov: &iov[0], Iovlen: 2}
	for {
		var n uintptr
		var e syscall.Errno
		if len(p)+len(q) <= rawLimit {
			n, _, e = syscall.RawSyscall(syscall.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&msg)), flags)
		} else {
			n, _, e = syscall.Syscall(syscall.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&msg)), flags)
		}
		if e != syscall.EINTR {
			return result(n, e)
		}
	}
}

// result makes a system call's result, in which EAGAIN is no error.
func result(n uintptr, e syscall.Errno) (int, error) {
	switch e {
	case 0:
		return int(n), nil
	case syscall.EAGAIN:
		return 0, nil
	}
	return 0, e
}
