//go:build unix

package serve

import (
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

// descriptor returns a duplicate of a file's descriptor that is nobody else's.
func descriptor(t *testing.T, file *os.File, err error) int {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	fd, err := syscall.Dup(int(file.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

func TestAdoptedListenerTakesConnections(t *testing.T) {
	for name, find := range map[string]func(passed) net.Listener{
		"everwire.socket": func(p passed) net.Listener { return p.clients },
		"":                func(p passed) net.Listener { return p.clients },
		"metrics":         func(p passed) net.Listener { return p.metrics },
	} {
		t.Run(name, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			file, err := ln.(*net.TCPListener).File()
			fd := descriptor(t, file, err)
			ln.Close()
			p, err := adopt(fd, 1, []string{name})
			if err != nil {
				t.Fatal(err)
			}
			defer p.close()
			got := find(p)
			if got == nil || (p.clients == nil) == (p.metrics == nil) {
				t.Fatalf("adopted %v", p)
			}
			nc, err := net.Dial("tcp", ln.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			accepted, err := got.Accept()
			if err != nil {
				t.Fatal(err)
			}
			accepted.Close()
		})
	}
}

func TestAdoptTakesNothingButListeners(t *testing.T) {
	r, w, err := os.Pipe()
	fd := descriptor(t, r, err)
	w.Close()
	_, err = adopt(fd, 1, []string{"fifo"})
	if err == nil || !strings.Contains(err.Error(), `"fifo", that takes no connections`) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v", err)
	}
	if syscall.Close(fd) == nil {
		t.Error("the descriptor was left open")
	}
}
