package conformance

// closeNow closes the connection in order, from this end, and judges how the peer does its part. It returns
// what comes before the end.
func (s *session) closeNow() []event {
	s.weBegan = true
	s.send(closing(1000, ""))
	return s.awaitClose(orderly)
}

// closeQuietly is closeNow where no message or control frame may come on the way.
func (s *session) closeQuietly() {
	for _, ev := range s.closeNow() {
		s.fail("nothing more was expected, and %v came", ev)
	}
}

// A closeRule says how a connection must end.
type closeRule struct {
	codes []int // that a Close frame of the peer may have; one without a code may always be, and none unless clean
	byUs  bool  // the suite begins: the peer must not have
	clean bool  // both Close frames are there
	free  bool  // instead of codes: any that may be on the wire, as the reader judges
}

// orderly is the rule where the suite closes the connection and nothing is wrong.
var orderly = closeRule{codes: []int{1000}, byUs: true, clean: true}

// awaitClose waits for the connection's end, plays our part in it, and judges it. Messages that come on the
// way are passed over: what is judged of them was judged before.
func (s *session) awaitClose(rule closeRule) (before []event) {
	began := s.weBegan
	for !s.over && !(s.gotClose && s.sentClose && s.peer == Client) {
		if s.gotClose && !s.sentClose {
			s.send(closing(1000, ""))
			continue
		}
		ev := s.receive()
		switch ev.kind {
		case nothing:
			s.killed = true
			s.endStream()
			s.judgeEnd(rule, began)
			return before
		case closed, ended:
		default:
			before = append(before, ev)
		}
	}
	before = append(before, s.endStream()...)
	s.judgeEnd(rule, began)
	return before
}

// endStream ends the stream from our end. A server does that first (RFC 6455 §7.1.1).
func (s *session) endStream() (came []event) {
	if s.over {
		return nil
	}
	s.finish()
	if s.killed {
		return nil
	}
	for {
		switch ev := s.receive(); ev.kind {
		case closed:
		case ended:
			return came
		case nothing:
			s.judgeClose(Failed, "the client did not end its half of the stream within %v after the closing handshake", s.patience)
			return came
		default:
			came = append(came, ev)
		}
	}
}

func (s *session) judgeEnd(rule closeRule, began bool) {
	code, _ := closePayload(s.closeSeen.data)
	allowed := code == 1005 || rule.free
	for _, c := range rule.codes {
		allowed = allowed || c == code
	}
	switch {
	case rule.byUs && !began:
		s.judgeClose(Failed, "the peer closed the connection where it should not have")
	case s.killed && !s.gotClose:
		s.judgeClose(Failed, "the peer neither sent a Close frame nor closed the connection within %v", s.patience)
	case s.killed:
		s.judgeClose(Failed, "the peer did not close the connection within %v after the Close frames", s.patience)
	case rule.clean && !s.gotClose:
		s.judgeClose(Unclean, "the connection ended without the peer's Close frame")
	case s.gotClose && !allowed:
		s.judgeClose(WrongCode, "the peer's Close frame had the code %d, not one of %v", code, rule.codes)
	default:
		s.judgeClose(OK, "the connection was closed as it should be")
	}
}

// mustFail waits for the peer to fail the connection with one of some codes, and judges that it does, and
// how.
func (s *session) mustFail(codes ...int) {
	before := s.awaitClose(closeRule{codes: codes})
	for _, ev := range before {
		s.fail("the connection should have been failed, and %v came", ev)
	}
	switch {
	case s.killed && !s.gotClose:
		s.fail("the peer did not fail the connection within %v", s.patience)
	case !s.gotClose:
		s.lax("the connection was failed without a Close frame (RFC 6455 §7.1.7)")
	}
}
