package load

// look looks for connections that keep one waiting for too long.
func (l *loop) look() {
	last := len(l.conns)
	switch l.task.kind {
	case dialing, exchanging:
		last = l.next
	case announcing:
		if l.now-l.heard <= int64(l.plan.Timeout) {
			return
		}
	case running:
		if l.plan.Scenario != Handshake && !l.changing && l.patient == 0 && !l.expired() {
			return
		}
	}
	for i := l.low; i < last && l.task != nil; i++ {
		c := &l.conns[i]
		if l.task.kind == running && l.plan.Scenario == Handshake && l.expired() {
			l.recordAges(i, c) // there is no time left to start them
		}
		err := l.overdue(i, c)
		switch {
		case err == nil:
			if i == l.low && l.settled(c) {
				l.low++
			}
		case l.task.kind == closing:
			l.cut(i, c)
		default:
			if l.task.kind == running && l.plan.Scenario == Echo {
				l.recordAges(i, c)
			}
			l.fail(i, err)
		}
	}
}

// expired says that what is on the way has had its time since the run's interval ended.
func (l *loop) expired() bool {
	return l.phase == draining && l.now-l.task.measure.done > int64(l.plan.Timeout)
}

// settled says whether a connection is through with what is being done.
func (l *loop) settled(c *conn) bool {
	return l.task.kind == dialing && c.state == open || l.task.kind == exchanging && c.inFlight == 0
}

// overdue says what a connection has been waited for too long.
func (l *loop) overdue(i int, c *conn) error {
	late := l.now-c.since > int64(l.plan.Timeout)
	switch c.state {
	case connecting, upgrading:
		if late {
			return because(TimeoutError, 0, "no answer to the handshake within %v", l.plan.Timeout)
		}
		return nil
	case shutting:
		if late {
			return because(TimeoutError, 0, "no answer to the Close frame within %v", l.plan.Timeout)
		}
		return nil
	case open:
	default:
		return nil
	}
	switch {
	case l.task.kind == exchanging && c.inFlight > 0 && late:
		return because(TimeoutError, 0, "no answer to the message within %v", l.plan.Timeout)
	case l.task.kind == closing, l.task.kind == exchanging:
		return nil
	case l.spreading():
		if n := l.spread.sent.Load() - c.received; n > 0 {
			return because(TimeoutError, 0, "%d broadcasts did not arrive, expected within %v", n, l.plan.Timeout)
		}
	case l.task.kind != running || c.inFlight+c.owed == 0:
	case l.expired():
		return because(TimeoutError, 0, "%d messages without an answer %v after the end", c.inFlight+c.owed, l.plan.Timeout)
	case l.patient > 0 && l.now-l.oldest(i, c) > l.patient:
		return because(TimeoutError, 0, "no answer to a message within %v", l.plan.AnswerTimeout)
	}
	return nil
}

// oldest is since when the oldest message without an answer is waited for.
func (l *loop) oldest(i int, c *conn) int64 {
	if m := l.task.measure; m.interval > 0 && !m.queued {
		return m.due(l.number(i), c.received)
	}
	return c.sent.at
}

// recordAges lets messages that were due and never answered count with the age that they have reached. None of them is
// owed any more.
func (l *loop) recordAges(i int, c *conn) {
	m := l.task.measure
	record := func(due int64, n int) {
		if m.counts(due) {
			l.record(l.now-due, n)
		}
	}
	switch {
	case m.queued:
		c.sent.all(record)
		for first, n := l.newlyDue(i, l.now); n > 0; n-- {
			record(m.due(l.number(i), first+n-1), 1)
		}
	case m.interval > 0:
		first := c.received
		if c.state == connecting || c.state == upgrading { // that one was started
			first++
		}
		for k := range int64(c.inFlight + c.owed) {
			record(m.due(l.number(i), first+k), 1)
		}
	}
	l.owed -= int64(c.owed)
	c.received += int64(c.owed) // what comes next is due at its own time
	c.owed, c.aged = 0, true
}
