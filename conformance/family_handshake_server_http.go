package conformance

import (
	"net/http"
	"strconv"
	"strings"
)

// Family 14, what HTTP says of requests: the request line, Host, the syntax of fields, and bodies.

func init() {
	approaches(1, "RFC 6455 §4.2.1 item 1", []Tag{Method}, []approach{
		{what: "that is in order", want: mustAccept, section: "RFC 6455 §4.2.2", tags: []Tag{Handshake, Accept}},
		{what: "by POST", change: method("POST"), want: mustRefuse},
		{what: "by PUT", change: method("PUT"), want: mustRefuse},
		{what: "by HEAD", change: method("HEAD"), want: noHandshake},
		{what: "by OPTIONS", change: method("OPTIONS"), want: noHandshake},
		{what: "by a method that nobody knows", change: method("EVERY"), want: mustRefuse},
		{what: "by get in lower case", change: method("get"), want: mustRefuse, section: "RFC 9110 §9.1"},
		{what: "by HTTP/1.0", change: proto("HTTP/1.0"), want: noHandshake},
		{what: "by HTTP/1.2", change: proto("HTTP/1.2"), want: shouldAccept, section: "RFC 9110 §2.5"},
		{what: "by HTTP/2.0 in the request line", change: proto("HTTP/2.0"), want: shouldRefuse, section: "RFC 9112 §2.3"},
		{what: "by http/1.1 in lower case", change: proto("http/1.1"), want: shouldRefuse, section: "RFC 9112 §2.3"},
		{what: "by HTTP/1.10", change: proto("HTTP/1.10"), want: shouldRefuse, section: "RFC 9112 §2.3"},
		{what: "without an HTTP version", change: func(h head) head {
			h.line = strings.TrimSuffix(h.line, " HTTP/1.1")
			return h
		}, want: noHTTP},
		{what: "a handshake whose target is an absolute http URI", run: func(s *session) { s.absolute("http") }, section: "RFC 9112 §3.2.2",
			does: "Sends a handshake whose target is http:// with the host and the path.", expects: mustAccept.expects,
			tags: []Tag{Method, Handshake}},
		{what: "a handshake whose target is an absolute URI, and whose Host is another", run: func(s *session) {
			s.absolute("http", "other.invalid")
		}, section: "RFC 9112 §3.2.2", does: "Sends a handshake whose target has the right host, and whose Host is other.invalid.",
			expects: "The server uses the target's host and ignores Host, so that it accepts.", tags: []Tag{Method, Host}},
		{what: "a handshake whose target is an absolute ws URI", run: func(s *session) { s.absolute("ws") },
			does: "Sends a handshake whose target is ws:// with the host and the path.", expects: eitherWay.expects},
		{what: "with a query", change: target(func(t string) string {
			return t + map[bool]string{true: "&", false: "?"}[strings.Contains(t, "?")] + "a=b&c=%20&d=/?e"
		}), want: eitherWay, section: "RFC 6455 §4.2.2 item 4"},
		{what: "whose target has 7,900 octets", change: target(func(t string) string {
			t += map[bool]string{true: "&", false: "?"}[strings.Contains(t, "?")] + "q="
			return t + strings.Repeat("x", max(0, 7900-len(t)))
		}), want: shouldAccept, section: "RFC 9112 §3", tags: []Tag{HeaderLimits}},
		{what: "whose target is *", change: target(func(string) string { return "*" }), want: shouldRefuse, section: "RFC 9112 §3.2.4"},
		{what: "whose target does not begin with a slash", change: target(func(t string) string { return "x" + t }), want: shouldRefuse,
			section: "RFC 9112 §3.2"},
		{what: "whose target has a fragment", change: target(func(t string) string { return t + "#x" }), want: shouldRefuse,
			section: "RFC 6455 §3"},
		{what: "whose target has a space", change: target(func(t string) string { return t + "?a b" }), want: shouldRefuse,
			section: "RFC 9112 §3"},
	})

	approaches(4, "RFC 9112 §3.2", []Tag{Host}, []approach{
		{what: "without Host", change: lacks("Host"), want: must400},
		{what: "with Host twice, the same", change: func(h head) head { return h.and("Host", h.values("Host")[0]) }, want: must400},
		{what: "with Host twice, the second another", change: adds("Host", "other.invalid"), want: must400},
		{what: "with an empty Host", change: sets("Host", ""), want: shouldRefuse, section: "RFC 6455 §4.2.1 item 2"},
		{what: "whose Host has a space", change: sets("Host", "exa mple"), want: must400},
		{what: "whose Host has a path", change: sets("Host", "example.com/path"), want: must400},
		{what: "whose Host names somebody else", change: sets("Host", "other.invalid"), want: eitherWay,
			section: "RFC 9110 §7.4"},
		{what: "whose Origin is another site", change: sets("Origin", "http://other.invalid"), want: eitherWay,
			section: "RFC 6455 §4.2.2 item 4", tags: []Tag{Handshake}},
	})

	approaches(8, "RFC 9112 §5", []Tag{Handshake}, []approach{
		{what: "whose fields have names in lower case", change: renamed(strings.ToLower), want: mustAccept, section: "RFC 9110 §5.1"},
		{what: "whose fields have names in upper case", change: renamed(strings.ToUpper), want: mustAccept, section: "RFC 9110 §5.1"},
		{what: "whose fields have names in mixed case", change: renamed(func(name string) string {
			return strings.ToLower(name[:1]) + strings.ToUpper(name[1:])
		}), want: mustAccept, section: "RFC 9110 §5.1"},
		{what: "whose fields stand in reverse", change: func(h head) head {
			out := head{line: h.line}
			for i := len(h.fields) - 1; i >= 0; i-- {
				out.fields = append(out.fields, h.fields[i])
			}
			return out
		}, want: mustAccept, section: "RFC 6455 §4.2.1"},
		{what: "with fields that nobody knows, cookies and credentials", change: func(h head) head {
			return h.and("X-Everybody-Unknown", "a").and("Cookie", "a=b; c=d").and("Sec-WebSocket-Unknown", "1").
				and("User-Agent", "conformance").and("X-Empty", "").and("x", "\"quoted, \\\" and so on\"")
		}, want: mustAccept, section: "RFC 6455 §4.2.1 item 10"},
		{what: "with Sec-WebSocket-Accept, which is a server's", change: adds("Sec-WebSocket-Accept", "AAAA"), want: eitherWay},
		{what: "whose fields have no space behind the colon", wire: func(w string) string { return strings.ReplaceAll(w, ": ", ":") },
			want: mustAccept, section: "RFC 9112 §5.1"},
		{what: "whose fields have tabs and spaces around their values", wire: func(w string) string {
			return strings.ReplaceAll(strings.ReplaceAll(w, ": ", ":\t  \t"), "Upgrade\r\n", "Upgrade \t \r\n")
		}, want: mustAccept, section: "RFC 9112 §5.1"},
		{what: "with octets in a value that are not ASCII", change: adds("X-Octets", "\xe4\xf6\xfc \xff"), want: shouldAccept,
			section: "RFC 9110 §5.5"},
		{what: "whose lines end by LF alone", wire: func(w string) string { return strings.ReplaceAll(w, "\r\n", "\n") },
			want: eitherWay, section: "RFC 9112 §2.2"},
		{what: "with a CR inside a value", change: adds("X-Octets", "a\rb"), want: eitherWay, section: "RFC 9112 §2.2"},
		{what: "with a NUL inside a value", change: adds("X-Octets", "a\x00b"), want: eitherWay, section: "RFC 9110 §5.5"},
		{what: "with a field folded over two lines", wire: withLine("X-Folded: a\r\n b"), want: eitherWay, section: "RFC 9112 §5.2"},
		{what: "with white space before the first field", wire: withLine(" X-Before: a"), want: eitherWay, section: "RFC 9112 §2.2"},
		{what: "with white space before the colon of Upgrade", wire: func(w string) string {
			return strings.Replace(w, "Upgrade: w", "Upgrade : w", 1)
		}, want: must400, section: "RFC 9112 §5.1"},
		{what: "with white space before the colon of another field", wire: withLine("X-Space : a"), want: must400,
			section: "RFC 9112 §5.1"},
		{what: "with a line without a colon", wire: withLine("everybody"), want: shouldRefuse, section: "RFC 9112 §2.2"},
		{what: "with a field without a name", wire: withLine(": a"), want: shouldRefuse, section: "RFC 9112 §2.2"},
		{what: "with a field whose name has octets that are not ASCII", wire: withLine("X-\xe4: a"), want: shouldRefuse,
			section: "RFC 9112 §2.2"},
	})

	bodied := reception{Informational, OK, Informational, Informational, nil,
		"The server refuses it, or reads the body as such. It must not take it for frames."}
	approaches(9, "RFC 9110 §7.8", []Tag{Handshake, Method}, []approach{
		{what: "with Content-Length: 0", change: adds("Content-Length", "0"), want: reception{OK, Informational, Informational,
			Informational, nil, "The server may accept it; the connection works then."}},
		bodyCase("a handshake with a body that looks like a frame", "a Content-Length and a body, which is a masked frame", bodied,
			func(h head, body string) string {
				return h.with("Content-Length", strconv.Itoa(len(body))).String() + body
			}),
		bodyCase("a handshake with a chunked body that looks like a frame", "a chunked body, which is a masked frame", bodied,
			func(h head, body string) string {
				return h.with("Transfer-Encoding", "chunked").String() + strconv.FormatInt(int64(len(body)), 16) + "\r\n" + body + "\r\n0\r\n\r\n"
			}),
		{what: "with two different Content-Lengths", change: both("Content-Length", "0", "4"), want: must400, section: "RFC 9112 §6.3"},
		{what: "with a Content-Length that is no number", change: adds("Content-Length", "abc"), want: must400, section: "RFC 9112 §6.3"},
		{what: "with a negative Content-Length", change: adds("Content-Length", "-1"), want: must400, section: "RFC 9112 §6.3"},
		{what: "with a Transfer-Encoding that nobody knows", change: adds("Transfer-Encoding", "everybody"), want: reception{Failed, OK,
			Failed, NonStrict, []int{http.StatusBadRequest, http.StatusNotImplemented}, "The server answers 400 or 501."},
			section: "RFC 9112 §6.3"},
	})
}

