//go:build linux || (everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd))

package engine

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A Loop serves connections. What has no lock belongs to the worker that holds the lease.
type Loop struct {
	engine *engine
	poller poller
	slots  slots
	wheel  wheel
	conns  atomic.Int64

	lease    atomic.Uint64 // see worker.go
	seen     uint64        // the lease at the monitor's last look; the monitor's own
	blocked  *Conn         // whose handler the worker is calling
	stopping atomic.Bool
	sleeping atomic.Bool // the worker waits in the poller: somebody who posts has to wake it

	mail struct {
		sync.Mutex
		conns []*Conn
		later []*Conn // for the heavy lane
	}
	attending []*Conn // taken from mail, from at on not yet attended to
	at        int

	events  [eventsAtOnce]event
	next, n int // of events: the next one to handle, and how many there are
	heavy   heavyLane
	began   time.Duration
	crowded int           // yields that do not go by the netpoller
	pressed bool          // the last one took long
	now     atomic.Int64  // the engine's clock, as of when the poller was last asked
	looked  time.Duration // when that was, however often the clock was looked at since
	lag     peak          // of the time from look to look

	expired []*Conn // of the wheel, from firing on not yet told
	firing  int
	steals  steals
}

const (
	eventsAtOnce = 256
	turnTime     = time.Millisecond       // after so much work other goroutines get their turn
	shortTurn    = 200 * time.Microsecond // the same, where what costs much is done in portions
	turnOctets   = 64 << 10               // after so much input the clock is looked at
	callPrice    = turnOctets / 8         // what a call counts for in that: its handler may compute
	bufferSize   = 64 << 10
)

func newLoop(e *engine) (*Loop, error) {
	l := &Loop{engine: e}
	l.looked = l.clock() // somebody may post before the first look
	l.wheel.init(l)
	return l, l.poller.open()
}

func (l *Loop) add(c *Conn) {
	c.loop = l
	l.conns.Add(1)
	l.slots.add(c)
}

// post has the worker look at a connection.
func (l *Loop) post(c *Conn) {
	l.mail.Lock()
	l.mail.conns = append(l.mail.conns, c)
	l.mail.Unlock()
	l.wake()
}

// postLater has the worker look at a connection in the heavy lane.
func (l *Loop) postLater(c *Conn) {
	l.mail.Lock()
	l.mail.later = append(l.mail.later, c)
	l.mail.Unlock()
	l.wake()
}

// wake ends the worker's wait in the poller, now or before it begins.
func (l *Loop) wake() {
	if l.sleeping.Load() && l.sleeping.CompareAndSwap(true, false) {
		l.poller.wake()
	}
}

// hasMail reports whether there is something to attend to.
func (l *Loop) hasMail() bool {
	l.mail.Lock()
	defer l.mail.Unlock()
	return len(l.mail.conns)+len(l.mail.later) > 0
}

// takeMail takes what was posted.
func (l *Loop) takeMail() {
	l.mail.Lock()
	defer l.mail.Unlock()
	l.attending, l.mail.conns = l.mail.conns, l.attending[:0]
	l.at = 0
	if h := &l.heavy; h.at == len(h.attending) {
		h.attending, l.mail.later = l.mail.later, h.attending[:0]
		h.at = 0
	}
}

// clock looks at the clock.
func (l *Loop) clock() time.Duration {
	now := time.Since(epoch)
	l.now.Store(int64(now))
	return now
}

// lasts reports whether other goroutines should get their turn.
func (l *Loop) lasts(now time.Duration) bool {
	return now-l.began > turnTime || l.heavy.hurry && now-l.began > shortTurn
}

// yield lets other goroutines run. The way by the netpoller has those that wait there looked for as well. But where other
// goroutines keep all processors busy the netpoller is asked only every 10 ms, and the loop would work for one of
// eleven: after a yield that took so long, the next ones just stand in the queue.
func (l *Loop) yield(now time.Duration) {
	if l.crowded > 0 {
		l.crowded--
		runtime.Gosched()
		l.resume(now)
		return
	}
	l.poller.yield()
	runtime.Gosched() // those that the netpoller has found with this one go first
	if l.resume(now); l.pressed {
		l.crowded = crowdedTurns
	}
}

// resume begins a turn, after a yield that began then.
func (l *Loop) resume(then time.Duration) {
	l.began = l.clock()
	l.pressed = l.began-then > longYield
}

const (
	longYield    = 4 * time.Millisecond
	crowdedTurns = 10
)

// gather waits until there is something to do, and fetches what is ready.
func (l *Loop) gather() {
	l.next, l.n = 0, 0
	now := l.clock()
	l.lag.note(now-l.looked, now)
	if l.lasts(now) {
		l.yield(now)
	}
	l.looked = now
	if l.n = l.poller.poll(l.events[:]); l.n > 0 || l.heavy.waits() || l.firing < len(l.expired) {
		return
	}
	l.sleeping.Store(true)
	if !l.hasMail() && !l.stopping.Load() {
		l.n = l.poller.park(l.events[:], l.wheel.next())
	}
	l.sleeping.Store(false)
	l.began = l.clock()
	l.looked = l.began
	l.engine.monitor.watch()
}

// close closes a connection that is finished. Its handler is told by the caller.
func (l *Loop) close(c *Conn) {
	c.handler.Lock()
	fd := int(c.fd)
	l.forget(c)
	closeDescriptor(fd, c.prompt)
	c.handler.Unlock()
	l.engine.release()
}

// forget takes a connection off the loop. Call with its handler's lock held.
func (l *Loop) forget(c *Conn) {
	if c.interest&watched != 0 {
		l.poller.control(int(c.fd), c.id(), c.interest, c.interest&heavy)
	}
	c.interest = 0
	c.fd = -1
	c.due.Store(0)
	l.slots.remove(c)
	l.conns.Add(-1)
}
