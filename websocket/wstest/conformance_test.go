package wstest

// What every net.Conn must do, run on the connections of this package and, for proof that the tests ask for
// what sockets do, on TCP.

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// A pairKind makes the connections that the conformance tests run on.
type pairKind struct {
	name   string
	make   func(t *testing.T) (a, b net.Conn)
	bubble bool // in memory: runs on synctest's clock
	slow   bool // pieces so small that a test with much data would take long
}

var pairKinds = []pairKind{
	{name: "tcp", make: tcpPair},
	{name: "pipe", make: pipePair(), bubble: true},
	{name: "pipe of 1 byte", make: pipePair(PipeSize(1)), bubble: true, slow: true},
	{name: "pipe of 1000 bytes", make: pipePair(PipeSize(1000)), bubble: true},
	{name: "listener", make: listenerPair, bubble: true},
	{name: "faulty", make: faultyPair(pipePair(), nil), bubble: true},
	{name: "faulty small pipe", make: faultyPair(pipePair(PipeSize(100)), nil), bubble: true},
	{name: "faulty tcp", make: faultyPair(tcpPair, nil)},
	{name: "faulty faulty", make: faultyPair(faultyPair(pipePair(), nil), nil), bubble: true},
	{name: "faulty split 1", make: faultyPair(pipePair(), func(d *Direction) { d.Split(1) }), bubble: true, slow: true},
	{name: "faulty split at", make: faultyPair(pipePair(), func(d *Direction) { d.SplitAt(1, 3, 1000) }), bubble: true},
	{name: "faulty split random", make: faultyPair(pipePair(), func(d *Direction) { d.SplitRandom(1, 3000) }), bubble: true},
	{name: "faulty delay", make: faultyPair(pipePair(), func(d *Direction) { d.Delay(20 * time.Microsecond) }), bubble: true},
	{name: "faulty split and delay", make: faultyPair(pipePair(), func(d *Direction) { d.Split(100).Delay(time.Microsecond) }), bubble: true},
	{name: "faulty corrupt nothing", make: faultyPair(pipePair(), func(d *Direction) { d.CorruptFunc(func(int64, []byte) {}) }), bubble: true},
	{name: "faulty cut far off", make: faultyPair(pipePair(), func(d *Direction) { d.CutAfter(1<<40, CutReset) }), bubble: true},
}

func pipePair(opts ...Option) func(*testing.T) (a, b net.Conn) {
	return func(*testing.T) (a, b net.Conn) { return Pipe(opts...) }
}

func faultyPair(wrapped func(*testing.T) (a, b net.Conn), set func(*Direction)) func(*testing.T) (a, b net.Conn) {
	return func(t *testing.T) (net.Conn, net.Conn) {
		a, b := wrapped(t)
		fa, fb := Faulty(a), Faulty(b)
		if set != nil {
			for _, d := range []*Direction{fa.Reads(), fa.Writes(), fb.Reads(), fb.Writes()} {
				set(d)
			}
		}
		return fa, fb
	}
}

func listenerPair(t *testing.T) (a, b net.Conn) {
	l := Listen()
	defer l.Close()
	a, err := l.Dial(t.Context(), "tcp", "example.com:80")
	if err != nil {
		t.Fatal(err)
	}
	b, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return a, b
}

func tcpPair(t *testing.T) (a, b net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, err = net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{a, b} { // so that little data is enough to fill it
		c.(*net.TCPConn).SetReadBuffer(64 << 10)
		c.(*net.TCPConn).SetWriteBuffer(64 << 10)
	}
	return a, b
}

// eachPair runs test on a fresh pair of every kind, and closes both ends after it.
func eachPair(t *testing.T, test func(t *testing.T, kind pairKind, a, b net.Conn)) {
	t.Helper()
	for _, kind := range pairKinds {
		run := func(t *testing.T) {
			a, b := kind.make(t)
			defer a.Close()
			defer b.Close()
			test(t, kind, a, b)
		}
		t.Run(kind.name, func(t *testing.T) {
			if kind.bubble {
				synctest.Test(t, run)
			} else {
				run(t)
			}
		})
	}
}

