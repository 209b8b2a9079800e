package conformance

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Families 16.1 to 16.3: the codes of Close frames, all there are, by the classes of RFC 6455 §7.4. A client
// cannot be asked for another connection within a case, so it is sent one code a case.
func init() {
	classes := []struct {
		name    string
		codes   []int
		judge   func(*session, int)
		expects string
		section string
	}{
		{"0 to 999", sample(0, 999), refuses, codeRefused, "RFC 6455 §7.4.2"},
		{"1000 to 1003 and 1007 to 1011", []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011}, takes, codeTaken, "RFC 6455 §7.4.1"},
		{"1012 to 1014", []int{1012, 1013, 1014}, takesLater, codeTakenLater, "RFC 6455 §11.7"},
		{"1004, 1005, 1006 and 1015", []int{1004, 1005, 1006, 1015}, refuses, codeRefused, "RFC 6455 §7.4.1"},
		{"1016 to 2999", sample(1016, 2999), refuses, codeRefused, "RFC 6455 §7.4.2"},
		{"3000 to 3999", sample(3000, 3999), takes, codeTaken, "RFC 6455 §7.4.2"},
		{"4000 to 4999", sample(4000, 4999), takes, codeTaken, "RFC 6455 §7.4.2"},
	}
	for i, c := range classes {
		register(&Case{
			ID:      fmt.Sprintf("16.1.%d", i+1),
			Name:    fmt.Sprintf("the close codes %s, %d of them", c.name, len(c.codes)),
			Does:    fmt.Sprintf("Sends a Close frame with a code of %s, in a connection for each of %d.", c.name, len(c.codes)),
			Expects: c.expects,
			Section: c.section,
			Tags:    []Tag{CloseCode},
			Peers:   Server,
			Timeout: time.Minute,
			run: func(s *session) {
				for i, code := range c.codes {
					if i == 0 {
						s.open("")
					} else {
						s.reopen()
					}
					c.judge(s, code)
					if !s.sound() {
						return
					}
				}
			},
		})
	}
	beyond := sample(5000, 65535)
	register(&Case{
		ID:      "16.1.8",
		Name:    fmt.Sprintf("the close codes 5000 to 65535, %d of them", len(beyond)),
		Does:    fmt.Sprintf("Sends a Close frame with a code of 5000 to 65535, in a connection for each of %d.", len(beyond)),
		Expects: "The connection ends. The standard does not say what these codes are: they may be taken, or fail the connection with 1002.",
		Section: "RFC 6455 §7.4.2",
		Tags:    []Tag{CloseCode},
		Peers:   Server,
		Timeout: time.Minute,
		run: func(s *session) {
			var taken, refused int
			for i, code := range beyond {
				if i == 0 {
					s.open("")
				} else {
					s.reopen()
				}
				if s.openCode(code) {
					taken++
				} else {
					refused++
				}
				if !s.sound() {
					return
				}
			}
			s.tell("%d codes of 5000 to 65535 were taken, and %d refused", taken, refused)
		},
	})

	n := 0
	single := func(code int, peers Peer, expects string, judge func(*session, int)) {
		n++
		register(&Case{
			ID:      fmt.Sprintf("16.2.%d", n),
			Name:    fmt.Sprintf("the close code %d", code),
			Does:    fmt.Sprintf("Sends a Close frame with the code %d.", code),
			Expects: expects,
			Section: "RFC 6455 §7.4",
			Tags:    []Tag{CloseCode},
			Peers:   peers,
			run: func(s *session) {
				s.open("")
				judge(s, code)
			},
		})
	}
	for _, code := range []int{1, 125, 255, 256, 500, 998, 1015, 1017, 1500, 2048, 2998} {
		single(code, Server|Client, codeRefused, refuses)
	}
	for _, code := range []int{3001, 3500, 3998, 4001, 4500, 4998} {
		single(code, Server|Client, codeTaken, takes)
	}
	for _, code := range []int{1012, 1013, 1014} {
		single(code, Server|Client, codeTakenLater, takesLater)
	}
	for _, code := range []int{5001, 32768} {
		single(code, Client, "The connection ends. The standard does not say what these codes are.", func(s *session, code int) {
			if s.openCode(code) {
				s.tell("the code %d was taken", code)
			} else {
				s.tell("the code %d was refused", code)
			}
		})
	}

	for i, code := range []int{0, 1000, 1001, 1011, 3000, 4999} {
		what := fmt.Sprintf("the code %d", code)
		if code == 0 {
			what = "no code"
		}
		register(posed(fmt.Sprintf("16.3.%d", i+1), "the answer to a Close frame with "+what,
			"Sends a Close frame with "+what+".",
			"The answer has the same code, which is what the standard calls typical, or 1000, or none.", "RFC 6455 §5.5.1",
			func(s *session) {
				s.open("")
				if got := s.closeAndSee(code, ""); s.gotClose && got != code && got != 1000 && got != 1005 {
					s.lax("the answer to a Close frame with %s has the code %d (RFC 6455 §5.5.1)", what, got)
				}
			}, Closing))
	}
}

