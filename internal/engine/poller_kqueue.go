//go:build everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd)

package engine

import (
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A poller is a kqueue of a loop's sockets.
//
// Its worker waits in the kqueue itself, which takes a thread while the loop has nothing to do. To wait in Go's netpoller it would have
// to watch this kqueue, and whether os.NewFile gets a kqueue into it depends on the system. The goroutine is not locked to
// the thread: a worker that loses its loop goes on, and thousands of these must not be thousands of threads.
type poller struct {
	queue int
	ears  int // the end of a pipe that the queue watches for wake

	mu    sync.Mutex // guards mouth: anybody may wake
	mouth int        // the pipe's other end. EVFILT_USER is younger than some of the systems, a pipe is not
}

// An event says that something can be done with a connection: the words of a unix.Kevent_t, whose Udata is a pointer on
// most systems. Ours is a connection's id, which the garbage collector must not take for one.
type event [unsafe.Sizeof(unix.Kevent_t{}) / 8]uint64

const udata = unsafe.Offsetof(unix.Kevent_t{}.Udata) / 8

func (e *event) id() uint64           { return e[udata] }
func (e *event) is(filter int16) bool { return int16(e.kevent().Filter) == filter }
func (e *event) writable() bool       { return e.is(unix.EVFILT_WRITE) }

// readable is also what shows by reading: the end of the stream, or an error. So EV_EOF says nothing that recv does
// not, after the octets that came before it.
func (e *event) readable() bool { return e.is(unix.EVFILT_READ) }

func (e *event) kevent() *unix.Kevent_t { return (*unix.Kevent_t)(unsafe.Pointer(e)) }

func kevents(events []event) []unix.Kevent_t {
	return unsafe.Slice(events[0].kevent(), len(events))
}

func (p *poller) open() (err error) {
	p.queue, p.ears, p.mouth = -1, -1, -1
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if err := p.descriptors(); err != nil {
		return err
	}
	for _, fd := range []int{p.ears, p.mouth} {
		if err := unix.SetNonblock(fd, true); err != nil {
			return os.NewSyscallError("fcntl", err)
		}
	}
	return p.control(p.ears, wakeID, 0, reading)
}

// descriptors opens the poller's descriptors, which no child process inherits.
func (p *poller) descriptors() (err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if p.queue, err = unix.Kqueue(); err != nil {
		return os.NewSyscallError("kqueue", err)
	}
	unix.CloseOnExec(p.queue)
	var pipe [2]int
	if err := unix.Pipe(pipe[:]); err != nil {
		return os.NewSyscallError("pipe", err)
	}
	p.ears, p.mouth = pipe[0], pipe[1]
	unix.CloseOnExec(p.ears)
	unix.CloseOnExec(p.mouth)
	return nil
}

func (p *poller) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, fd := range []int{p.queue, p.ears, p.mouth} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
	p.mouth = -1
}

// poll fetches what is ready, without waiting.
func (p *poller) poll(events []event) int { return p.wait(events, new(unix.Timespec)) }

// pollHeavy is poll for the heavy lane, which is empty: all connections are in one queue.
func (p *poller) pollHeavy([]event) int { return 0 }

// park waits until something is ready, a deadline by the engine's clock, or wake, and fetches what is ready.
func (p *poller) park(events []event, deadline time.Duration) int {
	if deadline == 0 {
		return p.wait(events, nil)
	}
	timeout := unix.NsecToTimespec(int64(max(deadline-time.Since(epoch), 0)))
	return p.wait(events, &timeout)
}

func (p *poller) wait(events []event, timeout *unix.Timespec) int {
	n, err := unix.Kevent(p.queue, nil, kevents(events), timeout)
	if err != nil {
		return 0
	}
	return n
}

// yield lets other goroutines run. Those that wait in Go's netpoller may have to wait for its own thread to look, 10 ms.
func (p *poller) yield() { runtime.Gosched() }

// wake ends a wait, or prevents the next one.
func (p *poller) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mouth >= 0 {
		unix.Write(p.mouth, []byte{1})
	}
}

// woken takes note that wake was called.
func (p *poller) woken() {
	var b [64]byte
	unix.Read(p.ears, b[:])
}

// control changes what a descriptor is watched for.
func (p *poller) control(fd int, id uint64, before, after interest) error {
	changes := make([]event, 0, 2)
	changes = appendChanges(changes, fd, id, after&^before, unix.EV_ADD) // first, as only this can fail
	changes = appendChanges(changes, fd, id, before&^after, unix.EV_DELETE)
	_, err := unix.Kevent(p.queue, kevents(changes), nil, nil)
	if err != nil && err != unix.ENOENT { // abort has taken it out
		return os.NewSyscallError("kevent", err)
	}
	return nil
}

// appendChanges appends what the kernel is to be told of a descriptor: that of each filter of an interest.
func appendChanges(changes []event, fd int, id uint64, which interest, flags int) []event {
	for _, f := range [...]struct {
		interest interest
		filter   int
	}{{reading, unix.EVFILT_READ}, {writing, unix.EVFILT_WRITE}} {
		if which&f.interest != 0 {
			var e event
			unix.SetKevent(e.kevent(), fd, f.filter, flags)
			e[udata] = id
			changes = append(changes, e)
		}
	}
	return changes
}
