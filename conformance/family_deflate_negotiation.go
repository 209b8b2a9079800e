package conformance

import (
	"fmt"
	"slices"
	"strings"
)

// Family 20: the negotiation of permessage-deflate, and whether both ends then keep to it.
func init() {
	valid := []struct{ name, offer string }{
		{"the plain offer", "permessage-deflate"},
		{"an offer of server_no_context_takeover", "permessage-deflate; server_no_context_takeover"},
		{"an offer of client_no_context_takeover", "permessage-deflate; client_no_context_takeover"},
		{"an offer of both no_context_takeover", "permessage-deflate; server_no_context_takeover; client_no_context_takeover"},
		{"an offer of client_max_window_bits without a value", "permessage-deflate; client_max_window_bits"},
		{"an offer of all four parameters", "permessage-deflate; server_no_context_takeover; client_no_context_takeover; " +
			"server_max_window_bits=12; client_max_window_bits=11"},
		{"all four parameters in another order", "permessage-deflate; client_max_window_bits; server_max_window_bits=13; " +
			"client_no_context_takeover; server_no_context_takeover"},
		{"an offer without any space", "permessage-deflate;server_no_context_takeover;client_max_window_bits"},
		{"an offer with space and tabs around the separators", "  permessage-deflate \t;\tserver_no_context_takeover ; client_max_window_bits\t"},
		{"an offer in a list with empty elements", ", permessage-deflate; server_no_context_takeover ,,"},
		{"a quoted value", `permessage-deflate; server_max_window_bits="10"`},
		{"a quoted value with an escape", `permessage-deflate; server_max_window_bits="1\0"`},
		{"a quoted value of client_max_window_bits", `permessage-deflate; client_max_window_bits="10"`},
	}
	register(&Case{
		ID: "20.1.1", Name: "no offer",
		Does:    "Offers no extension.",
		Expects: "The answer has no extension either, and messages are not compressed.",
		Section: "RFC 7692 §5", Tags: []Tag{Extensions, DeflateAnswer}, Peers: Server,
		run: func(s *session) { s.open(""); s.plainly() },
	})
	for i, v := range valid {
		register(acceptable(fmt.Sprintf("20.1.%d", i+2), v.name, DeflateTakeover, v.offer))
	}
	for bits := 8; bits <= 15; bits++ {
		for i, more := range []string{"", "; server_no_context_takeover"} {
			name := fmt.Sprintf("a window of %d bits asked of the server", bits)
			if more != "" {
				name += ", and no takeover"
			}
			register(acceptable(fmt.Sprintf("20.2.%d", bits-7+8*i), name, DeflateWindow,
				fmt.Sprintf("permessage-deflate; server_max_window_bits=%d%s", bits, more)))
		}
		register(acceptable(fmt.Sprintf("20.3.%d", bits-7), fmt.Sprintf("a window of %d bits offered for the client", bits),
			DeflateWindow, fmt.Sprintf("permessage-deflate; client_max_window_bits=%d", bits)))
		register(acceptable(fmt.Sprintf("20.3.%d", bits+1), fmt.Sprintf("windows of %d bits for both ends", bits),
			DeflateWindow, fmt.Sprintf("permessage-deflate; server_max_window_bits=%d; client_max_window_bits=%[1]d", bits)))
	}

	for i, v := range []struct{ name, params string }{
		{"server_max_window_bits without a value", "server_max_window_bits"},
		{"server_max_window_bits=7", "server_max_window_bits=7"},
		{"server_max_window_bits=16", "server_max_window_bits=16"},
		{"server_max_window_bits=0", "server_max_window_bits=0"},
		{"server_max_window_bits with a leading zero", "server_max_window_bits=08"},
		{"server_max_window_bits with two digits too many", "server_max_window_bits=1000"},
		{"server_max_window_bits that is no number", "server_max_window_bits=abc"},
		{"server_max_window_bits with a sign", "server_max_window_bits=+10"},
		{"server_max_window_bits that would overflow", "server_max_window_bits=4294967306"},
		{"client_max_window_bits=7", "client_max_window_bits=7"},
		{"client_max_window_bits=16", "client_max_window_bits=16"},
		{"client_max_window_bits with a leading zero", "client_max_window_bits=010"},
		{"client_max_window_bits that is no number", "client_max_window_bits=x"},
		{"server_no_context_takeover with a value", "server_no_context_takeover=1"},
		{"client_no_context_takeover with a value", "client_no_context_takeover=true"},
		{"server_no_context_takeover twice", "server_no_context_takeover; server_no_context_takeover"},
		{"client_no_context_takeover twice", "client_no_context_takeover; client_no_context_takeover"},
		{"server_max_window_bits twice, with one value", "server_max_window_bits=10; server_max_window_bits=10"},
		{"server_max_window_bits twice, with two values", "server_max_window_bits=10; server_max_window_bits=11"},
		{"client_max_window_bits twice", "client_max_window_bits; client_max_window_bits=10"},
		{"a parameter that there is not", "level=9"},
		{"a parameter that there is not, without a value", "no_context_takeover"},
		{"a parameter that there is not, behind good ones", "server_no_context_takeover; client_max_window_bits; mem_level=8"},
	} {
		register(invalidOffer(fmt.Sprintf("20.4.%d", i+1), v.name, permessageDeflate+"; "+v.params))
	}

	several := []struct {
		name   string
		fields []string
		first  func(a *agreement) bool // the answer may be for the first of the valid ones
	}{
		{"an invalid offer before a valid one", []string{"permessage-deflate; server_max_window_bits=7, permessage-deflate; server_no_context_takeover"}, nil},
		{"an unknown parameter before a valid offer", []string{"permessage-deflate; level=9, permessage-deflate; server_max_window_bits=10"}, nil},
		{"a parameter twice before a valid offer", []string{"permessage-deflate; client_max_window_bits; client_max_window_bits, " +
			"permessage-deflate; server_no_context_takeover"}, nil},
		{"a valid offer before an invalid one", []string{"permessage-deflate; server_no_context_takeover, permessage-deflate; server_max_window_bits=99"}, nil},
		{"a small window, or any", []string{"permessage-deflate; server_max_window_bits=10, permessage-deflate"},
			func(a *agreement) bool { return a.serverBits <= 10 }},
		{"no takeover, or any", []string{"permessage-deflate; server_no_context_takeover, permessage-deflate"},
			func(a *agreement) bool { return a.serverNoTakeover }},
		{"three offers, each with less", []string{"permessage-deflate; server_no_context_takeover; server_max_window_bits=9, " +
			"permessage-deflate; server_no_context_takeover, permessage-deflate"},
			func(a *agreement) bool { return a.serverNoTakeover && a.serverBits <= 9 }},
		{"each window, from the largest", []string{everyWindow()}, nil},
		{"the same offer three times", []string{"permessage-deflate, permessage-deflate, permessage-deflate"}, nil},
		{"two fields with an offer each", []string{"permessage-deflate; server_max_window_bits=10", "permessage-deflate"},
			func(a *agreement) bool { return a.serverBits <= 10 }},
		{"two fields, the first with an invalid offer", []string{"permessage-deflate; server_max_window_bits=6",
			"permessage-deflate; server_no_context_takeover"}, nil},
		{"an unknown extension before", []string{"x-no-such-extension, permessage-deflate"}, nil},
		{"an unknown extension with parameters before", []string{`x-no-such-extension; a=1; server_no_context_takeover; b="c", permessage-deflate`}, nil},
		{"an unknown extension behind", []string{"permessage-deflate; server_no_context_takeover, x-no-such-extension"}, nil},
		{"an unknown extension in a field of its own", []string{"x-no-such-extension; server_max_window_bits=10", "permessage-deflate"}, nil},
	}
	for i, v := range several {
		c := acceptable(fmt.Sprintf("20.5.%d", i+1), v.name, Extensions, v.fields...)
		c.Expects = "The answer is for one of the offers that are valid, or none, and messages are echoed as agreed."
		if v.first != nil {
			c.Expects += " It is recommended that it is for the first that the server supports."
			c.run = func(s *session) {
				if s.negotiate(v.fields...) {
					if !v.first(s.deflate) {
						s.tell("the first of the offers was passed over: the answer is %q", s.answer.Header.Values("Sec-WebSocket-Extensions"))
					}
					s.converse()
				}
			}
		}
		register(c)
	}

	for i, v := range []struct{ name, offer string }{
		{"an extension that there is not", "x-no-such-extension"},
		{"several extensions that there are not", "x-no-such-extension; a, x-nor-this-one; b=c"},
		{"an extension whose name begins as the known one does", "permessage-deflate2"},
		{"an extension whose name is the beginning of the known one", "permessage"},
	} {
		register(&Case{
			ID: fmt.Sprintf("20.6.%d", i+1), Name: v.name,
			Does:    fmt.Sprintf("Offers %q alone.", v.offer),
			Expects: "The answer has no extension.",
			Section: "RFC 6455 §9.1", Tags: []Tag{Extensions}, Peers: Server,
			run: func(s *session) {
				s.open(v.offer)
				if answer := s.answer.Header.Values("Sec-WebSocket-Extensions"); len(answer) > 0 {
					s.fail("the offer %q was accepted by %q", v.offer, answer)
				}
				s.plainly()
			},
		})
	}
	for i, name := range []string{"x-webkit-deflate-frame", "deflate-frame", "permessage-bzip2"} {
		register(&Case{
			ID: fmt.Sprintf("20.6.%d", i+5), Name: "an offer of " + name,
			Does:    fmt.Sprintf("Offers %q alone, which never became a standard.", name),
			Expects: "The server declines it, or accepts it if it knows it.",
			Section: "RFC 6455 §9.1", Tags: []Tag{Extensions}, Peers: Server,
			run: func(s *session) { s.unusual(name) },
		})
	}
	register(&Case{
		ID: "20.6.8", Name: "an offer of x-webkit-deflate-frame and of permessage-deflate",
		Does:    "Offers both.",
		Expects: "Not more than one is accepted, since both use RSV1.",
		Section: "RFC 7692 §5", Tags: []Tag{Extensions, DeflateAnswer, Deflate, DeflateWindow, DeflateTakeover}, Peers: Server,
		run: func(s *session) { s.unusual("x-webkit-deflate-frame, permessage-deflate") },
	})
	for i, v := range []struct{ name, offer string }{
		{"the extension's name in capital letters", "Permessage-Deflate"},
		{"a parameter's name in capital letters", "permessage-deflate; Server_No_Context_Takeover"},
	} {
		register(&Case{
			ID: fmt.Sprintf("20.6.%d", i+9), Name: v.name,
			Does:    fmt.Sprintf("Offers %q.", v.offer),
			Expects: "No standard says whether the case of such names counts. What the server does is told.",
			Section: "RFC 6455 §9.1", Tags: []Tag{Extensions, Deflate, DeflateWindow, DeflateTakeover}, Peers: Server,
			run: func(s *session) { s.spelled(v.offer) },
		})
	}

	register(clientOffers()...)
	register(answersToClients()...)
}

