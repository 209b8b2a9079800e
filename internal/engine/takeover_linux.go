package engine

import (
	"errors"
	"net"
	"syscall"
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
		d, _, e := syscall.Syscall(syscall.SYS_FCNTL, old, syscall.F_DUPFD_CLOEXEC, 0)
		if e != 0 {
			err = e
		}
		fd = int(d)
	})
	if control != nil {
		return -1, control
	}
	if err != nil {
		return -1, err
	}
	nc.Close()
	return fd, nil
}

var errNotSocket = errors.New("engine: the stream is not a socket of package net")