const (
	codeRefused    = "The code must not be on the wire: the connection is failed with 1002."
	codeTaken      = "The Close frame is answered with the same code, with 1000 or with none, and the connection ends."
	codeTakenLater = "The Close frame is answered with the same code, with 1000 or with none. The codes were registered " +
		"after the standard was written; a peer that does not know them is not strict."
)

// sample returns numbers of a range: its bounds, what is next to them, the powers of 2 and those of 10, and
// 40 more. They are the same in every run.
func sample(from, to int) []int {
	chosen := []int{from, from + 1, to - 1, to}
	for n := 1; n <= to; n *= 2 {
		chosen = append(chosen, n-1, n, n+1)
	}
	for n := 1; n <= to; n *= 10 {
		chosen = append(chosen, n)
	}
	some := rand.New(rand.NewPCG(6455, uint64(from)))
	for range 40 {
		chosen = append(chosen, from+some.IntN(to-from+1))
	}
	slices.Sort(chosen)
	return slices.DeleteFunc(slices.Compact(chosen), func(n int) bool { return n < from || n > to })
}

// coded is a Close frame with a code, which may be 0.
func coded(code int) frame {
	return frame{op: opClose, payload: []byte{byte(code >> 8), byte(code)}}
}

// closeAndSee closes the connection and returns the code of the answer, whatever it is; judged is only that
// it comes, and that the connection ends.
func (s *session) closeAndSee(code int, reason string) int {
	s.weBegan = true
	s.send(closing(code, reason))
	before := s.awaitClose(closeRule{free: true, byUs: true, clean: true})
	for _, ev := range before {
		s.fail("%v came where only a Close frame should", ev)
	}
	got, _ := closePayload(s.closeSeen.data)
	return got
}

// takes judges that a code is taken.
func takes(s *session, code int) {
	switch got := s.closeAndSee(code, ""); {
	case !s.gotClose || got == code || got == 1000 || got == 1005:
	case got == 1002:
		s.fail("the code %d was refused (RFC 6455 §7.4)", code)
	default:
		s.lax("the code %d was answered with %d (RFC 6455 §5.5.1)", code, got)
	}
}

// takesLater is takes of a code that is younger than the standard.
func takesLater(s *session, code int) {
	if got := s.closeAndSee(code, ""); s.gotClose && got != code && got != 1000 && got != 1005 {
		s.lax("the code %d was answered with %d; IANA has registered it (RFC 6455 §11.7)", code, got)
	}
}

// refuses judges that a code fails the connection.
func refuses(s *session, code int) {
	s.send(coded(code))
	s.mustFail(1002)
	if got, _ := closePayload(s.closeSeen.data); s.gotClose && got != 1002 {
		s.fail("the code %d was answered with %d, as if it might be on the wire (RFC 6455 §7.4)", code, got)
	}
}

// openCode sends a code of which the standard says nothing, and reports whether it was taken.
func (s *session) openCode(code int) bool {
	s.send(coded(code))
	s.mustFail(1000, 1002, code)
	got, _ := closePayload(s.closeSeen.data)
	return s.gotClose && got != 1002
}
