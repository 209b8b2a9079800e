package conformance

import (
	"net/http"
	"strings"
)

// Family 14, the fields of the protocol: which version, what for, which key, subprotocols and extensions.

func init() {
	approaches(2, "RFC 6455 §4.2.1 item 6", []Tag{Version}, []approach{
		{what: "without Sec-WebSocket-Version", change: lacks("Sec-WebSocket-Version"), want: mustRefuse},
		otherVersion("8", eitherWay),
		otherVersion("7", eitherWay),
		otherVersion("0", mustRefuse),
		otherVersion("12", mustRefuse),
		otherVersion("14", mustRefuse),
		otherVersion("255", mustRefuse),
		{what: `with "Sec-WebSocket-Version: 13, 8"`, change: sets("Sec-WebSocket-Version", "13, 8"), want: mustRefuse},
		{what: "with Sec-WebSocket-Version twice, 13 and 13", change: both("Sec-WebSocket-Version", "13", "13"),
			want: mustRefuse, section: "RFC 6455 §11.3.5"},
		{what: "with Sec-WebSocket-Version twice, 13 and 8", change: both("Sec-WebSocket-Version", "13", "8"),
			want: mustRefuse, section: "RFC 6455 §11.3.5"},
		{what: "with Sec-WebSocket-Version twice, 8 and 13", change: both("Sec-WebSocket-Version", "8", "13"),
			want: mustRefuse, section: "RFC 6455 §11.3.5"},
		{what: `with "Sec-WebSocket-Version: 013"`, change: sets("Sec-WebSocket-Version", "013"), want: mustRefuse},
		{what: `with "Sec-WebSocket-Version: 13.0"`, change: sets("Sec-WebSocket-Version", "13.0"), want: mustRefuse},
		{what: `with "Sec-WebSocket-Version: thirteen"`, change: sets("Sec-WebSocket-Version", "thirteen"), want: mustRefuse},
		{what: "with an empty Sec-WebSocket-Version", change: sets("Sec-WebSocket-Version", ""), want: mustRefuse},
		{what: "with white space around Sec-WebSocket-Version's 13", change: sets("Sec-WebSocket-Version", " \t13 \t"),
			want: mustAccept, section: "RFC 9112 §5.1", tags: []Tag{Version, Handshake}},
		{what: "of version 14, whose answer may be 426", change: sets("Sec-WebSocket-Version", "14"), want: mustRefuse,
			refusal: judgeUpgradeRequired, adds: "If that is 426 it has Upgrade, with websocket.", section: "RFC 9110 §15.5.22",
			tags: []Tag{Version, Status}},
	})

	approaches(3, "RFC 6455 §4.2.1 item 3", []Tag{UpgradeHeader}, []approach{
		{what: "without Upgrade", change: lacks("Upgrade"), want: noHandshake},
		{what: `with "Upgrade: WebSocket"`, change: sets("Upgrade", "WebSocket"), want: mustAccept},
		{what: `with "Upgrade: WEBSOCKET"`, change: sets("Upgrade", "WEBSOCKET"), want: mustAccept},
		{what: `with "Upgrade: foo, websocket"`, change: sets("Upgrade", "foo, websocket"), want: shouldAccept},
		{what: `with "Upgrade: websocket, foo/2"`, change: sets("Upgrade", "websocket, foo/2"), want: shouldAccept},
		{what: "with Upgrade twice, foo and websocket", change: both("Upgrade", "foo", "websocket"), want: shouldAccept},
		{what: "with white space around Upgrade's websocket", change: sets("Upgrade", "\t websocket \t"), want: mustAccept,
			section: "RFC 9112 §5.1"},
		{what: "with an empty Upgrade", change: sets("Upgrade", ""), want: noHandshake},
		{what: `with "Upgrade: h2c"`, change: sets("Upgrade", "h2c"), want: noHandshake},
		{what: `with "Upgrade: websockets"`, change: sets("Upgrade", "websockets"), want: noHandshake},
		{what: `with "Upgrade: web socket"`, change: sets("Upgrade", "web socket"), want: noHandshake},
		{what: "without Connection", change: lacks("Connection"), want: noHandshake, section: "RFC 6455 §4.2.1 item 4"},
		{what: `with "Connection: upgrade"`, change: sets("Connection", "upgrade"), want: mustAccept,
			section: "RFC 6455 §4.2.1 item 4"},
		{what: `with "Connection: UPGRADE"`, change: sets("Connection", "UPGRADE"), want: mustAccept,
			section: "RFC 6455 §4.2.1 item 4"},
		{what: `with "Connection: keep-alive, Upgrade"`, change: sets("Connection", "keep-alive, Upgrade"), want: mustAccept,
			section: "RFC 6455 §4.2.1 item 4"},
		{what: `with "Connection: Upgrade,keep-alive"`, change: sets("Connection", "Upgrade,keep-alive"), want: mustAccept,
			section: "RFC 6455 §4.2.1 item 4"},
		{what: "with Connection twice, keep-alive and Upgrade", change: both("Connection", "keep-alive", "Upgrade"),
			want: mustAccept, section: "RFC 9110 §5.3"},
		{what: `with empty elements in "Connection: , Upgrade ,,"`, change: sets("Connection", ", Upgrade ,,"),
			want: mustAccept, section: "RFC 9110 §5.6.1.2"},
		{what: `with "Connection: keep-alive"`, change: sets("Connection", "keep-alive"), want: noHandshake,
			section: "RFC 6455 §4.2.1 item 4"},
		{what: `with "Connection: upgraded, no-upgrade"`, change: sets("Connection", "upgraded, no-upgrade"),
			want: noHandshake, section: "RFC 6455 §4.2.1 item 4"},
		{what: `with "Connection: Upgrade, close"`, change: sets("Connection", "Upgrade, close"), want: eitherWay,
			section: "RFC 9112 §9.6"},
	})

	approaches(5, "RFC 6455 §4.2.1 item 5", []Tag{Key}, []approach{
		{what: "without Sec-WebSocket-Key", change: lacks("Sec-WebSocket-Key"), want: mustRefuse},
		{what: "with an empty Sec-WebSocket-Key", change: sets("Sec-WebSocket-Key", ""), want: mustRefuse},
		{what: "with a key of 8 octets", change: sets("Sec-WebSocket-Key", "AQIDBAUGBwg="), want: shouldRefuse},
		{what: "with a key of 15 octets", change: sets("Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4P"), want: shouldRefuse},
		{what: "with a key of 17 octets", change: sets("Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4PEBE="), want: shouldRefuse},
		{what: "with a key of 3,000 octets", change: sets("Sec-WebSocket-Key", strings.Repeat("AAAA", 1000)), want: shouldRefuse},
		{what: "with a key that is not base64", change: sets("Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMD~4PEA=="), want: mustRefuse,
			section: "RFC 6455 §4.3"},
		{what: "with a key in base64url, which has - and _", change: sets("Sec-WebSocket-Key", "_-_-AQIDBAUGBwgJCgsMDQ=="),
			want: mustRefuse, section: "RFC 6455 §4.3"},
		{what: "with a key without its padding", change: sets("Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4PEA"), want: mustRefuse,
			section: "RFC 6455 §4.3"},
		{what: "with a key that has a space inside", change: sets("Sec-WebSocket-Key", "AQIDBAUGBwg JCgsMDQ4PEA=="),
			want: mustRefuse, section: "RFC 6455 §4.3"},
		{what: "with the same key twice", change: both("Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4PEA==", "AQIDBAUGBwgJCgsMDQ4PEA=="),
			want: mustRefuse, section: "RFC 6455 §11.3.1"},
		{what: "with two keys", change: both("Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4PEA==", "EA8ODQwLCgkIBwYFBAMCAQ=="),
			want: mustRefuse, section: "RFC 6455 §11.3.1"},
		{what: "with white space around the key", change: func(h head) head {
			return h.with("Sec-WebSocket-Key", "\t "+newKey()+" \t")
		}, want: mustAccept, section: "RFC 9112 §5.1", tags: []Tag{Key, Accept}},
		rightAccept("the standard's sample key", "dGhlIHNhbXBsZSBub25jZQ=="),
		rightAccept("a key of zeros", "AAAAAAAAAAAAAAAAAAAAAA=="),
		rightAccept("a key of ones", "/////////////////////w=="),
		rightAccept("a key that has + and /", "+/+/+/+/+/+/+/+/+/+/+w=="),
		{what: "with the key in RFC 6455 §4.1, whose last bits are not zero",
			change: sets("Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4PEC=="), want: shouldAccept, section: "RFC 4648 §3.5",
			tags: []Tag{Key, Accept}},
	})

	approaches(6, "RFC 6455 §4.2.2 item 4", []Tag{Subprotocol}, []approach{
		{what: "that offers no subprotocol", want: mustAccept, adds: "It chooses no subprotocol."},
		offers("the subprotocol x-one", mayChoose, "x-one"),
		offers("three subprotocols", mayChoose, "x-one, x-two,x-three"),
		offers("three subprotocols in two fields", mayChoose, "x-one, x-two", "x-three"),
		offers("a subprotocol in upper case", mayChoose, "CHAT, ECHO"),
		offers("a subprotocol of all characters that a token may have", mayChoose, "!#$%&'*+-.^_`|~09azAZ"),
		offers("a subprotocol of 1,000 octets", mayChoose, strings.Repeat("x", 1000)),
		offers("100 subprotocols", eitherWay, "x"+manyNames(99)),
		offers("the same subprotocol twice", eitherWay, "x-one, x-one"),
		offers("subprotocols with empty elements between", mayChoose, "x-one,, ,x-two,"),
		offers("no subprotocol in an empty field", ignoring, ""),
		offers("a subprotocol with a space", ignoring, "x one"),
		offers("a subprotocol with characters that are no token's", ignoring, "x@one, {}"),
		offers("a subprotocol in quotes", ignoring, `"x-one"`),
		offers("a subprotocol with octets that are not ASCII", ignoring, "x-\xc3\xa9"),
	})

	approaches(7, "RFC 6455 §9.1", []Tag{Extensions}, []approach{
		{what: "that offers no extension", want: mustAccept, adds: "Its answer has no extension.", section: "RFC 6455 §4.2.2 item 4"},
		extends("an extension that nobody knows", mustAccept, "x-everybody-unknown"),
		extends("an extension that nobody knows, with parameters", mustAccept, `x-everybody-unknown; a; b=1; c="d"; a`),
		extends("a parameter in quotes, with a backslash", mustAccept, `x-everybody-unknown; a="b\c"`),
		extends("two unknown extensions in two fields", mustAccept, "x-everybody-unknown", "x-nobody-known; a=b"),
		extends("an unknown extension before permessage-deflate", mustAccept, "x-everybody-unknown, permessage-deflate"),
		extends("an unknown extension behind permessage-deflate, in another field", mustAccept, "permessage-deflate", "x-everybody-unknown"),
		extends("permessage-deflate without white space", mustAccept, "permessage-deflate;server_no_context_takeover;client_max_window_bits"),
		extends("empty elements", mustAccept, ", ,x-everybody-unknown,, permessage-deflate ,"),
		extends("100 unknown extensions", eitherWay, "x-everybody-unknown"+strings.Repeat(", x-everybody-unknown", 99)),
		extends("the malformed permessage-deflate; =", ignoring, "permessage-deflate; ="),
		extends("permessage-deflate with a parameter without a name", ignoring, "permessage-deflate;"),
		extends("permessage-deflate with a parameter without a value", ignoring, "permessage-deflate; server_max_window_bits="),
		extends("permessage-deflate with a quote that has no end", ignoring, `permessage-deflate; server_max_window_bits="10`),
		extends("permessage-deflate with a quote that is no token", ignoring, `permessage-deflate; server_max_window_bits="1 0"`),
		extends("two extensions without a comma", ignoring, "permessage-deflate x-everybody-unknown"),
		extends("an extension whose name is no token", ignoring, "permessage/deflate"),
		extends("permessage-deflate behind what is malformed", ignoring, "=;, permessage-deflate"),
		extends("no extension in an empty field", ignoring, ""),
		extends("permessage-deflate with a window of 7 bits", declining, "permessage-deflate; server_max_window_bits=7"),
		extends("permessage-deflate with a window of 16 bits", declining, "permessage-deflate; client_max_window_bits=16"),
		extends("permessage-deflate with a window of 010 bits", declining, "permessage-deflate; server_max_window_bits=010"),
		extends("permessage-deflate with an unknown parameter", declining, "permessage-deflate; x_unknown"),
		extends("permessage-deflate with a parameter twice", declining, "permessage-deflate; client_max_window_bits; client_max_window_bits=10"),
		extends("permessage-deflate with a value where none may be", declining, "permessage-deflate; server_no_context_takeover=1"),
		{what: "that offers permessage-deflate with a window of 7 bits, and without",
			change: sets("Sec-WebSocket-Extensions", "permessage-deflate; server_max_window_bits=7, permessage-deflate"),
			want:   shouldAccept, section: "RFC 7692 §7.1"},
	})
}

