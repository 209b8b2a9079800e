package conformance

import (
	"strings"

	"github.com/everwire/everwire/conformance/internal/deflate"
)

// Family 21, parts 8 to 11: what is not DEFLATE, what inflates to what is not UTF-8, the reserved bits of
// compressed messages, and messages that get very large.
func init() {
	deflateCorrupt()
	deflateText()
	deflateBits()
	deflateBombs()
}

// notDeflate are the codes for what cannot be inflated: no standard names one.
var notDeflate = []int{1002, 1007}

func raw(write func(w *deflate.BlockWriter)) string {
	var w deflate.BlockWriter
	write(&w)
	return string(w.Bytes()) + strings.Repeat("\x00", 16)
}

func deflateCorrupt() {
	g := deflateGroup{number: 8, section: "RFC 7692 §7.2.2", tags: []Tag{DeflateCorrupt}}
	corrupt := func(name, does, data string) {
		g.fails(name, does+" It is binary, so that its octets do not matter.", notDeflate, nil, deflated(opBinary, data))
	}
	// dynamic begins a block with codes of its own, and their lengths, the code of which has lengths in the
	// order of RFC 1951 §3.2.7.
	dynamic := func(w *deflate.BlockWriter, hlit, hdist uint32, lengths ...uint32) {
		w.Bits(0, 1)
		w.Bits(2, 2)
		w.Bits(hlit-257, 5)
		w.Bits(hdist-1, 5)
		w.Bits(uint32(len(lengths)-4), 4)
		for _, n := range lengths {
			w.Bits(n, 3)
		}
	}
	corrupt("a reserved kind of block", "Sends a compressed message of a block whose BTYPE is 3.", raw(func(w *deflate.BlockWriter) {
		w.Bits(0, 1)
		w.Bits(3, 2)
	}))
	corrupt("a reserved kind of block behind a good one", "Sends a compressed message of a fixed block and one whose BTYPE is 3.", raw(func(w *deflate.BlockWriter) {
		w.Fixed([]byte("Hello"), false)
		w.Bits(0, 1)
		w.Bits(3, 2)
	}))
	corrupt("a stored block's length that is not confirmed", "Sends a compressed message of a stored block whose NLEN does not fit its LEN.",
		"\x00\x05\x00\xfa\xfeHello\x00")
	corrupt("a distance to before the beginning", "Sends f2 00 11 00 00 as the first message, which refers to one before.", againData)
	corrupt("a distance one octet to before the beginning", "Sends a compressed message of two octets and a match three octets back.",
		raw(func(w *deflate.BlockWriter) {
			w.FixedTokens(append(deflate.Literals([]byte("ab")), deflate.Match(3, 3)), false)
		}))
	corrupt("a distance to before the beginning, in a dynamic block", "Sends a compressed message of 200 octets and a match 201 octets back, with codes of its own.",
		raw(func(w *deflate.BlockWriter) {
			w.DynamicTokens(append(deflate.Literals(printable(8, 200)), deflate.Match(100, 201)), false)
		}))
	corrupt("a length code that there is not", "Sends a compressed message of a fixed block with the length code 286.", raw(func(w *deflate.BlockWriter) {
		w.Bits(0, 1)
		w.Bits(1, 2)
		w.Bits(0x63, 8) // 11000110, from its highest bit on
	}))
	corrupt("a distance code that there is not", "Sends a compressed message of a fixed block with the distance code 30.", raw(func(w *deflate.BlockWriter) {
		w.Bits(0, 1)
		w.Bits(1, 2)
		w.Bits(0x89, 8) // a literal
		w.Bits(0x40, 7) // the length 3
		w.Bits(0x0f, 5) // 11110
	}))
	corrupt("too many length codes", "Sends a dynamic block that announces 288 codes, where there are 286.", raw(func(w *deflate.BlockWriter) {
		dynamic(w, 288, 1, 1, 0, 1, 0)
	}))
	corrupt("too many distance codes", "Sends a dynamic block that announces 32 distance codes, where there are 30.", raw(func(w *deflate.BlockWriter) {
		dynamic(w, 257, 32, 1, 0, 1, 0)
	}))
	corrupt("no codes for the code lengths", "Sends a dynamic block whose code for the lengths of its codes has no symbol.", raw(func(w *deflate.BlockWriter) {
		dynamic(w, 257, 1, 0, 0, 0, 0)
	}))
	corrupt("too many codes for the code lengths", "Sends a dynamic block whose code for the lengths of its codes has three symbols of one bit.", raw(func(w *deflate.BlockWriter) {
		dynamic(w, 257, 1, 1, 1, 1, 0)
	}))
	corrupt("a repetition of nothing", "Sends a dynamic block whose first code length is to be that of the code before.", raw(func(w *deflate.BlockWriter) {
		dynamic(w, 257, 1, 1, 0, 1, 0) // 16 is 0, and 18 is 1
		w.Bits(0, 1)
	}))
	corrupt("a repetition beyond the last code", "Sends a dynamic block of 258 codes whose lengths are repeated 276 times.", raw(func(w *deflate.BlockWriter) {
		dynamic(w, 257, 1, 1, 0, 1, 0)
		for range 2 {
			w.Bits(1, 1)
			w.Bits(127, 7)
		}
	}))
	// With 1 as 0, and 18 as 1: the order is 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1,
	// 15.
	onesAndRuns := []uint32{0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}
	run := func(w *deflate.BlockWriter, n uint32) {
		w.Bits(1, 1)
		w.Bits(n-11, 7)
	}
	corrupt("a block that cannot end", "Sends a dynamic block in which there is no code for the end.", raw(func(w *deflate.BlockWriter) {
		dynamic(w, 257, 1, onesAndRuns...)
		run(w, 97)
		w.Bits(0, 2) // the codes of a and b
		run(w, 138)
		run(w, 21)
	}))
	corrupt("three codes of one bit", "Sends a dynamic block with three codes of one bit.", raw(func(w *deflate.BlockWriter) {
		dynamic(w, 257, 1, onesAndRuns...)
		run(w, 97)
		w.Bits(0, 2)
		run(w, 138)
		run(w, 19)
		w.Bits(0, 1) // the end's
		w.Bits(0, 1) // the distance's
	}))
	corrupt("octets that were never compressed", "Sends \"Hello\" as it is, but marked as compressed.", "Hello")
	corrupt("octets of ones", "Sends 16 octets of ff, marked as compressed.", strings.Repeat("\xff", 16))
	corrupt("a zlib stream", "Sends \"Hello\" compressed in zlib's format, with its header and its checksum.",
		"\x78\x9c\xf3\x48\xcd\xc9\xc9\x07\x00\x05\x8c\x01\xf5")
	corrupt("a gzip stream", "Sends \"Hello\" compressed in gzip's format.",
		"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xf3\x48\xcd\xc9\xc9\x07\x00\x82\x89\xd1\xf7\x05\x00\x00\x00")
	g.fails("corrupt data behind a good message", "Sends \"Hello\" compressed, and then a block whose BTYPE is 3.", notDeflate, texts("Hello"),
		deflated(opText, helloData), deflated(opText, "\x06\x00"))
	g.fails("corrupt data in the last of three frames", "Sends a compressed text in three frames, of which the last has a block whose BTYPE is 3.",
		notDeflate, nil, cutDeflated(opText, "\xf2\x48\x05\x00\x00\x00\xff\xff\x06\x00", 3, 8)...)
	g.fails("corrupt data in the first of two frames", "Sends a compressed text in two frames, of which the first has a block whose BTYPE is 3.",
		notDeflate, nil, cutDeflated(opText, "\x06\x00\xf2\x48\xcd\xc9\xc9\x07\x00", 2)...)
	for _, v := range []struct{ name, does, data string }{
		{"a stored block that is cut", "Sends a compressed message of a stored block that has 5 octets, of which 2 are there.", "\x00\x05\x00\xfa\xffHe"},
		{"a fixed block that is cut", "Sends the compressed message f2 48 cd, which is the beginning of \"Hello\".", "\xf2\x48\xcd"},
		{"a message without its last octet", "Sends the compressed message f2 48 cd c9 c9 07, which lacks its last octet.", "\xf2\x48\xcd\xc9\xc9\x07"},
		{"a dynamic block's head that is cut", "Sends the first 10 octets of a dynamic block.",
			blocks(func(w *deflate.BlockWriter) { w.Dynamic(printable(9, 300), false) })[:10]},
		{"a dynamic block that is cut", "Sends all but the last 100 octets of a dynamic block.", cutShort(100)},
	} {
		g.add(v.name, v.does+" It is binary, so that its octets do not matter.", "The connection is failed. A peer that does not see the cut may also take it for a message.",
			func(s *session) {
				s.openDeflate()
				s.send(deflated(opBinary, v.data))
				s.mayFail("a compressed message was taken that was cut", func(e event) bool { return e.kind == binaryMessage })
			})
	}
}

