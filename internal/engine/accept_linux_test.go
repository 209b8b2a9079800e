package engine

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var listeners = []struct {
	name, network string
	addr          func(t *testing.T) string
}{
	{"IPv4", "tcp4", func(*testing.T) string { return "127.0.0.1:0" }},
	{"IPv6", "tcp6", func(*testing.T) string { return "[::1]:0" }},
	{"IPv4 on all addresses", "tcp4", func(*testing.T) string { return ":0" }},
	{"all addresses", "tcp", func(*testing.T) string { return ":0" }},
	{"unix", "unix", func(t *testing.T) string { return filepath.Join(t.TempDir(), "socket") }},
	{"unix without a file", "unix", func(*testing.T) string { return "@" }},
}

// listening runs a Listener for the length of a test, and returns what it accepts.
func listening(t *testing.T, ln net.Listener) (l *Listener, accepted <-chan Accepted, ended <-chan error) {
	t.Helper()
	l, err := Listen(ln)
	must(t, err)
	took, end := make(chan Accepted, 10), make(chan error, 1)
	over := make(chan struct{})
	go func() {
		defer close(over)
		end <- l.Run(func(a Accepted) { took <- a })
	}()
	t.Cleanup(func() {
		l.Close()
		within(t, "Run", over)
	})
	return l, took, end
}

func dial(t *testing.T, to net.Addr) net.Conn {
	t.Helper()
	if tcp, ok := to.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		to = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: tcp.Port}
	}
	nc, err := net.Dial(to.Network(), to.String())
	must(t, err)
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(patience))
	return nc
}

func TestAListenerAcceptsAsPackageNetDoes(t *testing.T) {
	for _, row := range listeners {
		t.Run(row.name, func(t *testing.T) {
			ln, err := net.Listen(row.network, row.addr(t))
			if err != nil && row.network == "tcp6" {
				t.Skip("there is no IPv6 here")
			}
			must(t, err)
			early := dial(t, ln.Addr()) // is in the queue before there is a Listener
			l, accepted, _ := listening(t, ln)
			for i := range 3 {
				c := early
				if i > 0 {
					c = dial(t, ln.Addr())
				}
				a := within(t, "a connection", accepted)
				defer a.Close()
				wantFlags(t, a.fd)
				if l.options.tcp {
					for _, opt := range keepAlive {
						v, err := syscall.GetsockoptInt(a.fd, opt.level, opt.name)
						if err != nil || v != opt.value {
							t.Errorf("option %d of level %d is %d, %v", opt.name, opt.level, v, err)
						}
					}
				}
				nc := asNet(t, a.fd)
				if !reflect.DeepEqual(a.Local, nc.LocalAddr()) || !reflect.DeepEqual(a.Remote, nc.RemoteAddr()) {
					t.Errorf("it is of %#v from %#v, by package net of %#v from %#v", a.Local, a.Remote, nc.LocalAddr(), nc.RemoteAddr())
				}
				for _, addr := range []net.Addr{a.Local, a.Remote} {
					if got := AddrString(addr); got != addr.String() {
						t.Errorf("AddrString returns %q of %q", got, addr)
					}
				}
				_, err := io.WriteString(nc, "x")
				must(t, err)
				if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
					t.Errorf("it is not a connection in this order: %v", err)
				}
				nc.Close()
			}
			if l.options.tcp && !l.options.inherited {
				t.Error("each connection has its options set")
			}
		})
	}
}

func wantFlags(t *testing.T, fd int) {
	t.Helper()
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("it outlives exec: %v", err)
	}
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK == 0 {
		t.Errorf("it blocks: %v", err)
	}
}

// asNet is package net's view of a descriptor.
func asNet(t *testing.T, fd int) net.Conn {
	t.Helper()
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	must(t, err)
	f := os.NewFile(uintptr(own), "accepted")
	defer f.Close()
	nc, err := net.FileConn(f)
	must(t, err)
	return nc
}

func TestAddrStringOfRareAddresses(t *testing.T) {
	for _, a := range []net.Addr{
		&net.TCPAddr{},
		&net.TCPAddr{IP: net.ParseIP("::ffff:192.0.2.1"), Port: 1},
		&net.TCPAddr{IP: net.ParseIP("fe80::1"), Port: 65535, Zone: "eth0"},
		&net.UnixAddr{Name: "@", Net: "unix"},
	} {
		if got := AddrString(a); got != a.String() {
			t.Errorf("it returns %q of %q", got, a)
		}
	}
}

