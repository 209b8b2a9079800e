//go:build linux

package engine

import (
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// idleLoop returns a loop whose worker does only what the test has it do.
func idleLoop(t *testing.T) (*Loop, *Worker) {
	t.Helper()
	e := &engine{users: 1}
	e.monitor.init(e)
	l, err := newLoop(e)
	must(t, err)
	t.Cleanup(l.poller.close)
	return l, newWorker(l, 0)
}

// give puts an end with a descriptor of its own on the loop.
func (l *Loop) give(t *testing.T, e *end) {
	t.Helper()
	a, b := unixPair(t)
	fd, err := descriptor(a)
	must(t, err)
	e.peer = b
	e.handler, e.fd = e, int32(fd)
	l.engine.users++
	l.add(&e.Conn)
	t.Cleanup(func() {
		b.Close()
		if e.fd >= 0 {
			l.close(&e.Conn)
		}
	})
}

func TestEventsOfAClosedConnectionDoNotReachItsSuccessor(t *testing.T) {
	l, w := idleLoop(t)
	old := newEnd(t)
	l.give(t, old)
	old.watch(t, true, true)
	io.WriteString(old.peer, "for the old one")
	if l.n = l.poller.poll(l.events[:]); l.n != 1 {
		t.Fatalf("%d events", l.n)
	}
	slot := old.slot
	old.Finish()
	w.attend()
	within(t, "Closed", old.closed)

	successor := newEnd(t)
	called := func(*Worker) { t.Error("the successor was told of what happened to the one before") }
	successor.writable = called
	successor.prepare = func(*Worker) []byte { called(nil); return nil }
	l.give(t, successor)
	if successor.slot != slot {
		t.Fatalf("the successor has slot %d, not %d: nothing was tested", successor.slot, slot)
	}
	if !w.handleEvents() {
		t.Error("the lease is lost")
	}
	if l.next != 1 {
		t.Errorf("%d events were handled", l.next)
	}
}

// The descriptor of a connection is used under its handler's lock, and closed under it, too: so between the look
// whether it is still there and the system call nobody else gets its number.
func TestDescriptorIsNotClosedBetweenCheckAndWrite(t *testing.T) {
	onEachPoller(t, func(t *testing.T) {
		asked := make(chan struct{}, 8)
		e := &lockTeller{end: newEnd(t), asked: asked}
		a, b := unixPair(t)
		defer b.Close()
		must(t, e.Adopt(a, e))

		e.end.Lock()
		fd := e.fd // the check of Conn.Send…
		if fd < 0 {
			t.Fatal("closed too early")
		}
		e.Finish()
		select {
		case <-asked: // the loop waits for the lock
		case <-e.closed: // it does not
		case <-time.After(patience):
			t.Fatal("nobody closes the connection")
		}
		var others [8]*end
		for i := range others { // whoever comes now does not get the number
			others[i] = newEnd(t).adopt(t, streams[1])
			if others[i].fd == fd {
				t.Errorf("another connection got the descriptor of one that is written to")
			}
		}
		if n, err := send(int(fd), []byte("old")); n != 3 || err != nil { // …and its system call
			t.Errorf("%d octets sent, %v", n, err)
		}
		e.end.Unlock()
		within(t, "Closed", e.closed)
		e.peer = b
		e.reads(t, "old")
	})
}

// A lockTeller tells when the engine wants the handler's lock.
type lockTeller struct {
	*end
	asked chan<- struct{}
}

func (l *lockTeller) Lock() {
	l.asked <- struct{}{}
	l.end.Lock()
}

// Connections come and go, and so do the numbers of their descriptors, while others send to each.
func TestOctetsReachOnlyTheConnectionTheyAreMeantFor(t *testing.T) {
	onEachPoller(t, func(t *testing.T) {
		hold(t)
		var lines sync.WaitGroup
		for line := range 4 {
			lines.Go(func() {
				rnd := rand.New(rand.NewPCG(uint64(line), 7))
				for i := range 50 {
					sendUntilClosed(t, rnd, fmt.Sprintf("<%d/%d>", line, i))
				}
			})
		}
		lines.Wait()
	})
}

// sendUntilClosed has two goroutines send a connection's name to it, while it is closed, and looks what arrives.
func sendUntilClosed(t *testing.T, rnd *rand.Rand, name string) {
	e := newEnd(t)
	e.received = func(_ *Worker, input []byte, err error) {
		if got := string(input); strings.Trim(got, "i") != "" {
			t.Errorf("%s got %q", name, got)
		}
		if err != nil {
			e.finish()
		}
	}
	a, b := unixPair(t)
	defer b.Close()
	must(t, e.Adopt(a, e))
	e.watch(t, true, false)
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			for {
				e.Lock()
				n, err := e.Send([]byte(name))
				e.Unlock()
				if err != nil {
					return
				}
				if n == 0 {
					runtime.Gosched()
				}
			}
		})
	}
	all.Go(func() {
		received, _ := io.ReadAll(b) // a reset is no news: there may be input that was not read
		if !strings.HasPrefix(strings.Repeat(name, len(received)/len(name)+1), string(received)) {
			t.Errorf("the peer of %s got %d octets that are not all its own", name, len(received))
		}
	})
	for range rnd.IntN(20) {
		io.WriteString(b, "i")
	}
	if rnd.IntN(2) == 0 {
		b.(interface{ CloseWrite() error }).CloseWrite()
	} else {
		e.finish()
	}
	within(t, "Closed", e.closed)
	all.Wait()
}