func everyWindow() string {
	var offers []string
	for bits := 15; bits >= 8; bits-- {
		offers = append(offers, fmt.Sprintf("permessage-deflate; server_max_window_bits=%d", bits))
	}
	return strings.Join(offers, ", ")
}

// acceptable is a case of offers of which a server may accept at least one.
func acceptable(id, name string, about Tag, fields ...string) *Case {
	tags := []Tag{Deflate, DeflateAnswer, DeflateWindow, DeflateTakeover}
	if !slices.Contains(tags, about) {
		tags = append(tags, about)
	}
	return &Case{
		ID: id, Name: name,
		Does: fmt.Sprintf("Offers %s. If that is accepted, messages are sent compressed that repeat one another, and repeat what lies "+
			"just beyond each window.", quoted(fields)),
		Expects: "The answer is within the offer, or there is none. The messages come back, and are compressed as agreed.",
		Section: "RFC 7692 §7.1", Tags: tags, Peers: Server,
		run: func(s *session) {
			if s.negotiate(fields...) {
				s.converse()
			}
		},
	}
}

func quoted(fields []string) string {
	var q []string
	for _, f := range fields {
		q = append(q, fmt.Sprintf("%q", strings.ReplaceAll(f, `"`, "'")))
	}
	return strings.Join(q, " and then ")
}

