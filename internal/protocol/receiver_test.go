package protocol_test

import (
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/frame"
)

const (
	notShortest = "a payload length is not in its shortest form (RFC 6455 §5.2, close code 1002)"
	topBit      = "a 64-bit payload length has its top bit set (RFC 6455 §5.2, close code 1002)"
	reservedBit = "a reserved bit is set and no extension gives it a meaning (RFC 6455 §5.2, close code 1002)"
	notUTF8     = "a text message is not UTF-8 (RFC 6455 §8.1, close code 1007)"
	insideChar  = "a text message ends inside a character (RFC 6455 §8.1, close code 1007)"
	noMessage   = "a continuation frame continues no message (RFC 6455 §5.4, close code 1002)"
	closeOctet  = "a Close frame has a payload of one octet (RFC 6455 §5.5.1, close code 1002)"
	closeReason = "the reason of a Close frame is not UTF-8 (RFC 6455 §5.5.1, close code 1007)"
	overTen     = "a message is larger than the limit of 10 bytes (RFC 6455 §7.4.1, close code 1009)"
	countless   = "a message is larger than can be counted (RFC 6455 §7.4.1, close code 1009)"
	overThree   = "a message has more than 3 fragments (RFC 6455 §7.4.1, close code 1009)"
)

func reservedOpcode(c string) string {
	return "a frame has the reserved 0x" + c + " opcode (RFC 6455 §5.2, close code 1002)"
}

func fragmented(o string) string {
	return "a " + o + " frame is fragmented (RFC 6455 §5.5, close code 1002)"
}

func oversized(o string) string {
	return "a " + o + " frame has a payload of more than 125 octets (RFC 6455 §5.5, close code 1002)"
}

func interrupts(o string) string {
	return "a " + o + " frame interrupts a fragmented message (RFC 6455 §5.4, close code 1002)"
}

func unsendable(code int) string {
	return fmt.Sprintf("a Close frame carries code %d, which may not be sent (RFC 6455 §7.4, close code 1002)", code)
}

var (
	ten     = protocol.Limits{MessageSize: 10}
	three   = protocol.Limits{Fragments: 3}
	octets  = strings.Repeat
	k125    = octets("k", 125)
	k126    = octets("k", 126)
	k64     = octets("k", 1<<16)
	seventy = octets("z", 70)
)

