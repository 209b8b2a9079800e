package conformance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/everwire/everwire/conformance/internal/deflate"
)

// Family 21: compressed messages as no compressor in use makes them, and yet as RFC 7692 and RFC 1951 allow
// them, or as they do not. These are the examples of RFC 7692 §7.2.3, empty messages, fragments and blocks.

// helloData is "Hello" compressed, by the RFC; againData is the same as a reference to that.
const (
	helloData = "\xf2\x48\xcd\xc9\xc9\x07\x00"
	againData = "\xf2\x00\x11\x00\x00"
)

// A deflateGroup numbers the cases of a part of family 21.
type deflateGroup struct {
	number  int
	section string
	tags    []Tag
	cases   int
}

func (g *deflateGroup) add(name, does, expects string, run func(s *session), tags ...Tag) *Case {
	g.cases++
	c := &Case{
		ID: fmt.Sprintf("21.%d.%d", g.number, g.cases), Name: name, Does: does, Expects: expects, Section: g.section,
		Tags: append(slices.Clone(g.tags), tags...), Peers: Server | Client, run: run,
	}
	register(c)
	return c
}

// echoes adds a case in which frames are sent that make messages, which the peer must echo. Each Ping among
// them must have been answered before the next frame is sent.
func (g *deflateGroup) echoes(name, does string, want []event, frames ...frame) *Case {
	expects := "The messages come back."
	if len(want) == 1 {
		expects = "The message comes back."
	}
	return g.add(name, does, expects, func(s *session) {
		s.openDeflate()
		for _, f := range frames {
			s.send(f)
			if f.op == opPing {
				s.expect(wantPong(string(f.payload)))
				s.stand()
			}
		}
		s.expect(want...)
		s.closeNow()
	})
}

// fails adds a case in which frames are sent that must make the peer fail the connection with one of some
// codes. As many as there are events that are wanted come before these, and each is answered by one.
func (g *deflateGroup) fails(name, does string, codes []int, want []event, frames ...frame) *Case {
	return g.add(name, does, fmt.Sprintf("The connection is failed with %s.", orList(codes)), func(s *session) {
		s.openDeflate()
		for i, w := range want {
			s.send(frames[i])
			s.expect(w)
			s.stand()
		}
		s.send(frames[len(want):]...)
		s.mustFail(codes...)
	})
}

func orList(codes []int) string {
	var list []string
	for _, c := range codes {
		list = append(list, fmt.Sprint(c))
	}
	return strings.Join(list, " or ")
}

// mayFail waits for an answer to what a peer may fail the connection for. What it makes of it otherwise is
// told, unless it is neither that nor what was wanted.
func (s *session) mayFail(told string, wanted func(event) bool) {
	switch came := s.receive(); {
	case came.kind == closed || came.kind == ended:
		s.mustFail(1002, 1007)
		return
	case came.kind == nothing:
		s.fail("the peer neither answered nor failed the connection within %v", s.patience)
	case wanted(came):
		s.tell("%s: %v came", told, came)
	default:
		s.fail("the connection should have been failed, and %v came", came)
	}
	s.closeNow()
}

// blocks makes a message's payload.
func blocks(write func(w *deflate.BlockWriter)) string {
	var w deflate.BlockWriter
	write(&w)
	return string(w.Message())
}

// cutDeflated makes a compressed message of several frames, the payload being cut at some octets.
func cutDeflated(op byte, data string, at ...int) []frame {
	frames := make([]frame, 0, len(at)+1)
	from := 0
	for _, to := range append(slices.Clone(at), len(data)) {
		frames = append(frames, frame{op: opContinuation, more: true, payload: []byte(data[from:to])})
		from = to
	}
	frames[0].op, frames[0].rsv = op, rsv1
	frames[len(frames)-1].more = false
	return frames
}

func texts(each ...string) []event {
	var list []event
	for _, p := range each {
		list = append(list, wantText(p))
	}
	return list
}

func init() {
	deflateExamples()
	deflateEmpty()
	deflateFragments()
	deflateBlockKinds()
}

