//go:build linux

package engine

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// onEachStream runs a test on each poller with each kind of stream.
func onEachStream(t *testing.T, test func(t *testing.T, s stream)) {
	onEachPoller(t, func(t *testing.T) {
		for _, s := range streams {
			t.Run(s.name, func(t *testing.T) { test(t, s) })
		}
	})
}

func TestAdoptTakesTheStreamOver(t *testing.T) {
	onEachStream(t, func(t *testing.T, s stream) {
		a, b := s.pair(t)
		defer b.Close()
		e := newEnd(t)
		must(t, e.Adopt(a, e))
		if _, err := a.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the old stream can still be written to: %v", err)
		}
		_, err := io.WriteString(b, "in")
		must(t, err)
		e.watch(t, true, false)
		if got := e.got(t, 2); got != "in" {
			t.Errorf("got %q", got)
		}
		e.peer = b
		e.send(t, "out")
		e.reads(t, "out")
		e.finish()
		within(t, "Closed", e.closed)
	})
}

func TestAdoptLeavesAStreamThatItCannotTake(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	e := newEnd(t)
	if e.Adopt(a, e) == nil {
		t.Fatal("it took a pipe")
	}
	go io.WriteString(a, "x")
	if _, err := io.ReadFull(b, make([]byte, 1)); err != nil {
		t.Errorf("the stream is not as it was: %v", err)
	}
	eventually(t, "the engine's end", func() bool { return !working() })

	closed, peer := tcpPair(t)
	closed.Close()
	defer peer.Close()
	if e.Adopt(closed, e) == nil {
		t.Error("it took a stream that is closed")
	}
}

func TestAdoptWithoutDescriptorsLeft(t *testing.T) {
	hold(t)
	a, b := tcpPair(t)
	defer a.Close()
	defer b.Close()
	var limit syscall.Rlimit
	must(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	none := limit
	none.Cur = 1
	must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none))
	e := newEnd(t)
	err := e.Adopt(a, e)
	must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
	if !errors.Is(err, syscall.EMFILE) {
		t.Errorf("got %v, not EMFILE", err)
	}
	go io.WriteString(a, "x")
	if _, err := io.ReadFull(b, make([]byte, 1)); err != nil {
		t.Errorf("the stream is not as it was: %v", err)
	}
}

func TestInputIsReadHoweverItIsSplit(t *testing.T) {
	long := strings.Repeat("0123456789", 30_000)
	for _, row := range []struct {
		name   string
		pieces []string
		room   int
	}{
		{"octet by octet", strings.Split("octet by octet", ""), bufferSize},
		{"more than a buffer", []string{long}, bufferSize},
		{"three octets of room", []string{long[:1000], "and", " ", "more"}, 3},
		{"one octet of room", []string{"abc"}, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			onEachStream(t, func(t *testing.T, s stream) {
				e := newEnd(t)
				e.prepare = func(w *Worker) []byte { return w.Buffer()[:row.room] }
				e.adopt(t, s).watch(t, true, false)
				var sending sync.WaitGroup
				defer sending.Wait()
				sending.Go(func() {
					for _, p := range row.pieces {
						io.WriteString(e.peer, p)
					}
				})
				want := strings.Join(row.pieces, "")
				if got := e.got(t, len(want)); got != want {
					t.Errorf("%d octets came, which are not the %d that were sent", len(got), len(want))
				}
			})
		})
	}
}

func TestInputWaitsWhilePrepareHasNoMemoryForIt(t *testing.T) {
	onEachStream(t, func(t *testing.T, s stream) {
		e := newEnd(t)
		refused := make(chan struct{}, 1)
		refuse := true // guarded by e
		e.prepare = func(w *Worker) []byte {
			e.Lock()
			defer e.Unlock()
			if refuse {
				e.in = false
				refused <- struct{}{}
				return nil
			}
			return w.Buffer()
		}
		e.adopt(t, s).watch(t, true, false)
		io.WriteString(e.peer, "later")
		within(t, "Prepare", refused)
		e.Lock()
		refuse = false
		e.Unlock()
		e.watch(t, true, false)
		if got := e.got(t, 5); got != "later" {
			t.Errorf("got %q", got)
		}
	})
}

func TestHalfCloseIsReadToTheEndAndClosesNothing(t *testing.T) {
	onEachStream(t, func(t *testing.T, s stream) {
		e := newEnd(t)
		e.prepare = func(w *Worker) []byte { return w.Buffer()[:1000] }
		e.adopt(t, s)
		sent := strings.Repeat("ahead of the FIN ", 2000)
		_, err := io.WriteString(e.peer, sent)
		must(t, err)
		must(t, e.peer.(interface{ CloseWrite() error }).CloseWrite())
		e.watch(t, true, false) // what came and the FIN are reported at once
		if err := within(t, "the end of the input", e.ended); err != io.EOF {
			t.Errorf("the input ended with %v", err)
		}
		if got := e.got(t, 0); got != sent {
			t.Errorf("%d octets came before the end, %d were sent", len(got), len(sent))
		}
		e.send(t, "still open")
		e.reads(t, "still open")
		if e.calls.Load() != 0 {
			t.Error("the connection was closed by its peer's half-close")
		}
	})
}