// negotiate makes a connection with offers that are in order, and returns whether compression was agreed on;
// otherwise the case is at its end.
func (s *session) negotiate(fields ...string) bool {
	if status, ok := s.offer(fields...); !ok {
		s.fail("the opening handshake failed: the server answered %s", status)
		return false
	}
	for _, answer := range s.answer.Header.Values("Sec-WebSocket-Extensions") {
		if strings.Contains(answer, "x-no-such-extension") {
			s.fail("an extension was accepted that there is not: %q", answer)
		}
	}
	s.stand()
	s.begin()
	if s.deflate == nil {
		s.lacking("the server declines the offer")
		s.plainly()
	}
	return s.deflate != nil
}

// invalidOffer is a case of an offer that a server must decline.
func invalidOffer(id, name, offer string) *Case {
	return &Case{
		ID: id, Name: "an invalid offer: " + name,
		Does:    fmt.Sprintf("Offers %q alone.", offer),
		Expects: "The server declines the offer: the answer has no extension, and messages are not compressed.",
		Section: "RFC 7692 §7", Tags: []Tag{DeflateAnswer, Extensions}, Peers: Server,
		run: func(s *session) {
			status, ok := s.offer(offer)
			switch {
			case !ok:
				s.lax("the server answered %s to the offer, where it should decline it (RFC 7692 §7)", status)
				return
			case s.deflate == nil && !s.compresses():
				s.lacking("the server does not accept permessage-deflate at all")
			}
			s.stand()
			s.begin()
			s.plainly()
		},
	}
}

