package conformance

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"slices"
	"strings"
	"time"
)

// Family 14, the stream below: requests that are too large, too slow or none, what stands behind them, and
// what the answers are made of.

func init() {
	large := reception{Informational, OK, Failed, OK, nil,
		"The server refuses it, best with 431, or ends the stream. How much it takes is its affair."}
	group := []approach{
		sized("a field of 64 KiB", large, adds("X-Large", strings.Repeat("x", 64<<10))),
		sized("a field of 1 MiB", large, func(h head) head { return h.and("X-Large", strings.Repeat("x", 1<<20)) }),
		sized("10,000 fields", large, func(h head) head {
			return head{h.line, append(slices.Clone(h.fields), slices.Repeat([]field{{"X-Many", "x"}}, 10000)...)}
		}),
		sized("a target of 64 KiB", large, target(func(t string) string { return t + "?" + strings.Repeat("x", 64<<10) })),
		{what: "a header that has no end", run: func(s *session) { s.endless(strings.Repeat("X-Many: x\r\n", 4096)) },
			does:    "Sends a handshake with fields and fields, up to 8 MiB, and no empty line.",
			expects: "The server refuses it before that, best with 431, or ends the stream.", section: "RFC 9110 §5.4"},
		{what: "a request line that has no end", run: func(s *session) { s.endless("") },
			does:    "Sends a target of up to 8 MiB, without the line's end.",
			expects: "The server refuses it before that, best with 414, or ends the stream.", section: "RFC 9112 §3"},
		{what: "a request that stops in the middle", run: func(s *session) {
			s.connect()
			wire := s.goodRequest(newKey()).String()
			s.raw([]byte(wire[:len(wire)/2]), 0)
			s.awaitDeadline()
		}, does: "Sends half a handshake, and waits.",
			expects: "A server should not wait without end. It is told if it has not answered, or ended the stream, in time."},
		{what: "a connection without a request", run: func(s *session) { s.connect(); s.awaitDeadline() },
			does:    "Connects, sends nothing, and waits.",
			expects: "A server should not wait without end. It is told if it has not answered, or ended the stream, in time."},
		{what: "a request whose stream ends in the middle", run: func(s *session) {
			s.connect()
			wire := s.goodRequest(newKey()).String()
			s.raw([]byte(wire[:len(wire)/2]), 0)
			s.finish()
			s.judgeReception(noHTTP, s.hearAnswer())
		}, does: "Sends half a handshake, and ends the stream.", expects: noHTTP.expects, section: "RFC 9112 §8"},
		{what: "random octets instead of a request", run: func(s *session) {
			garbage := make([]byte, 256)
			rand.Read(garbage)
			s.greet(string(garbage) + "\r\n\r\n")
		}, does: "Sends 256 random octets and an empty line.", expects: noHTTP.expects, section: "RFC 9112 §2.2"},
		{what: "the greeting of another protocol instead of a request", run: func(s *session) { s.greet("SSH-2.0-OpenSSH_9.9\r\n\r\n") },
			does: "Sends the greeting of SSH.", expects: noHTTP.expects, section: "RFC 9112 §2.2"},
		{what: "a frame instead of a request", run: func(s *session) {
			early := text("\r\n\r\n").withKey(0)
			s.greet(string(early.append(nil, true)))
		}, does: "Sends a frame without a handshake. Its payload ends lines, so that no server waits for more.", expects: noHTTP.expects,
			section: "RFC 6455 §4.2.1"},
	}
	for i := range group {
		if group[i].section == "" {
			group[i].section = "RFC 9110 §5.4"
		}
	}
	approaches(10, "RFC 9110 §5.4", []Tag{HeaderLimits}, group)

	approaches(11, "RFC 9112 §9.3", []Tag{Pipelined}, []approach{
		{what: "a handshake octet by octet", run: func(s *session) {
			s.connect()
			h := s.goodRequest(newKey())
			s.result.Request = h.String()
			s.raw([]byte(h.String()), 1)
			s.continueWith(h)
		}, does: "Sends a handshake one octet at a time.", expects: mustAccept.expects, section: "RFC 9112 §2.2",
			tags: []Tag{Handshake, Chopped}},
		{what: "a handshake with a pause", run: func(s *session) {
			s.connect()
			h := s.goodRequest(newKey())
			wire := h.String()
			s.result.Request = wire
			s.raw([]byte(wire[:len(wire)/2]), 0)
			s.idle(100 * time.Millisecond)
			s.raw([]byte(wire[len(wire)/2:]), 0)
			s.continueWith(h)
		}, does: "Sends half a handshake, and the rest 100 ms later.", expects: mustAccept.expects, section: "RFC 9112 §2.2",
			tags: []Tag{Handshake, Chopped}},
		ahead("a text message", text("ahead")),
		ahead("a message in two frames", first(opText, "ahe"), last("ad")),
		ahead("a message of 3,000 octets", text(strings.Repeat("a", 3000))),
		ahead("a message of 60,000 octets", text(strings.Repeat("a", 60000))),
		ahead("100 messages", repeated(text("ahead"), 100)...),
		{what: "half a frame behind the handshake", run: func(s *session) {
			f := text("ahead")
			wire := f.append(nil, true)
			s.together(string(wire[:5]))
			s.raw(wire[5:], 0)
			s.judgeAhead([]event{wantText("ahead")})
		}, does: "Sends a handshake and half a frame by one write, and the rest once the answer is there.", expects: aheadExpects,
			section: "RFC 6455 §4.1"},
		{what: "two handshakes, the first of them wrong, on one connection", run: func(s *session) {
			s.connect()
			resp := s.ask(s.goodRequest(newKey()).without("Sec-WebSocket-Key").String())
			s.judgeReception(mustRefuse, resp)
			s.again(resp)
		}, does: "Sends a handshake without a key, reads the answer, and sends one that is in order.",
			expects: "The server refuses the first. It accepts the second, or has ended the stream.", tags: []Tag{Status, Key}},
		{what: "a request that is no handshake, and then one", run: func(s *session) {
			s.connect()
			resp := s.ask(s.goodRequest(newKey()).without("Upgrade").with("Connection", "keep-alive").without("Sec-WebSocket-Key").
				without("Sec-WebSocket-Version").String())
			s.judgeReception(noHandshake, resp)
			s.again(resp)
		}, does: "Sends a GET that is no handshake, reads the answer, and sends a handshake by the same connection.",
			expects: "The server answers the first with any status but 101. It accepts the second, or has ended the stream.",
			tags:    []Tag{Status, UpgradeHeader}},
		{what: "two handshakes by one write, the first of them wrong", run: func(s *session) {
			s.connect()
			h := s.goodRequest(newKey())
			resp := s.ask(h.without("Sec-WebSocket-Key").String() + h.String())
			s.judgeReception(mustRefuse, resp)
			s.stand()
			if resp != nil && s.hearBody(resp) == nil {
				s.continueOrEnd(h)
			}
		}, does: "Sends a handshake without a key, and one that is in order, by one write.",
			expects: "The server answers the first with an error. It accepts the second, or ends the stream.",
			tags:    []Tag{Pipelined, Status, Key}},
		{what: "frames behind a handshake that is refused", run: func(s *session) {
			s.connect()
			f := text("ahead\r\n\r\n").withKey(0) // so that it ends a line, and no server waits for more
			resp := s.ask(s.goodRequest(newKey()).without("Sec-WebSocket-Key").String() + string(f.append(nil, true)))
			s.judgeReception(mustRefuse, resp)
			s.stand()
			if resp != nil && s.hearBody(resp) == nil {
				s.mustNotSpeak()
			}
		}, does: "Sends a handshake without a key, and a text frame by the same write.",
			expects: "The server refuses the handshake. It sends no frame.", section: "RFC 6455 §4.2.1", tags: []Tag{Status, Key}},
	})

	approaches(12, "RFC 9112 §6.3", []Tag{Status}, []approach{
		{what: "the answer to a request that is no handshake", run: func(s *session) {
			s.judgeHygiene(func(h head) head { return h.without("Upgrade").with("Connection", "keep-alive") }, noHandshake)
		}, does: "Sends a GET that is no handshake, and reads the answer to its end.", expects: hygieneExpects},
		{what: "the answer to a handshake without a key", run: func(s *session) {
			s.judgeHygiene(lacks("Sec-WebSocket-Key"), mustRefuse)
		}, does: "Sends a handshake without a key, and reads the answer to its end.", expects: hygieneExpects},
		{what: "the answer to a handshake of version 14", run: func(s *session) {
			s.judgeHygiene(sets("Sec-WebSocket-Version", "14"), mustRefuse)
		}, does: "Sends a handshake of version 14, and reads the answer to its end.", expects: hygieneExpects},
		{what: "the answer to a handshake by POST", run: func(s *session) {
			s.judgeHygiene(method("POST"), mustRefuse)
		}, does: "Sends a handshake by POST, and reads the answer to its end.", expects: hygieneExpects},
		{what: "an answer 101 has no body", run: func(s *session) {
			s.connect()
			h := s.goodRequest(newKey())
			resp := s.ask(h.String())
			s.judgeReception(mustAccept, resp)
			s.stand()
			for _, name := range []string{"Content-Length", "Transfer-Encoding"} {
				if name == "Content-Length" && resp.Header.Get(name) != "" || name == "Transfer-Encoding" && len(resp.TransferEncoding) > 0 {
					s.fail("the answer 101 has %s", name)
				}
			}
			s.proceed(resp, h)
		}, does: "Sends a handshake that is in order.", expects: "The answer 101 has neither Content-Length nor Transfer-Encoding.",
			section: "RFC 9110 §8.6", tags: []Tag{Status, Handshake}},
	})
}

