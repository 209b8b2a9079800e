package conformance

import "fmt"

// What the cases need that move much data.

// A case of these logs only the first frames of its messages, and what ends the connection.
const bulkLogged = 40

// logBriefly has no more logged than the first entries, until logAgain.
func (s *session) logBriefly() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mostLog = bulkLogged
}

func (s *session) logAgain() {
	s.mu.Lock()
	cut := len(s.result.Log) >= s.mostLog
	s.mostLog = maxLogged
	s.mu.Unlock()
	if cut {
		s.note(true, "… what was sent and received from here on is not listed")
	}
}

// logging reports whether there is room in the log.
func (s *session) logging() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.result.Log) < s.mostLog
}

// sendMessage sends a message in fragments of so many octets, or in one frame for 0, by few writes. It
// reports whether the peer's end took them.
func (s *session) sendMessage(op, rsv byte, payload []byte, fragment int) bool {
	const perWrite = 64 << 10
	s.wire = s.wire[:0]
	for {
		n := len(payload)
		if fragment > 0 {
			n = min(n, fragment)
		}
		f := frame{op: op, rsv: rsv, more: n < len(payload), payload: payload[:n]}
		before := len(s.wire)
		s.wire = f.append(s.wire, s.peer == Server)
		if s.logging() {
			s.record(true, s.wire[before:], len(s.wire)-before, describe(f.op, !f.more, f.rsv, uint64(n), s.peer == Server))
		}
		if !f.more || len(s.wire) >= perWrite {
			if !s.raw(s.wire, 0) {
				return false
			}
			s.wire = s.wire[:0]
		}
		if !f.more {
			return true
		}
		payload, op, rsv = payload[n:], opContinuation, 0
	}
}

// hearEcho waits for a message, and fails the case if something else comes. Pings are answered on the way.
func (s *session) hearEcho(want event) bool {
	size := len(want.data)
	for {
		ev := s.receive()
		switch ev.kind {
		case pinged:
			s.send(pong(string(ev.data)))
			continue
		case ponged:
			continue
		case textMessage, binaryMessage:
			if ev.is(want) {
				return true
			}
			s.fail("%s", difference(ev, want))
		case closed:
			if code, _ := closePayload(ev.data); code == 1009 {
				s.fail("the peer refuses messages of this size: the answer to %d octets was %v", size, ev)
			} else {
				s.fail("the answer to a message of %d octets was %v", size, ev)
			}
		case ended:
			s.fail("the answer to a message of %d octets was %v: the peer may refuse messages of this size", size, ev)
		default:
			s.fail("a message of %d octets did not come back within %v", size, s.patience)
		}
		return false
	}
}

// difference says how a message that came differs from the one that was sent.
func difference(came, sent event) string {
	if came.kind != sent.kind {
		return fmt.Sprintf("%v came back, and %v was sent", came, sent)
	}
	at, shorter := 0, min(len(came.data), len(sent.data))
	for at < shorter && came.data[at] == sent.data[at] {
		at++
	}
	return fmt.Sprintf("what came back has %d octets, where %d were sent, and differs from octet %d on", len(came.data), len(sent.data), at)
}

// endBulk closes the connection behind messages that all came back, or not.
func (s *session) endBulk(sound bool) {
	s.logAgain()
	switch {
	case s.gotClose || s.over:
		s.awaitClose(orderly)
	case sound:
		s.closeQuietly()
	default:
		s.closeNow()
	}
}
