package wstest

import (
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// The rules that a FaultyConn without faults shares with a socket are in conformance_test.go, its settings in
// direction_test.go, cut_test.go and flow_test.go.

// net.Pipe has neither CloseWrite nor SetLinger.
func TestFaultyOverAConnectionWithoutHalfClose(t *testing.T) {
	over := func(t *testing.T, test func(t *testing.T, f *FaultyConn, peer net.Conn)) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			a, peer := net.Pipe()
			f := Faulty(a)
			defer peer.Close()
			defer f.Close()
			test(t, f, peer)
		})
	}
	t.Run("calls", func(t *testing.T) {
		over(t, func(t *testing.T, f *FaultyConn, peer net.Conn) {
			mustFail(t, f.CloseWrite(), errors.ErrUnsupported)
			mustFail(t, f.SetLinger(0), errors.ErrUnsupported)
			read := inBackground(peer.Read, make([]byte, 1))
			mustWrite(t, f, "x") // nothing has changed
			if r := <-read; r.n != 1 {
				t.Error(r.err)
			}
		})
	})
	for _, how := range []Cut{CutEOF, CutReset} {
		t.Run(how.String(), func(t *testing.T) {
			over(t, func(t *testing.T, f *FaultyConn, peer net.Conn) {
				f.Writes().CutAfter(0, how)
				mustFailRead(t, peer, io.EOF)
				if how == CutEOF {
					mustCloseWrite(t, f) // it is done already
				}
				if err := f.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestFaultyPassesAddressesAndConnection(t *testing.T) {
	a, b := Pipe()
	defer b.Close()
	f := Faulty(a)
	defer f.Close()
	if f.NetConn() != a || f.LocalAddr() != a.LocalAddr() || f.RemoteAddr() != a.RemoteAddr() {
		t.Errorf("%v, %v, %v", f.NetConn(), f.LocalAddr(), f.RemoteAddr())
	}
}

func TestFaultyPassesTheEndOn(t *testing.T) {
	for _, row := range []struct {
		name string
		end  func(f *FaultyConn)
		want error // of the peer's Read
	}{
		{"half-close", func(f *FaultyConn) { f.CloseWrite() }, io.EOF},
		{"close", func(f *FaultyConn) { f.Close() }, io.EOF},
		{"linger 0", func(f *FaultyConn) { f.SetLinger(0); f.Close() }, syscall.ECONNRESET},
	} {
		t.Run(row.name, func(t *testing.T) {
			inFaulty(t, func(t *testing.T, f *FaultyConn, peer *PipeConn) {
				row.end(f)
				mustFailRead(t, peer, row.want)
			})
		})
	}
}

// An end that the wrapped connection reports stays as it is through the wrapper.
func TestFaultyPassesThePeersResetOn(t *testing.T) {
	inFaulty(t, func(t *testing.T, f *FaultyConn, peer *PipeConn) {
		peer.SetLinger(0)
		peer.Close()
		mustFailRead(t, f, syscall.ECONNRESET)
		_, err := f.Write([]byte("x"))
		mustFail(t, err, syscall.ECONNRESET)
	})
}

// Everything at once, the final cuts included: for the race detector, and to see that every call comes back.
func TestFaultyConcurrentSettings(t *testing.T) {
	for _, how := range []Cut{CutEOF, CutReset, CutSilent} {
		t.Run(how.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := Pipe(PipeSize(100))
				f := Faulty(a)
				var wg sync.WaitGroup
				for range 3 {
					for _, c := range []net.Conn{f, b} {
						wg.Go(func() { io.Copy(io.Discard, c) })
						wg.Go(func() {
							for range 1000 { // a CutSilent takes any number of Writes without end
								if _, err := c.Write(make([]byte, 1000)); err != nil {
									return
								}
							}
						})
					}
				}
				for _, d := range []*Direction{f.Reads(), f.Writes()} {
					for _, set := range []func(){
						func() { d.Split(7) },
						func() { d.SplitAt(d.Bytes() + 5) },
						func() { d.SplitRandom(3, 50) },
						func() { d.Delay(time.Microsecond) },
						func() { d.Corrupt(d.Bytes()+3, 1) },
						func() { d.CorruptFunc(func(_ int64, b []byte) { clear(b) }) },
						func() { d.CutAfter(d.Bytes()+1000, CutSilent) },
						func() { d.Clear() },
						func() { f.SetDeadline(time.Now().Add(time.Minute)) },
					} {
						wg.Go(func() {
							for range 20 {
								set()
								time.Sleep(time.Microsecond)
							}
						})
					}
				}
				time.Sleep(time.Millisecond)
				f.Writes().CutAfter(0, how)
				f.Reads().CutAfter(0, how)
				time.Sleep(time.Millisecond)
				f.Close()
				a.Close()
				b.Close()
				wg.Wait()
			})
		})
	}
}

func TestFaultyLeavesNothingBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 100 {
		a, b := Pipe()
		f := Faulty(a)
		f.SetDeadline(time.Now().Add(time.Hour))
		f.Reads().Delay(time.Hour)
		if now := runtime.NumGoroutine(); now > before {
			t.Fatalf("%d goroutines, %d before", now, before)
		}
		f.Close()
		b.Close()
		if f.reads.flow.deadline.timer != nil || f.writes.flow.deadline.timer != nil {
			t.Fatal("a timer outlives Close")
		}
	}
}
