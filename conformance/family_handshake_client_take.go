package conformance

import (
	"slices"
	"strings"
	"time"
)

// Family 15, answers that a client must take, and what stands behind them.

func init() {
	rejoinders(8, "RFC 9110 §5.1", []Tag{Handshake}, []rejoinder{
		{what: "that is in order", want: mustTake, section: "RFC 6455 §4.1", tags: []Tag{Handshake, Accept}},
		{what: "whose fields have names in lower case", change: renamed(strings.ToLower), want: mustTake},
		{what: "whose fields have names in upper case", change: renamed(strings.ToUpper), want: mustTake},
		{what: `with "Upgrade: WebSocket"`, change: sets("Upgrade", "WebSocket"), want: mustTake, section: "RFC 6455 §4.1",
			tags: []Tag{Handshake, UpgradeHeader}},
		{what: `with "Upgrade: WEBSOCKET"`, change: sets("Upgrade", "WEBSOCKET"), want: mustTake, section: "RFC 6455 §4.1",
			tags: []Tag{Handshake, UpgradeHeader}},
		{what: `with "Connection: upgrade"`, change: sets("Connection", "upgrade"), want: mustTake, section: "RFC 6455 §4.1",
			tags: []Tag{Handshake, UpgradeHeader}},
		{what: `with "Connection: keep-alive, Upgrade"`, change: sets("Connection", "keep-alive, Upgrade"), want: mustTake,
			section: "RFC 6455 §4.1", tags: []Tag{Handshake, UpgradeHeader}},
		{what: "with Connection twice, keep-alive and Upgrade", change: both("Connection", "keep-alive", "Upgrade"), want: mustTake,
			section: "RFC 9110 §5.3", tags: []Tag{Handshake, UpgradeHeader}},
		{what: "with white space around Sec-WebSocket-Accept", change: accepting(func(right string) string { return "\t " + right + " \t" }),
			want: mustTake, section: "RFC 6455 §4.1", tags: []Tag{Handshake, Accept}},
		{what: "whose fields have no space behind the colon", wire: func(w string) string { return strings.ReplaceAll(w, ": ", ":") },
			want: mustTake, section: "RFC 9112 §5.1"},
		{what: "whose fields stand in another order", change: func(h head) head {
			return h.with("Upgrade", "websocket").with("Connection", "Upgrade")
		}, want: mustTake, section: "RFC 9110 §5.3"},
		{what: "with fields that nobody knows", change: func(h head) head {
			return h.and("X-Everybody-Unknown", "a").and("Server", "conformance").and("Date", "Thu, 01 Jan 1970 00:00:00 GMT").
				and("Sec-WebSocket-Unknown", "1").and("X-Empty", "")
		}, want: mustTake, section: "RFC 9110 §5.1"},
		{what: "with two cookies", change: func(h head) head {
			return h.and("Set-Cookie", "a=b; Path=/; HttpOnly").and("Set-Cookie", "c=d; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
		}, want: mustTake, section: "RFC 6265 §4.1"},
		{what: "with a field of 2,000 octets", change: adds("X-Large", strings.Repeat("x", 2000)), want: mustTake, section: "RFC 9110 §5.4"},
		{what: "with octets in a value that are not ASCII", change: adds("X-Octets", "\xe4\xf6\xfc \xff"), want: shouldTake,
			section: "RFC 9110 §5.5"},
		{what: "with a field folded over two lines", wire: withLine("X-Folded: a\r\n b"), want: shouldTake, section: "RFC 9112 §5.2"},
		{what: "whose lines end by LF alone", wire: func(w string) string { return strings.ReplaceAll(w, "\r\n", "\n") },
			want: mayTake, section: "RFC 9112 §2.2"},
		{what: "with another reason phrase", change: statusLine("HTTP/1.1 101 Web Socket Protocol Handshake"), want: mustTake,
			section: "RFC 9112 §4", tags: []Tag{Handshake, Status}},
		{what: "without a reason phrase", change: statusLine("HTTP/1.1 101 "), want: mustTake, section: "RFC 9112 §4",
			tags: []Tag{Handshake, Status}},
		{what: "without a reason phrase and the space before it", change: statusLine("HTTP/1.1 101"), want: mayTake,
			section: "RFC 9112 §4", tags: []Tag{Handshake, Status}},
		{what: "with Content-Length: 0", change: adds("Content-Length", "0"), want: shouldTake, section: "RFC 9112 §6.3",
			tags: []Tag{Handshake, Status}},
		{what: "with Sec-WebSocket-Version", change: adds("Sec-WebSocket-Version", "13"), want: shouldTake, section: "RFC 6455 §11.3.5"},
		{what: "behind an interim answer 103", wire: func(w string) string { return "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + w },
			want: mayTake, section: "RFC 9110 §15.2", tags: []Tag{Handshake, Status}},
		{what: "an answer that chooses a subprotocol of the client's offer", run: func(s *session) {
			offered := elements(s.request.parsed.Header.Values("Sec-WebSocket-Protocol"))
			if len(offered) == 0 {
				s.lacking("the client offers no subprotocol")
				s.respond(s.goodAnswer().String())
			} else {
				s.respond(s.goodAnswer().with("Sec-WebSocket-Protocol", offered[len(offered)-1]).String())
			}
			s.works()
		}, does: "Answers with the last subprotocol that the client has offered.",
			expects: "The connection works. A client that offers none is UNIMPLEMENTED.", section: "RFC 6455 §4.1", tags: []Tag{Subprotocol}},
	})

	rejoinders(9, "RFC 6455 §4.2.2", []Tag{Handshake, Pipelined}, []rejoinder{
		{what: "an answer octet by octet", run: func(s *session) {
			wire := s.goodAnswer().String()
			s.result.Response = wire
			s.raw([]byte(wire), 1)
			s.works()
		}, does: "Sends the answer one octet at a time.", expects: mustTake.expects, tags: []Tag{Handshake, Chopped}},
		{what: "an answer with a pause", run: func(s *session) {
			wire := s.goodAnswer().String()
			s.result.Response = wire
			s.raw([]byte(wire[:len(wire)/2]), 0)
			s.idle(100 * time.Millisecond)
			s.raw([]byte(wire[len(wire)/2:]), 0)
			s.works()
		}, does: "Sends half an answer, and the rest 100 ms later.", expects: mustTake.expects, tags: []Tag{Handshake, Chopped}},
		welcome("a text message", []event{wantText("ahead")}, text("ahead")),
		welcome("a message in two frames", []event{wantText("ahead")}, first(opText, "ahe"), last("ad")),
		welcome("a message of 60,000 octets", []event{wantText(strings.Repeat("a", 60000))}, text(strings.Repeat("a", 60000))),
		welcome("a Ping", []event{wantPong("ahead")}, ping("ahead")),
		welcome("a text message and a Ping", []event{wantText("ahead"), wantPong("p")}, text("ahead"), ping("p")),
		{what: "half a frame right behind the answer", run: func(s *session) {
			f := text("ahead")
			wire := f.append(nil, false)
			s.respond(s.goodAnswer().String() + string(wire[:4]))
			s.idle(10 * time.Millisecond)
			s.raw(wire[4:], 0)
			s.begin()
			if s.expect(wantText("ahead")) {
				s.closeNow()
			}
		}, does: "Sends the answer and half a frame by one write, and then the rest.", expects: "The message comes back."},
		{what: "a Close frame right behind the answer", run: func(s *session) {
			s.weBegan, s.sentClose = true, true
			s.respond(s.goodAnswer().String(), closing(1000, "done"))
			s.begin()
			s.awaitClose(orderly)
		}, does: "Sends the answer and a Close frame by one write.", expects: "The client answers the Close frame, and the connection ends."},
	})
}

// welcome is of frames by one write with the answer.
func welcome(what string, want []event, frames ...frame) rejoinder {
	return rejoinder{what: what + " right behind the answer", does: "Sends the answer and " + what + " by one write.",
		expects: "Nothing is lost: what is due in return comes.", run: func(s *session) {
			s.respond(s.goodAnswer().String(), frames...)
			s.begin()
			came := s.gather(len(want))
			for _, w := range want { // in any order: a Pong may come before an echo
				if !slices.ContainsFunc(came, w.is) {
					s.fail("%s came, where %s was expected", list(came), list(want))
					return
				}
			}
			s.closeNow()
		}}
}
