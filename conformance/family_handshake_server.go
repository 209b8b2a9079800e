package conformance

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

// Family 14: the opening handshake, judged at a server. Most cases are a handshake with something changed,
// and what is to be thought of each way in which a server can receive it.

// A reception is that: the verdict on a server that
type reception struct {
	accepted Verdict // answers 101
	refused  Verdict // answers 400 or more
	plain    Verdict // answers otherwise, as to a request that asks for nothing special
	cut      Verdict // ends the stream without an answer
	statuses []int   // of a refusal: another is NON-STRICT
	expects  string  // what it should do
}

var (
	mustAccept = reception{OK, Failed, Failed, Failed, nil,
		"The server accepts it, and the connection works."}
	shouldAccept = reception{OK, NonStrict, NonStrict, NonStrict, nil,
		"The server should accept it; the connection works then."}
	mustRefuse = reception{Failed, OK, Informational, Failed, nil,
		"The server answers with an error status, such as 400."}
	shouldRefuse = reception{NonStrict, OK, Informational, NonStrict, nil,
		"The server should answer with an error status, such as 400. If it accepts the connection works."}
	must400 = reception{Failed, OK, Failed, NonStrict, []int{http.StatusBadRequest},
		"The server answers 400."}
	eitherWay = reception{OK, OK, Informational, Informational, nil,
		"The server accepts it, and the connection works, or it answers with an error status."}

	// Without one of Upgrade and Connection it is a request like any other, which a server may have an answer
	// to.
	noHandshake = reception{Failed, OK, OK, Informational, nil,
		"The server answers as to any HTTP request, with 426 or another status, but not 101."}
	noHTTP = reception{Failed, OK, Informational, OK, nil,
		"The server answers 400, or ends the stream."}
)

// An approach is a request, and the case about it.
type approach struct {
	what    string              // behind "a handshake "
	change  func(h head) head   // nil for a handshake that is in order
	wire    func(string) string // changes it once more, as octets
	want    reception
	section string
	tags    []Tag

	bare    bool                           // an answer that accepts must not choose anything of what was offered
	refusal func(*session, *http.Response) // judges that besides
	adds    string                         // to what is expected, about it
	run     func(s *session)               // instead of all these; does and expects tell it
	does    string
	expects string
}

// approaches registers a group of cases.
func approaches(group int, section string, tags []Tag, list []approach) {
	for i, a := range list {
		c := &Case{
			ID:      fmt.Sprintf("14.%d.%d", group, i+1),
			Name:    "a handshake " + a.what,
			Does:    "Sends a handshake " + a.what + ".",
			Expects: strings.TrimSpace(a.want.expects + " " + a.adds),
			Section: cmp.Or(a.section, section),
			Tags:    tags,
			Peers:   Server,
			run:     a.run,
		}
		if a.tags != nil {
			c.Tags = a.tags
		}
		if a.run == nil {
			c.run = a.perform
		} else {
			c.Name, c.Does, c.Expects = a.what, a.does, a.expects
		}
		register(c)
	}
}

func (a approach) perform(s *session) {
	s.connect()
	h := s.goodRequest(newKey())
	if a.change != nil {
		h = a.change(h)
	}
	wire := h.String()
	if a.wire != nil {
		wire = a.wire(wire)
	}
	resp := s.ask(wire)
	s.judgeReception(a.want, resp)
	if resp == nil {
		return
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		for _, name := range []string{"Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"} {
			if got := resp.Header.Values(name); a.bare && len(got) > 0 {
				s.fail("the server chose %s %q of what is not in order", name, got)
			}
		}
		s.proceed(resp, h)
	} else if resp.StatusCode >= 400 && a.refusal != nil {
		a.refusal(s, resp)
	}
}

// judgeReception judges how a server has received a request. It ends the case if it had to refuse and has
// not.
func (s *session) judgeReception(want reception, resp *http.Response) {
	switch {
	case resp == nil:
		s.judgeNoAnswer(want.cut)
	case resp.StatusCode == http.StatusSwitchingProtocols:
		s.judge(want.accepted, "the server accepted it")
		s.stand()
	case resp.StatusCode >= 400:
		s.judge(want.refused, "the server answered %s", resp.Status)
		if want.statuses != nil && !slices.Contains(want.statuses, resp.StatusCode) {
			s.lax("the server answered %s, where %v was expected", resp.Status, want.statuses)
		}
	default:
		s.judge(want.plain, "the server answered %s", resp.Status)
	}
}

// judgeNoAnswer judges a server from which none came: that it ended the stream, if it did.
func (s *session) judgeNoAnswer(cut Verdict) {
	switch {
	case s.result.Response != "":
		s.fail("what the server answered is no HTTP, or not whole: %s", quote([]byte(s.result.Response)))
	case s.silent():
		s.fail("the server neither answered nor ended the stream within %v", s.patience)
	default:
		s.judge(cut, "the server ended the stream without an answer")
	}
}