const hygieneExpects = "The answer says how long it is, or the stream ends with it, so that no client waits for more."

// judgeHygiene reads an answer that refuses to its end.
func (s *session) judgeHygiene(change func(head) head, want reception) {
	s.connect()
	resp := s.ask(change(s.goodRequest(newKey())).String())
	s.judgeReception(want, resp)
	s.stand()
	if resp == nil {
		return
	}
	switch err := s.hearBody(resp); {
	case timedOut(err):
		s.fail("the answer %s had not ended after %v, with Content-Length %d", resp.Status, s.patience, resp.ContentLength)
	case err != nil:
		s.fail("the answer %s is not whole: %v", resp.Status, err)
	}
}

// skipBody reads a body and drops it, all that there is of an answer behind its head.
func skipBody(resp *http.Response, in *bufio.Reader) error {
	switch {
	case len(resp.TransferEncoding) > 0:
		if _, err := io.Copy(io.Discard, httputil.NewChunkedReader(in)); err != nil {
			return err
		}
		for { // trailers
			l, err := in.ReadString('\n')
			if err != nil || l == "\r\n" || l == "\n" {
				return err
			}
		}
	case resp.ContentLength >= 0:
		_, err := io.CopyN(io.Discard, in, resp.ContentLength)
		return err
	}
	_, err := io.Copy(io.Discard, in)
	return err
}