func deflateExamples() {
	g := deflateGroup{number: 1, section: "RFC 7692 §7.2.3", tags: []Tag{Deflate}}
	example := func(octets string) string {
		return fmt.Sprintf("Sends an example of the RFC's, a text with the payload %s.", octets)
	}
	hello := texts("Hello")
	g.echoes("one fixed block", example("f2 48 cd c9 c9 07 00"), hello, deflated(opText, helloData))
	g.echoes("one fixed block in two frames", example("f2 48 cd c9 c9 07 00, of which 3 octets are in the first frame"), hello,
		cutDeflated(opText, helloData, 3)...)
	g.echoes("the same octets twice", "Sends the text f2 48 cd c9 c9 07 00 two times.", texts("Hello", "Hello"),
		deflated(opText, helloData), deflated(opText, helloData))
	g.echoes("a stored block", example("00 05 00 fa ff 48 65 6c 6c 6f 00"), hello, deflated(opText, "\x00\x05\x00\xfa\xffHello\x00"))
	g.echoes("a final block", example("f3 48 cd c9 c9 07 00 00"), hello, deflated(opText, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"))
	g.echoes("two blocks", example("f2 48 05 00 00 00 ff ff ca c9 c9 07 00"), hello,
		deflated(opText, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"))
	g.echoes("an empty last fragment", "Sends the text f2 48 cd c9 c9 07 00 00 00 ff ff in a frame, and the octet 00 in the last one.", hello,
		cutDeflated(opText, "\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff\x00", 11)...)
	for _, v := range []struct {
		name, does string
		between    []frame
	}{
		{"a shared window", "Sends the RFC's two messages: f2 48 cd c9 c9 07 00, and f2 00 11 00 00, which refers to it.", nil},
		{"a shared window, and a message between that is not compressed",
			"Sends f2 48 cd c9 c9 07 00, a text that is not compressed, and f2 00 11 00 00, which refers to the first.",
			[]frame{text("World")}},
	} {
		g.add(v.name, v.does, "Both compressed messages are \"Hello\", and all come back.", func(s *session) {
			s.openDeflate()
			s.needTakeover()
			s.send(deflated(opText, helloData))
			s.expect(wantText("Hello"))
			for _, f := range v.between {
				s.send(f)
				s.expect(wantText(string(f.payload)))
			}
			s.send(deflated(opText, againData))
			s.expect(wantText("Hello"))
			s.closeNow()
		}, DeflateTakeover)
	}
}

func deflateEmpty() {
	g := deflateGroup{number: 2, section: "RFC 7692 §7.2.3.6", tags: []Tag{Deflate, Empty}}
	empty := texts("")
	g.echoes("an empty stored block", "Sends the compressed text 00.", empty, deflated(opText, "\x00"))
	g.echoes("an empty fixed block", "Sends the compressed text 02 00.", empty, deflated(opText, "\x02\x00"))
	g.echoes("an empty final block", "Sends the compressed text 03 00 00.", empty, deflated(opText, "\x03\x00\x00"))
	g.echoes("an empty stored block that is final", "Sends the compressed text 01 00 00 ff ff 00.", empty,
		deflated(opText, "\x01\x00\x00\xff\xff\x00"))
	g.echoes("an empty block with codes of its own", "Sends a compressed text of a dynamic block without data.", empty,
		deflated(opText, blocks(func(w *deflate.BlockWriter) { w.Dynamic(nil, false) })))
	g.echoes("several empty blocks of each kind", "Sends a compressed text of nine blocks without data, some of them final.", empty,
		deflated(opText, blocks(func(w *deflate.BlockWriter) {
			for range 3 {
				w.Fixed(nil, false)
				w.Dynamic(nil, true)
				w.Stored(nil, false)
			}
		})))
	g.echoes("an empty binary message", "Sends the compressed binary message 00.", []event{wantBinary(nil)}, deflated(opBinary, "\x00"))
	g.echoes("an empty message in two frames", "Sends a compressed text in a frame without payload and another with 00.", empty,
		cutDeflated(opText, "\x00", 0)...)
	g.echoes("an empty message, flushed twice", "Sends the compressed text 00 00 00 ff ff in a frame, and 00 in another.", empty,
		cutDeflated(opText, "\x00\x00\x00\xff\xff\x00", 5)...)
	g.echoes("empty messages among others", "Sends compressed messages: 00, \"Hello\", 02 00, 00, and \"Hello\".",
		texts("", "Hello", "", "", "Hello"),
		deflated(opText, "\x00"), deflated(opText, helloData), deflated(opText, "\x02\x00"), deflated(opText, "\x00"), deflated(opText, helloData))
	for _, v := range []struct {
		name   string
		frames []frame
	}{
		{"a message without any octet", []frame{deflated(opText, "")}},
		{"a message without any octet in two frames", cutDeflated(opText, "", 0)},
	} {
		g.add(v.name, "Sends a text that is marked as compressed, with no payload: not even the octet that every compressed message has.",
			"The connection is failed, or the message is taken for an empty one.", func(s *session) {
				s.openDeflate()
				s.send(v.frames...)
				s.mayFail("a compressed message without any octet was taken", wantText("").is)
			}, DeflateCorrupt)
	}
}

// twoBlocks is the RFC's message with a flush in its middle.
const twoBlocks = "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"

func deflateFragments() {
	g := deflateGroup{number: 3, section: "RFC 7692 §6.1", tags: []Tag{Deflate, Fragmentation}}
	var once, twice []frame
	var onceWant, twiceWant []event
	for i := range len(twoBlocks) + 1 {
		once = append(once, cutDeflated(opText, twoBlocks, i)...)
		onceWant = append(onceWant, wantText("Hello"))
		for j := i; j <= len(twoBlocks); j++ {
			twice = append(twice, cutDeflated(opText, twoBlocks, i, j)...)
			twiceWant = append(twiceWant, wantText("Hello"))
		}
	}
	g.echoes("two frames, cut at each octet", "Sends \"Hello\" as two blocks with a flush between, in two frames, once for each octet it can be cut at.",
		onceWant, once...)
	g.echoes("three frames, cut at each two octets", "Sends \"Hello\" as two blocks with a flush between, in three frames, once for each two octets it can be cut at.",
		twiceWant, twice...)
	every := func(n int) (at []int) {
		for i := 1; i < n; i++ {
			at = append(at, i)
		}
		return at
	}
	g.echoes("a frame for each octet", "Sends \"Hello\" as two blocks with a flush between, an octet in each frame.", texts("Hello"),
		cutDeflated(opText, twoBlocks, every(len(twoBlocks))...)...)
	long := printable(21, 3000)
	dynamic := blocks(func(w *deflate.BlockWriter) { w.Dynamic(long, false) })
	g.echoes("a dynamic block, with a frame for each octet", "Sends a text of 3000 octets in a dynamic block, an octet in each frame.",
		texts(string(long)), cutDeflated(opText, dynamic, every(len(dynamic))...)...)
	g.echoes("an empty first frame", "Sends a compressed text whose first frame has no payload.", texts("Hello"), cutDeflated(opText, helloData, 0)...)
	g.echoes("an empty last frame", "Sends a compressed text whose last frame has no payload.", texts("Hello"),
		cutDeflated(opText, helloData, len(helloData))...)
	g.echoes("empty frames in between", "Sends a compressed text in seven frames, of which five have no payload.", texts("Hello"),
		cutDeflated(opText, helloData, 0, 0, 3, 3, 3, len(helloData))...)
	g.echoes("a hundred empty frames", "Sends a compressed text behind a hundred frames without payload.", texts("Hello"),
		cutDeflated(opText, helloData, make([]int, 100)...)...)

	parts := cutDeflated(opText, twoBlocks, 4, 9)
	g.echoes("Pings between the frames", "Sends a compressed text in three frames, with a Ping behind each of the first two.",
		texts("Hello"), parts[0], ping("one"), parts[1], ping("two"), parts[2]).Tags =
		[]Tag{Deflate, Fragmentation, Interleaved, Pings}
	g.echoes("a Ping whose payload is a compressed message's", "Sends a compressed text in three frames, and between them a Ping with "+
		"the payload f2 48 cd c9 c9 07 00, which is not compressed.",
		texts("Hello"), parts[0], ping(helloData), parts[1], parts[2]).Tags =
		[]Tag{Deflate, Fragmentation, Interleaved, Pings}
	g.echoes("Pongs between the frames", "Sends a compressed text in three frames, with a Pong behind each of the first two.",
		texts("Hello"), parts[0], pong("one"), parts[1], pong(""), parts[2]).Tags = []Tag{Deflate, Fragmentation, Interleaved, Pongs}

	g.echoes("messages that are not compressed among those that are", "Sends \"Hello\" compressed, \"Hello\" as it is, compressed in "+
		"fragments, and as it is in fragments.", texts("Hello", "Hello", "Hello", "Hello"),
		slices.Concat([]frame{deflated(opText, helloData), text("Hello")}, cutDeflated(opText, helloData, 4), []frame{first(opText, "Hel"), last("lo")})...).Tags =
		[]Tag{Deflate, Fragmentation, DeflateBit}
	g.echoes("what only looks compressed", "Sends the binary message f2 48 cd c9 c9 07 00, not marked as compressed.",
		[]event{wantBinary([]byte(helloData))}, binaryOf([]byte(helloData))).Tags = []Tag{Deflate, DeflateBit}
	g.echoes("every frame octet by octet", "Sends a compressed text in two frames, each octet by a write of its own.", texts("Hello"),
		chopped(1, cutDeflated(opText, twoBlocks, 5)...)...).Tags = []Tag{Deflate, Fragmentation, Chopped}
}

func deflateBlockKinds() {
	g := deflateGroup{number: 4, section: "RFC 7692 §7.2.1", tags: []Tag{Deflate, DeflateBlocks}}
	p := printable(4, 600)
	want := texts(string(p))
	a, b, c := p[:200], p[200:400], p[400:]
	one := func(name, does string, want []event, write func(w *deflate.BlockWriter)) {
		op := byte(opText)
		if want[0].kind == binaryMessage {
			op = opBinary
		}
		g.echoes(name, does, want, deflated(op, blocks(write)))
	}
	one("a block of each kind", "Sends a compressed text of a stored, a fixed and a dynamic block.", want, func(w *deflate.BlockWriter) {
		w.Stored(a, false)
		w.Fixed(b, false)
		w.Dynamic(c, false)
	})
	one("a block of each kind, the other way round", "Sends a compressed text of a dynamic, a fixed and a stored block.", want, func(w *deflate.BlockWriter) {
		w.Dynamic(a, false)
		w.Fixed(b, false)
		w.Stored(c, false)
	})
	one("flushes between blocks", "Sends a compressed text of three blocks, flushed behind each.", want, func(w *deflate.BlockWriter) {
		w.Fixed(a, false)
		w.Flush()
		w.Dynamic(b, false)
		w.Flush()
		w.Stored(c, false)
		w.Flush()
	})
	one("a final dynamic block", "Sends a compressed text of a dynamic block that is final.", want, func(w *deflate.BlockWriter) { w.Dynamic(p, true) })
	one("a final stored block", "Sends a compressed text of a stored block that is final.", want, func(w *deflate.BlockWriter) { w.Stored(p, true) })
	one("blocks behind a final one", "Sends a compressed text of three blocks, of which the first is final.", want, func(w *deflate.BlockWriter) {
		w.Fixed(a, true)
		w.Dynamic(b, false)
		w.Fixed(c, false)
	})
	one("nothing but final blocks", "Sends a compressed text of three blocks, of each kind, all of them final.", want, func(w *deflate.BlockWriter) {
		w.Dynamic(a, true)
		w.Stored(b, true)
		w.Fixed(c, true)
	})
	one("a block that refers to what is before a final one", "Sends a compressed text of a final block, and another that repeats it.",
		texts(string(a)+string(a)), func(w *deflate.BlockWriter) {
			w.Fixed(a, true)
			w.Match(len(a), len(a), false)
		})
	one("ten final blocks", "Sends a compressed text of ten final blocks with an octet each.", texts("aaaaaaaaaa"), func(w *deflate.BlockWriter) {
		for range 10 {
			w.Fixed([]byte("a"), true)
		}
	})
	g.add("two thousand final blocks", "Sends a compressed text of two thousand final blocks with an octet each.",
		"The message comes back, or the connection is failed, since it is much work for few octets.", func(s *session) {
			s.openDeflate()
			s.send(deflated(opText, blocks(func(w *deflate.BlockWriter) {
				for range 2000 {
					w.Fixed([]byte("a"), true)
				}
			})))
			switch came := s.receive(); {
			case came.is(wantText(strings.Repeat("a", 2000))):
				s.closeNow()
			case came.kind == closed || came.kind == ended:
				s.tell("the peer does not take so many final blocks: %v came", came)
				s.awaitClose(closeRule{codes: []int{1002, 1007, 1008, 1009}})
			default:
				s.fail("the message was expected, and %v came", came)
			}
		})
	one("two thousand small blocks", "Sends a compressed text of two thousand fixed blocks with an octet each.", texts(strings.Repeat("a", 2000)),
		func(w *deflate.BlockWriter) {
			for range 2000 {
				w.Fixed([]byte("a"), false)
			}
		})
	one("a thousand flushes", "Sends a compressed text that is flushed a thousand times between two blocks.", texts("Hello"), func(w *deflate.BlockWriter) {
		w.Fixed([]byte("Hel"), false)
		for range 1000 {
			w.Flush()
		}
		w.Fixed([]byte("lo"), false)
	})
	large := printable(5, 2*65535+1)
	one("the largest stored block", "Sends a compressed text of a stored block with 65535 octets.", texts(string(large[:65535])),
		func(w *deflate.BlockWriter) { w.Stored(large[:65535], false) })
	one("three stored blocks", "Sends a compressed text of 131071 octets in three stored blocks.", texts(string(large)),
		func(w *deflate.BlockWriter) { w.Stored(large, false) })
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	one("every octet, with fixed codes", "Sends a compressed binary message of the 256 octets in a fixed block.", []event{wantBinary(all)},
		func(w *deflate.BlockWriter) { w.Fixed(all, false) })
	one("every octet, with codes of their own", "Sends a compressed binary message of the 256 octets in a dynamic block.", []event{wantBinary(all)},
		func(w *deflate.BlockWriter) { w.Dynamic(all, false) })
	one("codes of every length", "Sends a compressed text in a dynamic block whose codes have up to 15 bits.", texts(string(skewed())),
		func(w *deflate.BlockWriter) { w.Dynamic(skewed(), false) })
	for _, kind := range []string{"fixed", "dynamic"} {
		tokens, content := everyMatch()
		one("matches of every length and distance code, "+kind, "Sends a compressed binary message in a "+kind+
			" block, with a match of each length from 3 to 258, and at the ends of each distance code's range that lie within 256 octets.",
			[]event{wantBinary(content)}, func(w *deflate.BlockWriter) {
				if kind == "fixed" {
					w.FixedTokens(tokens, false)
				} else {
					w.DynamicTokens(tokens, false)
				}
			})
	}
	one("a match that overlaps what it makes", "Sends a compressed text of an octet, and a match of 258 octets one octet back.",
		texts(strings.Repeat("a", 259)), func(w *deflate.BlockWriter) {
			w.FixedTokens(append(deflate.Literals([]byte("a")), deflate.Match(258, 1)), false)
		})
	g.add("the largest distance", "Sends a compressed text in which a match is 32768 octets back.", "The message comes back.", func(s *session) {
		s.openDeflate()
		s.needWindow(15)
		p := printable(6, 32768)
		s.send(deflated(opText, blocks(func(w *deflate.BlockWriter) {
			w.Dynamic(p, false)
			w.Match(32768, 100, false)
		})))
		s.expect(wantText(string(p) + string(p[:100])))
		s.closeNow()
	}, DeflateWindow)
	for _, v := range []struct{ name, does, data string }{
		{"a final block and no octet behind", "Sends the compressed text f3 48 cd c9 c9 07 00, which lacks the octet that must follow a final block.",
			"\xf3\x48\xcd\xc9\xc9\x07\x00"},
		{"octets behind a final block that are no block", "Sends the compressed text f3 48 cd c9 c9 07 00 ff ff ff, of which the last three octets are no block.",
			"\xf3\x48\xcd\xc9\xc9\x07\x00\xff\xff\xff"},
		{"the tail that should have been taken away", "Sends the compressed text f2 48 cd c9 c9 07 00 00 00 ff ff, whose sender has left the flush's end where it was.",
			"\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff"},
	} {
		g.add(v.name, v.does, "The connection is failed, or the message is taken for \"Hello\".", func(s *session) {
			s.openDeflate()
			s.send(deflated(opText, v.data))
			s.mayFail("a message that does not end as it should was taken", wantText("Hello").is)
		}, DeflateCorrupt)
	}
}

// skewed is a text whose octets are twice as frequent each as the one before, so that their codes get long.
func skewed() []byte {
	var p []byte
	for i := range 14 {
		p = append(p, strings.Repeat(string(rune('a'+i)), 1<<i)...)
	}
	return p
}

// everyMatch are matches whose distances are within the smallest window, and what they make.
func everyMatch() (tokens []deflate.Token, content []byte) {
	content = printable(7, 256)
	tokens = deflate.Literals(content)
	match := func(length, distance int) {
		tokens = append(tokens, deflate.Match(length, distance))
		for range length {
			content = append(content, content[len(content)-distance])
		}
	}
	for length := 3; length <= 258; length++ {
		match(length, 256)
	}
	for _, distance := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 16, 17, 24, 25, 32, 33, 48, 49, 64, 65, 96, 97, 128, 129, 192, 193, 256} {
		match(3, distance)
		match(258, distance)
	}
	return tokens, content
}

// needTakeover ends the case if our messages may not refer to those before.
func (s *session) needTakeover() {
	if !s.deflate.takeover(s.us()) {
		s.lacking("the peer has agreed only on messages that do not refer to those before")
		s.closeNow()
		panic(giveUp)
	}
}

// needWindow ends the case if our window is smaller.
func (s *session) needWindow(bits int) {
	if s.deflate.bits(s.us()) < bits {
		s.lacking("the peer has agreed only on a window of %d bits", s.deflate.bits(s.us()))
		s.closeNow()
		panic(giveUp)
	}
}
