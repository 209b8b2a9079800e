//go:build linux || (everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd))

package engine

import (
	"errors"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// descriptor returns a descriptor of its own for a stream, and closes the stream, which takes it out of Go's netpoller.
func descriptor(nc net.Conn) (fd int, err error) {
	var raw syscall.RawConn
	switch nc := nc.(type) {
	case *net.TCPConn:
		raw, err = nc.SyscallConn()
	case *net.UnixConn:
		raw, err = nc.SyscallConn()
	default:
		return -1, errNotSocket
	}
	if err != nil {
		return -1, err
	}
	control := raw.Control(func(old uintptr) {
		fd, err = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0)
	})
	if control != nil {
		return -1, control
	}
	if err != nil {
		return -1, err
	}
	nc.Close()
	prepare(fd)
	return fd, nil
}

var errNotSocket = errors.New("engine: the stream is not a socket of package net")