func TestListenRefusesWhatIsNotPackageNets(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	if _, err := Listen(struct{ net.Listener }{ln}); err == nil {
		t.Error("it took a listener that somebody has wrapped")
	}
	must(t, ln.Close())
	if _, err := Listen(ln); err == nil {
		t.Error("it took a listener that is closed")
	}
	eventually(t, "the engine's end", func() bool { return !working() })
}

func TestAListenerEnds(t *testing.T) {
	for _, row := range []struct {
		name string
		end  func(*Listener, net.Listener) error
	}{
		{"by Close", func(l *Listener, _ net.Listener) error { return l.Close() }},
		{"when somebody closes the listener below", func(_ *Listener, ln net.Listener) error { return ln.Close() }},
	} {
		t.Run(row.name, func(t *testing.T) {
			onEachPoller(t, func(t *testing.T) {
				ln, err := net.Listen("tcp", "127.0.0.1:0")
				must(t, err)
				l, _, ended := listening(t, ln)
				must(t, row.end(l, ln))
				if err := within(t, "Run", ended); !errors.Is(err, net.ErrClosed) {
					t.Errorf("Run returned %v", err)
				}
				if nc, err := net.Dial("tcp", ln.Addr().String()); err == nil {
					nc.Close()
					t.Error("it still listens")
				}
				if err := l.Close(); !errors.Is(err, net.ErrClosed) {
					t.Errorf("Close of what is closed returned %v", err)
				}
			})
		})
	}
}

// noDescriptors takes all that the process may have, until it is called back.
func noDescriptors(t *testing.T) (giveBack func()) {
	t.Helper()
	var limit syscall.Rlimit
	must(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	top, err := syscall.Open("/dev/null", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	must(t, err)
	few := limit
	few.Cur = uint64(top) + 20
	must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few))
	taken := []int{top}
	for {
		fd, err := syscall.Open("/dev/null", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		if err != nil {
			break
		}
		taken = append(taken, fd)
	}
	giveBack = sync.OnceFunc(func() {
		for _, fd := range taken {
			syscall.Close(fd)
		}
		must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
	})
	t.Cleanup(giveBack)
	return giveBack
}

func TestAListenerWithoutDescriptors(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	to := syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: ln.Addr().(*net.TCPAddr).Port}
	var clients [3]int
	for i := range clients {
		clients[i], err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
		must(t, err)
		defer syscall.Close(clients[i])
	}
	l, accepted, _ := listening(t, ln)
	state := func() (reserve int, pause time.Duration) {
		l.Lock()
		defer l.Unlock()
		return l.reserve, l.pause
	}
	eventually(t, "the reserve", func() bool { reserve, _ := state(); return reserve >= 0 })

	giveBack := noDescriptors(t)
	for _, fd := range clients {
		must(t, syscall.Connect(fd, &to))
		if n, err := syscall.Read(fd, make([]byte, 1)); n > 0 {
			t.Errorf("a client that there is no room for reads %d octets, %v", n, err)
		}
		if reserve, pause := state(); reserve < 0 || pause < firstPause {
			t.Errorf("in reserve is %d, the next try after %v", reserve, pause)
		}
	}
	if _, pause := state(); pause < 4*firstPause {
		t.Errorf("after three tries the pause is %v", pause)
	}
	if len(accepted) > 0 {
		t.Error("one was let in")
	}
	giveBack()
	c := dial(t, ln.Addr())
	a := within(t, "a connection, with descriptors again", accepted)
	a.Close()
	c.Read(make([]byte, 1))
	eventually(t, "the pause's end", func() bool { _, pause := state(); return pause == 0 })
	dial(t, ln.Addr())
	a = within(t, "another", accepted)
	a.Close()
}

func TestErrorsOfAccept(t *testing.T) {
	for _, row := range []struct {
		err             error
		gone, exhausted bool
	}{
		{syscall.ECONNABORTED, true, false},
		{syscall.EINTR, true, false},
		{syscall.EHOSTUNREACH, true, false},
		{syscall.EMFILE, false, true},
		{syscall.ENFILE, false, true},
		{syscall.ENOBUFS, false, true},
		{syscall.EINVAL, false, false},
	} {
		if gone(row.err) != row.gone || exhausted(row.err) != row.exhausted {
			t.Errorf("%v: gone %v, exhausted %v", row.err, gone(row.err), exhausted(row.err))
		}
	}
}

// place puts a connection that was accepted on a loop.
func place(t *testing.T) *end {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	_, accepted, _ := listening(t, ln)
	e := newEnd(t)
	e.peer = dial(t, ln.Addr())
	must(t, e.Place(within(t, "a connection", accepted), e))
	return e
}