// Rules are of RFC 6455 §5 to §8 unless a limit is named. Each row is tried for both roles: in one
// buffer, then octet by octet.
var rules = []struct {
	name   string
	limits protocol.Limits
	parts  []part
	want   string // the events
	fails  string // the violation that comes after them
}{
	// Messages, §5.6.
	{name: "text", parts: []part{fr(0x81, "Hello")}, want: `text "Hello"`},
	{name: "binary", parts: []part{fr(0x82, "\x00\xff")}, want: `binary "\x00\xff"`},
	{name: "empty text", parts: []part{fr(0x81, "")}, want: `text ""`},
	{name: "empty binary", parts: []part{fr(0x82, "")}, want: `binary ""`},
	{name: "two messages", parts: []part{fr(0x81, "a"), fr(0x82, "b")}, want: `text "a", binary "b"`},
	{name: "two empty messages", parts: []part{fr(0x82, ""), fr(0x81, "")}, want: `binary "", text ""`},
	{name: "125 octets", parts: []part{fr(0x82, k125)}, want: `binary "` + k125 + `"`},
	{name: "126 octets", parts: []part{fr(0x82, k126)}, want: `binary "` + k126 + `"`},
	{name: "65536 octets", parts: []part{fr(0x82, k64)}, want: `binary "` + k64 + `"`},

	// A message is handed on as it arrives.
	{name: "no octet", parts: nil, want: ""},
	{name: "one octet of a header", parts: []part{cut(head(0x82, 5), 1)}, want: ""},
	{name: "header alone", parts: []part{head(0x82, 5)}, want: ""},
	{name: "first octet of a message", parts: []part{cut(fr(0x82, "Hello"), 4)}, want: `binary "H"…`},
	{name: "all octets but one", parts: []part{cut(fr(0x82, "Hello"), 1)}, want: `binary "Hell"…`},
	{name: "header of 2^63-1 octets", parts: []part{head(0x82, 1<<63-1)}, want: ""},
	{name: "half a ping", parts: []part{cut(fr(0x89, "Hello"), 2)}, want: ""},
	{name: "half a close", parts: []part{cut(fr(0x88, "\x03\xe8bye"), 3)}, want: ""},

	// Fragments, §5.4.
	{name: "two fragments", parts: []part{fr(0x01, "Hel"), fr(0x80, "lo")}, want: `text "Hello"`},
	{name: "three fragments", parts: []part{fr(0x02, "a"), fr(0x00, "b"), fr(0x80, "c")}, want: `binary "abc"`},
	{name: "first fragment alone", parts: []part{fr(0x01, "Hel")}, want: `text "Hel"…`},
	{name: "empty first fragment alone", parts: []part{fr(0x02, "")}, want: `binary ""…`},
	{name: "empty first fragment", parts: []part{fr(0x01, ""), fr(0x80, "lo")}, want: `text "lo"`},
	{name: "empty last fragment", parts: []part{fr(0x01, "Hel"), fr(0x80, "")}, want: `text "Hel"`},
	{name: "empty fragment in the middle", parts: []part{fr(0x01, "a"), fr(0x00, ""), fr(0x80, "b")}, want: `text "ab"`},
	{name: "nothing but empty fragments", parts: []part{fr(0x02, ""), fr(0x00, ""), fr(0x00, ""), fr(0x80, "")}, want: `binary ""`},
	{name: "a message after a fragmented one", parts: []part{fr(0x01, "a"), fr(0x80, "b"), fr(0x82, "c")}, want: `text "ab", binary "c"`},
	{name: "continuation first of all", parts: []part{fr(0x80, "x")}, fails: noMessage},
	{name: "continuation without FIN first of all", parts: []part{fr(0x00, "x")}, fails: noMessage},
	{name: "continuation after a whole message", parts: []part{fr(0x81, "a"), fr(0x80, "b")}, want: `text "a"`, fails: noMessage},
	{name: "continuation after a fragmented message", parts: []part{fr(0x01, "a"), fr(0x80, "b"), fr(0x80, "c")}, want: `text "ab"`, fails: noMessage},
	{name: "continuation after a ping", parts: []part{fr(0x89, ""), fr(0x80, "")}, want: `ping ""`, fails: noMessage},
	{name: "text inside a message", parts: []part{fr(0x01, "a"), fr(0x81, "b")}, fails: interrupts("text")},
	{name: "binary inside a message", parts: []part{fr(0x01, "a"), fr(0x82, "b")}, fails: interrupts("binary")},
	{name: "a fragment of text inside a message", parts: []part{fr(0x02, ""), fr(0x01, "b")}, fails: interrupts("text")},
	{name: "text inside a message, after a ping", parts: []part{fr(0x01, "a"), fr(0x89, ""), fr(0x81, "b")}, want: `ping ""`, fails: interrupts("text")},
	{name: "header of text inside a message", parts: []part{fr(0x01, "a"), head(0x81, 5)}, fails: interrupts("text")},

	// Control frames, §5.5.
	{name: "ping", parts: []part{fr(0x89, "hey")}, want: `ping "hey"`},
	{name: "pong", parts: []part{fr(0x8A, "hey")}, want: `pong "hey"`},
	{name: "empty ping", parts: []part{fr(0x89, "")}, want: `ping ""`},
	{name: "empty pong", parts: []part{fr(0x8A, "")}, want: `pong ""`},
	{name: "ping of 125 octets", parts: []part{fr(0x89, k125)}, want: `ping "` + k125 + `"`},
	{name: "ping of what is not UTF-8", parts: []part{fr(0x89, "\xff")}, want: `ping "\xff"`},
	{name: "ping between fragments", parts: []part{fr(0x01, "a"), fr(0x89, "p"), fr(0x80, "b")}, want: `ping "p", text "ab"`},
	{name: "pong between fragments", parts: []part{fr(0x01, "a"), fr(0x8A, "p"), fr(0x80, "b")}, want: `pong "p", text "ab"`},
	{name: "pings between empty fragments", parts: []part{fr(0x01, ""), fr(0x89, "1"), fr(0x00, ""), fr(0x89, "2"), fr(0x80, "")}, want: `ping "1", ping "2", text ""`},
	{name: "ping inside a character", parts: []part{fr(0x01, "\xd0"), fr(0x89, "p"), fr(0x80, "\x9f")}, want: `ping "p", text "П"`},
	{name: "close between fragments", parts: []part{fr(0x01, "a"), fr(0x88, "\x03\xe8")}, want: `close "\x03\xe8", text "a"…`},
	{name: "ping of 126 octets", parts: []part{fr(0x89, k126)}, fails: oversized("ping")},
	{name: "pong of 126 octets", parts: []part{fr(0x8A, k126)}, fails: oversized("pong")},
	{name: "close of 126 octets", parts: []part{fr(0x88, "\x03\xe8"+octets("r", 124))}, fails: oversized("close")},
	{name: "header of a ping of 126 octets", parts: []part{head(0x89, 126)}, fails: oversized("ping")},
	{name: "header of a ping of 65536 octets", parts: []part{head(0x89, 65536)}, fails: oversized("ping")},
	{name: "ping without FIN", parts: []part{fr(0x09, "")}, fails: fragmented("ping")},
	{name: "pong without FIN", parts: []part{fr(0x0A, "x")}, fails: fragmented("pong")},
	{name: "close without FIN", parts: []part{fr(0x08, "\x03\xe8")}, fails: fragmented("close")},
	{name: "ping without FIN inside a message", parts: []part{fr(0x01, "a"), fr(0x09, "")}, fails: fragmented("ping")},
	{name: "header of a ping without FIN", parts: []part{head(0x09, 5)}, fails: fragmented("ping")},

	// Reserved bits and opcodes, §5.2.
	{name: "RSV1", parts: []part{fr(0xC1, "x")}, fails: reservedBit},
	{name: "RSV2", parts: []part{fr(0xA1, "x")}, fails: reservedBit},
	{name: "RSV3", parts: []part{fr(0x92, "x")}, fails: reservedBit},
	{name: "all three", parts: []part{fr(0xF1, "x")}, fails: reservedBit},
	{name: "RSV1 on a ping", parts: []part{fr(0xC9, "x")}, fails: reservedBit},
	{name: "RSV2 on a close", parts: []part{fr(0xA8, "")}, fails: reservedBit},
	{name: "RSV1 on a first fragment", parts: []part{fr(0x41, "x")}, fails: reservedBit},
	{name: "RSV1 on a continuation", parts: []part{fr(0x01, "x"), fr(0xC0, "y")}, fails: reservedBit},
	{name: "RSV1 on a header alone", parts: []part{head(0xC1, 9)}, fails: reservedBit},
	{name: "opcode 3", parts: []part{fr(0x83, "")}, fails: reservedOpcode("3")},
	{name: "opcode 4", parts: []part{fr(0x84, "x")}, fails: reservedOpcode("4")},
	{name: "opcode 5", parts: []part{fr(0x85, "x")}, fails: reservedOpcode("5")},
	{name: "opcode 6", parts: []part{fr(0x86, "x")}, fails: reservedOpcode("6")},
	{name: "opcode 7 without FIN", parts: []part{fr(0x07, "x")}, fails: reservedOpcode("7")},
	{name: "opcode B", parts: []part{fr(0x8B, "")}, fails: reservedOpcode("B")},
	{name: "opcode C", parts: []part{fr(0x8C, "x")}, fails: reservedOpcode("C")},
	{name: "opcode D", parts: []part{fr(0x8D, "x")}, fails: reservedOpcode("D")},
	{name: "opcode E", parts: []part{fr(0x8E, "x")}, fails: reservedOpcode("E")},
	{name: "opcode F without FIN", parts: []part{fr(0x0F, "x")}, fails: reservedOpcode("F")},
	{name: "opcode 3 between fragments", parts: []part{fr(0x01, "a"), fr(0x83, "")}, fails: reservedOpcode("3")},
	{name: "opcode B on a header alone", parts: []part{head(0x8B, 5)}, fails: reservedOpcode("B")},

	// Payload length, §5.2.
	{name: "0 in 16 bits", parts: []part{headIn(16, 0x82, 0)}, fails: notShortest},
	{name: "125 in 16 bits", parts: []part{headIn(16, 0x82, 125)}, fails: notShortest},
	{name: "5 in 64 bits", parts: []part{headIn(64, 0x81, 5)}, fails: notShortest},
	{name: "65535 in 64 bits", parts: []part{headIn(64, 0x82, 65535)}, fails: notShortest},
	{name: "ping of 5 in 16 bits", parts: []part{headIn(16, 0x89, 5)}, fails: notShortest},
	{name: "continuation of 126 in 64 bits", parts: []part{fr(0x02, "a"), headIn(64, 0x80, 126)}, fails: notShortest},
	{name: "top bit", parts: []part{headIn(64, 0x82, 1<<63)}, fails: topBit},
	{name: "all bits", parts: []part{headIn(64, 0x82, 1<<64-1)}, fails: topBit},
	{name: "top bit, the rest not there", parts: []part{cut(headIn(64, 0x82, 1<<63|5), 7)}, fails: topBit},

	// The closing handshake, §5.5.1 and §7.4.
	{name: "close", parts: []part{fr(0x88, "")}, want: `close ""`},
	{name: "close with a code", parts: []part{fr(0x88, "\x03\xe8")}, want: `close "\x03\xe8"`},
	{name: "close with a reason", parts: []part{fr(0x88, "\x0f\xa0Пока")}, want: `close "\x0f\xa0Пока"`},
	{name: "close with a reason of 123 octets", parts: []part{fr(0x88, "\x03\xe8"+octets("r", 123))}, want: `close "\x03\xe8` + octets("r", 123) + `"`},
	{name: "close of one octet", parts: []part{fr(0x88, "\x03")}, fails: closeOctet},
	{name: "close with 0", parts: []part{fr(0x88, "\x00\x00")}, fails: unsendable(0)},
	{name: "close with 999", parts: []part{fr(0x88, "\x03\xe7")}, fails: unsendable(999)},
	{name: "close with 1004", parts: []part{fr(0x88, "\x03\xec")}, fails: unsendable(1004)},
	{name: "close with 1005", parts: []part{fr(0x88, "\x03\xed")}, fails: unsendable(1005)},
	{name: "close with 1006", parts: []part{fr(0x88, "\x03\xee")}, fails: unsendable(1006)},
	{name: "close with 1012", parts: []part{fr(0x88, "\x03\xf4")}, want: `close "\x03\xf4"`},
	{name: "close with 1013", parts: []part{fr(0x88, "\x03\xf5")}, want: `close "\x03\xf5"`},
	{name: "close with 1014", parts: []part{fr(0x88, "\x03\xf6")}, want: `close "\x03\xf6"`},
	{name: "close with 1015", parts: []part{fr(0x88, "\x03\xf7")}, fails: unsendable(1015)},
	{name: "close with 1016", parts: []part{fr(0x88, "\x03\xf8")}, fails: unsendable(1016)},
	{name: "close with 2999", parts: []part{fr(0x88, "\x0b\xb7")}, fails: unsendable(2999)},
	{name: "close with 3000", parts: []part{fr(0x88, "\x0b\xb8")}, want: `close "\v\xb8"`},
	{name: "close with 4999", parts: []part{fr(0x88, "\x13\x87")}, want: `close "\x13\x87"`},
	{name: "close with 5000", parts: []part{fr(0x88, "\x13\x88")}, fails: unsendable(5000)},
	{name: "close with 65535", parts: []part{fr(0x88, "\xff\xff")}, fails: unsendable(65535)},
	{name: "close with a reason that is not UTF-8", parts: []part{fr(0x88, "\x03\xe8ok\xff")}, fails: closeReason},
	{name: "close with a reason cut inside a character", parts: []part{fr(0x88, "\x03\xe8\xd0")}, fails: closeReason},
	{name: "message after close", parts: []part{fr(0x88, "\x03\xe8"), fr(0x81, "x")}, want: `close "\x03\xe8"`},
	{name: "ping after close", parts: []part{fr(0x88, ""), fr(0x89, "x")}, want: `close ""`},
	{name: "close after close", parts: []part{fr(0x88, ""), fr(0x88, "")}, want: `close ""`},
	{name: "violation after close", parts: []part{fr(0x88, ""), fr(0xFF, "x")}, want: `close ""`},
	{name: "message after a violation", parts: []part{fr(0x83, ""), fr(0x81, "x")}, fails: reservedOpcode("3")},
	{name: "close after a violation", parts: []part{fr(0x83, ""), fr(0x88, "")}, fails: reservedOpcode("3")},
	{name: "violation after a bad close", parts: []part{fr(0x88, "x"), fr(0x83, "")}, fails: closeOctet},
	{name: "message after text that is not UTF-8", parts: []part{fr(0x81, "\xff"), fr(0x81, "x")}, fails: notUTF8},

	// UTF-8, §8.1.
	{name: "text in several scripts", parts: []part{fr(0x81, "aП€😀")}, want: `text "aП€😀"`},
	{name: "characters over fragments", parts: []part{fr(0x01, "\xf0"), fr(0x00, "\x9f"), fr(0x00, "\x98"), fr(0x80, "\x80")}, want: `text "😀"`},
	{name: "characters over empty fragments", parts: []part{fr(0x01, "\xe2"), fr(0x00, ""), fr(0x00, "\x82"), fr(0x80, "\xac")}, want: `text "€"`},
	{name: "inside a character, not yet wrong", parts: []part{cut(fr(0x81, "😀"), 1)}, want: `text "\xf0\x9f\x98"…`},
	{name: "inside a character at a fragment's end", parts: []part{fr(0x01, "a\xe2\x82")}, want: `text "a\xe2\x82"…`},
	{name: "FF", parts: []part{fr(0x81, "\xff")}, fails: notUTF8},
	{name: "overlong", parts: []part{fr(0x81, "\xc0\xaf")}, fails: notUTF8},
	{name: "surrogate", parts: []part{fr(0x81, "\xed\xa0\x80")}, fails: notUTF8},
	{name: "beyond U+10FFFF", parts: []part{fr(0x81, "\xf4\x90\x80\x80")}, fails: notUTF8},
	{name: "wrong octet, most of the frame to come", parts: []part{cut(fr(0x81, "ab\xff"+seventy), 70)}, fails: notUTF8},
	{name: "C0, the rest to come", parts: []part{cut(fr(0x81, "\xc0\xaf"), 1)}, fails: notUTF8},
	{name: "surrogate, its last octet to come", parts: []part{cut(fr(0x81, "\xed\xa0\x80"), 1)}, fails: notUTF8},
	{name: "beyond U+10FFFF, two octets to come", parts: []part{cut(fr(0x81, "\xf4\x90\x80\x80"), 2)}, fails: notUTF8},
	{name: "wrong octet in the next fragment", parts: []part{fr(0x01, "\xf4"), cut(fr(0x00, "\x90"+seventy), 70)}, fails: notUTF8},
	{name: "no continuation octet in the next fragment", parts: []part{fr(0x01, "\xe2\x82"), cut(fr(0x80, "a"+seventy), 70)}, fails: notUTF8},
	{name: "wrong octet after a ping", parts: []part{fr(0x01, "\xe2"), fr(0x89, "p"), fr(0x00, "a")}, want: `ping "p"`, fails: notUTF8},
	{name: "ends inside a character", parts: []part{fr(0x81, "a\xe2\x82")}, fails: insideChar},
	{name: "ends inside a character, in a fragment", parts: []part{fr(0x01, "a\xe2"), fr(0x80, "\x82")}, fails: insideChar},
	{name: "ends inside a character, by an empty fragment", parts: []part{fr(0x01, "a\xe2"), fr(0x80, "")}, fails: insideChar},
	{name: "binary that is not UTF-8", parts: []part{fr(0x02, "\xff"), fr(0x80, "\xe2")}, want: `binary "\xff\xe2"`},
	{name: "text after such binary", parts: []part{fr(0x82, "\xe2\x82"), fr(0x81, "\xac")}, want: `binary "\xe2\x82"`, fails: notUTF8},
	{name: "text after text", parts: []part{fr(0x01, "\xd0"), fr(0x80, "\x9f"), fr(0x81, "a"), fr(0x81, "€")}, want: `text "П", text "a", text "€"`},

	// The limit of a message's size.
	{name: "exactly the limit", limits: ten, parts: []part{fr(0x82, "0123456789")}, want: `binary "0123456789"`},
	{name: "one more than the limit", limits: ten, parts: []part{fr(0x82, "0123456789a")}, fails: overTen},
	{name: "a header of one more", limits: ten, parts: []part{head(0x82, 11)}, fails: overTen},
	{name: "a header of 2^63-1 octets", limits: ten, parts: []part{head(0x82, 1<<63-1)}, fails: overTen},
	{name: "exactly the limit in fragments", limits: ten, parts: []part{fr(0x02, "01234"), fr(0x00, "56789"), fr(0x80, "")}, want: `binary "0123456789"`},
	{name: "one more in fragments", limits: ten, parts: []part{fr(0x02, "01234"), fr(0x80, "56789a")}, fails: overTen},
	{name: "a continuation's header of one more", limits: ten, parts: []part{fr(0x02, "01234"), head(0x00, 6)}, fails: overTen},
	{name: "one more after the limit", limits: ten, parts: []part{fr(0x02, "0123456789"), head(0x00, 1)}, fails: overTen},
	{name: "a continuation's header of 2^63-1", limits: ten, parts: []part{fr(0x02, "0"), head(0x00, 1<<63-1)}, fails: overTen},
	{name: "each message has its own", limits: ten, parts: []part{fr(0x02, "0123"), fr(0x80, "4567"), fr(0x82, "01234567"), fr(0x81, "0123456789")}, want: `binary "01234567", binary "01234567", text "0123456789"`},
	{name: "control frames have none", limits: ten, parts: []part{fr(0x02, "01234567"), fr(0x89, k125), fr(0x80, "89")}, want: `ping "` + k125 + `", binary "0123456789"`},
	{name: "more than can be counted", parts: []part{fr(0x02, "0"), head(0x80, 1<<63-1)}, fails: countless},
	{name: "as much as can be counted", parts: []part{fr(0x02, "0"), head(0x80, 1<<63-2)}, want: `binary "0"…`},
	{name: "a limit of all that can be counted", limits: protocol.Limits{MessageSize: 1<<63 - 1}, parts: []part{fr(0x02, "0"), head(0x80, 1<<63-1)},
		fails: "a message is larger than the limit of 9223372036854775807 bytes (RFC 6455 §7.4.1, close code 1009)"},

	// The limit of a message's fragments.
	{name: "exactly three", limits: three, parts: []part{fr(0x01, "a"), fr(0x00, "b"), fr(0x80, "c")}, want: `text "abc"`},
	{name: "a fourth", limits: three, parts: []part{fr(0x01, "a"), fr(0x00, "b"), fr(0x00, "c"), fr(0x80, "d")}, fails: overThree},
	{name: "a fourth, all empty", limits: three, parts: []part{fr(0x01, ""), fr(0x00, ""), fr(0x00, ""), fr(0x80, "")}, fails: overThree},
	{name: "the header of a fourth", limits: three, parts: []part{fr(0x01, "a"), fr(0x00, "b"), fr(0x00, "c"), head(0x00, 9)}, fails: overThree},
	{name: "control frames are no fragments", limits: three, parts: []part{fr(0x01, "a"), fr(0x89, ""), fr(0x8A, ""), fr(0x00, "b"), fr(0x89, ""), fr(0x80, "c")}, want: `ping "", pong "", ping "", text "abc"`},
	{name: "each message has its own three", limits: three, parts: []part{fr(0x01, "a"), fr(0x00, "b"), fr(0x80, "c"), fr(0x01, "a"), fr(0x00, "b"), fr(0x80, "c"), fr(0x82, "")}, want: `text "abc", text "abc", binary ""`},
	{name: "one fragment", limits: protocol.Limits{Fragments: 1}, parts: []part{fr(0x81, "a"), fr(0x81, "b")}, want: `text "a", text "b"`},

	// Which rule is told when several are broken.
	{name: "length before reserved bit", parts: []part{headIn(16, 0xF3, 5)}, fails: notShortest},
	{name: "reserved bit before opcode", parts: []part{fr(0xC3, "")}, fails: reservedBit},
	{name: "opcode before FIN", parts: []part{fr(0x0B, "")}, fails: reservedOpcode("B")},
	{name: "FIN before size", parts: []part{fr(0x09, k126)}, fails: fragmented("ping")},
	{name: "order before limit", limits: ten, parts: []part{head(0x80, 11)}, fails: noMessage},
	{name: "reserved bit before limit", limits: ten, parts: []part{head(0xC2, 11)}, fails: reservedBit},
}