func cutShort(by int) string {
	data := blocks(func(w *deflate.BlockWriter) { w.Dynamic(printable(9, 300), false) })
	return data[:len(data)-by]
}

func deflateText() {
	g := deflateGroup{number: 9, section: "RFC 7692 §6.1", tags: []Tag{Deflate, UTF8}}
	stored := func(p string) string { return blocks(func(w *deflate.BlockWriter) { w.Stored([]byte(p), false) }) }
	fixed := func(p string) string { return blocks(func(w *deflate.BlockWriter) { w.Fixed([]byte(p), false) }) }
	const several = "κόσμε \U0001f30d €"
	for _, v := range []struct{ name, text string }{
		{"an octet that UTF-8 has not", "Hello\xff"},
		{"a continuation octet alone", "\x80"},
		{"a character that is cut at the end", "Hello \xe2\x82"},
		{"a surrogate", "\xed\xa0\x80"},
		{"a character in too many octets", "\xc0\xaf"},
		{"a character beyond the last", "\xf4\x90\x80\x80"},
	} {
		g.fails(v.name, "Sends a compressed text that is not UTF-8 once it is inflated.", []int{1007}, nil, deflated(opText, fixed(v.text)))
	}
	g.fails("text that is not UTF-8 in a stored block", "Sends a compressed text that is not UTF-8, in a stored block.", []int{1007}, nil,
		deflated(opText, stored("Hello\xff")))
	invalid := fixed("Hello\xffHello")
	g.fails("text that is not UTF-8 in several frames", "Sends a compressed text that is not UTF-8 in four frames.", []int{1007}, nil,
		cutDeflated(opText, invalid, 2, 5, 9)...)
	g.fails("text that is not UTF-8 in the first of two frames", "Sends a compressed text that is flushed behind what is not UTF-8, and goes on in another frame.",
		[]int{1007}, nil, cutDeflated(opText, blocks(func(w *deflate.BlockWriter) {
			w.Stored([]byte("\xff"), false)
			w.Fixed([]byte("Hello"), false)
		}), 6)...)
	g.fails("text that a match makes wrong", "Sends a compressed text of a character with two octets, and a match that repeats the second.",
		[]int{1007}, nil, deflated(opText, blocks(func(w *deflate.BlockWriter) {
			w.FixedTokens(append(deflate.Literals([]byte("é")), deflate.Match(3, 1)), false)
		})))
	g.fails("text that is not UTF-8 behind a good message", "Sends a compressed text, and another that is not UTF-8.", []int{1007}, texts(several),
		deflated(opText, fixed(several)), deflated(opText, fixed("\xfe")))
	var cut []frame
	var want []event
	data := stored(several)
	for i := 5; i < len(data); i++ {
		cut = append(cut, cutDeflated(opText, data, i)...)
		want = append(want, wantText(several))
	}
	g.echoes("characters that frames cut", "Sends a compressed text of characters with several octets, in a stored block and two frames, once for each octet it can be cut at.",
		want, cut...)
	g.echoes("characters that blocks cut", "Sends a compressed text of characters with several octets, with a block for each octet.", texts(several),
		deflated(opText, blocks(func(w *deflate.BlockWriter) {
			for i := range len(several) {
				w.Fixed([]byte{several[i]}, i%3 == 0)
			}
		})))
	g.echoes("a binary message that is not UTF-8", "Sends a compressed binary message whose octets are not UTF-8.", []event{wantBinary([]byte("\xff\xfe\x80"))},
		deflated(opBinary, fixed("\xff\xfe\x80")))
}

