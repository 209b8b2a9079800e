//go:build unix

package websocket

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/everwire/everwire/internal/protocol"
)

// socketPair returns the two ends of a TCP connection.
func socketPair(t *testing.T) (a, b *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	theirs, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	ours, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	return ours.(*net.TCPConn), theirs.(*net.TCPConn)
}

func rawConn(t *testing.T, nc net.Conn) *Conn {
	t.Helper()
	set, err := (&AcceptOptions{}).settings()
	if err != nil {
		t.Fatal(err)
	}
	return newConn(nc, protocol.Server, set, nil, connInfo{local: nc.LocalAddr(), remote: nc.RemoteAddr()})
}

func TestAConnThatWaitsHoldsNoBuffer(t *testing.T) {
	ours, theirs := socketPair(t)
	c := rawConn(t, ours)
	defer c.Terminate()
	c.raw.size = smallRead
	var there bool
	if err := c.raw.conn.Control(func(fd uintptr) { there = c.raw.tryRead(fd) }); err != nil {
		t.Fatal(err)
	}
	if there || c.buf != nil {
		t.Fatalf("nothing has come, but there is something to read: %v, and a buffer: %v", there, c.buf != nil)
	}
	if _, err := theirs.Write([]byte("octets")); err != nil {
		t.Fatal(err)
	}
	n, err := c.raw.read()
	if err != nil || string(c.buf.b[:n]) != "octets" {
		t.Fatalf("read %d octets, %v", n, err)
	}
	theirs.Close()
	if n, err := c.raw.read(); n != 0 || err != io.EOF {
		t.Fatalf("at the end: %d octets, %v", n, err)
	}
}

func TestRawInputReportsAsNetConnDoes(t *testing.T) {
	ours, theirs := socketPair(t)
	c := rawConn(t, ours)
	defer c.Terminate()
	c.raw.size = smallRead
	ours.SetReadDeadline(time.Unix(1, 0))
	if _, err := c.raw.read(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after the deadline: %v", err)
	}
	ours.SetReadDeadline(time.Time{})
	theirs.SetLinger(0)
	theirs.Close()
	var op *net.OpError
	if _, err := c.raw.read(); !errors.Is(err, syscall.ECONNRESET) || !errors.As(err, &op) || op.Addr != c.RemoteAddr() {
		t.Errorf("after a reset: %v", err)
	}
	ours.Close()
	if _, err := c.raw.read(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after closing: %v", err)
	}
}