func TestReceiverRules(t *testing.T) {
	for _, role := range roles {
		for _, row := range rules {
			t.Run(role.String()+"/"+row.name, func(t *testing.T) {
				wire := join(role, row.parts)
				checkRule(t, role, row.limits, slices.Collect(slices.Chunk(wire, max(1, len(wire)))), row.want, row.fails)
				checkRule(t, role, row.limits, slices.Collect(slices.Chunk(wire, 1)), row.want, row.fails)
			})
		}
	}
}

func checkRule(t *testing.T, role protocol.Role, limits protocol.Limits, chunks [][]byte, want, fails string) {
	t.Helper()
	rec := record(t, role, limits)
	for _, chunk := range chunks {
		rec.feed(chunk)
	}
	rec.check()
	events := rec.soFar()
	if rec.violation != nil {
		events = events[:len(events)-1]
	}
	words := make([]string, len(events))
	for i, ev := range events {
		words[i] = ev.String()
	}
	if got := strings.Join(words, ", "); got != want {
		t.Errorf("in %d chunks: %.300s, want %.300s", len(chunks), got, want)
	}
	var violation string
	if rec.violation != nil {
		violation = rec.violation.Error()
	}
	if violation != fails {
		t.Errorf("in %d chunks it fails with %q, want %q", len(chunks), violation, fails)
	}
}

