package conformance

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

// Family 15: the opening handshake, judged at a client. Its request is judged, and what it makes of answers
// that have something changed.

// A regard is what to think of a client that
type regard struct {
	taken   Verdict // takes the connection to be open after an answer
	refused Verdict // does not, and ends the stream
	expects string  // what it should do
}

var (
	mustReject = regard{Failed, OK,
		"The client fails the connection: it sends nothing, and ends the stream."}
	shouldReject = regard{NonStrict, OK,
		"The client should fail the connection. If it does not the connection works."}
	mustTake   = regard{OK, Failed, "The client takes the answer, and the connection works."}
	shouldTake = regard{OK, NonStrict, "The client should take the answer; the connection works then."}
	mayTake    = regard{OK, Informational, "The client may take the answer; the connection works then."}
	mayReject  = regard{Informational, OK, "The client may fail the connection. If it does not the connection works."}
)

// A rejoinder is an answer to a client's handshake, and the case about it.
type rejoinder struct {
	what    string              // behind "an answer "
	change  func(h head) head   // nil for an answer that is in order
	wire    func(string) string // changes it once more, as octets
	want    regard
	section string
	tags    []Tag

	ends    bool             // the stream ends behind it
	run     func(s *session) // instead of all these; does and expects tell it
	does    string
	expects string
}

// rejoinders registers a group of cases.
func rejoinders(group int, section string, tags []Tag, list []rejoinder) {
	for i, r := range list {
		c := &Case{
			ID:      fmt.Sprintf("15.%d.%d", group, i+1),
			Name:    "an answer " + r.what,
			Does:    "Answers the client's handshake by one " + r.what + ", with a text message right behind.",
			Expects: r.want.expects,
			Section: cmp.Or(r.section, section),
			Tags:    tags,
			Peers:   Client,
			run:     r.perform,
		}
		if r.tags != nil {
			c.Tags = r.tags
		}
		if r.run != nil {
			c.Name, c.Does, c.Expects = r.what, r.does, r.expects
			c.run = func(s *session) {
				s.judgeKey()
				r.run(s)
			}
		}
		register(c)
	}
}

func (r rejoinder) perform(s *session) {
	s.judgeKey()
	h := s.goodAnswer()
	if r.change != nil {
		h = r.change(h)
	}
	wire := h.String()
	if r.wire != nil {
		wire = r.wire(wire)
	}
	s.respond(wire, text("Hello"))
	if r.ends {
		s.finish()
	}
	s.judgeRegard(r.want)
}

// judgeRegard judges what a client has made of an answer and a text message "Hello" behind it.
func (s *session) judgeRegard(want regard) {
	came, err := s.firstOctets()
	switch {
	case came == nil && errors.Is(err, os.ErrDeadlineExceeded):
		if want.taken == OK {
			s.fail("the client neither echoed the message behind the answer nor ended the stream within %v", s.patience)
		} else {
			s.fail("the client did not end the stream within %v", s.patience)
		}
		panic(giveUp)
	case came == nil:
		s.note(false, "the end of the stream")
		s.judge(want.refused, "the client did not take the answer")
		return
	case string(came) == "GET":
		s.fail("the client sent another request on the connection")
		panic(giveUp)
	}
	s.judge(want.taken, "the client took the answer: it sent % x…", came)
	s.stand()
	s.begin()
	if s.expect(wantText("Hello")) {
		s.closeNow()
	}
}

// firstOctets waits for what a client sends behind its request. It returns nil, and why, if that is nothing.
func (s *session) firstOctets() ([]byte, error) {
	s.nc.SetReadDeadline(deadline(s.ctx, s.patience))
	defer s.nc.SetReadDeadline(deadline(s.ctx, 0))
	came, err := s.in.Peek(3)
	if len(came) > 0 {
		came = append([]byte(nil), came...)
		s.record(false, came, s.in.Buffered(), "octets behind the request")
		return came, nil
	}
	return nil, err
}

// handshakeKeys are those that clients have sent since the program began, in the cases of this family, as far
// as they fit.
var handshakeKeys = struct {
	sync.Mutex
	seen map[string]bool
}{seen: map[string]bool{}}

const maxHandshakeKeys = 1 << 16

// judgeKey fails a client whose key is not new.
func (s *session) judgeKey() {
	key := s.request.parsed.Header.Get("Sec-WebSocket-Key")
	handshakeKeys.Lock()
	defer handshakeKeys.Unlock()
	switch {
	case handshakeKeys.seen[key]:
		s.fail("the key %q was sent in another handshake, too: it must be random (RFC 6455 §4.1 item 7)", key)
	case len(handshakeKeys.seen) < maxHandshakeKeys:
		handshakeKeys.seen[key] = true
	}
}

// works goes on behind an answer that is in order: the connection must work.
func (s *session) works() {
	s.begin()
	if s.echoes("Hello") {
		s.closeNow()
	}
}

// To change an answer:

func statusLine(l string) func(head) head {
	return func(h head) head {
		h.line = l
		return h
	}
}

// status is an answer as HTTP has it to a request that is not granted.
func status(line string, more ...field) func(head) head {
	return func(head) head {
		return head{"HTTP/1.1 " + line, append([]field{{"Content-Length", "0"}, {"Connection", "close"}}, more...)}
	}
}

// accepting changes Sec-WebSocket-Accept.
func accepting(how func(right string) string) func(head) head {
	return func(h head) head {
		return h.with("Sec-WebSocket-Accept", how(h.values("Sec-WebSocket-Accept")[0]))
	}
}

func lowLine(from, to string) func(string) string {
	return func(wire string) string { return strings.Replace(wire, from, to, 1) }
}

// redirected sends a client elsewhere, and looks whether it goes.
func redirected(s *session) {
	address, _, err := net.SplitHostPort(s.nc.LocalAddr().String())
	if err != nil {
		address = "127.0.0.1"
	}
	ln, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		s.fail("the suite cannot listen: %v", err)
		return
	}
	defer ln.Close()
	s.respond(status("301 Moved Permanently", field{"Location", "http://" + ln.Addr().String() + "/"})(head{}).String(), text("Hello"))
	s.finish()
	s.judgeRegard(mustReject)
	if t, ok := ln.(*net.TCPListener); ok {
		t.SetDeadline(time.Now().Add(100 * time.Millisecond))
	}
	nc, err := ln.Accept()
	if err != nil {
		return
	}
	defer nc.Close()
	s.tell("the client followed the redirect")
	nc.SetDeadline(time.Now().Add(s.patience))
	if _, err := nc.Read(make([]byte, maxHead)); err == nil {
		io.WriteString(nc, status("404 Not Found")(head{}).String())
	}
}