func renamed(how func(string) string) func(head) head {
	return func(h head) head {
		out := head{line: h.line}
		for _, f := range h.fields {
			out.fields = append(out.fields, field{how(f.name), f.value})
		}
		return out
	}
}

// absolute asks with an absolute-form target, and another Host if there is one.
func (s *session) absolute(scheme string, host ...string) {
	s.connect()
	h := s.goodRequest(newKey())
	h = target(func(t string) string { return scheme + "://" + s.url.Host + t })(h)
	for _, other := range host {
		h = h.with("Host", other)
	}
	want := mustAccept
	if scheme == "ws" {
		want = eitherWay
	}
	resp := s.ask(h.String())
	s.judgeReception(want, resp)
	if resp != nil && resp.StatusCode == http.StatusSwitchingProtocols {
		s.proceed(resp, h)
	}
}

// bodyCase is of requests with a body. A server that would take it for a frame would let a page in a browser,
// which can send bodies but no frames, speak to it.
func bodyCase(name, with string, want reception, wire func(h head, body string) string) approach {
	return approach{what: name, does: "Sends a handshake with " + with + ".", expects: want.expects, run: func(s *session) {
		s.connect()
		h := s.goodRequest(newKey())
		smuggled := text("smuggled")
		resp := s.ask(wire(h, string(smuggled.append(nil, true))))
		s.judgeReception(want, resp)
		if resp == nil || resp.StatusCode != http.StatusSwitchingProtocols {
			return
		}
		s.judgeSwitch(resp, h)
		s.begin()
		s.send(text("after"))
		switch ev := s.receive(); {
		case ev.is(wantText("smuggled")):
			s.fail("the server took the request's body for a frame")
			s.stand()
		case !ev.is(wantText("after")):
			s.fail("%v was expected, and %v came", wantText("after"), ev)
			s.stand()
		}
		s.closeNow()
	}}
}