func TestReceiverMaskingByRole(t *testing.T) {
	frames := []struct {
		name string
		part part
	}{
		{"text", fr(0x81, "Hello")},
		{"empty text", fr(0x81, "")},
		{"first fragment", fr(0x01, "Hello")},
		{"ping", fr(0x89, "Hello")},
		{"close", fr(0x88, "")},
		{"header of 126 octets", head(0x82, 126)},
		{"header of 65536 octets", head(0x82, 65536)},
		{"ping without FIN", fr(0x09, "")},
		{"continuation first of all", fr(0x80, "")},
	}
	wants := map[protocol.Role]string{
		protocol.Server: "a frame from the client is not masked (RFC 6455 §5.1, close code 1002)",
		protocol.Client: "a frame from the server is masked (RFC 6455 §5.1, close code 1002)",
	}
	for _, role := range roles {
		for _, f := range frames {
			t.Run(role.String()+"/"+f.name, func(t *testing.T) {
				wire := misdirected(f.part)(role)
				checkRule(t, role, protocol.Limits{}, [][]byte{wire}, "", wants[role])
				checkRule(t, role, protocol.Limits{}, slices.Collect(slices.Chunk(wire, 1)), "", wants[role])
			})
		}
		t.Run(role.String()+"/after a message", func(t *testing.T) {
			wire := join(role, []part{fr(0x81, "x"), misdirected(fr(0x81, "y"))})
			checkRule(t, role, protocol.Limits{}, [][]byte{wire}, `text "x"`, wants[role])
		})
	}
	t.Run("a key of zeros is a key", func(t *testing.T) {
		wire := []byte{0x81, 0x82, 0, 0, 0, 0, 'o', 'k'}
		checkRule(t, protocol.Server, protocol.Limits{}, [][]byte{wire}, `text "ok"`, "")
	})
}

