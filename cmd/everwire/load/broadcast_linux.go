package load

import (
	"errors"

	"golang.org/x/sys/unix"
)

// spreading says whether broadcasts are under way.
func (l *loop) spreading() bool {
	return l.task != nil && (l.task.kind == announcing || l.task.kind == running && l.plan.Scenario == Broadcast)
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
		for c.state == open && l.behind() {
			l.round++
		}
		for s.sent.Load() < l.round && s.start(m.due(0, s.sent.Load()), &l.live) {
			l.enqueue(0, c, 1)
		}
	} else if l.phase < draining {
		for s.start(l.now, &l.live) {
			l.enqueue(0, c, 1)
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
		l.enqueue(0, c, 1)
		l.flush(0, c)
	}
}
