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

func epollCtl(set, op, fd int, ev *syscall.EpollEvent) error {
	return syscall.EpollCtl(set, op, fd, ev)
}

// shutdownWrite ends this end's half of a stream.
func shutdownWrite(fd int) { syscall.Shutdown(fd, syscall.SHUT_WR) }

func closeDescriptor(fd int, _ bool) { syscall.Close(fd) }

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

func send(fd int, p []byte) (int, error) { return sendWith(fd, p, flags) }

func sendWith(fd int, p []byte, flags int) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	return sendParts(fd, [][]byte{p}, flags)
}

func send2(fd int, p, q []byte) (int, error) { return sendParts(fd, [][]byte{p, q}, flags) }

func sendParts(fd int, parts [][]byte, flags int) (int, error) {
	for {
		n, err := unix.SendmsgBuffers(fd, parts, nil, nil, flags)
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
