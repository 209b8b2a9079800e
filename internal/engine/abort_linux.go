package engine

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// abort resets a TCP connection without closing its descriptor: by connecting it to no address. What is not TCP is
// shut down.
func abort(fd int) {
	unspec := syscall.RawSockaddr{Family: syscall.AF_UNSPEC}
	_, _, e := syscall.Syscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&unspec)), unsafe.Sizeof(unspec))
	if e != 0 {
		syscall.Shutdown(fd, syscall.SHUT_RDWR)
	}
}
