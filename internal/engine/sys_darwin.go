//go:build everwire_kqueue && (amd64 || arm64)

package engine

import "golang.org/x/sys/unix"

const flags = unix.MSG_DONTWAIT

// prepare sets what flags cannot say: MSG_NOSIGNAL is new to macOS, and MSG_DONTWAIT is not heeded when it sends.
func prepare(fd int) {
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_NOSIGPIPE, 1)
	unix.SetNonblock(fd, true)
}