// someBytes returns n bytes that are the same for the same seed.
func someBytes(seed byte, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

func mustWrite(t *testing.T, c net.Conn, p string) {
	t.Helper()
	if n, err := c.Write([]byte(p)); n != len(p) || err != nil {
		t.Fatalf("Write(%q) = %d, %v", p, n, err)
	}
}

func mustRead(t *testing.T, c net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(c, got); err != nil || string(got) != want {
		t.Fatalf("read %q, %v; want %q", got[:n], err, want)
	}
}

// mustFail checks that err is target, as on a socket: io.EOF bare, all else in a *net.OpError that says
// whether it was a timeout.
func mustFail(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("error is %v (%T), want %v", err, err, target)
	}
	if target == io.EOF {
		if err != io.EOF {
			t.Fatalf("io.EOF is wrapped in a %T", err)
		}
		return
	}
	op, ok := err.(*net.OpError)
	if !ok {
		t.Fatalf("error %v is a %T, want a *net.OpError", err, err)
	}
	if timeout := target == os.ErrDeadlineExceeded; op.Timeout() != timeout {
		t.Fatalf("%v: Timeout() = %v", err, op.Timeout())
	}
}

func mustFailRead(t *testing.T, c net.Conn, target error) {
	t.Helper()
	n, err := c.Read(make([]byte, 10))
	if n != 0 {
		t.Fatalf("Read = %d, %v; want 0, %v", n, err, target)
	}
	mustFail(t, err, target)
}

func mustCloseWrite(t *testing.T, c net.Conn) {
	t.Helper()
	if err := c.(halfCloser).CloseWrite(); err != nil {
		t.Fatal(err)
	}
}

// result is what a Read or Write in another goroutine returned.
type result struct {
	n   int
	err error
}

func inBackground(op func([]byte) (int, error), p []byte) <-chan result {
	done := make(chan result, 1)
	go func() {
		n, err := op(p)
		done <- result{n, err}
	}()
	return done
}

// untilBlocked waits until the goroutines of the test's bubble can do no more. Without a bubble it does
// nothing: the test must hold either way, and the bubbles prove the interesting one.
func (k pairKind) untilBlocked() {
	if k.bubble {
		synctest.Wait()
	}
}