// again sends a handshake that is in order behind an answer that refused.
func (s *session) again(resp *http.Response) {
	s.stand()
	if resp == nil {
		return
	}
	if err := s.hearBody(resp); err != nil {
		s.fail("the answer %s is not whole: %v", resp.Status, err)
		return
	}
	h := s.goodRequest(newKey())
	s.result.Request, s.result.Response = s.result.Request+h.String(), ""
	s.raw([]byte(h.String()), 0)
	s.continueOrEnd(h)
}

// continueOrEnd is continueWith that lets the stream end.
func (s *session) continueOrEnd(asked head) {
	s.result.Response = ""
	resp := s.hearAnswer()
	s.judgeReception(reception{OK, Informational, Informational, OK, nil, ""}, resp)
	if resp != nil && resp.StatusCode == http.StatusSwitchingProtocols {
		s.proceed(resp, asked)
	}
}

// continueWith hears the answer to a request that must be accepted, and goes on.
func (s *session) continueWith(asked head) {
	resp := s.hearAnswer()
	s.judgeReception(mustAccept, resp)
	s.stand()
	s.proceed(resp, asked)
}

// greet sends what is no HTTP.
func (s *session) greet(octets string) {
	s.connect()
	s.record(true, []byte(octets), len(octets), "no request")
	s.raw([]byte(octets), 0)
	resp := s.hearAnswer()
	if resp == nil && s.result.Response != "" {
		s.tell("the server answered with what is no HTTP/1.1: %s", quote([]byte(s.result.Response)))
		return
	}
	s.judgeReception(noHTTP, resp)
}

// mustNotSpeak hears what comes of a server behind an answer that refused: nothing, or the answer to what it
// took for another request.
func (s *session) mustNotSpeak() {
	resp := s.hearAnswer()
	switch {
	case resp != nil && resp.StatusCode == http.StatusSwitchingProtocols:
		s.fail("the server sent 101 behind the answer that refused")
	case resp == nil && strings.Contains(s.result.Response, "ahead"):
		s.fail("the server echoed a frame behind the answer that refused: %s", quote([]byte(s.result.Response)))
	case resp == nil && s.result.Response == "" && s.silent():
		s.tell("the server left the connection open, and did not answer what stood behind")
	}
}

