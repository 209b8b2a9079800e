package conformance

import "time"

// Families 6.4.1 to 6.4.4: when text that is not UTF-8 shows. A message comes in three parts: the first is in
// order as far as it goes, the second makes it what no more can become UTF-8, and the third is not sent
// before the peer has had time to notice.
func init() {
	const (
		section = "RFC 6455 §8.1"
		expects = "The connection is failed, with 1007 if there is a Close frame, when the second part has come. To fail it only when " +
			"the message is whole is NON-STRICT."
	)
	whole := kosme + beyond + "edited"
	for i, cuts := range [][2]int{{11, 15}, {12, 13}} {
		where := []string{"between characters", "inside the invalid character"}[i]
		parts := [3]string{whole[:cuts[0]], whole[cuts[0]:cuts[1]], whole[cuts[1]:]}
		register(&Case{
			ID:      []string{"6.4.1", "6.4.2"}[i],
			Name:    "an invalid text in three frames, cut " + where,
			Does:    "Sends a text message in three frames, of which the second makes it invalid; before the third it waits.",
			Expects: expects, Section: section, Tags: []Tag{UTF8, UTF8Early}, Peers: Server | Client,
			run: func(s *session) {
				s.open("")
				s.failsEarly(
					func() { s.send(first(opText, parts[0])) },
					func() { s.send(next(parts[1])) },
					func() { s.send(last(parts[2])) })
			},
		}, &Case{
			ID:   []string{"6.4.3", "6.4.4"}[i],
			Name: "an invalid text in one frame that comes in three parts, cut " + where,
			Does: "Sends a text frame in three parts, of which the second makes it invalid; before the third it waits. An empty " +
				"frame ends the message.",
			Expects: expects, Section: section, Tags: []Tag{UTF8, UTF8Early}, Peers: Server | Client,
			run: func(s *session) {
				s.open("")
				f := first(opText, whole)
				wire := f.append(nil, s.peer == Server)
				header := len(wire) - len(whole)
				from, to := header+cuts[0], header+cuts[1]
				note := describe(opText, false, 0, uint64(len(whole)), s.peer == Server)
				part := func(octets []byte, note string) {
					s.record(true, octets, len(octets), note)
					s.raw(octets, 0)
				}
				s.failsEarly(
					func() { part(wire[:from], note+", of which the first part") },
					func() { part(wire[from:to], "the second part") },
					func() {
						part(wire[to:], "the third part")
						s.send(last(""))
					})
			},
		})
	}
}

// failsEarly sends a message's three parts, and judges when the peer fails the connection.
func (s *session) failsEarly(valid, invalid, rest func()) {
	rule := closeRule{codes: invalidText}
	valid()
	if ev := s.receiveWithin(50 * time.Millisecond); ev.kind != nothing {
		s.fail("nothing was expected yet, as the text is in order so far, and %v came", ev)
		s.awaitClose(rule)
		return
	}
	invalid()
	switch ev := s.receive(); ev.kind {
	case nothing:
		rest()
		for _, ev := range s.awaitClose(rule) {
			s.fail("the connection should have been failed, and %v came", ev)
		}
		s.lax("the connection was failed when the message was whole, not within %v after the octets that are not UTF-8", s.patience)
	case closed, ended:
		for _, ev := range s.awaitClose(rule) {
			s.fail("the connection should have been failed, and %v came", ev)
		}
	default:
		s.fail("the connection should have been failed, and %v came", ev)
		s.awaitClose(rule)
	}
	if s.killed && !s.gotClose {
		s.fail("the peer did not fail the connection within %v", s.patience)
	}
}
