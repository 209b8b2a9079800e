//go:build linux || (everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd))

package engine

import (
	"sync"
	"time"
)

// A Worker is a goroutine that holds a loop's lease. The lease is one word, an epoch that grows: odd while a handler is
// called, even otherwise. Only its holder makes it odd. While it is odd the monitor may take the lease by
// making it even, and start another worker with the epoch it has then; the holder notices when it wants to make it even itself.
type Worker struct {
	loop   *Loop
	epoch  uint64
	buf    *[bufferSize]byte
	octets int // read since the clock was looked at, what Spend said, and for each call callPrice
	room   int // in buf for a call; less than all of it if others wait
}

var workerBuffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

func newWorker(l *Loop, epoch uint64) *Worker {
	return &Worker{loop: l, epoch: epoch, buf: workerBuffers.Get().(*[bufferSize]byte), room: bufferSize}
}

// Buffer is memory to read into. It is free to use until the handler's call ends.
func (w *Worker) Buffer() []byte { return w.buf[:w.room] }

// Spend says that a call has cost about as much as n octets more of input.
func (w *Worker) Spend(n int) { w.octets += n }

// Hurried reports whether others wait for this call, of a connection that has cost much: it should do a part of what it has
// to do, and [Conn.PostLater].
func (w *Worker) Hurried() bool { return w.room < bufferSize }

// Now returns the time by the clock of [Since], as of when the poller was last asked. It costs nothing.
func (w *Worker) Now() time.Duration { return time.Duration(w.loop.now.Load()) }

// Wary reports whether so many calls have lost the loop of late that a handler should not run callbacks on it.
func (w *Worker) Wary() bool { return w.loop.steals.wary(w.Now()) }

func (w *Worker) start() { go w.run() }

// run serves the loop until the lease is lost or the loop is stopped.
func (w *Worker) run() {
	ended := false
	defer func() {
		if !ended { // a callback has ended this goroutine, by runtime.Goexit
			if w.leave() {
				newWorker(w.loop, w.epoch).start()
			}
		}
	}()
	w.serve()
	workerBuffers.Put(w.buf)
	ended = true
}

// serve returns when the lease is lost, or the loop is stopped and closed.
func (w *Worker) serve() {
	l := w.loop
	l.engine.monitor.watch()
	l.clock()
	for {
		if !w.handleEvents() || !w.attend() || !w.fire() || !w.handleHeavy() {
			return
		}
		if l.stopping.Load() {
			l.poller.close()
			return
		}
		l.gather()
	}
}

// enter begins a call of a handler.
func (w *Worker) enter(c *Conn) {
	w.octets += callPrice
	w.loop.blocked = c
	w.epoch += 2
	w.loop.lease.Store(w.epoch - 1)
}

// leave ends a call of a handler, and reports whether the lease is still there.
func (w *Worker) leave() bool { return w.loop.lease.CompareAndSwap(w.epoch-1, w.epoch) }

// handleEvents handles what the poller has reported.
func (w *Worker) handleEvents() bool {
	l := w.loop
	for l.next < l.n {
		ev := &l.events[l.next]
		l.next++
		switch c := l.slots.find(ev.id()); {
		case c != nil:
			if !w.handle(c, ev.readable(), ev.writable()) {
				return false
			}
		case ev.id() == wakeID:
			l.poller.woken()
		case ev.id() == heavyID:
			l.heavy.ready = true
		}
		w.breathe()
	}
	return true
}

// breathe gives other goroutines their turn, if this one has lasted long.
func (w *Worker) breathe() {
	if w.octets < turnOctets {
		return
	}
	w.octets = 0
	l := w.loop
	if now := l.clock(); l.lasts(now) {
		l.yield(now)
	}
}

// handle has a connection written to, and read from.
func (w *Worker) handle(c *Conn, readable, writable bool) bool {
	w.enter(c)
	before, read, full := w.octets, false, false
	if writable {
		c.handler.Writable(w)
	}
	if readable {
		if buf := c.handler.Prepare(w); buf != nil {
			n, err := recv(int(c.fd), buf)
			w.octets += n
			read, full = true, n == len(buf)
			c.handler.Received(w, buf[:n], err)
		}
	}
	if !w.leave() {
		return false
	}
	if read {
		w.loop.heavy.meets(c)
		w.weigh(c, w.octets-before, full)
	}
	return true
}

// attend attends to what was posted, and closes what is finished.
func (w *Worker) attend() bool {
	l := w.loop
	for {
		if l.at == len(l.attending) {
			if l.takeMail(); len(l.attending) == 0 {
				return true
			}
		}
		c := l.attending[l.at]
		l.attending[l.at] = nil
		l.at++
		l.heavy.meets(c)
		if !w.attendTo(c, posted) {
			return false
		}
		w.breathe()
	}
}

// attendTo does what was posted for a connection.
func (w *Worker) attendTo(c *Conn, how uint32) bool {
	if c.fd < 0 {
		return true // it was closed meanwhile
	}
	over := c.mail.Load()&finished != 0
	if over {
		w.loop.close(c)
	}
	w.enter(c)
	c.mail.And(^how)
	if over {
		c.handler.Closed(w)
	} else {
		c.handler.Attend(w)
	}
	return w.leave()
}

// fire tells the connections whose time has come; a portion of them, if others wait.
func (w *Worker) fire() bool {
	l := w.loop
	began := w.Now()
	for {
		if l.firing == len(l.expired) {
			l.expired, l.firing = l.wheel.expire(l.expired[:0], w.Now()), 0
			if len(l.expired) == 0 {
				return true
			}
		}
		c := l.expired[l.firing]
		l.expired[l.firing] = nil
		l.firing++
		if c.fd < 0 {
			continue // it was closed meanwhile, by another worker
		}
		w.enter(c)
		c.handler.Timeout(w)
		if !w.leave() {
			return false
		}
		w.breathe()
		if l.heavy.hurry && l.clock()-began > portionTime {
			return true
		}
	}
}
