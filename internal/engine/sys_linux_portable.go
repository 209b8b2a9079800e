//go:build linux && (race || !(amd64 || arm64))

package engine

import (
	"io"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const flags = syscall.MSG_DONTWAIT | syscall.MSG_NOSIGNAL

func epollWait(fd int, events []event) int {
	n, err := syscall.EpollWait(fd, asEpollEvents(events), 0)
	if err != nil {
		return 0
	}
	return n
}

func asEpollEvents(events []event) []syscall.EpollEvent {
	return unsafe.Slice((*syscall.EpollEvent)(&events[0]), len(events))
}

// recv reads what is there. Nothing there is no error, and the end of the stream is io.EOF.
func recv(fd int, p []byte) (int, error) {
	for {
		n, _, err := unix.Recvfrom(fd, p, flags)
		switch {
		case err == nil && n == 0:
			return 0, io.EOF
		case err == nil:
			return n, nil
		case err == syscall.EAGAIN:
			return 0, nil
		case err != syscall.EINTR:
			return 0, err
		}
	}
}

func send(fd int, p []byte) (int, error) { return send2(fd, p, nil) }

func send2(fd int, p, q []byte) (int, error) {
	if len(p) == 0 && len(q) == 0 {
		return 0, nil
	}
	for {
		n, err := unix.SendmsgBuffers(fd, [][]byte{p, q}, nil, nil, flags)
		switch err {
		case nil:
			return n, nil
		case syscall.EAGAIN:
			return 0, nil
		case syscall.EINTR:
		default:
			return 0, err
		}
	}
}
