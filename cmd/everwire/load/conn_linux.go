package load

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// A connState is a connection's.
type connState uint8

const (
	unused     connState = iota
	connecting           // TCP's handshake is under way
	upgrading            // the opening handshake is
	open
	shutting // a Close frame was sent
	failed
)

// A conn is one connection. There may be a million, so that what few need is behind a pointer.
type conn struct {
	receiver
	fd       int32
	state    connState
	leaving  bool    // it is to be closed when nothing is on the way; so it sends no more
	eager    bool    // it is among those that send at the next turn
	aged     bool    // what it did not answer has been counted
	wanted   uint32  // the events that epoll looks for
	inFlight int32   // messages sent, or on their way to the socket, and not answered
	owed     int32   // messages that are due and wait for the window
	outPos   int32   // where in its frame the next octet is
	out      int64   // octets of frames that wait for the socket
	received int64   // messages that were answered, or came, in this run
	since    int64   // since when the peer is waited for
	sent     batches // Handshake: when this one was due, or started
}

// edges go with what a connection waits for.
const edges = unix.EPOLLET | unix.EPOLLRDHUP

func (l *loop) want(i int, c *conn, events uint32) {
	if c.wanted == events {
		return
	}
	c.wanted = events
	l.arm(i, c)
}

// arm has epoll name a connection again, at once if there is reason to.
func (l *loop) arm(i int, c *conn) {
	if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_MOD, int(c.fd), &unix.EpollEvent{Events: c.wanted | edges, Fd: int32(i)}); err != nil {
		l.fail(i, ioError(os.NewSyscallError("epoll_ctl", err), SystemError))
	}
}

// ready looks at a connection that epoll has named.
func (l *loop) ready(i int, events uint32) {
	c := &l.conns[i]
	switch c.state {
	case connecting:
		l.connected(i, c)
		return
	case unused, failed:
		return
	}
	if events&^unix.EPOLLOUT != 0 {
		l.receive(i, c, events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0)
	}
	if events&unix.EPOLLOUT != 0 && (c.state == open || c.state == shutting) {
		l.flush(i, c)
		if c.leaving {
			l.part(i, c)
		}
	}
}

// readsAtOnce is how often a connection is read before others have their turn, and the clock.
const readsAtOnce = 8

// receive reads what there is. Events are edge-triggered, which saves epoll a second look at every connection: so it
// reads until there is less than there is room for, and where the server has ended its half, until that is read as well.
// Of a server that is faster than messages are made that would never be: after some reads epoll is asked to name the connection
// once more, behind the others.
func (l *loop) receive(i int, c *conn, ended bool) {
	for reads := 0; c.state != failed && c.state != unused; reads++ {
		if reads == readsAtOnce {
			l.arm(i, c)
			return
		}
		if n := c.discardable() - 1; n > receiveSize { // the last octet ends the message below
			n, e := rawDiscard(c.fd, n)
			if e == unix.EINTR {
				continue
			}
			if e != 0 || n == 0 {
				l.broken(i, c, n, e)
				return
			}
			l.in += int64(n)
			c.left -= int64(n)
			c.pos += int64(n)
			continue
		}
		fd := c.fd
		n, e := rawReceive(fd, l.input)
		if e == unix.EINTR {
			continue
		}
		if e != 0 || n == 0 {
			l.broken(i, c, n, e)
			return
		}
		l.in += int64(n)
		in := l.input[:n]
		if c.state == upgrading {
			if in = l.upgraded(i, c, in); c.state == open {
				l.opened(i, c)
			}
		}
		if c.state == open || c.state == shutting {
			l.take(i, c, in)
		}
		if n < receiveSize && !ended || c.fd != fd || c.state == connecting {
			return
		}
	}
}

// broken ends a connection that has nothing more to read.
func (l *loop) broken(i int, c *conn, n int, e syscall.Errno) {
	switch {
	case e == unix.EAGAIN:
	case c.state == shutting: // servers may cut without an answer
		l.cut(i, c)
	case e != 0:
		l.fail(i, ioError(os.NewSyscallError("receiving", e), ResetError))
	case c.state == upgrading:
		l.fail(i, because(HandshakeError, 0, "the server closed the connection"))
	default:
		l.fail(i, errClosed)
	}
}

// take takes input apart and acts on it. Everything that it causes to be sent leaves in one write.
func (l *loop) take(i int, c *conn, in []byte) {
	messages := 0
	for {
		content := l.content
		if l.rendered {
			content = l.expected(c)
		}
		rest, n, checked, ctl, err := c.next(content, in)
		messages += n
		l.checked += int64(checked)
		if err != nil {
			if c.state == shutting { // what it says now counts no more
				l.cut(i, c)
				return
			}
			l.fail(i, err)
			return
		}
		in = rest
		if ctl.opcode == opPing && c.state == open {
			c.answer(ctl.payload)
		}
		if ctl.opcode == opClose {
			if c.state == shutting {
				l.cut(i, c)
			} else {
				l.fail(i, closedBy(ctl.payload))
			}
			return
		}
		if n > 0 && l.rendered && !content.lenient {
			c.rare.box.answered(n)
		}
		if len(in) == 0 {
			break
		}
	}
	if c.state == shutting {
		return
	}
	if messages > 0 {
		l.arrival(i, c, messages)
	}
	if c.state == open && (c.out > 0 || c.rare != nil && len(c.rare.pongs) > 0) && c.wanted&unix.EPOLLOUT == 0 {
		l.flush(i, c)
	}
	if c.leaving {
		l.part(i, c)
	}
}

// answer puts a Pong frame on its way. Of Pings that come faster than the answers leave, some go unanswered
// (RFC 6455 §5.5.3).
func (c *conn) answer(ping []byte) {
	if r := c.more(); len(r.pongs) < maxPongs {
		r.pongs = appendMasked(r.pongs, finBit|opPong, ping)
	}
}

// flush writes what waits for the socket: frames, and between them control frames.
func (l *loop) flush(i int, c *conn) {
	if l.rendered {
		l.flushBox(i, c)
		return
	}
	for {
		frames := c.rare == nil || len(c.rare.pongs) == 0
		var n int
		var e syscall.Errno
		switch {
		case !frames && (c.rare.midPong || c.outPos == 0):
			n, e = rawSend(c.fd, c.rare.pongs)
			if e == 0 {
				l.out += int64(n)
				c.rare.pongs = c.rare.pongs[n:]
				c.rare.midPong = len(c.rare.pongs) > 0
			}
		case c.out > 0:
			b := l.content.batch
			b = b[c.outPos:min(int64(len(b)), int64(c.outPos)+c.out)]
			if !frames {
				b = b[:l.content.frameLen-int(c.outPos)]
			}
			n, e = rawSend(c.fd, b)
			if e == 0 {
				l.out += int64(n)
				c.out -= int64(n)
				whole := (int(c.outPos) + n) / l.content.frameLen
				c.outPos = int32((int(c.outPos) + n) % l.content.frameLen)
				if l.sendOnly {
					l.taken(i, c, whole)
				}
			}
		default:
			if c.rare != nil {
				c.rare.pongs = nil
			}
			l.want(i, c, unix.EPOLLIN)
			return
		}
		if !l.goesOn(i, c, e) {
			return
		}
	}
}