func TestConnCarriesBytesBothWaysAtOnce(t *testing.T) {
	eachPair(t, func(t *testing.T, kind pairKind, a, b net.Conn) {
		size := 400_000
		if kind.slow {
			size = 4_000
		}
		var wg sync.WaitGroup
		for i, ends := range [][2]net.Conn{{a, b}, {b, a}} {
			from, to, want := ends[0], ends[1], someBytes(byte(i), size)
			wg.Go(func() {
				if n, err := from.Write(want); n != size || err != nil {
					t.Errorf("Write = %d, %v", n, err)
				}
				if err := from.(halfCloser).CloseWrite(); err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() {
				if got, err := io.ReadAll(to); err != nil || !bytes.Equal(got, want) {
					t.Errorf("read %d bytes, %v; want the %d that were written", len(got), err, size)
				}
			})
		}
		wg.Wait()
	})
}

func TestConnPingPong(t *testing.T) {
	eachPair(t, func(t *testing.T, kind pairKind, a, b net.Conn) {
		const rounds = 100
		play := func(c net.Conn, serve bool) error {
			var buf [8]byte
			if serve {
				if _, err := c.Write(buf[:]); err != nil {
					return err
				}
			}
			for {
				if _, err := io.ReadFull(c, buf[:]); err != nil {
					return err
				}
				count := binary.BigEndian.Uint64(buf[:])
				if count == rounds {
					return nil
				}
				binary.BigEndian.PutUint64(buf[:], count+1)
				if _, err := c.Write(buf[:]); err != nil {
					return err
				}
				if count+1 == rounds {
					return nil
				}
			}
		}
		other := make(chan error, 1)
		go func() { other <- play(b, false) }()
		if err := play(a, true); err != nil {
			t.Error(err)
		}
		if err := <-other; err != nil {
			t.Error(err)
		}
	})
}

func TestConnEmptyReadAndWrite(t *testing.T) {
	eachPair(t, func(t *testing.T, kind pairKind, a, b net.Conn) {
		if n, err := a.Read(nil); n != 0 || err != nil {
			t.Errorf("Read(nil) = %d, %v", n, err)
		}
		if n, err := a.Write(nil); n != 0 || err != nil {
			t.Errorf("Write(nil) = %d, %v", n, err)
		}
		mustWrite(t, a, "x")
		mustRead(t, b, "x")
	})
}

func TestConnAddrsMatch(t *testing.T) {
	eachPair(t, func(t *testing.T, kind pairKind, a, b net.Conn) {
		for _, ends := range [][2]net.Conn{{a, b}, {b, a}} {
			local, remote := ends[0].LocalAddr(), ends[1].RemoteAddr()
			if local.String() != remote.String() || local.Network() != remote.Network() {
				t.Errorf("local address %v is %v to the peer", local, remote)
			}
		}
		if a.LocalAddr().String() == a.RemoteAddr().String() {
			t.Errorf("both ends are %v", a.LocalAddr())
		}
	})
}

func TestConnDeadlineInThePast(t *testing.T) {
	for _, at := range []struct {
		name string
		past func() time.Time
	}{
		{"long ago", func() time.Time { return time.Unix(1, 0) }},
		{"now", time.Now},
	} {
		t.Run(at.name, func(t *testing.T) {
			eachPair(t, func(t *testing.T, kind pairKind, a, b net.Conn) {
				mustWrite(t, b, "x") // a deadline holds even if there is something to read
				if err := a.SetDeadline(at.past()); err != nil {
					t.Fatal(err)
				}
				for range 3 {
					mustFailRead(t, a, os.ErrDeadlineExceeded)
					_, err := a.Write([]byte("no"))
					mustFail(t, err, os.ErrDeadlineExceeded)
				}
				if err := a.SetDeadline(time.Time{}); err != nil {
					t.Fatal(err)
				}
				mustRead(t, a, "x")
				mustWrite(t, a, "y")
				mustRead(t, b, "y")
			})
		})
	}
}

func TestConnDeadlineInterruptsWaitingRead(t *testing.T) {
	eachPair(t, func(t *testing.T, kind pairKind, a, b net.Conn) {
		for range 3 {
			a.SetReadDeadline(time.Now().Add(time.Hour))
			read := inBackground(a.Read, make([]byte, 1))
			kind.untilBlocked()
			a.SetReadDeadline(time.Unix(1, 0))
			mustFail(t, (<-read).err, os.ErrDeadlineExceeded)
		}
		a.SetReadDeadline(time.Time{})
		mustWrite(t, a, "o") // the other direction does not care
		mustWrite(t, b, "x")
		mustRead(t, a, "x")
	})
}

func TestConnFutureDeadlines(t *testing.T) {
	eachPair(t, func(t *testing.T, kind pairKind, a, b net.Conn) {
		const wait = 20 * time.Millisecond
		ops := map[string]func([]byte) (int, error){
			"read": a.Read, "write": func(p []byte) (int, error) { return writeUntilFull(a, p) },
		}
		for name, op := range ops {
			began := time.Now()
			a.SetDeadline(began.Add(wait))
			_, err := op(make([]byte, 1000))
			mustFail(t, err, os.ErrDeadlineExceeded)
			if took := time.Since(began); took < wait || kind.bubble && took != wait {
				t.Errorf("%s: failed after %v, want %v", name, took, wait)
			}
		}
	})
}

// writeUntilFull writes p again and again until that fails.
func writeUntilFull(c net.Conn, p []byte) (n int, err error) {
	for err == nil {
		var k int
		k, err = c.Write(p)
		n += k
	}
	return n, err
}

func TestConnDeadlineMovedWhileWaiting(t *testing.T) {
	eachPair(t, func(t *testing.T, kind pairKind, a, b net.Conn) {
		for _, move := range []struct{ from, to time.Duration }{
			{time.Hour, 20 * time.Millisecond},
			{time.Hour, 2 * time.Hour},
		} {
			if move.to > time.Hour && !kind.bubble {
				continue
			}
			began := time.Now()
			a.SetReadDeadline(began.Add(move.from))
			read := inBackground(a.Read, make([]byte, 1))
			kind.untilBlocked()
			a.SetReadDeadline(began.Add(move.to))
			mustFail(t, (<-read).err, os.ErrDeadlineExceeded)
			if took := time.Since(began); took < move.to || kind.bubble && took != move.to {
				t.Errorf("moved from %v to %v: failed after %v", move.from, move.to, took)
			}
		}
	})
}

func TestConnInterruptedWriteReportsHowMuchWent(t *testing.T) {
	eachPair(t, func(t *testing.T, kind pairKind, a, b net.Conn) {
		all := someBytes(7, 100_000)
		if kind.slow {
			all = all[:70_000]
		}
		if !kind.bubble {
			all = someBytes(7, 2<<20)
		}
		a.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
		n, err := a.Write(all)
		mustFail(t, err, os.ErrDeadlineExceeded)
		if n >= len(all) {
			t.Fatalf("Write = %d of %d, with nobody reading", n, len(all))
		}
		a.SetWriteDeadline(time.Time{})
		rest := inBackground(func(p []byte) (int, error) {
			n, err := a.Write(p)
			a.(halfCloser).CloseWrite()
			return n, err
		}, all[n:])
		if got, err := io.ReadAll(b); err != nil || !bytes.Equal(got, all) {
			t.Errorf("the peer read %d bytes, %v; want the %d that were written in two goes", len(got), err, len(all))
		}
		if r := <-rest; r.n != len(all)-n || r.err != nil {
			t.Errorf("second Write = %d, %v; want %d", r.n, r.err, len(all)-n)
		}
	})
}

func TestConnCloseInterruptsWaitingCalls(t *testing.T) {
	eachPair(t, func(t *testing.T, kind pairKind, a, b net.Conn) {
		waiting := []<-chan result{
			inBackground(a.Read, make([]byte, 1)),
			inBackground(a.Read, make([]byte, 1)),
			inBackground(func(p []byte) (int, error) { return writeUntilFull(a, p) }, make([]byte, 10_000)),
			inBackground(func(p []byte) (int, error) { return writeUntilFull(a, p) }, make([]byte, 10_000)),
		}
		kind.untilBlocked()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		for _, w := range waiting {
			mustFail(t, (<-w).err, net.ErrClosed)
		}
	})
}

func TestConnAfterClose(t *testing.T) {
	eachPair(t, func(t *testing.T, kind pairKind, a, b net.Conn) {
		a.SetDeadline(time.Unix(1, 0)) // even then the error is that it is closed
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		_, readErr := a.Read(make([]byte, 1))
		_, writeErr := a.Write([]byte("x"))
		for _, call := range []struct {
			name string
			err  error
		}{
			{"Read", readErr},
			{"Write", writeErr},
			{"SetDeadline", a.SetDeadline(time.Now())},
			{"SetReadDeadline", a.SetReadDeadline(time.Now())},
			{"SetWriteDeadline", a.SetWriteDeadline(time.Now())},
			{"CloseWrite", a.(halfCloser).CloseWrite()},
			{"SetLinger", a.(lingerer).SetLinger(0)},
			{"Close", a.Close()},
		} {
			t.Log(call.name)
			mustFail(t, call.err, net.ErrClosed)
		}
	})
}

func TestConnHalfClose(t *testing.T) {
	eachPair(t, func(t *testing.T, kind pairKind, a, b net.Conn) {
		mustWrite(t, a, "l")
		mustCloseWrite(t, a)
		mustCloseWrite(t, a)
		_, err := a.Write([]byte("x"))
		mustFail(t, err, syscall.EPIPE)
		mustRead(t, b, "l")
		mustFailRead(t, b, io.EOF)
		mustFailRead(t, b, io.EOF)
		mustWrite(t, b, "a") // the other direction lives
		mustRead(t, a, "a")
	})
}

func TestConnHalfCloseEndsWaitingRead(t *testing.T) {
	eachPair(t, func(t *testing.T, kind pairKind, a, b net.Conn) {
		read := inBackground(b.Read, make([]byte, 1))
		kind.untilBlocked()
		mustCloseWrite(t, a)
		mustFail(t, (<-read).err, io.EOF)
	})
}

func TestConnHalfCloseEndsWaitingWrite(t *testing.T) {
	eachPair(t, func(t *testing.T, kind pairKind, a, b net.Conn) {
		write := inBackground(func(p []byte) (int, error) { return writeUntilFull(a, p) }, make([]byte, 100_000))
		kind.untilBlocked()
		mustCloseWrite(t, a)
		r := <-write
		mustFail(t, r.err, syscall.EPIPE)
		if n, err := io.Copy(io.Discard, b); int(n) != r.n || err != nil {
			t.Errorf("the peer read %d, %v; want the %d that the Write reported", n, err, r.n)
		}
	})
}

func TestConnOrderlyCloseLosesNothing(t *testing.T) {
	eachPair(t, func(t *testing.T, kind pairKind, a, b net.Conn) {
		write := inBackground(a.Write, []byte("goodbye"))
		mustRead(t, b, "goodby") // a buffer may have room for one byte only
		if r := <-write; r.err != nil {
			t.Fatal(r.err)
		}
		a.Close()
		mustRead(t, b, "e")
		mustFailRead(t, b, io.EOF)
		_, err := writeUntilFull(b, []byte("x"))
		if !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("writing to a closed peer: %v", err)
		}
	})
}

