package load

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	receiveSize = 256 << 10
	maxEvents   = 512
	// clockEvery is after how many connections of a batch the clock is read again.
	clockEvery = 8
	showEvery  = int64(100 * time.Millisecond)
	// See rest.
	restAbove   = 32
	restParts   = 4 // of a round trip
	restBelow   = 2 // of the connections: with more answers at a time there is no rest
	longestRest = int64(time.Millisecond)

	wakeIndex = -1 // stands for the descriptor that wakes the loop
)

var errCancelled = errors.New("given up")

// A loop serves every Plan.Loops-th connection. Its goroutine owns everything in it that is not atomic.
type loop struct {
	*loops
	tally
	index int // among the loops
	epoll int
	bell  int // an eventfd
	rung  atomic.Bool
	tasks chan *task

	peer    sockaddr // each loop has its own: x/sys writes to them
	sources []sockaddr

	conns  []conn
	events []unix.EpollEvent
	input  []byte

	now     int64
	task    *task // under way; nil: connections are held
	phase   phase // of the run, as far as this loop has seen
	content *content
	looked  int64 // when it was last looked for connections that keep one waiting
	shown   int64

	next     int   // the connection that is dialed, exchanges, closes or is due next
	busy     int   // connections that do so
	inFlight int64 // messages of all connections
	owed     int64 // messages that are due and wait for their window
	round    int64 // how often next went round since the run began

	roundTrip int64 // about how long one takes
	low       int   // connections before it need not be looked at

	lenient  bool    // what comes back is not looked at
	sendOnly bool    // and is no answer
	eager    []int32 // then: connections that send at the next turn
	spare    []int32 // and the memory for those after it
	writer   *writer // renders messages; nil: they are all the same
	rendered bool    // those of the task are
	patient  int64   // how long an answer may take in a run; 0: there is no limit

	changes
	changing bool    // connections come and go in a run
	senders  []int32 // those that are open and not leaving, while changing
	atOnce   int64   // handshakes at a time

	asked             atomic.Pointer[question]
	arrived           int64 // Load.Broadcast: at how many connections
	firstHeard, heard int64 // when at the first of them, and at the last
	waited            bool  // the last wait found nothing at once
}

func newLoop(d *loops, index int) (*loop, error) {
	l := &loop{
		loops: d, index: index, content: d.content,
		peer:   newSockaddr(d.peer),
		tasks:  make(chan *task, 1),
		events: make([]unix.EpollEvent, maxEvents),
		input:  make([]byte, receiveSize),

		changes:  newChanges(&d.plan, d.plan.Loops),
		changing: d.plan.changing(),
		atOnce:   int64(max(1, d.plan.Dialing/d.plan.Loops)),
		sendOnly: d.plan.Expect == ExpectNone,
	}
	l.conns = make([]conn, l.share(d.plan.slots()))
	if d.render != nil {
		l.writer = newWriter(d.setup, len(l.conns))
	}
	if d.plan.Scenario == Echo {
		l.patient = int64(d.plan.AnswerTimeout)
	}
	for _, a := range d.plan.Sources {
		l.sources = append(l.sources, newSockaddr(netip.AddrPortFrom(a, 0)))
	}
	l.tally.init(threadUsage)
	var err error
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	if l.bell, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return nil, errors.Join(fmt.Errorf("eventfd: %w", err), unix.Close(l.epoll))
	}
	if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, l.bell, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: wakeIndex}); err != nil {
		return nil, errors.Join(fmt.Errorf("epoll_ctl: %w", err), l.release())
	}
	return l, nil
}

// A question is what a loop has counted.
type question struct{ answer chan reading }

// release gives the descriptors back, after the goroutine has ended.
func (l *loop) release() error {
	for i := range l.conns {
		if c := &l.conns[i]; c.fd > 0 {
			_ = unix.Close(int(c.fd))
		}
	}
	l.conns = nil
	return errors.Join(unix.Close(l.bell), unix.Close(l.epoll))
}

// wake makes the loop look at its tasks, from any goroutine.
func (l *loop) wake() {
	if !l.rung.Swap(true) {
		_, _ = unix.Write(l.bell, []byte{1, 0, 0, 0, 0, 0, 0, 0}) // it cannot be full
	}
}

// number is a connection's among all.
func (l *loop) number(i int) int { return i*len(l.loops.loops) + l.index }

// run is the goroutine.
func (l *loop) run() {
	runtime.LockOSThread()                                // the thread ends with the goroutine
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1000, 0, 0, 0) // without it a rest is 50 µs longer
	for {
		n := l.wait()
		l.now = l.clock.now()
		for i := range l.events[:n] {
			if i%clockEvery == clockEvery-1 {
				l.now = l.clock.now()
				l.observe()
			}
			event := &l.events[i]
			if event.Fd == wakeIndex {
				if !l.hear() {
					return
				}
				continue
			}
			l.ready(int(event.Fd), event.Events)
		}
		l.observe()
		l.turn()
		l.rest(n)
	}
}

// wait returns how many events there are.
func (l *loop) wait() int {
	if !l.waited {
		if n, e := rawPoll(l.epoll, l.events); e == 0 && n > 0 {
			return n
		}
	}
	n, e := poll(l.epoll, l.events, l.patience())
	if e != 0 && e != unix.EINTR {
		panic(fmt.Sprintf("epoll_pwait2: %v", e)) // its arguments are wrong
	}
	if e != 0 {
		n = 0
	}
	l.waited = n == 0
	return n
}

