package conformance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/everwire/everwire/conformance/internal/deflate"
)

// Family 21, part 5: messages that refer to those before, and the windows that bound how far.
func init() {
	g := deflateGroup{number: 5, section: "RFC 7692 §7.2.2", tags: []Tag{Deflate, DeflateTakeover}}

	// Refers are cases in which messages are sent with references to others. They are sent one by one, and
	// each must have come back before the next.
	refers := func(name, does string, messages ...referring) {
		g.add(name, does, "Each message comes back.", func(s *session) {
			s.openDeflate()
			s.needTakeover()
			s.refer(messages...)
			s.closeNow()
		})
	}
	hello := referring{want: wantText("Hello"), frames: []frame{deflated(opText, helloData)}}
	back := func(distance int) referring { // "Hello" from so many octets back
		return referring{want: wantText("Hello"), frames: []frame{deflated(opText, matchData(distance, 5))}}
	}
	plain := func(p string) referring { return referring{want: wantText(p), frames: []frame{text(p)}} }

	refers("a reference across an empty message", "Sends \"Hello\", compressed messages without content, and a reference to \"Hello\".",
		hello, referring{wantText(""), []frame{deflated(opText, "\x00")}}, referring{wantText(""), []frame{deflated(opText, "\x03\x00\x00")}}, back(5))
	refers("a reference across messages that are not compressed", "Sends \"Hello\" compressed, a text, a fragmented text and an "+
		"empty one that are not, and a reference to \"Hello\", 5 octets back.",
		hello, plain("World"), referring{wantText("Hello, you"), []frame{first(opText, "Hello, "), last("you")}}, plain(""), back(5))
	refers("a reference to a message in several frames", "Sends \"Hello\" compressed in four frames, and a reference to it.",
		referring{wantText("Hello"), cutDeflated(opText, helloData, 1, 3, 6)}, back(5))
	refers("a reference in a message of several frames", "Sends \"Hello\", and a reference to it whose every octet has a frame of its own.",
		hello, referring{wantText("Hello"), cutDeflated(opText, againData, 1, 2, 3, 4)})
	refers("a reference across a Ping and a Pong", "Sends \"Hello\", a Ping whose payload is a text, a Pong that nobody asked for, and a reference to \"Hello\".",
		hello, referring{wantPong("World"), []frame{ping("World")}},
		referring{wantText("Hello"), []frame{pong("World"), deflated(opText, againData)}})
	refers("a reference across a Ping inside a message", "Sends \"Hello\" in two frames with a Ping between, and a reference to it.",
		referring{wantPong("World"), []frame{cutDeflated(opText, helloData, 4)[0], ping("World")}},
		referring{wantText("Hello"), cutDeflated(opText, helloData, 4)[1:]}, back(5))
	refers("a reference to the message before last", "Sends \"Hello\", \"World\", and a reference to \"Hello\".",
		hello, referring{wantText("World"), []frame{deflated(opText, blocks(func(w *deflate.BlockWriter) { w.Fixed([]byte("World"), false) }))}}, back(10))
	refers("a reference into two messages", "Sends \"Hel\", \"lo\", and a reference to both.",
		referring{wantText("Hel"), []frame{deflated(opText, blocks(func(w *deflate.BlockWriter) { w.Fixed([]byte("Hel"), false) }))}},
		referring{wantText("lo"), []frame{deflated(opText, blocks(func(w *deflate.BlockWriter) { w.Stored([]byte("lo"), false) }))}}, back(5))
	refers("a reference that overlaps what it makes", "Sends \"Hello\", and a message of its last octet, 258 times.",
		hello, referring{wantText(strings.Repeat("o", 258)), []frame{deflated(opText, matchData(1, 258))}})
	refers("a reference to a stored block", "Sends \"Hello\" in a stored block, and a reference to it.",
		referring{wantText("Hello"), []frame{deflated(opText, blocks(func(w *deflate.BlockWriter) { w.Stored([]byte("Hello"), false) }))}}, back(5))
	refers("a reference across a final block", "Sends \"Hello\" in a final block, and a reference to it: BFINAL does not empty the window.",
		referring{wantText("Hello"), []frame{deflated(opText, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00")}}, back(5))
	refers("a reference from a text to a binary message", "Sends \"Hello\" as a binary message, and a text that refers to it.",
		referring{wantBinary([]byte("Hello")), []frame{deflated(opBinary, helloData)}}, back(5))
	chain := []referring{hello}
	for range 100 {
		chain = append(chain, back(5))
	}
	refers("a hundred references in a row", "Sends \"Hello\", and a hundred messages each of which refers to the one before.", chain...)

	far := []referring{}
	var sent []byte
	for i := range 5 {
		p := printable(uint64(50+i), 20000)
		far = append(far, referring{wantText(string(p)), []frame{deflated(opText, blocks(func(w *deflate.BlockWriter) { w.Dynamic(p, false) }))}})
		if sent = append(sent, p...); len(sent) > 32768 {
			p := sent[len(sent)-32768:][:200]
			far = append(far, referring{wantText(string(p)), []frame{deflated(opText, matchData(32768, 200))}})
			sent = append(sent, p...)
		}
	}
	g.add("references over the whole window", "Sends messages of 20000 octets, and others that refer to what is 32768 octets back.",
		"Each message comes back.", func(s *session) {
			s.openDeflate()
			s.needTakeover()
			s.needWindow(15)
			s.refer(far...)
			s.closeNow()
		}, DeflateWindow)

	noTakeover := deflateGroup{number: 6, section: "RFC 7692 §7.1.1", tags: []Tag{Deflate, DeflateTakeover}}
	noTakeover.add("no takeover, and no reference", "Has it agreed that its messages do not refer to those before, and sends one message many times.",
		"Each message comes back.", func(s *session) {
			s.openWithout()
			s.refer(slices.Repeat([]referring{hello}, 20)...)
			s.closeNow()
		})
	noTakeover.add("no takeover, and references within a message", "Has it agreed that its messages do not refer to those before, and sends some "+
		"whose frames and blocks refer to one another.",
		"Each message comes back.", func(s *session) {
			s.openWithout()
			p := string(printable(61, 400))
			data := blocks(func(w *deflate.BlockWriter) {
				w.Fixed([]byte(p), true)
				w.Match(400, 200, false)
				w.Flush()
				w.Match(600, 200, false)
			})
			s.refer(slices.Repeat([]referring{{wantText(p + p[:200] + p[:200]), cutDeflated(opText, data, 100, len(data)-10)}}, 3)...)
			s.closeNow()
		})
	noTakeover.add("no takeover, and a reference all the same", "Has it agreed that its messages do not refer to those before, and sends \"Hello\", and a reference to it.",
		"The connection is failed. A peer that keeps the window for no reason may also inflate it.", func(s *session) {
			s.openWithout()
			s.refer(hello)
			s.send(deflated(opText, againData))
			s.mayFail("a reference to a message before was followed where none may be", wantText("Hello").is)
		}, DeflateCorrupt)

	windows := deflateGroup{number: 7, section: "RFC 7692 §7.1.2", tags: []Tag{Deflate, DeflateWindow}}
	for bits := 8; bits <= 15; bits++ {
		size := 1 << bits
		p := printable(uint64(70+bits), size)
		windows.add(fmt.Sprintf("a window of %d bits, and a distance as far as that", bits),
			fmt.Sprintf("Has it agreed that the suite's window has %d octets, if the peer allows, and sends messages that refer to what is so far back.", size),
			"The messages come back.", func(s *session) {
				s.openWindow(bits)
				data := blocks(func(w *deflate.BlockWriter) {
					w.Dynamic(p, false)
					w.Match(size, 200, false)
				})
				s.refer(referring{wantText(string(p) + string(p[:200])), []frame{deflated(opText, data)}})
				if s.deflate.takeover(s.us()) {
					again := append(slices.Clone(p[200:]), p...)[:100]
					s.refer(referring{wantText(string(again)), []frame{deflated(opText, matchData(size, 100))}})
				}
				s.closeNow()
			})
	}
	windows.add("a distance beyond the window", "Has it agreed that the suite's window has 256 octets, and sends a message with a distance of 257.",
		"The connection is failed. A peer whose window is larger may also inflate it.", func(s *session) {
			s.openWindow(8)
			p := string(printable(80, 300))
			s.send(deflated(opText, blocks(func(w *deflate.BlockWriter) {
				w.Fixed([]byte(p), false)
				w.Match(257, 100, false)
			})))
			s.mayFail("a distance beyond the window was followed", wantText(p+p[43:143]).is)
		})
}

// A referring is some frames, and what a peer must make of them.
type referring struct {
	want   event
	frames []frame
}

// refer sends messages one by one.
func (s *session) refer(messages ...referring) {
	for _, m := range messages {
		s.send(m.frames...)
		s.expect(m.want)
		s.stand()
	}
}

// matchData is a message of one match.
func matchData(distance, length int) string {
	return blocks(func(w *deflate.BlockWriter) { w.Match(distance, length, false) })
}

// openWithout makes a connection on which the suite's messages must not refer to those before.
func (s *session) openWithout() {
	if s.peer == Client {
		s.open("permessage-deflate; server_no_context_takeover, permessage-deflate; server_no_context_takeover; server_max_window_bits=8")
		return
	}
	s.open("permessage-deflate; client_no_context_takeover")
	s.needAgreement(func(a *agreement) bool { return a.clientNoTakeover })
}

// openWindow makes a connection on which the suite's window has a size.
func (s *session) openWindow(bits int) {
	if s.peer == Client {
		s.open(fmt.Sprintf("permessage-deflate; server_max_window_bits=%d, permessage-deflate; server_no_context_takeover; server_max_window_bits=%[1]d", bits))
		return
	}
	s.open(fmt.Sprintf("permessage-deflate; client_max_window_bits=%d", bits))
	s.needAgreement(func(a *agreement) bool { return a.clientBits >= bits })
}

func (s *session) needAgreement(good func(*agreement) bool) {
	if s.deflate == nil || !good(s.deflate) {
		s.lacking("the server does not agree: its answer is %q", s.answer.Header.Values("Sec-WebSocket-Extensions"))
		s.closeNow()
		panic(giveUp)
	}
}
