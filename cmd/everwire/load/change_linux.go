package load

import "golang.org/x/sys/unix"

// share is how many of the first n connections are this loop's.
func (l *loop) share(n int) int {
	loops := l.plan.Loops
	return max(0, (n-l.index+loops-1)/loops)
}

// room says whether a connection may be started now, which it then must be.
func (l *loop) room() bool {
	return l.opening.Load() < l.atOnce && l.changes.may(l.now)
}

// startChanging prepares a run in which connections come and go.
func (l *loop) startChanging() {
	l.lost, l.senders = nil, l.senders[:0]
	for i := range l.conns {
		c := &l.conns[i]
		switch {
		case c.state == open && !c.leaving:
			l.senders = append(l.senders, int32(i))
		case c.state == failed:
			l.miss(i, l.now)
		}
	}
}

// follow opens and closes connections as the plan has it.
func (l *loop) follow() {
	if l.phase < draining {
		l.changes.follow(l.now, l.wanted(l.now), l)
	}
}

// wanted is how many of this loop's connections are.
func (l *loop) wanted(now int64) int {
	if l.plan.Scenario == Handshake { // there they take turns by themselves
		return l.upTo
	}
	return l.share(l.task.measure.wanted(now))
}

// dismiss lets a connection go when what is on the way has been answered.
func (l *loop) dismiss(i int) {
	switch c := &l.conns[i]; c.state {
	case connecting, upgrading:
		l.discard(c)
	case failed:
		c.state = unused
	case open:
		c.leaving = true
		l.strike(i)
		l.part(i, c)
	}
}

// resume opens a connection; it returns false when that must wait.
func (l *loop) resume(i int) bool {
	c := &l.conns[i]
	switch {
	case c.state == shutting:
		return false
	case c.state == open: // it has not gone yet
		c.leaving = false
		l.join(i, c)
	case !l.room():
		return false
	default:
		l.dial(i)
	}
	return true
}

// replace opens a connection in the place of one that failed; it returns false when that must wait.
func (l *loop) replace(i int) bool {
	c := &l.conns[i]
	switch {
	case c.state != failed:
	case l.plan.Scenario != Handshake:
		if i >= l.upTo {
			return true
		}
		if !l.room() {
			return false
		}
		l.dial(i)
	case l.task.measure.interval > 0: // when one is due
		c.state = unused
	default:
		l.shake(i, c, l.now)
	}
	return true
}

// join takes a connection that is open among those that send.
func (l *loop) join(i int, c *conn) {
	l.senders = append(l.senders, int32(i))
	if l.plan.Scenario == Echo && l.task.measure.interval == 0 && l.phase < draining {
		if n := l.plan.InFlight - int(c.inFlight); n > 0 {
			l.send(i, c, n)
		}
		if c.out > 0 && c.wanted&unix.EPOLLOUT == 0 {
			l.flush(i, c)
		}
	}
}

// part shuts a connection that is to go and has nothing on the way.
func (l *loop) part(i int, c *conn) {
	if c.leaving && c.state == open && c.inFlight == 0 && c.owed == 0 && c.out == 0 {
		l.shut(i, c)
	}
}

// strike takes a connection out of those that send. Most often it is one of the last: the stages close them in that order.
func (l *loop) strike(i int) {
	last := len(l.senders) - 1
	for k := last; k >= 0; k-- {
		if l.senders[k] == int32(i) {
			l.senders[k] = l.senders[last]
			l.senders = l.senders[:last]
			return
		}
	}
}

// takeQueued hands out what is due to the connections that are open.
func (l *loop) takeQueued() {
	for n := 0; n < dueAtOnce && l.behind(); n++ {
		at := l.nextDue()
		i := l.nextSender()
		if i < 0 {
			continue
		}
		c := &l.conns[i]
		c.owed++
		l.owed++
		c.sent.push(at, 1)
		l.sendOwed(i, c)
		if c.out > 0 && c.wanted&unix.EPOLLOUT == 0 {
			l.flush(i, c)
		}
	}
}

// newlyDue is how many messages of a connection have become due since the loop has last handed them out, and the first of them.
// Where they are for whoever is open there are none.
func (l *loop) newlyDue(i int, now int64) (first, n int64) {
	m := l.task.measure
	if !m.queued || m.shared {
		return 0, 0
	}
	first = l.round
	if i < l.next {
		first++
	}
	return first, m.dueFrom(l.number(i), first, now)
}

// nextSender is whose turn it is; negative: nobody's.
func (l *loop) nextSender() int {
	if l.task.measure.shared {
		l.round++
		if len(l.senders) == 0 {
			l.unsent++
			return -1
		}
		l.next = (l.next + 1) % len(l.senders)
		return int(l.senders[l.next])
	}
	i := l.next
	if l.next++; l.next == len(l.conns) {
		l.next = 0
		l.round++
	}
	if c := &l.conns[i]; c.state != open || c.leaving {
		return -1
	}
	return i
}