// All octets that come in one buffer are one piece, and lie where they lay.
func TestReceiverHandsOnPiecesInPlace(t *testing.T) {
	for _, role := range roles {
		t.Run(role.String(), func(t *testing.T) {
			var r protocol.Receiver
			r.Init(role, &protocol.Limits{})
			wire := join(role, []part{fr(0x01, "Hello"), fr(0x89, "hey"), fr(0x80, "World")})
			at := len(head(0x01, 5)(role))

			ev, rest := r.Next(wire[:at+2])
			if ev.Kind != protocol.Data || string(ev.Payload) != "He" || !ev.First || ev.Last || &ev.Payload[0] != &wire[at] {
				t.Fatalf("first piece: %+v", ev)
			}
			if len(rest) != 0 {
				t.Fatalf("%d octets are left", len(rest))
			}
			ev, rest = r.Next(wire[at+2:])
			if ev.Kind != protocol.Data || string(ev.Payload) != "llo" || ev.First || ev.Last || &ev.Payload[0] != &wire[at+2] {
				t.Fatalf("second piece: %+v", ev)
			}
			if ev, rest = r.Next(rest); ev.Kind != protocol.Ping || string(ev.Payload) != "hey" {
				t.Fatalf("ping: %+v", ev)
			}
			ev, rest = r.Next(rest)
			if ev.Kind != protocol.Data || string(ev.Payload) != "World" || ev.First || !ev.Last || &ev.Payload[0] != &wire[len(wire)-5] {
				t.Fatalf("third piece: %+v", ev)
			}
			if ev, rest = r.Next(rest); ev.Kind != protocol.None || len(rest) != 0 {
				t.Fatalf("at the end: %+v, %d octets", ev, len(rest))
			}
		})
	}
}