// unusual offers what need not be known, and is told if it is.
func (s *session) unusual(offer string) {
	if status, ok := s.offer(offer); !ok {
		s.fail("the opening handshake failed: the server answered %s", status)
		return
	}
	s.stand()
	answer := s.answer.Header.Values("Sec-WebSocket-Extensions")
	switch {
	case len(answer) == 0 || s.deflate != nil:
	case strings.Contains(answer[0], "deflate-frame"):
		// In messages of one frame it is as permessage-deflate.
		s.deflate = &agreement{serverBits: 15, clientBits: 15}
		s.tell("the server accepts %q", answer)
	default:
		s.tell("the server accepts %q, which the suite does not speak", answer)
		return
	}
	s.begin()
	if s.deflate != nil {
		s.converse()
		return
	}
	s.plainly()
}

// spelled offers permessage-deflate in another spelling.
func (s *session) spelled(offer string) {
	s.connect()
	key := newKey()
	s.answer = s.ask(s.goodRequest(key).with("Sec-WebSocket-Extensions", offer).String())
	if why := judgeAnswer(s.answer, key); why != "" {
		s.fail("the opening handshake failed: %s", why)
		return
	}
	answer := s.answer.Header.Values("Sec-WebSocket-Extensions")
	if len(answer) == 0 {
		s.tell("the offer %q was declined", offer)
		s.begin()
		s.plainly()
		return
	}
	s.tell("the offer %q was accepted by %q", offer, answer)
	s.agree(strings.ToLower(offer), []string{strings.ToLower(strings.Join(answer, ", "))})
	s.stand()
	s.begin()
	s.converse()
}

// clientOffers are the cases of what a client offers.
func clientOffers() []*Case {
	return []*Case{{
		ID: "20.7.1", Name: "the client's offer",
		Does:    "Looks at what the client offers, and accepts none of it.",
		Expects: "Each offer of permessage-deflate has parameters that there are, with valid values, each once.",
		Section: "RFC 7692 §7.1", Tags: []Tag{Extensions, DeflateAnswer}, Peers: Client,
		run: func(s *session) {
			s.judgeOffers(s.request.parsed.Header.Values("Sec-WebSocket-Extensions"))
			s.open("")
			s.plainly()
		},
	}, {
		ID: "20.7.2", Name: "an offer that is declined",
		Does:    "Accepts no extension.",
		Expects: "The client goes on without compression, and no frame has RSV1 set.",
		Section: "RFC 7692 §5", Tags: []Tag{Extensions, DeflateBit}, Peers: Client,
		run: func(s *session) {
			if !strings.Contains(strings.Join(s.request.parsed.Header.Values("Sec-WebSocket-Extensions"), ","), permessageDeflate) {
				s.lacking("the client does not offer permessage-deflate")
			}
			s.open("")
			p := string(farRepeats())
			s.send(text(p), text("Hello"), text("Hello"))
			s.expect(wantText(p), wantText("Hello"), wantText("Hello"))
			s.closeNow()
		},
	}}
}

