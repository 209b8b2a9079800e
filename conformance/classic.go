package conformance

// What the cases of the classic families share. Their numbers, what they send and what they accept are those
// that testdata/classic-cases.json recorded.

const (
	greeting  = "Hello, world!"                    // the message before or behind what a case is about
	farewell  = "Hello World!"                     // the same in family 7
	someBytes = "\x00\xff\xfe\xfd\xfc\xfb\x00\xff" // is not UTF-8
)

const (
	echoed      = "The message comes back."
	fails1002   = "The peer fails the connection, with 1002 if it sends a Close frame."
	fails1007   = "The peer fails the connection, with 1007 if it sends a Close frame."
	echoedFirst = "The message comes back, and then the peer fails the connection, with 1002 if it sends a Close frame. " +
		"To fail it without the message's coming back is NON-STRICT."
)

var (
	protocolError = []int{1002}
	invalidText   = []int{1007}
)

// posed makes a case for both kinds of peer.
func posed(id, name, does, expects, section string, run func(*session), tags ...Tag) *Case {
	return &Case{ID: id, Name: name, Does: does, Expects: expects, Section: section, Tags: tags, Peers: Server | Client, run: run}
}

// scripted makes the case of a script.
func scripted(id, name, does, expects, section string, sc script, tags ...Tag) *Case {
	return posed(id, name, does, expects, section, sc.run, tags...)
}

// octetByOctet are a text message's frames, of one octet each, and an empty one at last.
func octetByOctet(p string) []frame {
	frames := []frame{first(opText, p[:1])}
	for i := 1; i < len(p); i++ {
		frames = append(frames, next(p[i:i+1]))
	}
	return append(frames, last(""))
}

// mustHear waits for an event, without which the connection is closed and the case ends here.
func (s *session) mustHear(want event) {
	if !s.expect(want) {
		if !s.gotClose && !s.over {
			s.weBegan = true
			s.send(closing(1000, ""))
		}
		s.awaitClose(orderly)
		panic(giveUp)
	}
}