func TestReceiverTellsWhereItIs(t *testing.T) {
	for _, role := range roles {
		t.Run(role.String(), func(t *testing.T) {
			rec := record(t, role, protocol.Limits{})
			for _, step := range []struct {
				name      string
				parts     []part
				remaining int64
				final     bool
				inMessage bool
			}{
				{"before anything", nil, 0, false, false},
				{"after a message", []part{fr(0x81, "x")}, 0, false, false},
				{"inside a header", []part{cut(head(0x02, 3), 1)}, 0, false, false},
				{"after the header of a first fragment", []part{lastOctet(head(0x02, 3))}, 3, false, true},
				{"inside a first fragment", []part{raw(1)}, 2, false, true},
				{"after a first fragment", []part{raw(2)}, 0, false, true},
				{"after a ping between fragments", []part{fr(0x89, "p")}, 0, false, true},
				{"after an empty fragment", []part{fr(0x00, "")}, 0, false, true},
				{"after the header of a last fragment", []part{head(0x80, 1<<62)}, 1 << 62, true, true},
				{"inside a last fragment", []part{raw(7)}, 1<<62 - 7, true, true},
			} {
				rec.feed(join(role, step.parts))
				checkPlace(t, step.name, &rec.receiver, step.remaining, step.final, step.inMessage)
			}
			rec.receiver.Stop()
			checkPlace(t, "stopped", &rec.receiver, 0, false, true)

			rec = record(t, role, protocol.Limits{})
			rec.feed(join(role, []part{fr(0x02, "ab"), fr(0x80, "")}))
			checkPlace(t, "after a message in fragments", &rec.receiver, 0, false, false)
			rec.feed(join(role, []part{cut(fr(0x81, "ab\xff"+seventy), 60)}))
			if rec.violation == nil {
				t.Error("no failure")
			}
			checkPlace(t, "after a failure inside a frame", &rec.receiver, 0, false, true)
		})
	}
}

