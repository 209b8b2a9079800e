package conformance

import (
	"crypto/tls"
	"fmt"
	"net"
	"time"
)

// What the cases need that send very much, use several connections, or end the stream in an unusual way.

// reopen leaves the connection, whatever its state, and makes another to the same server. The verdicts stay.
func (s *session) reopen() {
	s.disconnect()
	s.sentClose, s.gotClose, s.weBegan, s.over, s.killed = false, false, false, false, false
	s.closeSeen, s.deflate, s.compress, s.answer = event{}, nil, nil, nil
	s.open("")
}

// sound reports whether nothing is against the standard so far, and the connections ended as they should.
func (s *session) sound() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return severity(s.result.Behavior) < severity(WrongCode) && severity(s.result.Close) <= severity(OK)
}

// stillServes asks a server, in a connection of its own, whether it goes on as before.
func (s *session) stillServes() {
	if s.peer == Server && s.sound() {
		s.reopen()
		s.send(text("still there"))
		s.expect(wantText("still there"))
		s.closeNow()
	}
}

// pour sends very many frames, by one write, while it gathers n events. Who sends first and reads then would
// wait without end for a peer that does the same.
func (s *session) pour(frames []frame, n int) []event {
	return s.pourUntil(frames, func(came []event) bool { return len(came) == n })
}

// perFrame is how long a peer may take for a frame, be it slow and busy, of many to which there is no answer
// before the last.
const perFrame = 50 * time.Microsecond

// pourUntil is pour that gathers events until there are enough.
func (s *session) pourUntil(frames []frame, enough func([]event) bool) (came []event) {
	var wire []byte
	for i := range frames {
		wire = frames[i].append(wire, s.peer == Server)
		s.sentClose = s.sentClose || frames[i].op == opClose
	}
	s.record(true, wire, len(wire), fmt.Sprintf("%d frames, %d octets in all", len(frames), len(wire)))
	nc, written := s.nc, make(chan error, 1)
	go func() {
		_, err := nc.Write(wire)
		written <- err
	}()
	finished := false
	defer func() {
		if !finished {
			nc.SetWriteDeadline(time.Now()) // nobody reads any more
		}
		if err := <-written; err != nil {
			s.note(true, fmt.Sprintf("cannot send: %v", err))
		}
		nc.SetWriteDeadline(deadline(s.ctx, 0))
	}()
	for !enough(came) {
		ev := s.receiveWithin(s.patience + time.Duration(len(frames))*perFrame)
		if ev.kind == nothing || ev.kind == closed || ev.kind == ended {
			return came
		}
		came = append(came, ev)
	}
	finished = true
	return came
}

// sendSplit sends a frame by two writes, the first of which has so many octets. There is a moment between
// them, so that they are likely to arrive apart.
func (s *session) sendSplit(f frame, at int) {
	wire := f.append(nil, s.peer == Server)
	s.record(true, wire, len(wire), fmt.Sprintf("%s, cut behind %d octets", opcodeName(f.op), at))
	if s.raw(wire[:at], 0) {
		s.idle(time.Millisecond)
		s.raw(wire[at:], 0)
	}
}

// sendPart sends the first octets of a frame and no more.
func (s *session) sendPart(f frame, octets int) {
	wire := f.append(nil, s.peer == Server)
	wire = wire[:min(octets, len(wire))]
	s.record(true, wire, len(wire), fmt.Sprintf("the first %d octets of a %s frame", len(wire), opcodeName(f.op)))
	s.raw(wire, 0)
}

// mustEnd waits for the peer to end its half of the stream, with a Close frame before that or without. It
// returns what else came.
func (s *session) mustEnd(why string) (came []event) {
	for {
		switch ev := s.receive(); ev.kind {
		case ended:
			s.judgeClose(OK, "the peer ended the stream")
			return came
		case nothing:
			s.fail("the peer did not end the connection within %v %s", s.patience, why)
			s.judgeClose(Failed, "the peer did not end the connection within %v", s.patience)
			return came
		case closed:
		default:
			came = append(came, ev)
		}
	}
}

// reset ends the stream by an RST.
func (s *session) reset() {
	s.note(true, "a reset of the stream")
	nc := s.nc
	if t, ok := nc.(*tls.Conn); ok {
		nc = t.NetConn()
	}
	if t, ok := nc.(*net.TCPConn); ok {
		t.SetLinger(0)
	}
	nc.Close()
}

// limited reports whether the peer has closed the connection because something was too much for it, plays the
// end, and tells it: the standard leaves limits to each endpoint (RFC 6455 §10.4).
func (s *session) limited() bool {
	code, _ := closePayload(s.closeSeen.data)
	if !s.gotClose || code != 1008 && code != 1009 && code != 1013 {
		return false
	}
	s.tell("the peer closed the connection with %d: it has a limit here", code)
	s.awaitClose(closeRule{codes: []int{code}})
	return true
}

// withKey has a client's frame masked by a key that is known.
func (f frame) withKey(key uint32) frame { f.key = &key; return f }

// claiming has a frame's header say another length than the payload has.
func (f frame) claiming(n uint64) frame { f.form, f.claims = 64, &n; return f }

// masked the wrong way: by a server, or not by a client.
func (f frame) wronglyMasked() frame { f.unmask = true; return f }

// wide has the length in 16 or 64 bits.
func (f frame) wide(bits int) frame { f.form = bits; return f }