func TestHandOver(t *testing.T) {
	onEachPoller(t, func(t *testing.T) {
		first, second := place(t), newEnd(t)
		fired := make(chan struct{})
		first.timeout = func(*Worker) { t.Error("the first handler's timer went off") }
		second.timeout = func(*Worker) { close(fired) }
		first.watch(t, true, false)
		first.SetTimer(time.Hour)
		first.Lock()
		second.in = true
		first.HandOver(&second.Conn, second)
		first.Unlock()

		io.WriteString(first.peer, "in")
		if got := second.got(t, 2); got != "in" {
			t.Errorf("the second handler got %q", got)
		}
		second.SetTimer(30 * time.Millisecond)
		within(t, "the timer", fired)
		first.finish() // is nothing to it any more
		second.peer = first.peer
		second.send(t, "out")
		second.reads(t, "out")
		second.finish()
		within(t, "Closed", second.closed)
		if first.calls.Load() > 0 {
			t.Error("the first handler's Closed was called")
		}
		first.peer.Close()
	})
}

func TestDisown(t *testing.T) {
	onEachPoller(t, func(t *testing.T) {
		e := place(t)
		e.watch(t, true, false)
		e.SetTimer(time.Nanosecond)
		e.Lock()
		fd := e.Disown()
		again := e.Disown()
		_, err := e.Send([]byte("x"))
		e.Unlock()
		if again != -1 || err == nil {
			t.Errorf("what is disowned has descriptor %d, and sends: %v", again, err)
		}
		nc := asNet(t, fd)
		syscall.Close(fd)
		io.WriteString(nc, "mine")
		e.reads(t, "mine")
		io.WriteString(e.peer, "yours")
		if _, err := io.ReadFull(nc, make([]byte, 5)); err != nil {
			t.Errorf("what comes after Disown is lost: %v", err)
		}
		nc.Close()
		e.peer.Close()
		if e.calls.Load() > 0 || e.input.Len() > 0 {
			t.Errorf("the handler was called, with %q", e.input.String())
		}
	})
}

func TestSendLastLeavesInOnePacketWithTheEnd(t *testing.T) {
	for atOnce := false; !atOnce; { // the system keeps it for 200 ms, and the machine may do other things meanwhile
		e := place(t)
		before := segments(t, e.peer)
		e.Lock()
		began := time.Now()
		n, err := e.SendLast([]byte("bye"))
		e.ShutdownWrite()
		atOnce = time.Since(began) < 100*time.Millisecond
		e.Unlock()
		if n != 3 || err != nil {
			t.Errorf("%d octets sent: %v", n, err)
		}
		if all, err := io.ReadAll(e.peer); string(all) != "bye" || err != nil {
			t.Errorf("the peer got %q and %v", all, err)
		}
		if n := segments(t, e.peer) - before; atOnce && n != 1 {
			t.Errorf("they were %d packets", n)
		}
		e.finish()
		within(t, "Closed", e.closed)
		e.Lock()
		if _, err := e.SendLast([]byte("x")); err == nil {
			t.Error("what is closed sends")
		}
		e.Unlock()
	}
}

// segments returns how many packets have come to a TCP connection.
func segments(t *testing.T, nc net.Conn) (n uint32) {
	t.Helper()
	raw, err := nc.(*net.TCPConn).SyscallConn()
	must(t, err)
	must(t, raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		must(t, err)
		n = info.Segs_in
	}))
	return n
}

func TestClosingDoesNotWaitUnlessToldTo(t *testing.T) {
	for _, linger := range []bool{false, true} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		raw, err := ln.(*net.TCPListener).SyscallConn()
		must(t, err)
		must(t, raw.Control(func(fd uintptr) {
			if linger {
				err = unix.SetsockoptLinger(int(fd), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1, Linger: 1})
			}
		}))
		must(t, err)
		_, accepted, _ := listening(t, ln)
		dial(t, ln.Addr())
		a := within(t, "a connection", accepted)
		if a.prompt == linger {
			t.Errorf("with SO_LINGER %v, closing is prompt: %v", linger, a.prompt)
		}
		first, second := newEnd(t), newEnd(t)
		must(t, first.Place(a, first))
		first.Lock()
		first.HandOver(&second.Conn, second)
		first.Unlock()
		if second.prompt == linger {
			t.Errorf("with SO_LINGER %v, closing is prompt after HandOver: %v", linger, second.prompt)
		}
		second.finish()
		within(t, "Closed", second.closed)
	}
}
