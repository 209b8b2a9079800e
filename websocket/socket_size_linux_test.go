package websocket_test

import (
	"bytes"
	"net"
	"net/http"
	"runtime"
	"syscall"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// TestAnIdleConnectionTakesLittleHeap has clients that are nothing but descriptors exchange one message each, and counts what is
// left in the heap then: the sockets, and what their server keeps of them.
func TestAnIdleConnectionTakesLittleHeap(t *testing.T) {
	if websocket.PoisonBuffers {
		t.Skip("a build that checks itself takes more")
	}
	const connections, most = 1000, 310
	var srv websocket.Server
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- srv.Serve(ln) }()
	t.Cleanup(func() {
		srv.Close()
		<-served
	})
	clients := make([]int, 0, 2*connections)
	t.Cleanup(func() {
		for _, fd := range clients {
			syscall.Close(fd)
		}
	})
	addr := ln.Addr().(*net.TCPAddr)
	connect := func(n int) {
		for range n {
			clients = append(clients, exchange(t, addr))
		}
	}
	connect(connections / 10) // with them comes what is there once
	before := liveHeap()
	connect(connections)
	after := liveHeap()
	per := (after - before) / connections
	if per > most {
		t.Errorf("an idle connection takes %d octets of heap, more than %d", per, most)
	}
}

// liveHeap returns what is in use once what is not was collected, pools included.
func liveHeap() int64 {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// exchange makes a connection, and has a message echoed.
func exchange(t *testing.T, addr *net.TCPAddr) (fd int) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: addr.Port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	var buf [1024]byte
	await := func(send string, done func(answer []byte) bool) {
		if _, err := syscall.Write(fd, []byte(send)); err != nil {
			t.Fatal(err)
		}
		for n := 0; !done(buf[:n]); {
			more, err := syscall.Read(fd, buf[n:])
			if err != nil || more == 0 {
				t.Fatalf("%q, and then: %v", buf[:n], err)
			}
			n += more
		}
	}
	await("GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
		func(b []byte) bool { return bytes.HasSuffix(b, []byte("\r\n\r\n")) })
	await("\x81\x84\x00\x00\x00\x00echo", func(b []byte) bool { return string(b) == "\x81\x04echo" })
	return fd
}
