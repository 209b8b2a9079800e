//go:build unix

package websocket

import (
	"io"
	"net"
	"os"
	"syscall"
)

// A rawInput reads from a socket into memory that is there only once there is something to read: a Conn that waits holds none.
type rawInput struct {
	conn syscall.RawConn // nil: the stream is not a socket of package net itself
	try  func(fd uintptr) bool
	c    *Conn

	size int // of the buffer; set before

	// Of the read under way.
	n   int
	err error
}

func (r *rawInput) init(c *Conn) {
	var err error
	switch nc := c.nc.(type) {
	case *net.TCPConn:
		r.conn, err = nc.SyscallConn()
	case *net.UnixConn:
		r.conn, err = nc.SyscallConn()
	}
	if err != nil {
		r.conn = nil
	}
	r.c, r.try = c, r.tryRead
}

// works reports whether there is such a socket.
func (r *rawInput) works() bool { return r.conn != nil }

// read makes Conn.buf a buffer of the size set and reads into it, as net.Conn's Read does.
func (r *rawInput) read() (int, error) {
	r.n, r.err = 0, nil
	if err := r.conn.Read(r.try); err != nil {
		return 0, err
	}
	return r.n, r.err
}

// tryRead reads what is there, and reports false if that is nothing.
func (r *rawInput) tryRead(fd uintptr) bool {
	c := r.c
	c.newInput(r.size)
	n, err := -1, error(syscall.EINTR)
	for err == syscall.EINTR {
		n, err = syscall.Read(int(fd), c.buf.b[:r.size])
	}
	switch {
	case err == syscall.EAGAIN:
		c.buf.free()
		c.buf, c.in = nil, nil
		return false
	case err != nil:
		r.err = &net.OpError{Op: "read", Net: c.info.local.Network(), Source: c.info.local, Addr: c.info.remote, Err: os.NewSyscallError("read", err)}
	case n == 0:
		r.err = io.EOF
	default:
		r.n = n
	}
	return true
}
