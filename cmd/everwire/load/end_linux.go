package load

import "golang.org/x/sys/unix"

// shut sends a Close frame on a connection on which nothing waits for the socket.
func (l *loop) shut(i int, c *conn) {
	c.state, c.since = shutting, l.now
	n, e := rawSend(c.fd, goodbye)
	if e != 0 || n < len(goodbye) {
		l.cut(i, c)
		return
	}
	l.out += int64(n)
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
	switch c.state {
	case connecting, upgrading:
		l.opening.Add(-1)
	case open, shutting:
		l.tally.open.Add(-1)
	}
	_ = unix.SetsockoptLinger(int(c.fd), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	_ = unix.Close(int(c.fd))
	c.fd = 0
	c.state, c.leaving = unused, false
}

// cut ends a connection that was shut.
func (l *loop) cut(i int, c *conn) {
	l.discard(c)
	if l.task == nil || l.changing && l.task.kind == running {
		return
	}
	l.busy--
	if l.task.kind != running {
		return
	}
	switch {
	case l.task.measure.interval > 0:
		l.shakeOwed(i, c)
	case l.phase < draining:
		l.shake(i, c, l.now)
	}
}

// fail counts a connection's failure and leaves it out, from then on or until it is replaced.
func (l *loop) fail(i int, err error) {
	c := &l.conns[i]
	if c.state == failed {
		return
	}
	err = l.tally.fail(l.number(i), err)
	if l.task != nil && l.task.kind == running {
		l.lose(i, c)
	}
	if c.fd > 0 {
		l.discard(c)
	}
	c.state = failed
	waited := c.inFlight
	l.inFlight -= int64(c.inFlight)
	l.owed -= int64(c.owed)
	c.inFlight, c.owed, c.out, c.rare, c.sent, c.aged = 0, 0, 0, nil, batches{}, false
	if l.spreading() {
		if l.spread.leave(c.received, &l.live) {
			l.loops.loops[0].wake()
		}
	} else if l.plan.Reopen == 0 {
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

// lose does what a failure means for a run in which connections are replaced, or come and go.
func (l *loop) lose(i int, c *conn) {
	if l.changing && c.state == open && !c.leaving {
		l.strike(i)
	}
	if !l.changing && l.plan.Reopen == 0 {
		return
	}
	l.unsent += int64(c.owed)
	if !c.aged && c.state == open && !c.leaving {
		_, n := l.newlyDue(i, l.clock.now())
		l.unsent += n
	}
	if l.plan.Scenario == Handshake { // what comes next is due at its own time
		c.received += int64(c.owed)
		if c.state == connecting || c.state == upgrading {
			c.received++
		}
	}
	l.miss(i, l.now+l.reopen)
}
