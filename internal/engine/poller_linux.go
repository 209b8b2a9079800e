package engine

import (
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A poller is an epoll set of a loop's sockets, whose worker waits in Go's netpoller, so that no thread is blocked.
//
// A set that stayed armed in there would wake some thread for every packet, also while the worker is
// at work. So there is another set between the two, the gate: it watches the first for one event, and is
// armed only when the worker goes to wait.
type poller struct {
	set, gate int
	heavy     int      // the set of the heavy lane, which set watches
	file      *os.File // the gate, in Go's netpoller; nil: there it cannot be, and the worker waits on a thread of its own
	raw       syscall.RawConn
	deadline  time.Duration // that file has
	armed     bool          // the gate was armed, and its event not consumed

	// Of the wait under way. The functions are bound once, so that waiting allocates nothing.
	events            []event
	found             int
	yielding          bool
	tryPark, tryYield func(uintptr) bool

	mu      sync.Mutex // guards eventfd: anybody may wake
	eventfd int
}

// refuseGate has tests see what happens where Go's netpoller does not take the gate.
var refuseGate bool

// An event says that something can be done with a connection.
type event syscall.EpollEvent

func (e *event) id() uint64 { return uint64(uint32(e.Pad))<<32 | uint64(uint32(e.Fd)) }
func (e *event) writable() bool {
	return e.Events&(syscall.EPOLLOUT|syscall.EPOLLERR|syscall.EPOLLHUP) != 0
}

// readable is also what shows by reading: the end of the stream, or an error.
func (e *event) readable() bool { return e.Events&^syscall.EPOLLOUT != 0 }

func (p *poller) open() (err error) {
	p.set, p.heavy, p.gate, p.eventfd = -1, -1, -1, -1
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if p.set, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	if p.eventfd, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return os.NewSyscallError("eventfd", err)
	}
	if p.heavy, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	if err := p.control(p.eventfd, wakeID, 0, reading); err != nil {
		return err
	}
	if err := p.control(p.heavy, heavyID, 0, reading); err != nil {
		return err
	}
	return p.openGate()
}

func (p *poller) openGate() error {
	var err error
	if p.gate, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	ev := syscall.EpollEvent{Events: 0}
	if err := syscall.EpollCtl(p.gate, syscall.EPOLL_CTL_ADD, p.set, &ev); err != nil {
		return os.NewSyscallError("epoll_ctl", err)
	}
	syscall.SetNonblock(p.gate, true)
	f := os.NewFile(uintptr(p.gate), "event loop")
	if refuseGate || f.SetReadDeadline(time.Time{}) != nil {
		f.Close()
		p.gate = -1
		return nil
	}
	p.file = f
	p.tryPark, p.tryYield = p.parked, p.yielded
	p.raw, err = f.SyscallConn()
	return err
}

func (p *poller) close() {
	switch {
	case p.file != nil:
		p.file.Close()
	case p.gate >= 0:
		syscall.Close(p.gate)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, fd := range []int{p.set, p.heavy, p.eventfd} {
		if fd >= 0 {
			syscall.Close(fd)
		}
	}
	p.eventfd = -1
}

// poll fetches what is ready, without waiting.
func (p *poller) poll(events []event) int { return epollWait(p.set, events) }

// pollHeavy is poll for the heavy lane.
func (p *poller) pollHeavy(events []event) int { return epollWait(p.heavy, events) }

// park waits until something is ready, a deadline by the engine's clock, or wake, and fetches what is ready.
func (p *poller) park(events []event, deadline time.Duration) (n int) {
	if p.file == nil {
		return p.block(events, deadline)
	}
	if deadline != p.deadline {
		at := time.Time{}
		if deadline > 0 {
			at = epoch.Add(deadline)
		}
		p.file.SetReadDeadline(at)
		p.deadline = deadline
	}
	p.events = events
	p.found = 0
	p.raw.Read(p.tryPark)
	p.events = nil
	p.consume()
	return p.found
}

// parked is asked by the netpoller's side before it waits, and whenever the gate has told of something.
func (p *poller) parked(uintptr) bool {
	if p.found = p.poll(p.events); p.found > 0 {
		return true
	}
	p.arm()
	return false
}

// yield lets other goroutines run, and comes back when it is this one's turn: by the way of the netpoller, which
// the scheduler would not ask if this goroutine just stood in its queue.
func (p *poller) yield() {
	if p.file == nil {
		runtime.Gosched()
		return
	}
	p.wake() // so that there is something to come back for
	if p.deadline != 0 {
		p.file.SetReadDeadline(time.Time{})
		p.deadline = 0
	}
	p.yielding = true
	p.raw.Read(p.tryYield)
	p.consume()
}

// yielded is parked for a wait that ends with the first thing the gate tells of.
func (p *poller) yielded(uintptr) bool {
	if !p.yielding {
		return true
	}
	p.yielding = false
	p.arm()
	return false
}

// arm has the gate, and so the netpoller, tell of the next event, or of one that is there already.
func (p *poller) arm() {
	p.consume() // an event that lies in the gate would not be told of again
	ev := syscall.EpollEvent{Events: syscall.EPOLLIN | unix.EPOLLONESHOT}
	syscall.EpollCtl(p.gate, syscall.EPOLL_CTL_MOD, p.set, &ev)
	p.armed = true
}

// consume takes the gate's event out of it, if there is one. While there is none the gate stays armed.
func (p *poller) consume() {
	if p.armed {
		var one [1]event
		p.armed = epollWait(p.gate, one[:]) == 0
	}
}

// block waits on a thread.
func (p *poller) block(events []event, deadline time.Duration) int {
	ms := -1
	if deadline > 0 {
		ms = int(max(deadline-time.Since(epoch), 0)/time.Millisecond) + 1
	}
	evs := asEpollEvents(events)
	n, err := syscall.EpollWait(p.set, evs, ms)
	if err != nil {
		return 0
	}
	return n
}

// wake ends a wait, or prevents the next one.
func (p *poller) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.eventfd >= 0 {
		one := [8]byte{1}
		syscall.Write(p.eventfd, one[:])
	}
}

// woken takes note that wake was called.
func (p *poller) woken() {
	var n [8]byte
	syscall.Read(p.eventfd, n[:])
}

// control changes what a descriptor is watched for. One that is watched for nothing leaves the set: hanging up and
// errors are reported of any that is in it.
func (p *poller) control(fd int, id uint64, before, after interest) error {
	set := p.set
	if (before|after)&heavy != 0 {
		set = p.heavy
	}
	op := syscall.EPOLL_CTL_MOD
	switch {
	case before&watched == 0:
		op = syscall.EPOLL_CTL_ADD
	case after&watched == 0:
		op = syscall.EPOLL_CTL_DEL
	}
	ev := syscall.EpollEvent{Fd: int32(uint32(id)), Pad: int32(uint32(id >> 32))}
	if after&reading != 0 {
		ev.Events |= syscall.EPOLLIN | syscall.EPOLLRDHUP
	}
	if after&writing != 0 {
		ev.Events |= syscall.EPOLLOUT
	}
	if err := epollCtl(set, op, fd, &ev); err != nil {
		return os.NewSyscallError("epoll_ctl", err)
	}
	return nil
}
