package wstest

import (
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// The rules that a PipeConn shares with a socket are in conformance_test.go.

func inPipe(t *testing.T, size int, test func(t *testing.T, a, b *PipeConn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe(PipeSize(size))
		defer a.Close()
		defer b.Close()
		test(t, a.(*PipeConn), b.(*PipeConn))
	})
}

func TestPipeBuffersExactlyItsSize(t *testing.T) {
	for _, row := range []struct {
		name string
		opts []Option
		size int
	}{
		{"default", nil, 64 << 10},
		{"1 byte", []Option{PipeSize(1)}, 1},
		{"1 MiB", []Option{PipeSize(1 << 20)}, 1 << 20},
		{"last wins", []Option{PipeSize(1), PipeSize(5)}, 5},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := Pipe(row.opts...)
				defer a.Close()
				defer b.Close()
				for _, c := range []net.Conn{a, b} {
					if n, err := c.Write(make([]byte, row.size)); n != row.size || err != nil {
						t.Errorf("Write of %d = %d, %v", row.size, n, err)
					}
					c.SetWriteDeadline(time.Now().Add(time.Hour))
					n, err := c.Write([]byte("x"))
					if n != 0 {
						t.Errorf("Write past %d = %d", row.size, n)
					}
					mustFail(t, err, os.ErrDeadlineExceeded)
				}
			})
		})
	}
}

func TestPipeWriteGoesOnAsThePeerReads(t *testing.T) {
	inPipe(t, 4, func(t *testing.T, a, b *PipeConn) {
		write := inBackground(a.Write, []byte("0123456789"))
		for _, want := range []string{"012", "345", "678"} {
			synctest.Wait()
			select {
			case r := <-write:
				t.Fatalf("Write = %d, %v with bytes left", r.n, r.err)
			default:
			}
			mustRead(t, b, want)
			if want == "345" {
				break // four more fit: the Write is done
			}
		}
		if r := <-write; r.n != 10 || r.err != nil {
			t.Errorf("Write = %d, %v", r.n, r.err)
		}
		mustRead(t, b, "6789")
	})
}

