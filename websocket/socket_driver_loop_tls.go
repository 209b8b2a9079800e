//go:build linux || (everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd))

package websocket

import "crypto/tls"

// loopTLS is what a loopDriver has besides if there is TLS between the Socket and the descriptor: a tls.Conn of net/http's, below
// which a listenerConn was switched to memory.
//
//	received → memory.in → tls.Conn.Read → Socket.in
//	batch → tls.Conn.Write → memory.out → sent
//
// A tls.Conn has a lock for each direction, and reading can write: answers to a change of keys, alerts. So Socket.mu is
// never taken by what a tls.Conn calls, and what reading wrote is sent after it, at the end of the turn.
type loopTLS struct {
	memory
	conn *tls.Conn

	// The token holder's own.
	more bool    // the tls.Conn may have something to read
	kept *buffer // memory of memory.in, if that is not the worker's

	// Guarded by Socket.mu.
	sealed int  // octets of the batch that memory.out has encrypted
	ending bool // our half of the stream ends behind memory.out
}

const (
	sealSize    = 60 << 10 // octets that are encrypted at once: with what that adds they are hardly more than 64 KiB
	sealsAtOnce = 4        // after so many others get their turn
	openSize    = 16 << 10 // octets of a record, at most (RFC 8446 §5.1)
)

// takeTLS takes a TLS stream over, and reports false if it cannot be on a loop: it did not come from a listener of ours.
func (d *loopDriver) takeTLS(conn *tls.Conn) bool {
	c, ok := conn.NetConn().(*listenerConn)
	if !ok || d.Adopt(c.Conn, d) != nil {
		return false
	}
	d.tls = &loopTLS{conn: conn, more: true} // what it has read ahead is still in it
	c.memory.Store(&d.tls.memory)
	return true
}

// unread reports whether there is something for a turn to read. It is for who holds the delivery token, or mu while nobody does.
func (d *loopDriver) unread() bool { return d.socket().unread() || d.tls != nil && d.tls.more }

// received takes what was read from the descriptor, or why that is nothing.
func (t *loopTLS) received(input []byte, err error) {
	t.in = input
	if err != nil {
		t.end = err
	}
	t.more = t.more || len(input) > 0 || err != nil
}

// keep sees to it that what TLS has not read yet is in memory of its own, so that the worker can use its buffer.
func (t *loopTLS) keep() { t.in, t.kept = ownMemory(t.in, t.kept) }

// open has TLS read on when Socket.in is used up, and reports whether there is more in it.
func (d *loopDriver) open() bool {
	t, s := d.tls, d.socket()
	if t == nil || !t.more || s.unread() || s.held() {
		return false
	}
	room := s.roomInPlace()
	if room != nil || s.kept == nil || cap(s.kept.b) < openSize {
		s.kept.free()
		s.kept = nil
	}
	if room == nil {
		if s.kept == nil {
			s.kept = newBuffer(openSize)
		}
		room = s.kept.b[:openSize]
	}
	n, err := t.conn.Read(room)
	if err != nil {
		t.more = false
		if err != (notNow{}) {
			s.mu.Lock()
			d.endInput(err)
			s.mu.Unlock()
		}
	}
	s.in, s.fresh = room[:n], n > 0
	return n > 0
}

// writeTLS encrypts of a batch what the system takes, piece by piece. What was encrypted must be sent before
// anything else, so octets count as sent when their whole piece is.
func (d *loopDriver) writeTLS(b *batch) error {
	t := d.tls
	for range sealsAtOnce {
		if t.sealed == 0 {
			out, tail := b.left()
			if len(out)+len(tail) == 0 {
				return nil
			}
			if err := t.seal(out, tail); err != nil {
				return err
			}
		}
		if all, err := t.flush(d); !all {
			return err
		}
		b.sent += int64(t.sealed)
		t.sealed = 0
	}
	return nil
}

// seal encrypts a piece of what is there.
func (t *loopTLS) seal(out, tail []byte) error {
	out = out[:min(len(out), sealSize)]
	tail = tail[:min(len(tail), sealSize-len(out))]
	t.sealed = len(out) + len(tail)
	t.reserve(t.sealed + t.sealed/16 + 64)
	if len(out) > 0 {
		if _, err := t.conn.Write(out); err != nil {
			return err
		}
	}
	if len(tail) > 0 {
		if _, err := t.conn.Write(tail); err != nil {
			return err
		}
	}
	return nil
}

// sendTLS sends what TLS has written that belongs to no batch. Call with mu held.
func (d *loopDriver) sendTLS() {
	if d.full {
		return
	}
	all, err := d.tls.flush(d)
	switch {
	case !all && err == nil:
		d.full = true
		d.watch(d.Watches())
	case d.tls.ending:
		d.ShutdownWrite()
	}
}

// endTLS ends our half of the stream, with TLS's farewell (close_notify, RFC 8446 §6.1). Call with mu held.
func (d *loopDriver) endTLS() {
	d.tls.conn.CloseWrite()
	d.tls.ending = true
	d.sendTLS()
}
