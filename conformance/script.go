package conformance

import "fmt"

// A script is a case of the most common kind: frames are sent, the peer does something, and the connection
// ends.
type script struct {
	offer  string  // of extensions
	send   []frame // each by its own write
	joined bool    // all by one

	want    []event // what a peer must do, besides ending the connection
	lenient []event // what is NON-STRICT, if other is
	other   bool

	// The end: by the suite, with 1000, when all that was wanted has come, or by the peer, which must fail
	// the connection with one of fails. A Close frame in send is the suite's.
	fails []int
	end   *closeRule // instead of the rule that follows from the above
}

func (sc script) run(s *session) {
	s.open(sc.offer)
	if sc.joined {
		s.sendTogether(sc.send...)
	} else {
		s.send(sc.send...)
	}
	rule := orderly
	if sc.fails != nil {
		rule = closeRule{codes: sc.fails}
	}
	if sc.end != nil {
		rule = *sc.end
	}
	var came []event
	if rule.byUs {
		s.weBegan = s.sentClose
		if !s.sentClose {
			came = s.gather(len(sc.want))
			if !s.gotClose && !s.over {
				s.weBegan = true
				s.send(closing(1000, ""))
			}
		}
	} else {
		s.sentClose = false // one that is against the rules is none, and the peer's is answered
	}
	came = append(came, s.awaitClose(rule)...)
	switch {
	case sameEvents(came, sc.want):
	case sc.other && sameEvents(came, sc.lenient):
		s.lax("%s, where %s was expected", list(came), list(sc.want))
	default:
		s.fail("%s, where %s was expected", list(came), list(sc.want))
	}
	if sc.fails != nil && s.killed && !s.gotClose {
		s.fail("the peer did not fail the connection within %v", s.patience)
	}
}

// gather waits for n events, or the connection's end, or patience's.
func (s *session) gather(n int) (came []event) {
	for len(came) < n {
		ev := s.receive()
		if ev.kind == nothing || ev.kind == closed || ev.kind == ended {
			break
		}
		came = append(came, ev)
	}
	return came
}

func sameEvents(a, b []event) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].is(b[i]) {
			return false
		}
	}
	return true
}

// list names events.
func list(events []event) string {
	switch len(events) {
	case 0:
		return "nothing"
	case 1, 2, 3:
		s := events[0].String()
		for _, e := range events[1:] {
			s += " and " + e.String()
		}
		return s
	}
	return fmt.Sprintf("%v and %d more", events[0], len(events)-1)
}