func TestPipeResetDestroysWhatIsBuffered(t *testing.T) {
	for _, row := range []struct {
		name  string
		close func(a, b *PipeConn)
	}{
		{"unread input", func(a, b *PipeConn) { b.Write([]byte("unread")); a.Close() }},
		{"unread input after a half-close", func(a, b *PipeConn) { b.Write([]byte("unread")); a.CloseWrite(); a.Close() }},
		{"linger 0", func(a, b *PipeConn) { a.SetLinger(0); a.Close() }},
		{"linger 0 after a half-close", func(a, b *PipeConn) { a.CloseWrite(); a.SetLinger(0); a.Close() }},
	} {
		t.Run(row.name, func(t *testing.T) {
			inPipe(t, 100, func(t *testing.T, a, b *PipeConn) {
				mustWrite(t, a, "lost")
				row.close(a, b)
				for range 2 {
					mustFailRead(t, b, syscall.ECONNRESET)
					_, err := b.Write([]byte("x"))
					mustFail(t, err, syscall.ECONNRESET)
				}
				mustFail(t, b.CloseWrite(), syscall.ENOTCONN)
				if err := b.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestPipeLingerIsTakenBack(t *testing.T) {
	for _, sec := range []int{-1, 10} {
		inPipe(t, 100, func(t *testing.T, a, b *PipeConn) {
			a.SetLinger(0)
			a.SetLinger(sec)
			mustWrite(t, a, "kept")
			a.Close()
			mustRead(t, b, "kept")
			mustFailRead(t, b, io.EOF)
		})
	}
}

func TestPipeEndOnceReadIsFinal(t *testing.T) {
	inPipe(t, 100, func(t *testing.T, a, b *PipeConn) {
		a.CloseWrite()
		mustFailRead(t, b, io.EOF)
		a.SetLinger(0)
		a.Close()
		mustFailRead(t, b, io.EOF)
		_, err := b.Write([]byte("x"))
		mustFail(t, err, syscall.ECONNRESET)
	})
}

func TestPipeWriteToAClosedPeerFailsAtOnce(t *testing.T) {
	inPipe(t, 100, func(t *testing.T, a, b *PipeConn) {
		mustWrite(t, a, "last words")
		a.Close()
		n, err := b.Write([]byte("x"))
		if n != 0 {
			t.Errorf("n = %d", n)
		}
		mustFail(t, err, syscall.EPIPE)
		mustRead(t, b, "last words") // which that did not destroy
		mustFailRead(t, b, io.EOF)
	})
}

func TestPipeResetInterruptsWaitingCalls(t *testing.T) {
	inPipe(t, 4, func(t *testing.T, a, b *PipeConn) {
		read := inBackground(b.Read, make([]byte, 1))
		write := inBackground(b.Write, []byte("0123456789"))
		next := inBackground(b.Write, []byte("waits for its turn"))
		synctest.Wait()
		a.Close() // with 4 bytes unread
		for _, w := range []<-chan result{read, write, next} {
			mustFail(t, (<-w).err, syscall.ECONNRESET)
		}
	})
}

func TestPipeDeadlineReachesWritesThatWaitForTheirTurn(t *testing.T) {
	inPipe(t, 4, func(t *testing.T, a, b *PipeConn) {
		writes := []<-chan result{inBackground(a.Write, make([]byte, 100)), inBackground(a.Write, make([]byte, 100))}
		synctest.Wait()
		a.SetWriteDeadline(time.Now().Add(time.Minute))
		went := 0
		for _, w := range writes {
			r := <-w
			mustFail(t, r.err, os.ErrDeadlineExceeded)
			went += r.n
		}
		if went != 4 {
			t.Errorf("the Writes report %d bytes gone, the pipe holds 4", went)
		}
	})
}

// Whichever of two Writes looks first when there is room, both go on.
func TestPipeWriteHandsItsTurnOn(t *testing.T) {
	for range 200 {
		inPipe(t, 4, func(t *testing.T, a, b *PipeConn) {
			first := inBackground(a.Write, make([]byte, 6))
			synctest.Wait()
			second := inBackground(a.Write, make([]byte, 1))
			synctest.Wait()
			mustRead(t, b, "\x00\x00\x00")
			for _, w := range []<-chan result{first, second} {
				if r := <-w; r.err != nil {
					t.Error(r.err)
				}
			}
		})
	}
}

func TestPipeDeadlinesOfReadAndWriteAreApart(t *testing.T) {
	inPipe(t, 4, func(t *testing.T, a, b *PipeConn) {
		began := time.Now()
		a.SetReadDeadline(began.Add(time.Second))
		a.SetWriteDeadline(began.Add(time.Minute))
		write := inBackground(a.Write, make([]byte, 5))
		mustFailRead(t, a, os.ErrDeadlineExceeded)
		if took := time.Since(began); took != time.Second {
			t.Errorf("Read failed after %v", took)
		}
		mustFail(t, (<-write).err, os.ErrDeadlineExceeded)
		if took := time.Since(began); took != time.Minute {
			t.Errorf("Write failed after %v", took)
		}
	})
}

func TestPipeErrorsSayWhatSocketsSay(t *testing.T) {
	a, b := newPipe("pipe:1", "pipe:2", 10)
	a.SetReadDeadline(time.Unix(1, 0))
	_, timeout := a.Read(make([]byte, 1))
	b.SetLinger(0)
	b.Close()
	a.SetReadDeadline(time.Time{})
	_, reset := a.Read(make([]byte, 1))
	a.Close()
	for _, row := range []struct {
		err  error
		want string
	}{
		{timeout, "read pipe pipe:1->pipe:2: i/o timeout"},
		{reset, "read pipe pipe:1->pipe:2: read: connection reset by peer"},
		{a.Close(), "close pipe pipe:1->pipe:2: use of closed network connection"},
	} {
		if row.err == nil || row.err.Error() != row.want {
			t.Errorf("error %q, want %q", row.err, row.want)
		}
	}
	var call *os.SyscallError
	if !errors.As(reset, &call) || call.Syscall != "read" {
		t.Errorf("%v does not name its system call", reset)
	}
}

// Outside of a bubble, so that the goroutines are real: a pipe, and its deadlines, own none, and Close ends
// the timers.
func TestPipeLeavesNothingBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 100 {
		a, b := Pipe()
		a.SetDeadline(time.Now().Add(time.Hour))
		b.SetDeadline(time.Now().Add(time.Hour))
		if now := runtime.NumGoroutine(); now > before {
			t.Fatalf("%d goroutines, %d before", now, before)
		}
		a.Close()
		b.Close()
		for _, c := range []net.Conn{a, b} {
			if c := c.(*PipeConn); c.readDeadline.timer != nil || c.writeDeadline.timer != nil {
				t.Fatal("a timer outlives Close")
			}
		}
	}
}