func checkPlace(t *testing.T, name string, r *protocol.Receiver, remaining int64, final, inMessage bool) {
	t.Helper()
	if r.Remaining() != remaining || r.Final() != final || r.InMessage() != inMessage {
		t.Errorf("%s: Remaining = %d, Final = %v, InMessage = %v, want %d, %v, %v",
			name, r.Remaining(), r.Final(), r.InMessage(), remaining, final, inMessage)
	}
}

// lastOctet is the octet that cut(p, 1) leaves out.
func lastOctet(p part) part {
	return func(to protocol.Role) []byte {
		wire := p(to)
		return wire[len(wire)-1:]
	}
}

// raw is n octets of some payload.
func raw(n int) part {
	return func(protocol.Role) []byte { return make([]byte, n) }
}

func TestReceiverStopSwallowsAllInput(t *testing.T) {
	for _, role := range roles {
		for _, row := range []struct {
			name   string
			before []part
		}{
			{"before anything", nil},
			{"between messages", []part{fr(0x81, "x")}},
			{"inside a header", []part{cut(head(0x81, 200), 1)}},
			{"inside a ping", []part{cut(fr(0x89, "Hello"), 2)}},
			{"after a ping that came in two", []part{fr(0x89, "Hello")}},
			{"inside a frame", []part{cut(fr(0x81, "Hello"), 2)}},
			{"between fragments", []part{fr(0x01, "Hello")}},
			{"after a failure", []part{fr(0x83, "")}},
			{"after Close", []part{fr(0x88, "")}},
		} {
			t.Run(role.String()+"/"+row.name, func(t *testing.T) {
				rec := record(t, role, protocol.Limits{})
				for octet := range slices.Chunk(join(role, row.before), 1) {
					rec.feed(octet)
				}
				rec.receiver.Stop()
				rec.over = true
				rec.feed(nil)
				rec.feed(join(role, []part{raw(3), fr(0x81, "x"), fr(0x89, "p"), fr(0x88, ""), fr(0xFF, "")}))
				rec.feed(join(role, []part{fr(0x81, "x")}))
			})
		}
	}
}

