package conformance

import (
	"errors"
	"os"
	"strings"
)

// Family 15, answers that a client must not take.

func init() {
	rejoinders(2, "RFC 6455 §4.1", []Tag{Accept}, []rejoinder{
		{what: "without Sec-WebSocket-Accept", change: lacks("Sec-WebSocket-Accept"), want: mustReject},
		{what: "with an empty Sec-WebSocket-Accept", change: sets("Sec-WebSocket-Accept", ""), want: mustReject},
		{what: "with the Sec-WebSocket-Accept of another key",
			change: sets("Sec-WebSocket-Accept", acceptFor("dGhlIHNhbXBsZSBub25jZQ==")), want: mustReject},
		{what: "an answer whose Sec-WebSocket-Accept is the key", run: func(s *session) {
			h := s.goodAnswer().with("Sec-WebSocket-Accept", s.request.parsed.Header.Get("Sec-WebSocket-Key"))
			s.respond(h.String(), text("Hello"))
			s.judgeRegard(mustReject)
		}, does: "Answers with the client's key in Sec-WebSocket-Accept, with a text message right behind.", expects: mustReject.expects},
		{what: "whose Sec-WebSocket-Accept is in upper case", change: accepting(strings.ToUpper), want: mustReject},
		{what: "whose Sec-WebSocket-Accept is in lower case", change: accepting(strings.ToLower), want: mustReject},
		{what: "whose Sec-WebSocket-Accept lacks its last character",
			change: accepting(func(right string) string { return right[:len(right)-1] }), want: mustReject},
		{what: "whose Sec-WebSocket-Accept has a character more",
			change: accepting(func(right string) string { return right + "=" }), want: mustReject},
		{what: "whose Sec-WebSocket-Accept stands in quotes",
			change: accepting(func(right string) string { return `"` + right + `"` }), want: mustReject},
		{what: "whose Sec-WebSocket-Accept is a list that has the right one",
			change: accepting(func(right string) string { return "AAAA, " + right }), want: mustReject},
		{what: "with Sec-WebSocket-Accept twice, the same", change: func(h head) head {
			return h.and("Sec-WebSocket-Accept", h.values("Sec-WebSocket-Accept")[0])
		}, want: mustReject, section: "RFC 6455 §11.3.3"},
		{what: "with Sec-WebSocket-Accept twice, the second of them wrong", change: adds("Sec-WebSocket-Accept", acceptFor("")),
			want: mustReject, section: "RFC 6455 §11.3.3"},
		{what: "with Sec-WebSocket-Accept twice, the first of them wrong", change: func(h head) head {
			return h.with("Sec-WebSocket-Accept", acceptFor("")).and("Sec-WebSocket-Accept", h.values("Sec-WebSocket-Accept")[0])
		}, want: mustReject, section: "RFC 6455 §11.3.3"},
	})

	rejoinders(3, "RFC 6455 §4.1", []Tag{Status}, []rejoinder{
		{what: "with the status 200", change: status("200 OK"), want: mustReject, ends: true},
		{what: "with the status 204", change: status("204 No Content"), want: mustReject, ends: true},
		{what: "with the status 202 and all else that belongs to 101", change: statusLine("HTTP/1.1 202 Accepted"), want: mustReject, ends: true},
		{what: "with the status 400", change: status("400 Bad Request"), want: mustReject, ends: true},
		{what: "with the status 401", change: status("401 Unauthorized", field{"WWW-Authenticate", `Basic realm="conformance"`}),
			want: mustReject, ends: true},
		{what: "with the status 404", change: status("404 Not Found"), want: mustReject, ends: true},
		{what: "with the status 426 and another version", change: status("426 Upgrade Required", field{"Sec-WebSocket-Version", "8, 7"}),
			want: mustReject, ends: true, section: "RFC 6455 §4.4", tags: []Tag{Status, Version}},
		{what: "with the status 503", change: status("503 Service Unavailable", field{"Retry-After", "1"}), want: mustReject, ends: true},
		{what: "with a status that nobody knows", change: status("799 Everybody"), want: mustReject, ends: true},
		{what: "an answer with the status 301 and another location", run: redirected,
			does:    "Answers with 301, with a text message right behind, and listens where it sends the client.",
			expects: "The client does not speak on this connection. It is told if it goes on to the other location."},
		{what: "with HTTP/1.0 in its status line", change: statusLine("HTTP/1.0 101 Switching Protocols"), want: shouldReject,
			section: "RFC 9110 §15.2"},
		{what: "with HTTP/2.0 in its status line", change: statusLine("HTTP/2.0 101 Switching Protocols"), want: shouldReject,
			section: "RFC 9112 §2.3"},
		{what: "with the status line of another protocol", change: statusLine("ICY 101 Switching Protocols"), want: mustReject,
			section: "RFC 9112 §4"},
		{what: "without a version in its status line", change: statusLine("101 Switching Protocols"), want: mustReject,
			section: "RFC 9112 §4"},
		{what: "without a status", change: statusLine("HTTP/1.1 Switching Protocols"), want: mustReject, section: "RFC 9112 §4"},
		{what: "with a status of two digits", change: statusLine("HTTP/1.1 10 Switching Protocols"), want: mustReject,
			section: "RFC 9112 §4"},
		{what: "with a status of four digits", change: statusLine("HTTP/1.1 1010 Switching Protocols"), want: mustReject,
			section: "RFC 9112 §4"},
		{what: "with a status that is no number", change: statusLine("HTTP/1.1 1o1 Switching Protocols"), want: mustReject,
			section: "RFC 9112 §4"},
	})

	rejoinders(4, "RFC 6455 §4.1", []Tag{UpgradeHeader}, []rejoinder{
		{what: "without Upgrade", change: lacks("Upgrade"), want: mustReject},
		{what: "with an empty Upgrade", change: sets("Upgrade", ""), want: mustReject},
		{what: `with "Upgrade: h2c"`, change: sets("Upgrade", "h2c"), want: mustReject},
		{what: `with "Upgrade: websockets"`, change: sets("Upgrade", "websockets"), want: mustReject},
		{what: `with "Upgrade: websocket/13"`, change: sets("Upgrade", "websocket/13"), want: mustReject},
		{what: `with "Upgrade: websocket, foo"`, change: sets("Upgrade", "websocket, foo"), want: mustReject},
		{what: "with Upgrade twice, websocket and foo", change: both("Upgrade", "websocket", "foo"), want: mustReject},
		{what: "without Connection", change: lacks("Connection"), want: mustReject},
		{what: "with an empty Connection", change: sets("Connection", ""), want: mustReject},
		{what: `with "Connection: keep-alive"`, change: sets("Connection", "keep-alive"), want: mustReject},
		{what: `with "Connection: Upgraded, no-Upgrade"`, change: sets("Connection", "Upgraded, no-Upgrade"), want: mustReject},
	})

	extended := func(what, list string) rejoinder {
		r := rejoinder{what: what, change: sets("Sec-WebSocket-Extensions", list), want: mustReject}
		if strings.Contains(what, "permessage-deflate and") {
			r.section, r.tags = "RFC 7692 §7.1", []Tag{Extensions, DeflateAnswer}
		}
		return r
	}
	rejoinders(5, "RFC 6455 §9.1", []Tag{Extensions}, []rejoinder{
		extended("with an extension that was not offered", "x-everybody-unknown"),
		extended("with an extension that was not offered behind permessage-deflate", "permessage-deflate, x-everybody-unknown"),
		extended("with permessage-deflate twice", "permessage-deflate, permessage-deflate"),
		extended("with a malformed extension", "permessage-deflate; ="),
		extended("with a quote that has no end", `permessage-deflate; server_max_window_bits="10`),
		extended("with permessage-deflate and a server's window of 7 bits", "permessage-deflate; server_max_window_bits=7"),
		extended("with permessage-deflate and a server's window of 16 bits", "permessage-deflate; server_max_window_bits=16"),
		extended("with permessage-deflate and a client's window of 16 bits", "permessage-deflate; client_max_window_bits=16"),
		extended("with permessage-deflate and a window of 010 bits", "permessage-deflate; server_max_window_bits=010"),
		extended("with permessage-deflate and a window without a value", "permessage-deflate; server_max_window_bits"),
		extended("with permessage-deflate and an unknown parameter", "permessage-deflate; x_unknown=1"),
		extended("with permessage-deflate and a parameter twice",
			"permessage-deflate; server_no_context_takeover; server_no_context_takeover"),
		extended("with permessage-deflate and a value where none may be", "permessage-deflate; server_no_context_takeover=1"),
	})

	rejoinders(6, "RFC 6455 §4.1", []Tag{Subprotocol}, []rejoinder{
		{what: "with a subprotocol that was not offered", change: sets("Sec-WebSocket-Protocol", "x-everybody-unknown"), want: mustReject},
		{what: "with two subprotocols in a list", change: sets("Sec-WebSocket-Protocol", "x-one, x-two"), want: mustReject,
			section: "RFC 6455 §4.2.2 item 4"},
		{what: "with Sec-WebSocket-Protocol twice", change: both("Sec-WebSocket-Protocol", "x-one", "x-two"), want: mustReject,
			section: "RFC 6455 §11.3.4"},
		{what: "with an empty Sec-WebSocket-Protocol", change: sets("Sec-WebSocket-Protocol", ""), want: mustReject,
			section: "RFC 6455 §4.2.2 item 4"},
		{what: "with a subprotocol that is no token", change: sets("Sec-WebSocket-Protocol", "x one"), want: mustReject,
			section: "RFC 6455 §4.2.2 item 4"},
	})

	rejoinders(7, "RFC 9112 §2.2", []Tag{Handshake}, []rejoinder{
		{what: "an answer that ends in the middle", run: truncated(2),
			does: "Sends the first half of an answer, and ends the stream.", expects: mustReject.expects, section: "RFC 9112 §8"},
		{what: "an answer that ends before its empty line", run: truncated(0),
			does: "Sends an answer without the empty line at its end, and ends the stream.", expects: mustReject.expects, section: "RFC 9112 §8"},
		{what: "the end of the stream instead of an answer", run: func(s *session) {
			s.finish()
			s.judgeRegard(mustReject)
		}, does: "Ends the stream without an answer.", expects: mustReject.expects, section: "RFC 9112 §8"},
		{what: "the greeting of another protocol instead of an answer", run: func(s *session) {
			s.respond("SSH-2.0-OpenSSH_9.9\r\n\r\n", text("Hello"))
			s.judgeRegard(mustReject)
		}, does: "Sends the greeting of SSH, with a text message right behind.", expects: mustReject.expects},
		{what: "frames instead of an answer", run: func(s *session) {
			s.respond("", text("\r\n\r\n"), text("Hello"))
			s.judgeRegard(mustReject)
		}, does: "Sends frames without an answer. A payload ends lines, so that no client waits for more.", expects: mustReject.expects},
		{what: "that has a line without a colon", wire: withLine("everybody"), want: shouldReject},
		{what: "that has a field without a name", wire: withLine(": a"), want: shouldReject},
		{what: "that has white space before the colon of Upgrade", wire: lowLine("Upgrade: w", "Upgrade : w"), want: mayReject,
			section: "RFC 9112 §5.1"},
		{what: "an answer that has a field of 1 MiB", run: func(s *session) {
			s.pourAnswer(s.goodAnswer().with("X-Large", strings.Repeat("x", 1<<20)).String())
			s.judgeRegard(regard{taken: NonStrict, refused: OK})
		}, does: "Sends an answer with a field of 1 MiB, with a text message right behind.",
			expects: "The client should not take as much, and fail the connection. It is NON-STRICT if it does.",
			section: "RFC 9110 §5.4", tags: []Tag{HeaderLimits}},
		{what: "an answer that has a header without end", run: func(s *session) {
			lines := strings.Repeat("X-Many: x\r\n", 8<<20/11)
			s.pourAnswer(strings.TrimSuffix(s.goodAnswer().String(), "\r\n") + lines)
			s.judgeLimit()
		}, does: "Sends an answer with fields and fields, up to 8 MiB, and no empty line.",
			expects: "The client should fail the connection before that.", section: "RFC 9110 §5.4", tags: []Tag{HeaderLimits}},
		{what: "an answer that has a status line without end", run: func(s *session) {
			s.pourAnswer("HTTP/1.1 101 " + strings.Repeat("x", 8<<20))
			s.judgeLimit()
		}, does: "Sends a status line of up to 8 MiB, without the line's end.",
			expects: "The client should fail the connection before that.", section: "RFC 9112 §4", tags: []Tag{HeaderLimits}},
	})
}

// truncated sends an answer up to its nth part, or without the empty line, and ends the stream.
func truncated(part int) func(s *session) {
	return func(s *session) {
		wire := s.goodAnswer().String()
		if part > 0 {
			wire = wire[:len(wire)/part]
		} else {
			wire = strings.TrimSuffix(wire, "\r\n")
		}
		s.respond(wire)
		s.finish()
		s.judgeRegard(mustReject)
	}
}

// judgeLimit judges whether a client has stopped to read what has no end.
func (s *session) judgeLimit() {
	if came, err := s.firstOctets(); came == nil && errors.Is(err, os.ErrDeadlineExceeded) {
		s.lax("the client had not ended the stream after 8 MiB and %v", s.patience)
		return
	}
	s.judgeRegard(mustReject)
}

// pourAnswer is respond with a message behind, of what a client need not read to its end.
func (s *session) pourAnswer(wire string) {
	s.nc.SetWriteDeadline(deadline(s.ctx, s.patience))
	s.respond(wire, text("Hello"))
	s.nc.SetWriteDeadline(deadline(s.ctx, 0))
}
