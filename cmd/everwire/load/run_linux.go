package load

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// startAll fills the windows at the beginning of a run without a rate.
func (l *loop) startAll() {
	for i := range l.conns {
		c := &l.conns[i]
		switch {
		case l.plan.Scenario == Echo && c.state == open:
			l.send(i, c, l.plan.InFlight)
			if c.out > 0 {
				l.flush(i, c)
			}
		case l.plan.Scenario == Handshake && c.state == unused:
			l.shake(i, c, l.now)
		}
	}
}

// send puts n messages on their way.
func (l *loop) send(i int, c *conn, n int) {
	c.inFlight += int32(n)
	l.inFlight += int64(n)
	if l.task.measure.interval == 0 {
		c.sent.push(l.now, n)
	}
	l.enqueue(i, c, n)
}

// enqueue lets n messages wait for the socket.
func (l *loop) enqueue(i int, c *conn, n int) {
	l.sent += int64(n)
	if l.rendered {
		l.write(i, c, n)
		return
	}
	c.out += int64(n) * int64(l.content.frameLen)
}

// shake starts a connection of Handshake.
func (l *loop) shake(i int, c *conn, due int64) {
	l.busy++
	c.sent.at = due
	l.dial(i)
}

// opened is called when the answer to the handshake was right.
func (l *loop) opened(i int, c *conn) {
	record(l.handshakes, l.now-c.since, 1)
	l.volume.opened++
	switch {
	case l.task == nil:
	case l.task.kind == dialing:
		l.busy--
	case l.task.kind == running && l.changing:
		l.join(i, c)
	case l.task.kind == running: // Handshake
		l.total++
		c.received++
		l.count(l.task.measure, c.sent.at, 1)
		l.shut(i, c)
	}
}

// count counts n messages that were sent, or due, at a time.
func (l *loop) count(m *measure, at int64, n int) {
	if l.phase == measuring {
		l.messages += int64(n)
	}
	if m.interval == 0 && l.phase == measuring || m.interval > 0 && m.counts(at) {
		l.record(l.now-at, n)
	}
}

// arrival is called when n messages came.
func (l *loop) arrival(i int, c *conn, n int) {
	l.received += int64(n)
	if l.lenient {
		if n = min(n, int(c.inFlight)); n == 0 || l.sendOnly {
			return
		}
	}
	l.total += int64(n)
	c.received += int64(n)
	switch {
	case l.spreading():
		l.spreadTo(i, c, n)
	case l.task != nil && l.task.kind == closing:
	case int(c.inFlight) < n:
		l.fail(i, fmt.Errorf("got %d messages more than were sent", n-int(c.inFlight)))
	case l.task != nil && l.task.kind == exchanging:
		c.inFlight = 0
		l.busy--
	case l.task != nil && l.task.kind == running:
		l.echoed(i, c, n)
	}
}

// echoed takes n answers, and sends what the window then has room for.
func (l *loop) echoed(i int, c *conn, n int) {
	m := l.task.measure
	c.inFlight -= int32(n)
	l.inFlight -= int64(n)
	if m.interval > 0 && !m.queued {
		for first := c.received - int64(n); first < c.received; first++ {
			l.count(m, m.due(l.number(i), first), 1)
		}
		l.sendOwed(i, c)
		return
	}
	for left := n; left > 0; {
		at, got := c.sent.pop(left)
		l.count(m, at, got)
		left -= got
		l.roundTrip += (l.now - at - l.roundTrip) >> 6
	}
	switch {
	case m.interval > 0:
		l.sendOwed(i, c)
	case l.phase == draining || c.leaving:
	case !l.sendOnly:
		l.send(i, c, n)
	case c.inFlight == 0 && !c.eager:
		c.eager = true
		l.eager = append(l.eager, int32(i))
	}
}

// sendOwed sends what is due and has room in the window.
func (l *loop) sendOwed(i int, c *conn) {
	if n := min(int(c.owed), l.plan.InFlight-int(c.inFlight)); n > 0 {
		c.owed -= int32(n)
		l.owed -= int64(n)
		l.send(i, c, n)
	}
}

// due says whether messages become due on this loop's connections.
func (l *loop) due() bool {
	switch l.plan.Scenario {
	case Broadcast:
		return l.index == 0
	case Idle:
		return false
	}
	return true
}

// nextDue is when the next one does.
func (l *loop) nextDue() int64 {
	if l.plan.Scenario == Broadcast {
		return l.task.measure.due(0, l.round)
	}
	if l.task.measure.shared {
		return l.task.measure.due(l.index, l.round)
	}
	return l.task.measure.due(l.number(l.next), l.round)
}

// dueAtOnce is how many messages are handed out before answers, and the clock, are looked at again.
const dueAtOnce = 256

// behind says whether messages are due that were not handed out.
func (l *loop) behind() bool { return l.nextDue() <= l.task.measure.lastDue(l.now) }

// trailing says whether that is so when the interval is over.
func (l *loop) trailing() bool {
	return l.phase == draining && l.task.measure.interval > 0 && l.due() && l.behind()
}

// takeDue hands out what is due to the connections in turn.
func (l *loop) takeDue() {
	for n := 0; n < dueAtOnce && l.behind(); n++ {
		i := l.next
		if l.next++; l.next == len(l.conns) {
			l.next = 0
			l.round++
		}
		c := &l.conns[i]
		if c.state == failed {
			if l.plan.Reopen > 0 { // the next one is due at its own time
				c.received++
				l.unsent++
			}
			continue
		}
		c.owed++
		l.owed++
		if l.plan.Scenario == Handshake {
			l.shakeOwed(i, c)
			continue
		}
		l.sendOwed(i, c)
		if c.out > 0 && c.wanted&unix.EPOLLOUT == 0 {
			l.flush(i, c)
		}
	}
}

// shakeOwed starts a connection that is due, if the one before it is over.
func (l *loop) shakeOwed(i int, c *conn) {
	if c.owed > 0 && c.state == unused {
		c.owed--
		l.owed--
		l.shake(i, c, l.task.measure.due(l.number(i), c.received))
	}
}

// runMore goes on with a run.
func (l *loop) runMore() {
	m := l.task.measure
	if l.changing || l.plan.Reopen > 0 {
		l.follow()
	} else if l.live.Load() == 0 && l.phase < draining {
		l.finish(errNoneLeft)
		return
	}
	if l.plan.Scenario == Broadcast {
		l.broadcastMore()
		return
	}
	switch { // what is due at the end is sent still
	case m.interval == 0 && l.phase < draining:
		l.sendEager()
	case m.interval == 0 || !l.due():
	case m.queued:
		l.takeQueued()
	default:
		l.takeDue()
	}
	if l.phase < draining || l.trailing() {
		return
	}
	if l.plan.Scenario == Idle || l.inFlight == 0 && l.owed == 0 && l.busy == 0 {
		l.finish(nil)
	}
}

// exchangeMore keeps some first messages on the way.
func (l *loop) exchangeMore() {
	for l.next < len(l.conns) && l.busy < exchangesAtOnce {
		c := &l.conns[l.next]
		l.next++
		if c.state != open {
			continue
		}
		l.busy++
		c.since = l.now
		c.inFlight = 1
		l.enqueue(l.next-1, c, 1)
		if c.out > 0 {
			l.flush(l.next-1, c)
		}
	}
	if l.next == len(l.conns) && l.busy == 0 {
		l.finish(nil)
	}
}