// TestTimeoutDoesNotComeAfterClosed: another worker may have closed a connection whose time had come.
func TestTimeoutDoesNotComeAfterClosed(t *testing.T) {
	l, w := idleLoop(t)
	for _, gone := range []bool{false, true} {
		e := newEnd(t)
		called := false
		e.timeout = func(*Worker) { called = true }
		l.give(t, e)
		l.expired, l.firing = []*Conn{&e.Conn}, 0
		if gone {
			l.close(&e.Conn)
		}
		w.fire()
		if called == gone {
			t.Errorf("closed: %v, Timeout was called: %v", gone, called)
		}
	}
}

// TestALoopDoesNotWaitForTheNetpollerAmongBusyGoroutines: with a goroutine that fills the only processor, the way by the
// netpoller takes until that is preempted.
func TestALoopDoesNotWaitForTheNetpollerAmongBusyGoroutines(t *testing.T) {
	onProcessors(t, 1)
	l, _ := idleLoop(t)
	for short := false; !short; { // unless the machine did other things meanwhile
		l.crowded = 0
		before := l.clock()
		l.yield(before)
		if short = Since()-before <= longYield; short && (l.crowded != 0 || l.pressed) {
			t.Fatalf("alone it yields %d times without the netpoller; that it took long is %v", l.crowded, l.pressed)
		}
	}
	var enough atomic.Bool
	busy := make(chan struct{})
	go func() {
		close(busy)
		for !enough.Load() {
		}
	}()
	<-busy
	for n := 0; !l.pressed; n++ { // the busy one may just be at the end of its time
		if n == 100 {
			t.Fatal("beside a busy goroutine no yield seems to take long")
		}
		l.yield(l.clock())
	}
	after := l.crowded
	l.yield(l.clock())
	enough.Store(true)
	if after != crowdedTurns || l.crowded != crowdedTurns-1 {
		t.Errorf("beside a busy goroutine it yields %d times, then %d times without the netpoller", after, l.crowded)
	}
}

// A connection may be posted before its loop has looked at anything: what its handler then takes for the present must not be the
// time when the process started.
func TestALoopKnowsTheTimeFromTheBeginning(t *testing.T) {
	before := Since()
	_, w := idleLoop(t)
	if now := w.Now(); now < before {
		t.Fatalf("a new loop's time is %v, but %v have passed", now, before)
	}
}
