//go:build everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd)

package engine

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// abort resets a TCP connection without giving up its descriptor's number: a socket that is connected to nothing takes
// its place. Closing the connection that way takes it out of the poller, too. Without a descriptor to spare it is shut down.
func abort(fd int) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	nothing, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.CloseOnExec(nothing)
		defer unix.Close(nothing)
		unix.SetNonblock(nothing, true)
		unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		err = unix.Dup2(nothing, fd)
		unix.CloseOnExec(fd)
	}
	if err != nil {
		unix.Shutdown(fd, unix.SHUT_RDWR)
	}
}