// awaitDeadline waits for a server to lose its patience with a request.
func (s *session) awaitDeadline() {
	resp := s.hearAnswer()
	switch {
	case resp != nil && resp.StatusCode == http.StatusSwitchingProtocols:
		s.fail("the server accepted half a handshake")
	case resp != nil:
		s.judge(OK, "the server answered %s", resp.Status)
	case s.silent():
		s.tell("no deadline was seen within %v", s.patience)
	default:
		s.judge(OK, "the server ended the stream")
	}
}

// sized is of large requests.
func sized(what string, want reception, change func(head) head) approach {
	return approach{what: "a handshake with " + what, does: "Sends a handshake with " + what + ".", expects: want.expects, run: func(s *session) {
		s.connect()
		h := change(s.goodRequest(newKey()))
		resp := s.askLarge(h.String())
		s.judgeReception(want, resp)
		if resp != nil && resp.StatusCode == http.StatusSwitchingProtocols {
			s.proceed(resp, h)
		}
	}}
}

// endless sends a request that does not end, up to a limit, with lines or none.
func (s *session) endless(lines string) {
	const most = 8 << 20
	s.connect()
	h := s.goodRequest(newKey())
	start, more := "GET /", strings.Repeat("x", 32<<10)
	if lines != "" {
		start, more = strings.TrimSuffix(h.String(), "\r\n"), lines
	}
	resp := s.askLarge(start + strings.Repeat(more, most/len(more)))
	switch {
	case resp == nil && s.silent():
		s.lax("the server had neither answered nor ended the stream after %d MiB", most>>20)
	default:
		s.judgeReception(reception{Failed, OK, Failed, OK, nil, ""}, resp)
	}
}

// askLarge is ask for requests that a server may answer, or end the stream on, before it has read all.
func (s *session) askLarge(wire string) *http.Response {
	s.result.Request = cutHead(wire)
	nc, written := s.nc, make(chan error, 1)
	go func() {
		_, err := nc.Write([]byte(wire))
		written <- err
	}()
	resp := s.hearAnswer()
	nc.SetWriteDeadline(time.Now())
	if err := <-written; err != nil {
		s.note(true, fmt.Sprintf("cannot send: %v", err))
	}
	nc.SetWriteDeadline(deadline(s.ctx, 0))
	return resp
}

const aheadExpects = "The server accepts the handshake and echoes, with nothing lost. It is told if it refuses or fails the connection, for a client should have waited."

// ahead is of frames by one write with the handshake. A client must wait for the answer (RFC 6455 §4.1), so
// that a server may be strict about it; octets that vanish are worse.
func ahead(what string, frames ...frame) approach {
	return approach{what: what + " right behind the handshake", section: "RFC 6455 §4.1",
		does: "Sends a handshake and " + what + " by one write.", expects: aheadExpects,
		run: func(s *session) {
			var wire []byte
			var want []event
			message := ""
			for i := range frames {
				f := frames[i]
				wire = f.append(wire, true)
				if message += string(f.payload); !f.more {
					want = append(want, wantText(message))
					message = ""
				}
			}
			s.together(string(wire))
			s.judgeAhead(want)
		}}
}

// together sends a handshake, and octets by the same write, and begins.
func (s *session) together(behind string) {
	s.connect()
	h := s.goodRequest(newKey())
	s.record(true, []byte(behind), len(behind), "frames, by one write with the handshake")
	resp := s.ask(h.String() + behind)
	if resp == nil || resp.StatusCode != http.StatusSwitchingProtocols {
		s.judgeReception(reception{OK, Informational, Failed, Informational, nil, ""}, resp)
		panic(giveUp)
	}
	s.judgeSwitch(resp, h)
	s.begin()
}

// judgeAhead judges what became of them. One more message shows where the server is.
func (s *session) judgeAhead(want []event) {
	s.send(text("behind"))
	for i, w := range append(want, wantText("behind")) {
		ev := s.receive()
		switch {
		case ev.is(w):
			continue
		case i == 0 && (ev.kind == ended || ev.kind == closed):
			s.tell("the server ended the connection of a client that had not waited for its answer")
		case ev.kind == nothing:
			s.fail("%v was expected, and nothing came within %v", w, s.patience)
		default:
			s.fail("%v was expected, and %v came: frames were lost", w, ev)
		}
		panic(giveUp)
	}
	s.closeNow()
}

func repeated(f frame, n int) []frame {
	list := make([]frame, n)
	for i := range list {
		list[i] = text(fmt.Sprintf("%s %d", f.payload, i))
	}
	return list
}