func TestConnReset(t *testing.T) {
	for _, how := range []struct {
		name  string
		reset func(t *testing.T, a, b net.Conn)
	}{
		{"close with unread input", func(t *testing.T, a, b net.Conn) {
			write := inBackground(b.Write, []byte("ru"))
			mustRead(t, a, "r") // so that "u" is here too
			if r := <-write; r.err != nil {
				t.Fatal(r.err)
			}
			a.Close()
		}},
		{"linger 0", func(t *testing.T, a, b net.Conn) {
			if err := a.(lingerer).SetLinger(0); err != nil {
				t.Fatal(err)
			}
			a.Close()
		}},
	} {
		t.Run(how.name, func(t *testing.T) {
			eachPair(t, func(t *testing.T, kind pairKind, a, b net.Conn) {
				how.reset(t, a, b)
				mustFailRead(t, b, syscall.ECONNRESET)
				_, err := writeUntilFull(b, []byte("x"))
				if !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("writing after a reset: %v", err)
				}
				if err := b.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestConnWritesDoNotMix(t *testing.T) {
	eachPair(t, func(t *testing.T, kind pairKind, a, b net.Conn) {
		const writers, each, record = 4, 5, 300
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for range each {
					if _, err := a.Write(bytes.Repeat([]byte{byte(w)}, record)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		got := make([]byte, writers*each*record)
		if _, err := io.ReadFull(b, got); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		for at := 0; at < len(got); at += record {
			if r := got[at : at+record]; bytes.Count(r, r[:1]) != record {
				t.Fatalf("record at %d is mixed: %v", at, r)
			}
		}
	})
}

// Readers whose deadlines keep running out share a stream: every byte reaches one of them, once.
func TestConnReadDeadlinesLoseNothing(t *testing.T) {
	eachPair(t, func(t *testing.T, kind pairKind, a, b net.Conn) {
		size := 50_000
		if kind.slow {
			size = 2_000
		}
		all := someBytes(3, size)
		var want, got [256]atomic.Int64
		for _, v := range all {
			want[v].Add(1)
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				buf := make([]byte, 100)
				for {
					a.SetReadDeadline(time.Now().Add(100 * time.Microsecond))
					n, err := a.Read(buf)
					for _, v := range buf[:n] {
						got[v].Add(1)
					}
					if err == io.EOF {
						return
					}
					if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
						t.Error(err)
						return
					}
				}
			})
		}
		for chunk := range chunks(all, 997) {
			if _, err := b.Write(chunk); err != nil {
				t.Fatal(err)
			}
			if kind.bubble {
				time.Sleep(300 * time.Microsecond) // of the fake clock: some deadlines run out here
			}
		}
		mustCloseWrite(t, b)
		wg.Wait()
		for v := range want {
			if w, g := want[v].Load(), got[v].Load(); w != g {
				t.Errorf("byte %#x: written %d times, read %d", v, w, g)
			}
		}
	})
}

func chunks(p []byte, size int) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(p) > 0 {
			n := min(size, len(p))
			if !yield(p[:n]) {
				return
			}
			p = p[n:]
		}
	}
}

// Every method in many goroutines, and a Close in the midst of them: for the race detector, and to see that
// all of them come back.
func TestConnConcurrentMethods(t *testing.T) {
	eachPair(t, func(t *testing.T, kind pairKind, a, b net.Conn) {
		var wg sync.WaitGroup
		for _, c := range []net.Conn{a, b} {
			for range 10 {
				calls := []func(){
					func() { c.Read(make([]byte, 100)) },
					func() { c.Write(make([]byte, 100)) },
					func() { c.SetDeadline(time.Now().Add(10 * time.Millisecond)) },
					func() { c.SetReadDeadline(time.Now().Add(-time.Second)) },
					func() { c.SetWriteDeadline(time.Now().Add(time.Millisecond)) },
					func() { c.LocalAddr() },
					func() { c.RemoteAddr() },
					func() { c.(lingerer).SetLinger(-1) },
				}
				for _, call := range calls {
					wg.Go(func() {
						for range 5 {
							call()
						}
					})
				}
			}
		}
		wg.Go(func() { a.(halfCloser).CloseWrite() })
		wg.Go(func() { a.Close() })
		wg.Go(func() { a.Close() })
		wg.Go(func() { b.Close() })
		wg.Wait()
	})
}