func TestReceiverInitForgets(t *testing.T) {
	rec := record(t, protocol.Server, protocol.Limits{})
	rec.feed(join(protocol.Server, []part{fr(0x01, "\xe2"), fr(0x83, "")}))
	if rec.violation == nil {
		t.Fatal("no failure")
	}
	rec.receiver.Init(protocol.Client, &protocol.Limits{})
	ev, _ := rec.receiver.Next(fr(0x81, "Hello")(protocol.Client))
	if ev.Kind != protocol.Data || string(ev.Payload) != "Hello" || !ev.First || !ev.Last {
		t.Errorf("after Init: %+v", ev)
	}
}

// A receiver that called itself for each fragment would end the program here.
func TestAMillionEmptyFragmentsDoNotOverflowTheStack(t *testing.T) {
	const fragments = 1_000_000
	defer debug.SetMaxStack(debug.SetMaxStack(256 << 10))
	for _, role := range roles {
		t.Run(role.String(), func(t *testing.T) {
			first, middle, last := fr(0x01, "")(role), fr(0x00, "")(role), fr(0x80, "")(role)
			wire := make([]byte, 0, (fragments+2)*len(middle))
			wire = append(wire, first...)
			for range fragments {
				wire = append(wire, middle...)
			}
			wire = append(wire, last...)

			var r protocol.Receiver
			r.Init(role, &protocol.Limits{})
			ev, rest := r.Next(wire)
			if ev.Kind != protocol.Data || !ev.First || ev.Last || len(ev.Payload) != 0 {
				t.Fatalf("first fragment: %+v", ev)
			}
			if ev, rest = r.Next(rest); ev.Kind != protocol.Data || ev.First || !ev.Last || len(ev.Payload) != 0 {
				t.Fatalf("last fragment: %+v", ev)
			}
			if ev, rest = r.Next(rest); ev.Kind != protocol.None || len(rest) != 0 {
				t.Fatalf("after the message: %+v, %d octets", ev, len(rest))
			}
		})
	}
}

func TestReceiverDoesNotAllocate(t *testing.T) {
	for _, role := range roles {
		for _, row := range []struct {
			name  string
			parts []part
			cut   int // where the octets are cut in two, or 0
			want  protocol.Kind
		}{
			{"whole message", []part{fr(0x81, seventy)}, 0, protocol.Data},
			{"whole message of 64 KiB", []part{fr(0x82, k64)}, 0, protocol.Data},
			{"empty message", []part{fr(0x81, "")}, 0, protocol.Data},
			{"message in two pieces", []part{fr(0x81, seventy)}, 20, protocol.Data},
			{"message in fragments", []part{fr(0x01, "a"), fr(0x00, ""), fr(0x80, "b")}, 0, protocol.Data},
			{"header in two pieces", []part{fr(0x81, k126)}, 1, protocol.Data},
			{"ping", []part{fr(0x89, "Hello")}, 0, protocol.Ping},
			{"ping between fragments", []part{fr(0x01, "a"), fr(0x89, "Hello"), fr(0x80, "b")}, 0, protocol.Data},
			{"pong", []part{fr(0x8A, k125)}, 0, protocol.Pong},
			{"ping in two pieces", []part{fr(0x89, "Hello")}, 8, protocol.Ping},
		} {
			t.Run(role.String()+"/"+row.name, func(t *testing.T) {
				wire := join(role, row.parts)
				if row.cut > 0 && row.cut >= len(wire) {
					row.cut = len(wire) - 1
				}
				in := make([]byte, len(wire))
				var r protocol.Receiver
				r.Init(role, &protocol.Limits{MessageSize: 1 << 20, Fragments: 100})
				var last protocol.Kind
				all := func(in []byte) {
					for {
						ev, rest := r.Next(in)
						if ev.Kind == protocol.None {
							return
						}
						last, in = ev.Kind, rest
					}
				}
				n := testing.AllocsPerRun(100, func() {
					copy(in, wire)
					all(in[:row.cut])
					all(in[row.cut:])
				})
				if n != 0 {
					t.Errorf("%v allocations", n)
				}
				if last != row.want {
					t.Errorf("the last event is of kind %d, want %d", last, row.want)
				}
			})
		}
	}
}

// Limits of a connection are shared by all that have the same options.
func TestReceiverReadsSharedLimits(t *testing.T) {
	limits := protocol.Limits{MessageSize: 4}
	var a, b protocol.Receiver
	a.Init(protocol.Client, &limits)
	b.Init(protocol.Client, &limits)
	for name, r := range map[string]*protocol.Receiver{"first": &a, "second": &b} {
		if ev, _ := r.Next(head(0x82, 5)(protocol.Client)); ev.Kind != protocol.Failure || ev.Failure.Code != frame.CloseMessageTooBig {
			t.Errorf("%s: %+v", name, ev)
		}
	}
}
