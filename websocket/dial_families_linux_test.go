package websocket_test

import (
	"net"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

// blackHole takes a TCP port of ::1 where nothing is answered, not even that there is nobody: its queue of
// connections is full, so that the kernel drops what comes.
func blackHole(t *testing.T, port int) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET6, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	must(t, err)
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet6{Port: port, Addr: [16]byte{15: 1}}); err != nil {
		t.Skipf("cannot have port %d of ::1: %v", port, err)
	}
	must(t, syscall.Listen(fd, 0))
	for range 10 {
		nc, err := net.DialTimeout("tcp6", net.JoinHostPort("::1", strconv.Itoa(port)), time.Second/4)
		if os.IsTimeout(err) {
			return
		}
		must(t, err)
		t.Cleanup(func() { nc.Close() })
	}
	t.Skip("a full queue does not drop connections here")
}

func TestAnAddressFamilyThatDoesNotAnswerIsNotWaitedFor(t *testing.T) {
	ln := listenOn(t, "127.0.0.1:0")
	port := echoOn(t, ln)
	blackHole(t, ln.Addr().(*net.TCPAddr).Port)
	twoAddresses(t)
	began := time.Now()
	dialAndEcho(t, "ws://both.test:"+port, &websocket.DialOptions{Proxy: websocket.NoProxy, HandshakeTimeout: -1})
	if d := time.Since(began); d > 10*time.Second { // of 30 s, half would be for the first address
		t.Errorf("it took %v", d)
	}
}
