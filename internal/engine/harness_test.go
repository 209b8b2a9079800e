//go:build linux

package engine

import (
	"bytes"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for what must happen.
const patience = 30 * time.Second

func within[T any](t *testing.T, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		buf := make([]byte, 1<<20)
		t.Fatalf("still waiting for %s\n%s", what, buf[:runtime.Stack(buf, true)])
	}
	return v
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// descriptors returns how many descriptors this process has.
func descriptors(t *testing.T) int {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return len(open)
}

// working reports whether there is a worker.
func working() bool {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	return bytes.Contains(stacks, []byte("engine.(*Worker).")) || bytes.Contains(stacks, []byte("engine.(*Loop).steal"))
}

// eventually waits until something holds that nobody tells of.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for limit := time.Now().Add(patience); !holds(); runtime.Gosched() {
		if time.Now().After(limit) {
			t.Fatalf("still waiting for %s", what)
		}
	}
}

// onEachPoller runs a test with loops that wait in Go's netpoller, and with loops that wait on threads of their own.
// No descriptor may be left behind.
func onEachPoller(t *testing.T, test func(t *testing.T)) {
	for _, kind := range []struct {
		name   string
		refuse bool
	}{{"netpoller", false}, {"thread", true}} {
		t.Run(kind.name, func(t *testing.T) {
			eventually(t, "the workers of the test before", func() bool { return !working() })
			before := descriptors(t)
			t.Cleanup(func() {
				eventually(t, "the workers' end", func() bool { return !working() })
				eventually(t, "the descriptors' end", func() bool { return descriptors(t) == before })
			})
			refuseGate = kind.refuse
			t.Cleanup(func() { refuseGate = false })
			test(t)
		})
	}
}

// hold keeps an engine running for the length of a test.
func hold(t *testing.T) {
	t.Helper()
	e, err := acquire()
	must(t, err)
	t.Cleanup(e.release)
}

// oneLoop keeps an engine of one loop running for the length of a test.
func oneLoop(t *testing.T) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	hold(t)
}

// onProcessors sets GOMAXPROCS for the length of a test.
func onProcessors(t *testing.T, n int) {
	before := runtime.GOMAXPROCS(n)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}

// A stream makes the two ends of a connection.
type stream struct {
	name string
	pair func(t *testing.T) (a, b net.Conn)
}

var streams = []stream{{"tcp", tcpPair}, {"unix", unixPair}}

func tcpPair(t *testing.T) (a, b net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer ln.Close()
	b, err = net.Dial("tcp", ln.Addr().String())
	must(t, err)
	a, err = ln.Accept()
	must(t, err)
	return a, b
}

func unixPair(t *testing.T) (a, b net.Conn) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	must(t, err)
	var ends [2]net.Conn
	for i, fd := range fds {
		f := os.NewFile(uintptr(fd), "socketpair")
		ends[i], err = net.FileConn(f)
		f.Close()
		must(t, err)
	}
	return ends[0], ends[1]
}

// An end is a connection whose handler a test makes up. A method that it says nothing of has a default: all
// input is read and kept in input.
//
// Calls for it can overlap, once one has lost its loop. So it does what every handler must: one of them at a time
// reads, from Prepare to the end of Received, and the connection is not finished meanwhile.
type end struct {
	Conn
	sync.Mutex
	peer net.Conn

	prepare                   func(w *Worker) []byte
	received                  func(w *Worker, input []byte, err error)
	writable, attend, timeout func(w *Worker)
	stolen, closing           func()

	in, out bool         // what is to be watched for; guarded by the lock, as is what follows
	reading bool         // a call is between Prepare and the end of Received
	over    bool         // it is to be finished
	input   bytes.Buffer // what came

	visits  atomic.Int32 // calls of Prepare
	calls   atomic.Int32 // of Closed
	closed  chan struct{}
	changed chan struct{} // input arrived
	ended   chan error    // why there is no more input
}

// newEnd returns an end that is not adopted yet.
func newEnd(t *testing.T) *end {
	return &end{closed: make(chan struct{}), changed: make(chan struct{}, 1), ended: make(chan error, 1)}
}