func (s *session) judgeOffers(values []string) {
	offers, err := parseExtensions(values)
	if err != nil {
		s.fail("the offer %q is malformed: %v (RFC 6455 §9.1)", values, err)
		return
	}
	found := false
	for _, o := range offers {
		if o.name != permessageDeflate {
			s.tell("the client offers the extension %s", o.name)
			continue
		}
		found = true
		for _, why := range judgeOffer(&o) {
			s.fail("in an offer of %q %s (RFC 7692 §7.1)", values, why)
		}
	}
	if !found {
		s.lacking("the client does not offer permessage-deflate")
	}
}

// answersToClients are the cases of answers that a client may get.
func answersToClients() []*Case {
	var list []*Case
	// Refusal is what it is found to be if the client fails the connection.
	add := func(name, params string, refusal Verdict) {
		answer := permessageDeflate + params
		list = append(list, &Case{
			ID: fmt.Sprintf("20.8.%d", len(list)+1), Name: "the answer " + name,
			Does: fmt.Sprintf("Answers %q, if the client's offer allows that, and sends compressed messages that repeat one another, and "+
				"repeat what lies just beyond each window.", strings.ReplaceAll(answer, `"`, "'")),
			Expects: "The messages come back, and are compressed as agreed.",
			Section: "RFC 7692 §7.1", Tags: []Tag{Deflate, DeflateWindow, DeflateTakeover, Extensions}, Peers: Client,
			run: func(s *session) {
				s.open(answer)
				s.taken(answer, refusal)
				s.converse()
			},
		})
	}
	add("without parameters", "", Failed)
	add("server_no_context_takeover", "; server_no_context_takeover", NonStrict)
	add("client_no_context_takeover", "; client_no_context_takeover", Failed)
	add("both no_context_takeover", "; client_no_context_takeover; server_no_context_takeover", NonStrict)
	for bits := 8; bits <= 15; bits++ {
		add(fmt.Sprintf("server_max_window_bits=%d", bits), fmt.Sprintf("; server_max_window_bits=%d", bits), Unimplemented)
	}
	for bits := 8; bits <= 15; bits++ {
		refusal := Failed
		if bits == 8 {
			refusal = NonStrict // zlib makes no such window
		}
		add(fmt.Sprintf("client_max_window_bits=%d", bits), fmt.Sprintf("; client_max_window_bits=%d", bits), refusal)
	}
	for _, bits := range []int{8, 9, 15} {
		add(fmt.Sprintf("both windows of %d bits and no takeover", bits),
			fmt.Sprintf("; server_max_window_bits=%d; client_no_context_takeover; client_max_window_bits=%[1]d; server_no_context_takeover", bits), Unimplemented)
	}
	add("with a quoted value", `; server_max_window_bits="12"`, NonStrict)
	add("without any space", ";server_no_context_takeover;client_no_context_takeover", NonStrict)
	return list
}

// taken finds out whether the client goes on with an answer that fits its offer.
func (s *session) taken(answer string, refusal Verdict) {
	s.send(ping("taken"))
	switch came := s.receive(); {
	case came.is(wantPong("taken")):
		return
	case came.kind == closed || came.kind == ended:
		for _, v := range s.request.parsed.Header.Values("Sec-WebSocket-Extensions") {
			if refusal == Unimplemented && strings.Contains(v, "server_max_window_bits") {
				refusal = Failed // it has asked for it
			}
		}
		s.judge(refusal, "the client refuses the answer %q: %v came", answer, came)
	default:
		s.fail("a Pong was expected, and %v came", came)
	}
	panic(giveUp)
}