// otherVersion is a version that a server of 13 does not speak.
func otherVersion(v string, want reception) approach {
	return approach{what: "of version " + v, change: sets("Sec-WebSocket-Version", v), want: want, section: "RFC 6455 §4.2.2 item 4",
		adds: "An answer that refuses has Sec-WebSocket-Version, with 13.",
		refusal: func(s *session, resp *http.Response) {
			if got := resp.Header.Values("Sec-WebSocket-Version"); !hasToken(got, "13") {
				s.fail("the answer %s does not say by Sec-WebSocket-Version that the server speaks 13; it has %q", resp.Status, got)
			}
		}}
}

func judgeUpgradeRequired(s *session, resp *http.Response) {
	if resp.StatusCode == http.StatusUpgradeRequired && !hasToken(resp.Header.Values("Upgrade"), "websocket") {
		s.fail("the answer is 426, and its Upgrade, %q, does not have websocket", resp.Header.Get("Upgrade"))
	}
}

func rightAccept(which, key string) approach {
	return approach{what: "with " + which, change: sets("Sec-WebSocket-Key", key), want: mustAccept, tags: []Tag{Accept, Handshake},
		adds: "Its Sec-WebSocket-Accept is " + acceptFor(key) + ".", section: "RFC 6455 §4.2.2 item 5.4"}
}