// silent reports whether the peer has sent nothing, and its stream has not ended.
func (s *session) silent() bool {
	s.nc.SetReadDeadline(deadline(s.ctx, 10*time.Millisecond))
	defer s.nc.SetReadDeadline(deadline(s.ctx, 0))
	_, err := s.in.Peek(1)
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// proceed judges a server's answer 101 to a request, and that the connection works.
func (s *session) proceed(resp *http.Response, asked head) {
	s.judgeSwitch(resp, asked)
	s.begin()
	s.echoes("Hello")
	s.closeNow()
}

// echoes sends a message and awaits it.
func (s *session) echoes(p string) bool {
	s.send(text(p))
	return s.expect(wantText(p))
}

// These extensions do not exist.
const (
	unknown    = "x-everybody-unknown"
	unknownToo = "x-nobody-known"
)

// values returns those of all fields of a name.
func (h head) values(name string) (list []string) {
	for _, f := range h.fields {
		if sameToken(f.name, name) {
			list = append(list, f.value)
		}
	}
	return list
}

// judgeSwitch holds a server's answer 101 against the request.
func (s *session) judgeSwitch(resp *http.Response, asked head) {
	key := strings.Join(asked.values("Sec-WebSocket-Key"), "")
	if why := judgeAnswer(resp, strings.Trim(key, " \t")); why != "" {
		s.fail("%s", why)
		panic(giveUp)
	}
	if !resp.ProtoAtLeast(1, 1) {
		s.fail("the answer is %s, where Upgrade needs HTTP/1.1 (RFC 9110 §7.8)", resp.Proto)
	}
	if n := len(resp.Header.Values("Sec-WebSocket-Accept")); n != 1 {
		s.fail("the answer has %d fields Sec-WebSocket-Accept (RFC 6455 §11.3.3)", n)
	}
	s.judgeSubprotocol(resp.Header.Values("Sec-WebSocket-Protocol"), asked.values("Sec-WebSocket-Protocol"))
	s.agree(strings.Join(asked.values("Sec-WebSocket-Extensions"), ", "), resp.Header.Values("Sec-WebSocket-Extensions"))
	chosen, _ := parseExtensions(resp.Header.Values("Sec-WebSocket-Extensions"))
	for _, e := range chosen {
		if e.name == unknown || e.name == unknownToo {
			s.fail("the server has accepted the extension %s, which does not exist", e.name)
		}
	}
	if n := len(resp.Header.Values("Sec-WebSocket-Extensions")); n > 1 {
		s.lax("the answer has %d fields Sec-WebSocket-Extensions (RFC 6455 §11.3.2; §4.2.2 lets it)", n)
	}
}

func (s *session) judgeSubprotocol(chosen, offered []string) {
	switch {
	case len(chosen) == 0:
		return
	case len(chosen) > 1:
		s.fail("the answer has %d fields Sec-WebSocket-Protocol (RFC 6455 §11.3.4)", len(chosen))
	case !isToken(chosen[0]):
		s.fail("the answer's Sec-WebSocket-Protocol, %q, is no token (RFC 6455 §4.2.2)", chosen[0])
	case !slices.Contains(elements(offered), chosen[0]):
		s.fail("the answer's Sec-WebSocket-Protocol, %q, was not offered (RFC 6455 §4.2.2)", chosen[0])
	}
}

// elements takes lists apart at their commas.
func elements(values []string) (list []string) {
	for _, e := range strings.Split(strings.Join(values, ","), ",") {
		if e = strings.Trim(e, " \t"); e != "" {
			list = append(list, e)
		}
	}
	return list
}

// hearBody reads what belongs to an answer besides its head, so that another may follow. It reports why it
// cannot.
func (s *session) hearBody(resp *http.Response) error {
	s.nc.SetReadDeadline(deadline(s.ctx, s.patience))
	defer s.nc.SetReadDeadline(deadline(s.ctx, 0))
	return skipBody(resp, s.in)
}

// timedOut reports whether an error is that of waiting too long.
func timedOut(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

// To change a request:

func sets(name, value string) func(head) head {
	return func(h head) head { return h.with(name, value) }
}

func adds(name, value string) func(head) head {
	return func(h head) head { return h.and(name, value) }
}

func lacks(name string) func(head) head {
	return func(h head) head { return h.without(name) }
}

// both has two fields of one name.
func both(name, first, second string) func(head) head {
	return func(h head) head { return h.with(name, first).and(name, second) }
}

// line changes the words of the request line: method, target and version.
func line(change func(words []string)) func(head) head {
	return func(h head) head {
		words := strings.Split(h.line, " ")
		change(words)
		h.line = strings.Join(words, " ")
		return h
	}
}

func method(m string) func(head) head { return line(func(w []string) { w[0] = m }) }
func proto(p string) func(head) head  { return line(func(w []string) { w[2] = p }) }
func target(change func(string) string) func(head) head {
	return line(func(w []string) { w[1] = change(w[1]) })
}

// withLine puts a line, as it is, behind the request line.
func withLine(l string) func(string) string {
	return func(wire string) string { return strings.Replace(wire, "\r\n", "\r\n"+l+"\r\n", 1) }
}
