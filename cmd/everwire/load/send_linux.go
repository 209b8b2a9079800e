package load

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// write renders n messages for a connection.
func (l *loop) write(i int, c *conn, n int) {
	box := c.more().outbox()
	for range n {
		if err := l.writer.put(box, i, l.number(i)); err != nil {
			l.fail(i, err)
			return
		}
	}
	c.out = int64(len(box.frames) - box.pos)
}

// expected is what must come back next on a connection of rendered messages.
func (l *loop) expected(c *conn) *content {
	var box *outbox
	if c.rare != nil {
		box = c.rare.box
	}
	return l.writer.of(box)
}

// flushBox writes rendered messages, and control frames behind them.
func (l *loop) flushBox(i int, c *conn) {
	for {
		r := c.more()
		box := r.outbox()
		if len(r.pongs) > 0 {
			box.frames = append(box.frames, r.pongs...)
			c.out += int64(len(r.pongs))
			r.pongs = nil
		}
		if box.empty() {
			l.want(i, c, unix.EPOLLIN)
			return
		}
		n, e := rawSend(c.fd, box.frames[box.pos:])
		if e == 0 {
			l.out += int64(n)
			c.out -= int64(n)
			l.taken(i, c, box.took(n))
		}
		if c.state != open && c.state != shutting { // a message could not be made
			return
		}
		if !l.goesOn(i, c, e) {
			return
		}
	}
}

// taken counts n messages as done where no answers are expected: the socket has taken them.
func (l *loop) taken(i int, c *conn, n int) {
	if n == 0 || l.task == nil || l.task.kind != running || l.plan.Scenario != Echo {
		return
	}
	l.total += int64(n)
	c.received += int64(n)
	l.echoed(i, c, n)
}

// sendEager lets connections go on whose socket has taken all that they had.
func (l *loop) sendEager() {
	now := l.eager
	l.eager, l.spare = l.spare[:0], now
	for _, i := range now {
		c := &l.conns[i]
		c.eager = false
		if c.state != open || c.leaving || c.inFlight > 0 {
			continue
		}
		l.send(int(i), c, l.plan.InFlight)
		if c.out > 0 && c.wanted&unix.EPOLLOUT == 0 {
			l.flush(int(i), c)
		}
	}
}

// goesOn says whether writing does.
func (l *loop) goesOn(i int, c *conn, e syscall.Errno) bool {
	switch e {
	case 0, unix.EINTR:
		return true
	case unix.EAGAIN:
		l.want(i, c, unix.EPOLLIN|unix.EPOLLOUT)
	default:
		l.fail(i, ioError(os.NewSyscallError("sending", e), ResetError))
	}
	return false
}