// rest lets answers gather, where many are on the way: a loop that is woken for each of them costs more than a server
// that finds many requests at a time, and costs that server a wake-up for each. It rests for a part of a round trip
// that leaves the server enough to do.
func (l *loop) rest(events int) {
	if l.task == nil || l.task.kind != running || l.task.measure.interval > 0 || l.phase == draining {
		return
	}
	if l.inFlight < restAbove || len(l.eager) > 0 || events > len(l.conns)/restBelow {
		return
	}
	pause(min(l.roundTrip/restParts, longestRest))
}

// patience is for how many nanoseconds the loop may wait; negative: for ever.
func (l *loop) patience() int64 {
	if l.task == nil {
		return -1
	}
	until := l.clock.now() + lookEvery
	if l.task.kind == dialing && l.period > 0 && l.next < l.upTo && l.opening.Load() < l.atOnce {
		until = min(until, l.dialAt)
	}
	if l.task.kind == running && l.plan.Scenario != Broadcast && l.trailing() {
		return 0
	}
	if l.task.kind == running && l.phase < draining {
		if len(l.eager) > 0 {
			return 0
		}
		if l.changing || len(l.lost) > 0 {
			now := until - lookEvery
			until = l.nextChange(now, l.task.measure, l.wanted(now))
		}
		if l.leads() {
			until = min(until, l.task.measure.border())
		}
		if l.task.measure.interval > 0 && l.due() {
			until = min(until, l.nextDue())
		}
	}
	return max(0, until-l.clock.now())
}

// hear answers the bell. It returns false when the loop must end.
func (l *loop) hear() bool {
	var count [8]byte
	_, _ = unix.Read(l.bell, count[:])
	l.rung.Store(false)
	if q := l.asked.Swap(nil); q != nil {
		q.answer <- l.tally.read()
	}
	if l.task != nil {
		return true
	}
	select {
	case t, ok := <-l.tasks:
		if !ok {
			return false
		}
		l.start(t)
	default:
	}
	return true
}

// start starts a task.
func (l *loop) start(t *task) {
	l.task = t
	l.next, l.low, l.busy, l.round = 0, 0, 0, 0
	l.looked = l.now
	l.content = l.loops.content
	l.rendered = l.writer != nil && t.kind != announcing
	switch t.kind {
	case dialing:
		l.upTo = l.share(l.plan.Connections)
		l.changes.restart(l.now, l.index, l.plan.Loops)
	case announcing:
		l.content = l.announcement
		l.arrived, l.heard = 0, l.now
		l.reset()
	case running:
		l.phase = warming
		l.begin()
		l.reset()
		if l.changing || l.plan.Reopen > 0 {
			l.startChanging()
		}
		l.eager = l.eager[:0]
		if t.measure.interval == 0 {
			l.startAll()
		}
	case closing:
		for i := range l.conns {
			if l.conns[i].state == shutting {
				l.busy++
			}
		}
	}
	l.lenient = l.content.lenient
	if t.started.Add(1) == int64(len(l.loops.loops)) && l.index != 0 {
		l.loops.loops[0].wake()
	}
}

// together says whether all loops are at this one's task: a broadcast that came earlier would be nothing that they wait for.
func (l *loop) together() bool { return l.task.started.Load() == int64(len(l.loops.loops)) }

// leads says whether it is this loop that goes over the run's borders. The interval does not begin without the others.
func (l *loop) leads() bool { return l.index == 0 && l.together() }

// reset makes the connections count from the beginning.
func (l *loop) reset() {
	l.inFlight, l.owed = 0, 0
	for i := range l.conns {
		c := &l.conns[i]
		c.received, c.inFlight, c.owed, c.seen, c.eager = 0, 0, 0, 0, false
	}
}

// finish ends the task.
func (l *loop) finish(err error) {
	t := l.task
	l.task = nil
	if t.kind == running && l.phase < draining { // the other loops were quicker
		l.tally.stop()
	}
	l.tally.end()
	t.results <- err
}

// observe looks at the clock's and the other loops' word on where the run is.
func (l *loop) observe() {
	if l.task == nil || l.task.kind != running {
		return
	}
	m := l.task.measure
	if l.leads() && m.cross(l.now) {
		for _, other := range l.loops.loops {
			if other != l {
				other.wake()
			}
		}
	}
	seen := phase(m.phase.Load())
	if seen == l.phase {
		return
	}
	if l.phase == warming {
		l.begin()
	}
	if seen == draining {
		l.tally.stop()
	}
	l.phase = seen
}

// turn does what is not caused by an event.
func (l *loop) turn() {
	if l.now-l.shown >= showEvery {
		l.shown = l.now
		l.shownTotal.Store(l.total)
	}
	if l.task == nil {
		return
	}
	if l.task.cancelled.Load() {
		l.finish(errCancelled)
		return
	}
	if l.now-l.looked >= lookEvery {
		l.looked = l.now
		l.look()
		if l.task == nil {
			return
		}
	}
	switch l.task.kind {
	case dialing:
		l.dialMore()
	case exchanging:
		l.exchangeMore()
	case running:
		l.runMore()
	case announcing:
		l.announceMore()
	case closing:
		l.closeMore()
	}
}
