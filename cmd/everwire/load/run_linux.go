package load

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// spreading says whether broadcasts are under way.
func (l *loop) spreading() bool {
	return l.task != nil && (l.task.kind == announcing || l.task.kind == running && l.plan.Scenario == Broadcast)
}

// startAll fills the windows at the beginning of a run without a rate.
func (l *loop) startAll() {
	for i := range l.conns {
		c := &l.conns[i]
		switch {
		case l.plan.Scenario == Echo && c.state == open:
			l.send(c, l.plan.InFlight)
			l.flush(i, c)
		case l.plan.Scenario == Handshake && c.state == unused:
			l.shake(i, c, l.now)
		}
	}
}

// send puts n messages on their way.
func (l *loop) send(c *conn, n int) {
	c.inFlight += int32(n)
	l.inFlight += int64(n)
	c.out += int64(n) * int64(l.content.frameLen)
	if l.task.measure.interval == 0 {
		c.sent.push(l.now, n)
	}
}

// shake starts a connection of Handshake.
func (l *loop) shake(i int, c *conn, due int64) {
	l.busy++
	c.sent.at = due
	l.dial(i)
}

// opened is called when the answer to the handshake was right.
func (l *loop) opened(i int, c *conn) {
	switch {
	case l.task == nil:
	case l.task.kind == dialing:
		l.busy--
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
	if m.interval > 0 {
		for first := c.received - int64(n); first < c.received; first++ {
			l.count(m, m.due(l.number(i), first), 1)
		}
		l.sendOwed(c)
		return
	}
	for left := n; left > 0; {
		at, got := c.sent.pop(left)
		l.count(m, at, got)
		left -= got
		l.roundTrip += (l.now - at - l.roundTrip) >> 6
	}
	if l.phase < draining {
		l.send(c, n)
	}
}

// sendOwed sends what is due and has room in the window.
func (l *loop) sendOwed(c *conn) {
	if n := min(int(c.owed), l.plan.InFlight-int(c.inFlight)); n > 0 {
		c.owed -= int32(n)
		l.owed -= int64(n)
		l.send(c, n)
	}
}

// spreadTo takes n broadcasts that came to a connection.
func (l *loop) spreadTo(i int, c *conn, n int) {
	s := l.spread
	over := false
	for k := c.received - int64(n); k < c.received; k++ {
		if k >= s.sent.Load() {
			c.received = k // of those that are on the way it misses none
			l.fail(i, errors.New("got a message that nobody sent"))
			return
		}
		at, last := s.arrive(k)
		over = over || last
		if l.task.kind == announcing {
			if l.arrived++; l.arrived == 1 {
				l.firstHeard = l.now
			}
			l.heard = l.now
			continue
		}
		l.count(l.task.measure, at, 1)
	}
	if over {
		l.loops.loops[0].wake()
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
	return l.task.measure.due(l.number(l.next), l.round)
}

// takeDue hands out what is due to the connections in turn.
func (l *loop) takeDue() {
	for end := min(l.now, l.task.measure.doneAt.Load()); l.nextDue() <= end; {
		i := l.next
		if l.next++; l.next == len(l.conns) {
			l.next = 0
			l.round++
		}
		c := &l.conns[i]
		if c.state == failed {
			continue
		}
		c.owed++
		l.owed++
		if l.plan.Scenario == Handshake {
			l.shakeOwed(i, c)
			continue
		}
		l.sendOwed(c)
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
	if l.live.Load() == 0 && l.phase < draining {
		l.finish(errNoneLeft)
		return
	}
	if l.plan.Scenario == Broadcast {
		l.broadcastMore()
		return
	}
	if l.phase < draining {
		if m.interval > 0 && l.due() {
			l.takeDue()
		}
		return
	}
	if l.plan.Scenario == Idle || l.inFlight == 0 && l.owed == 0 && l.busy == 0 {
		l.finish(nil)
	}
}

// broadcastMore sends broadcasts, if this is the loop of who sends them.
func (l *loop) broadcastMore() {
	s := l.spread
	if l.index != 0 {
		if s.over.Load() {
			l.finish(nil)
		}
		return
	}
	c, m := &l.conns[0], l.task.measure
	switch {
	case c.state == open:
	case l.phase < draining:
		l.finish(errSender)
		return
	default:
		l.round = s.sent.Load() // what was due besides is not sent any more
	}
	if !l.together() {
		return
	}
	if m.interval > 0 {
		for l.phase < draining && l.nextDue() <= min(l.now, m.doneAt.Load()) {
			l.round++
		}
		for s.sent.Load() < l.round && s.start(m.due(0, s.sent.Load()), &l.live) {
			c.out += int64(l.content.frameLen)
		}
	} else if l.phase < draining {
		for s.start(l.now, &l.live) {
			c.out += int64(l.content.frameLen)
		}
	}
	if c.out > 0 && c.wanted&unix.EPOLLOUT == 0 {
		l.flush(0, c)
	}
	if l.task != nil && l.phase == draining && s.idle() && (m.interval == 0 || s.sent.Load() == l.round) {
		l.finish(nil)
		s.over.Store(true)
		l.loops.wake()
	}
}

// announceMore goes on with Load.Broadcast.
func (l *loop) announceMore() {
	s := l.spread
	if s.sent.Load() == 1 && s.idle() {
		l.finish(nil)
		if l.index == 0 {
			l.loops.wake()
		}
		return
	}
	if l.index != 0 {
		return
	}
	c := &l.conns[0]
	if c.state != open {
		l.finish(errSender)
		return
	}
	if l.together() && s.start(l.now, &l.live) {
		c.out += int64(l.content.frameLen)
		l.flush(0, c)
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
		c.out += int64(l.content.frameLen)
		l.flush(l.next-1, c)
	}
	if l.next == len(l.conns) && l.busy == 0 {
		l.finish(nil)
	}
}

// look looks for connections that keep one waiting for too long.
func (l *loop) look() {
	patience := int64(l.plan.Timeout)
	last := len(l.conns)
	switch l.task.kind {
	case dialing, exchanging:
		last = l.next
	case announcing:
		if l.now-l.heard <= patience {
			return
		}
	case running:
		if l.plan.Scenario != Handshake && (l.phase < draining || l.now-l.task.measure.done <= patience) {
			return
		}
	}
	for i := l.low; i < last && l.task != nil; i++ {
		c := &l.conns[i]
		err := l.overdue(c)
		switch {
		case err == nil:
			if i == l.low && l.settled(c) {
				l.low++
			}
		case l.task.kind == closing:
			l.cut(i, c)
		default:
			l.recordAges(i, c)
			l.fail(i, err)
		}
	}
}

// settled says whether a connection is through with what is being done.
func (l *loop) settled(c *conn) bool {
	return l.task.kind == dialing && c.state == open || l.task.kind == exchanging && c.inFlight == 0
}

// overdue says what a connection has been waited for too long.
func (l *loop) overdue(c *conn) error {
	late := l.now-c.since > int64(l.plan.Timeout)
	switch c.state {
	case connecting, upgrading:
		if late {
			return fmt.Errorf("no answer to the handshake within %v", l.plan.Timeout)
		}
		return nil
	case shutting:
		if late {
			return fmt.Errorf("no answer to the Close frame within %v", l.plan.Timeout)
		}
		return nil
	case open:
	default:
		return nil
	}
	switch {
	case l.task.kind == exchanging && c.inFlight > 0 && late:
		return fmt.Errorf("no answer to the message within %v", l.plan.Timeout)
	case l.task.kind == closing, l.task.kind == exchanging:
		return nil
	case l.spreading():
		if n := l.spread.sent.Load() - c.received; n > 0 {
			return fmt.Errorf("%d broadcasts did not arrive, expected within %v", n, l.plan.Timeout)
		}
	case l.task.kind == running && c.inFlight+c.owed > 0:
		return fmt.Errorf("%d messages without an answer %v after the end", c.inFlight+c.owed, l.plan.Timeout)
	}
	return nil
}

// recordAges lets messages that were due and never answered count with the age that they have reached.
func (l *loop) recordAges(i int, c *conn) {
	if l.task.kind != running || l.plan.Scenario != Echo || l.task.measure.interval == 0 {
		return
	}
	m := l.task.measure
	for k := range int64(c.inFlight + c.owed) {
		if due := m.due(l.number(i), c.received+k); m.counts(due) {
			l.record(l.now-due, 1)
		}
	}
}

// shut sends a Close frame on a connection on which nothing waits for the socket.
func (l *loop) shut(i int, c *conn) {
	c.state, c.since = shutting, l.now
	if n, e := rawSend(c.fd, goodbye); e != 0 || n < len(goodbye) {
		l.cut(i, c)
	}
}

// closeMore goes on with closing.
func (l *loop) closeMore() {
	const atOnce = 1024
	for l.next < len(l.conns) && l.busy < atOnce {
		i := l.next
		c := &l.conns[i]
		l.next++
		switch {
		case c.state == open && c.out == 0:
			l.busy++
			l.shut(i, c)
		case c.state == shutting:
		case c.fd > 0:
			l.discard(c)
		}
	}
	if l.next == len(l.conns) && l.busy == 0 {
		l.finish(nil)
	}
}

// discard gives a socket back. It is reset, so that no port waits for what is left in the network (TIME_WAIT).
func (l *loop) discard(c *conn) {
	if c.state == open || c.state == shutting {
		l.tally.open.Add(-1)
	}
	_ = unix.SetsockoptLinger(int(c.fd), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	_ = unix.Close(int(c.fd))
	c.fd = 0
	c.state = unused
}

// cut ends a connection that was shut.
func (l *loop) cut(i int, c *conn) {
	l.discard(c)
	l.busy--
	if l.task == nil || l.task.kind != running {
		return
	}
	switch {
	case l.task.measure.interval > 0:
		l.shakeOwed(i, c)
	case l.phase < draining:
		l.shake(i, c, l.now)
	}
}

// fail counts a connection's failure and leaves it out from then on.
func (l *loop) fail(i int, err error) {
	c := &l.conns[i]
	if c.state == failed {
		return
	}
	err = l.tally.fail(l.number(i), err)
	if c.fd > 0 {
		l.discard(c)
	}
	c.state = failed
	waited := c.inFlight
	l.inFlight -= int64(c.inFlight)
	l.owed -= int64(c.owed)
	c.inFlight, c.owed, c.out, c.rare = 0, 0, 0, nil
	if l.spreading() {
		if l.spread.leave(c.received, &l.live) {
			l.loops.loops[0].wake()
		}
	} else {
		l.live.Add(-1)
	}
	if l.task == nil {
		return
	}
	switch l.task.kind {
	case dialing, announcing:
		l.finish(err)
	case exchanging:
		if waited > 0 {
			l.busy--
		}
	case running:
		if l.plan.Scenario == Handshake {
			l.busy--
		}
	}
}