var (
	// mayChoose: that a server insists on a subprotocol of its own is its program's affair.
	mayChoose = reception{OK, Informational, Informational, Informational, nil,
		"The server accepts it, and chooses one of the subprotocols offered or none. The connection works."}

	// ignoring is of malformed lists: who needs nothing of them need not read them, but who does must refuse
	// (RFC 6455 §4.2.1, §9.1).
	ignoring = reception{NonStrict, OK, Informational, NonStrict, nil,
		"The server refuses it by an error status, such as 400. It is NON-STRICT if it ignores the list; it must not choose of it."}

	declining = reception{OK, NonStrict, NonStrict, NonStrict, nil,
		"The server accepts it without the extension, and the connection works. It is NON-STRICT if it refuses the handshake."}
)

func several(name string, values []string) func(head) head {
	return func(h head) head {
		for _, v := range values {
			h = h.and(name, v)
		}
		return h
	}
}

func offers(what string, want reception, values ...string) approach {
	return approach{what: "that offers " + what, change: several("Sec-WebSocket-Protocol", values), want: want,
		bare: want.expects == ignoring.expects}
}

// extends is of offers of extensions.
func extends(what string, want reception, values ...string) approach {
	a := approach{what: "that offers " + what, change: several("Sec-WebSocket-Extensions", values), want: want,
		bare: want.expects == ignoring.expects || want.expects == declining.expects}
	if want.expects == declining.expects {
		a.section, a.tags = "RFC 7692 §7.1", []Tag{Extensions, DeflateAnswer}
	}
	return a
}

func manyNames(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(", x-" + strings.Repeat("y", i+1))
	}
	return b.String()
}