func TestShutdownWriteEndsOneHalf(t *testing.T) {
	onEachStream(t, func(t *testing.T, s stream) {
		e := newEnd(t).adopt(t, s).watch(t, true, false)
		e.Lock()
		e.ShutdownWrite()
		e.Unlock()
		if n, err := e.peer.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the peer read %d octets and %v, not the end", n, err)
		}
		io.WriteString(e.peer, "on")
		e.got(t, 2)
	})
}

func TestShortWritesGoOnWithWritable(t *testing.T) {
	onEachStream(t, func(t *testing.T, s stream) {
		e := newEnd(t)
		sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
		rest, short, all := sent, 0, make(chan struct{})
		write := func() {
			e.Lock()
			defer e.Unlock()
			if len(rest) == 0 {
				return // another call was faster
			}
			n, err := e.Send2(rest[:min(100, len(rest))], rest[min(100, len(rest)):])
			if err != nil {
				t.Error(err)
			}
			if rest = rest[n:]; len(rest) > 100 {
				short++
				e.Watch(false, true)
				return
			}
			n, _ = e.Send(rest) // as little as that, or nothing
			if rest = rest[n:]; len(rest) == 0 {
				e.Watch(false, false)
				close(all)
			} else {
				e.Watch(false, true)
			}
		}
		e.writable = func(*Worker) { write() }
		e.adopt(t, s)
		write()
		got := make([]byte, len(sent))
		e.peer.SetDeadline(time.Now().Add(patience))
		_, err := io.ReadFull(e.peer, got)
		must(t, err)
		within(t, "the last write", all)
		if !bytes.Equal(got, sent) {
			t.Error("what arrived is not what was sent")
		}
		if short == 0 {
			t.Error("every write was taken whole: nothing was tested")
		}
	})
}

func TestSendOfNothing(t *testing.T) {
	e := newEnd(t).adopt(t, streams[0])
	e.Lock()
	defer e.Unlock()
	if n, err := e.Send(nil); n != 0 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
}

func TestManyPostsAreAsOne(t *testing.T) {
	l, w := idleLoop(t)
	e, attended := newEnd(t), 0
	e.attend = func(*Worker) {
		if attended++; attended == 1 {
			e.Post() // asks for one more call, also from within one
		}
	}
	l.give(t, e)
	for range 100 {
		e.Post()
	}
	if n := len(l.mail.conns); n != 1 {
		t.Errorf("100 posts left %d entries", n)
	}
	w.attend()
	if attended != 2 {
		t.Errorf("Attend was called %d times, not twice", attended)
	}
	e.Post()
	w.attend()
	if attended != 3 {
		t.Error("a post after all were attended to was lost")
	}
}

func TestPostFromAnywhereIsAttendedTo(t *testing.T) {
	onEachPoller(t, func(t *testing.T) {
		e, attended := newEnd(t), make(chan struct{})
		e.attend = func(*Worker) { attended <- struct{}{} }
		e.adopt(t, streams[0])
		for range 300 {
			e.Post()
			within(t, "Attend", attended)
		}
	})
}

func TestFinishClosesOnce(t *testing.T) {
	onEachStream(t, func(t *testing.T, s stream) {
		e := newEnd(t).adopt(t, s).watch(t, true, true)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				e.Finish()
				e.Post()
				e.SetTimer(time.Nanosecond)
			})
		}
		all.Wait()
		within(t, "Closed", e.closed)
		if n, err := e.peer.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the peer read %d octets and %v, not the end", n, err)
		}
		e.Lock()
		_, err := e.Send([]byte("x"))
		_, err2 := e.Send2([]byte("x"), []byte("y"))
		if err != syscall.EBADF || err2 != syscall.EBADF {
			t.Errorf("sending after the end gave %v and %v", err, err2)
		}
		must(t, e.Watch(true, false))
		e.ShutdownWrite()
		e.Abort()
		e.Unlock()
		e.Post()
		e.SetTimer(time.Nanosecond)
		echoing(t, s).echo(t, "the loop has seen to all of it")
		if n := e.calls.Load(); n != 1 {
			t.Errorf("Closed was called %d times", n)
		}
	})
}

func TestAbortResetsAtOnce(t *testing.T) {
	onEachPoller(t, func(t *testing.T) {
		e := newEnd(t).adopt(t, streams[0])
		e.Lock()
		e.Abort()
		e.Unlock()
		if _, err := e.peer.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the peer sees %v, not a reset", err)
		}
		if e.calls.Load() != 0 {
			t.Error("Abort closed the descriptor")
		}
	})
}

func TestTimerFiresOnceAndNotEarly(t *testing.T) {
	onEachPoller(t, func(t *testing.T) {
		e, fired := newEnd(t), make(chan time.Duration, 10)
		e.timeout = func(*Worker) { fired <- Since() }
		e.adopt(t, streams[0])
		for range 3 {
			due := Since() + 30*time.Millisecond
			e.SetTimer(time.Hour)
			e.SetTimer(30 * time.Millisecond)
			if at := within(t, "Timeout", fired); at < due {
				t.Errorf("it fired %v early", due-at)
			}
		}
		if n := len(fired); n != 0 {
			t.Errorf("it fired %d times more", n)
		}
	})
}
