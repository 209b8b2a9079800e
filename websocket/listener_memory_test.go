package websocket

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
)

func TestMemoryReadsWhatWasReceived(t *testing.T) {
	m := memory{in: []byte("received")}
	p := make([]byte, 5)
	for _, want := range []string{"recei", "ved"} {
		if n, err := m.Read(p); string(p[:n]) != want || err != nil {
			t.Fatalf("got %q, %v; want %q", p[:n], err, want)
		}
	}
	n, err := m.Read(p)
	if e, ok := err.(interface{ Temporary() bool }); n != 0 || !ok || !e.Temporary() || errors.As(err, new(net.Error)) != ok {
		t.Fatalf("with nothing there: %d, %v; want a temporary error", n, err)
	}
	m.in, m.end = []byte("last"), io.EOF
	if n, err := m.Read(p); string(p[:n]) != "last" || err != nil {
		t.Fatalf("before the end: %q, %v", p[:n], err)
	}
	if n, err := m.Read(p); n != 0 || err != io.EOF {
		t.Fatalf("at the end: %d, %v", n, err)
	}
}

// A sink takes so many octets, then none.
type sink struct {
	bytes.Buffer
	room int
	err  error
}

func (s *sink) Send(p []byte) (int, error) {
	n := min(len(p), s.room)
	s.room -= n
	s.Write(p[:n])
	return n, s.err
}

func TestMemoryKeepsWhatIsNotSent(t *testing.T) {
	var m memory
	m.reserve(100)
	to := &sink{room: 4}
	io.WriteString(&m, "written")
	if all, err := m.flush(to); all || err != nil || to.String() != "writ" {
		t.Fatalf("a system that takes 4 octets: %v, %v, %q", all, err, to)
	}
	io.WriteString(&m, ", more")
	to.room = 100
	if all, err := m.flush(to); !all || err != nil || to.String() != "written, more" {
		t.Fatalf("once there is room: %v, %v, %q", all, err, to)
	}
	if m.out != nil {
		t.Fatal("what is sent is still kept")
	}
}

func TestMemoryThatCannotSendTakesNothing(t *testing.T) {
	var m memory
	broken := errors.New("broken")
	io.WriteString(&m, "written")
	if all, err := m.flush(&sink{err: broken}); all || err != broken {
		t.Fatalf("got %v, %v", all, err)
	}
	if n, err := io.WriteString(&m, "more"); n != 0 || err != broken {
		t.Fatalf("afterwards: %d, %v", n, err)
	}
	if all, err := m.flush(&sink{room: 100}); all || err != broken || m.out != nil {
		t.Fatalf("sending goes on: %v, %v", all, err)
	}
}

// A peer that has TLS answer, and does not read, must not fill memory.
func TestMemoryIsBounded(t *testing.T) {
	var m memory
	answer := make([]byte, 27)
	written := 0
	var err error
	for err == nil && written <= maxUnsent {
		var n int
		n, err = m.Write(answer)
		written += n
	}
	if err != errUnsent || written > maxUnsent || written < maxUnsent/2+sealSizeAtMost {
		t.Fatalf("%d octets were taken; then %v", written, err)
	}
	if to := (&sink{room: maxUnsent}); true {
		if all, err := m.flush(to); !all || err != nil || to.Len() != written {
			t.Fatalf("what was taken is not sent: %v, %v, %d octets", all, err, to.Len())
		}
	}
}

// sealSizeAtMost is half of what is kept, for a piece of a batch is to fit into the other half.
const sealSizeAtMost = 60 << 10

func TestEmptyWritesAreNothing(t *testing.T) {
	var m memory
	if n, err := m.Write(nil); n != 0 || err != nil {
		t.Fatalf("got %d, %v", n, err)
	}
	to := &sink{}
	if all, err := m.flush(to); !all || err != nil {
		t.Fatalf("got %v, %v", all, err)
	}
}