// adopt puts one end of a stream on a loop, to be finished with the test.
func (e *end) adopt(t *testing.T, s stream) *end {
	t.Helper()
	a, b := s.pair(t)
	must(t, e.Adopt(a, e))
	e.peer = b
	t.Cleanup(func() {
		e.finish()
		within(t, "Closed", e.closed)
		b.Close()
	})
	return e
}

// watch has input and room for output watched for.
func (e *end) watch(t *testing.T, input, output bool) *end {
	t.Helper()
	e.Lock()
	defer e.Unlock()
	e.in, e.out = input, output
	must(t, e.Watch(input && !e.reading, output))
	return e
}

// finish finishes the connection, once nobody reads from it.
func (e *end) finish() {
	e.Lock()
	defer e.Unlock()
	e.over = true
	if !e.reading {
		e.Finish()
	}
}

// rest ends a call that read.
func (e *end) rest() {
	e.Lock()
	defer e.Unlock()
	e.reading = false
	if e.over {
		e.Finish()
	} else {
		e.Watch(e.in, e.out)
	}
}

// send sends all of p, which must have room.
func (e *end) send(t *testing.T, p string) {
	t.Helper()
	e.Lock()
	defer e.Unlock()
	n, err := e.Send([]byte(p))
	if n != len(p) || err != nil {
		t.Errorf("%d of %d octets sent: %v", n, len(p), err)
	}
}

func (e *end) Prepare(w *Worker) (buf []byte) {
	e.visits.Add(1)
	e.Lock()
	if e.reading || e.over || !e.in { // !in: the event was gathered before, by a worker that the loop was stolen from
		e.Watch(false, e.out)
		e.Unlock()
		return nil
	}
	e.reading = true
	e.Unlock()
	if e.prepare == nil {
		return w.Buffer()
	}
	defer func() { // also after Goexit
		if buf == nil {
			e.rest()
		}
	}()
	return e.prepare(w)
}

func (e *end) Received(w *Worker, input []byte, err error) {
	defer e.rest()
	if e.received != nil {
		e.received(w, input, err)
		return
	}
	e.keep(input, err)
}

// keep is what is done with input by default.
func (e *end) keep(input []byte, err error) {
	e.Lock()
	defer e.Unlock()
	e.input.Write(input)
	if err != nil {
		e.in = false
		e.ended <- err
	}
	select {
	case e.changed <- struct{}{}:
	default:
	}
}

// got waits for so much input, and returns it.
func (e *end) got(t *testing.T, octets int) string {
	t.Helper()
	for {
		e.Lock()
		got := e.input.String()
		e.Unlock()
		if len(got) >= octets {
			return got
		}
		within(t, "input", e.changed)
	}
}

func (e *end) Writable(w *Worker) { call(e.writable, w) }
func (e *end) Attend(w *Worker)   { call(e.attend, w) }
func (e *end) Timeout(w *Worker)  { call(e.timeout, w) }

func call(f func(*Worker), w *Worker) {
	if f != nil {
		f(w)
	}
}

func (e *end) Stolen() {
	if e.stolen != nil {
		e.stolen()
	}
}

func (e *end) Closed(*Worker) {
	if e.calls.Add(1) == 1 {
		defer close(e.closed)
	}
	if e.closing != nil {
		e.closing()
	}
}

// echoing has what comes go back.
func echoing(t *testing.T, s stream) *end {
	t.Helper()
	e := newEnd(t)
	e.received = func(_ *Worker, input []byte, err error) {
		e.Lock()
		defer e.Unlock()
		if err != nil {
			e.in = false
			return
		}
		e.Send(input)
	}
	return e.adopt(t, s).watch(t, true, false)
}

// echo has something go there and back.
func (e *end) echo(t *testing.T, word string) {
	t.Helper()
	e.peer.SetDeadline(time.Now().Add(patience))
	_, err := io.WriteString(e.peer, word)
	must(t, err)
	e.reads(t, word)
}

// reads has the peer read something.
func (e *end) reads(t *testing.T, word string) {
	t.Helper()
	e.peer.SetDeadline(time.Now().Add(patience))
	got := make([]byte, len(word))
	if n, err := io.ReadFull(e.peer, got); string(got[:n]) != word {
		t.Fatalf("the peer got %q and %v, not %q", got[:n], err, word)
	}
}