func deflateBits() {
	g := deflateGroup{number: 10, section: "RFC 7692 §6.1", tags: []Tag{DeflateBit}}
	fails := func(name, does string, tags []Tag, frames ...frame) {
		c := g.fails(name, does, []int{1002}, nil, frames...)
		c.Tags = append(c.Tags, tags...)
	}
	parts := cutDeflated(opText, twoBlocks, 4, 9)
	fails("RSV1 on a compressed message's second frame", "Sends a compressed text in three frames, of which the second has RSV1 set, too.", nil,
		parts[0], parts[1].withRsv(rsv1), parts[2])
	fails("RSV1 on a compressed message's last frame", "Sends a compressed text in three frames, of which the last has RSV1 set, too.", nil,
		parts[0], parts[1], parts[2].withRsv(rsv1))
	fails("RSV1 on the second frame of a message that is not compressed", "Sends a text in two frames, of which only the second has RSV1 set.", nil,
		first(opText, "Hello"), frame{op: opContinuation, rsv: rsv1, payload: []byte(helloData)})
	fails("RSV1 on an empty last frame", "Sends a text in two frames, of which the second is empty and has RSV1 set.", nil,
		first(opText, "Hello"), last("").withRsv(rsv1))
	control := []Tag{ReservedBits}
	fails("RSV1 on a Ping", "Sends a Ping with RSV1 set.", control, ping("").withRsv(rsv1))
	fails("RSV1 on a Ping whose payload is compressed", "Sends a Ping with RSV1 set, and the payload f2 48 cd c9 c9 07 00.", control, ping(helloData).withRsv(rsv1))
	fails("RSV1 on a Pong", "Sends a Pong with RSV1 set.", control, pong("Hello").withRsv(rsv1))
	fails("RSV1 on a Ping inside a compressed message", "Sends a Ping with RSV1 set between a compressed text's frames.", control,
		parts[0], ping("Hello").withRsv(rsv1))
	fails("RSV1 on a Close frame", "Sends a Close frame with RSV1 set.", control, closing(1000, "").withRsv(rsv1))
	for _, v := range []struct {
		name string
		bits byte
	}{{"RSV2", rsv2}, {"RSV3", rsv3}, {"RSV2 and RSV3", rsv2 | rsv3}} {
		fails(v.name+" on a compressed message", "Sends a compressed text that has "+v.name+" set besides RSV1.", control,
			deflated(opText, helloData).withRsv(rsv1|v.bits))
		fails(v.name+" on a message that is not compressed", "Sends a text that has "+v.name+" set, and not RSV1.", control, text("Hello").withRsv(v.bits))
	}
	fails("RSV2 on a compressed message's last frame", "Sends a compressed text in three frames, of which the last has RSV2 set.", control,
		parts[0], parts[1], parts[2].withRsv(rsv2))
}
