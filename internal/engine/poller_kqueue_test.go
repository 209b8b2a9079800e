//go:build everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd)

package engine

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// aPoller is a poller, and one end of a TCP connection that belongs to it. No descriptor of its own is left behind.
func aPoller(t *testing.T) (p *poller, fd int, peer *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	nc, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	accepted, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if fd, err = descriptor(accepted); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	p = new(poller)
	if err := p.open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	peer = nc.(*net.TCPConn)
	peer.SetDeadline(time.Now().Add(30 * time.Second))
	return p, fd, peer
}

// watch changes what a descriptor is watched for.
func (p *poller) watch(t *testing.T, fd int, before, after interest) {
	t.Helper()
	if err := p.control(fd, testID, before, after); err != nil {
		t.Fatal(err)
	}
}

// soon is a deadline that is only reached by a test that fails.
func soon() time.Duration { return Since() + 30*time.Second }

// testID has a generation that makes it an address, if it were one, among those of Go's heap.
const testID = 0x140<<32 | 0x2a8

func TestKqueueReportsWhatIsWatchedFor(t *testing.T) {
	for _, row := range []struct {
		name               string
		steps              []interest
		readable, writable bool
	}{
		{"nothing", nil, false, false},
		{"input", []interest{reading}, true, false},
		{"room for output", []interest{writing}, false, true},
		{"both", []interest{reading | writing}, true, true},
		{"input, then both", []interest{reading, reading | writing}, true, true},
		{"both, then input", []interest{reading | writing, reading}, true, false},
		{"both, then room for output", []interest{reading | writing, writing}, false, true},
		{"input, then room for output", []interest{reading, writing}, false, true},
		{"both, then nothing", []interest{reading | writing, 0}, false, false},
		{"input, nothing, input", []interest{reading, 0, reading}, true, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			p, fd, peer := aPoller(t)
			p.watch(t, fd, 0, reading)
			io.WriteString(peer, "x")
			var events [8]event
			if n := p.park(events[:], soon()); n != 1 {
				t.Fatalf("%d events for what came", n)
			}
			p.watch(t, fd, reading, 0)

			var before interest
			for _, after := range row.steps {
				p.watch(t, fd, before, after)
				before = after
			}
			var readable, writable bool
			for _, e := range events[:p.poll(events[:])] {
				if e.id() != testID {
					t.Errorf("an event of %#x", e.id())
				}
				readable = readable || e.readable()
				writable = writable || e.writable()
			}
			if readable != row.readable || writable != row.writable {
				t.Errorf("readable %v, writable %v", readable, writable)
			}
		})
	}
}

func TestKqueueWakeEndsPark(t *testing.T) {
	p, _, _ := aPoller(t)
	for _, early := range []bool{false, true} {
		if early {
			p.wake()
		} else {
			time.AfterFunc(time.Millisecond, p.wake)
		}
		var events [1]event
		if n := p.park(events[:], soon()); n != 1 || events[0].id() != 0 {
			t.Fatalf("%d events, the first of %#x", n, events[0].id())
		}
		p.woken()
		if n := p.poll(events[:]); n != 0 {
			t.Error("the wake is there again")
		}
	}
}

func TestKqueueDeadlineEndsPark(t *testing.T) {
	p, _, _ := aPoller(t)
	for _, after := range []time.Duration{-time.Second, 0, 3 * time.Millisecond} {
		deadline := Since() + after
		var events [1]event
		if n := p.park(events[:], deadline); n != 0 {
			t.Errorf("%d events", n)
		}
		if now := Since(); now < deadline {
			t.Errorf("%v before the deadline", deadline-now)
		}
	}
}

func TestKqueueEndOfStreamComesAfterTheInput(t *testing.T) {
	p, fd, peer := aPoller(t)
	io.WriteString(peer, "last words")
	peer.CloseWrite()
	p.watch(t, fd, 0, reading)
	var got strings.Builder
	for {
		var events [4]event
		if n := p.park(events[:], soon()); n != 1 || !events[0].readable() {
			t.Fatalf("%d events", n)
		}
		var b [4]byte
		n, err := recv(fd, b[:])
		got.Write(b[:n])
		if err == io.EOF {
			break
		}
		if n == 0 {
			t.Fatalf("readable, but %v", err)
		}
	}
	if got.String() != "last words" {
		t.Errorf("got %q", got.String())
	}
}

func TestKqueueSendTakesWhatThereIsRoomFor(t *testing.T) {
	p, fd, peer := aPoller(t)
	if n, err := recv(fd, make([]byte, 10)); n != 0 || err != nil {
		t.Errorf("of no input %d octets, %v", n, err)
	}
	head, rest := []byte("head"), make([]byte, 64<<10)
	var sent int64
	for {
		n, err := send2(fd, head, rest)
		if err != nil {
			t.Fatal(err)
		}
		if sent += int64(n); n == 0 {
			break
		}
	}
	p.watch(t, fd, 0, writing)
	received := make(chan error)
	go func() {
		_, err := io.CopyN(io.Discard, peer, sent)
		received <- err
	}()
	var events [4]event
	if n := p.park(events[:], soon()); n != 1 || !events[0].writable() {
		t.Errorf("%d events for room", n)
	}
	if err := <-received; err != nil {
		t.Error(err)
	}
	if n, err := send(fd, head); n != len(head) || err != nil {
		t.Errorf("with room %d octets, %v", n, err)
	}
}

func TestKqueueAbortResetsAndKeepsTheNumber(t *testing.T) {
	p, fd, peer := aPoller(t)
	p.watch(t, fd, 0, reading|writing)
	abort(fd)
	if _, err := peer.Read(make([]byte, 1)); !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("the peer sees %v", err)
	}
	var events [4]event
	if n := p.poll(events[:]); n != 0 {
		t.Errorf("%d events of what is gone", n)
	}
	if n, err := send(fd, []byte("x")); n != 0 || err == nil {
		t.Errorf("sent %d octets, %v", n, err)
	}
	if n, err := recv(fd, make([]byte, 1)); n != 0 || err == nil || err == io.EOF {
		t.Errorf("received %d octets, %v", n, err)
	}
	p.watch(t, fd, reading|writing, 0)
}

func TestKqueueDescriptorsAreNotInherited(t *testing.T) {
	p, fd, _ := aPoller(t)
	abort(fd)
	for _, d := range []int{p.queue, p.ears, p.mouth, fd} {
		flags, err := unix.FcntlInt(uintptr(d), unix.F_GETFD, 0)
		if err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("descriptor %d has the flags %#x, %v", d, flags, err)
		}
	}
}
