package conformance_test

import (
	"github.com/everwire/everwire/conformance"
	bp "github.com/everwire/everwire/conformance/internal/brokenpeer"
)

const (
	server = conformance.Server
	client = conformance.Client
	both   = server | client
)

// A breach is a fault, and the cases that must turn red by it.
type breach struct {
	fault bp.Fault
	roles conformance.Peer // in which a peer can have it
	red   trait
	some  bool // not all of those must, but one at least

	// except are cases in which it is otherwise, by their IDs, and why that is in order.
	except map[string]string

	// chance are cases that may turn red or not, by their IDs, and what that depends on.
	chance map[string]string
}

func shorter(n uint64) func(wireFrame) bool {
	return func(f wireFrame) bool { return f.length < n }
}

func longer(n uint64) func(wireFrame) bool {
	return func(f wireFrame) bool { return f.length > n }
}

// fragments are messages in some frames at least.
func fragments(n int) func(wireMessage) bool {
	return func(m wireMessage) bool { return len(m.lengths) >= n }
}

// interrupted are messages with a Ping or a Pong inside.
func interrupted(m wireMessage) bool {
	return some(m.inside, func(op byte) bool { return op == 9 || op == 10 })
}

const (
	surrogates = `\x{ed}[\x{a0}-\x{bf}][\x{80}-\x{bf}]`
	overlong   = `[\x{c0}\x{c1}][\x{80}-\x{bf}]|\x{e0}[\x{80}-\x{9f}][\x{80}-\x{bf}]|\x{f0}[\x{80}-\x{8f}][\x{80}-\x{bf}]{2}`
	beyond     = `\x{f4}[\x{90}-\x{bf}][\x{80}-\x{bf}]{2}`
	incomplete = `([\x{c2}-\x{df}]|\x{e0}[\x{a0}-\x{bf}]?|[\x{e1}-\x{ec}\x{ee}\x{ef}][\x{80}-\x{bf}]?|\x{ed}[\x{80}-\x{9f}]?|` +
		`\x{f0}([\x{90}-\x{bf}][\x{80}-\x{bf}]?)?|[\x{f1}-\x{f3}]([\x{80}-\x{bf}][\x{80}-\x{bf}]?)?|\x{f4}([\x{80}-\x{8f}][\x{80}-\x{bf}]?)?)$`
)

// What chance decides in some cases: the masking key is random, and to fail the connection of a client that
// has not waited for the answer is INFORMATIONAL.
const (
	corruptText  = "the text has other octets by it: if they are UTF-8 by chance it is echoed, and else the connection is failed"
	maskedHeader = "what is left of the frame is masked, and is taken for a header: it fails the connection, unless it is one by chance"
)

var breaches = []breach{
	// What frames must not be.
	{fault: bp.AcceptsUnmasked, roles: server, red: tag(conformance.Masking).and(failing).but(mute)},
	{fault: bp.AcceptsMasked, roles: client, red: tag(conformance.Masking).and(failing).but(mute)},
	{fault: bp.IgnoresReservedBits, roles: both, red: tag(conformance.ReservedBits, conformance.DeflateBit).and(failing).but(mute)},
	{fault: bp.AcceptsReservedOpcodes, roles: both, red: asks(reservedFrame).and(failing)},
	{fault: bp.AcceptsReservedControl, roles: both, red: asks(func(f wireFrame) bool { return f.op > 10 }).and(failing)},
	{fault: bp.AcceptsFragmentedControl, roles: both, red: tag(conformance.ControlFin).but(mute)},
	{fault: bp.AcceptsLongControl, roles: both, red: tag(conformance.ControlLength)},
	{fault: bp.AcceptsStray, roles: both, red: stray.and(failing)},
	{fault: bp.AcceptsMessageInMessage, roles: both, red: says(func(m wireMessage) bool { return m.nested }).and(failing)},
	{fault: bp.AcceptsLongForm, roles: both, red: tag(conformance.Minimal).and(failing)},
	{fault: bp.AcceptsTopBit, roles: both, red: tag(conformance.LengthTopBit).and(failing)},
	{fault: bp.FailsWithoutClose, roles: both, red: failing.but(classic).but(told), except: map[string]string{
		"16.1.8":  "it is INFORMATIONAL with a Close frame, and NON-STRICT without",
		"16.2.21": "it is INFORMATIONAL with a Close frame, and NON-STRICT without",
		"16.2.22": "it is INFORMATIONAL with a Close frame, and NON-STRICT without",
		"18.3.2":  "an end without a Close frame will do for a length that nobody takes",

		"16.6.2": "whether a Close frame comes is not what it is about",
		"18.3.1": "an end without a Close frame will do for a length that nobody takes",
	}},
	{fault: bp.FailsWith1000, roles: both, red: failing.but(told)},
	{fault: bp.NeverFails, roles: both, red: failing, except: map[string]string{
		"18.3.1": "to wait for the octets that were announced is in order",
		"18.3.2": "to wait for the octets that were announced is in order",
	}},

	// What comes back.
	{fault: bp.UnmasksPiecewise, roles: server, red: asks(longer(61)).or(gets(func(f wireFrame) bool { return f.length > 61 && f.rsv == 0 })).but(failing).but(behindClose(anyFrame)).but(tag(conformance.HalfClose)), except: map[string]string{
		"17.2.10": "the octets of the masking key are alike",

		"21.4.10": "the compressed data is corrupt by it, and to fail the connection is INFORMATIONAL",
		"21.11.1": "the compressed data is corrupt by it, and a limit may be what ends the connection",
		"21.11.2": "the compressed data is corrupt by it, and a limit may be what ends the connection",
		"17.3.8":  "no fragment is that long",
		"17.3.9":  "no fragment is that long",
		"21.7.9":  "what comes of it is only told",
		"17.2.4":  "the octets of the masking key are alike",
	}, chance: map[string]string{
		"14.11.5": corruptText,
		"14.11.6": corruptText,
	}},
	{fault: bp.LimitsTo64K, roles: both, red: asks(longer(65535)).or(gets(longer(65535)).but(agreeing(""))).but(failing).but(told).but(behindClose(anyFrame)).but(tag(conformance.HalfClose))},
	{fault: bp.SignedLength, roles: both, red: asks(func(f wireFrame) bool { return f.length > 0x7fff && f.length <= 0xffff }).but(failing), except: map[string]string{
		"15.9.5": "its frames are in one write with others, so that the log does not tell them apart",
		"18.6.3": "its frames are in one write with others, so that the log does not tell them apart",
		"18.6.7": "its frames are in one write with others, so that the log does not tell them apart",
		"18.6.8": "its frames are in one write with others, so that the log does not tell them apart",
	}},
	{fault: bp.LosesPipelined, roles: server, red: tag(conformance.Pipelined).but(tag(conformance.Status)), chance: map[string]string{
		"14.11.6": maskedHeader,
		"14.11.8": maskedHeader,
	}},
	{fault: bp.DropsEmpty, roles: both, red: gets(func(f wireFrame) bool {
		return f.data() && (f.length == 0 || f.rsv&4 != 0 && string(f.payload) == "\x00")
	})},
	{fault: bp.TextAsBinary, roles: both, red: gets(textFrame), except: map[string]string{
		"7.1.6": "what comes back is only told",
	}},
	{fault: bp.LosesLastFragment, roles: both, red: says(func(m wireMessage) bool {
		return m.whole && !m.compressed && len(m.lengths) > 1 && m.lengths[len(m.lengths)-1] > 0
	}).and(gets(dataFrame)).but(tag(conformance.LengthTopBit)), except: map[string]string{
		"17.2.18": "its frames are in one write with others, so that the log does not tell them apart",

		"14.11.4": "its frames are in one write with others, so that the log does not tell them apart",
		"15.9.4":  "its frames are in one write with others, so that the log does not tell them apart",
		"18.6.7":  "its frames are in one write with others, so that the log does not tell them apart",
	}},
	{fault: bp.EchoesFragments, roles: both, red: says(func(m wireMessage) bool { return m.whole && !m.compressed && len(m.lengths) > 1 }).and(gets(dataFrame)).but(tag(conformance.LengthTopBit)), except: map[string]string{
		"17.2.18": "its frames are in one write with others, so that the log does not tell them apart",

		"14.11.4": "its frames are in one write with others, so that the log does not tell them apart",
		"15.9.4":  "its frames are in one write with others, so that the log does not tell them apart",
		"18.6.7":  "its frames are in one write with others, so that the log does not tell them apart",
	}},
	{fault: bp.ForgetsAtControl, roles: both, red: says(func(m wireMessage) bool { return len(m.behind) > 0 }).and(gets(dataFrame)), except: map[string]string{
		"17.2.18": "its frames are in one write with others, so that the log does not tell them apart",
	}},
	{fault: bp.ControlEndsMessage, roles: both, red: says(interrupted).but(failing).but(behindClose(anyFrame)), except: map[string]string{
		"17.2.18": "its frames are in one write with others, so that the log does not tell them apart",
	}},
	{fault: bp.LimitsFragments, roles: both, red: says(fragments(5))},

	// What the peer sends.
	{fault: bp.SendsLongForm, roles: both, red: gets(shorter(126))},
	{fault: bp.SendsReservedBit, roles: both, red: gets(anyFrame)},
	{fault: bp.SendsFragmentedPong, roles: both, red: gets(pongFrame)},
	{fault: bp.SendsStray, roles: both, red: gets(dataFrame)},
	{fault: bp.ServerMasks, roles: server, red: gets(anyFrame)},
	{fault: bp.ClientMasksNothing, roles: client, red: gets(anyFrame)},
	{fault: bp.SameMaskingKey, roles: client, red: tag(conformance.Masking).but(failing)},
	{fault: bp.ZeroMaskingKey, roles: client, red: tag(conformance.Masking).but(failing)},

	// UTF-8.
	{fault: bp.ChecksUTF8AtEnd, roles: both, red: tag(conformance.UTF8Early)},
	{fault: bp.ChecksUTF8AtFrameEnd, roles: both, red: tag(conformance.UTF8Early).but(says(fragments(2)))},
	{fault: bp.ChecksNoUTF8, roles: both, red: tag(conformance.UTF8, conformance.UTF8Early).and(failing)},
	{fault: bp.ChecksUTF8PerFragment, roles: both, red: tag(conformance.UTF8Split), except: map[string]string{
		"6.4.3":   "a fragment is checked at its end, and the third part of this one is sent too late",
		"6.4.4":   "a fragment is checked at its end, and the third part of this one is sent too late",
		"16.5.27": "the fragment ends inside a character, though the message never ends",
	}, chance: map[string]string{
		"6.4.2": "the first fragment ends inside a character: if the Close frame takes 50 ms it seems to be about the second",
	}},
	{fault: bp.AcceptsSurrogates, roles: both, red: wrongOnlyBy(surrogates).and(failing), except: map[string]string{
		"21.9.4": "the text is compressed, so that the log does not tell what it is",
	}},
	{fault: bp.AcceptsOverlong, roles: both, red: wrongOnlyBy(overlong).and(failing), except: map[string]string{
		"21.9.5": "the text is compressed, so that the log does not tell what it is",
	}},
	{fault: bp.AcceptsBeyondUnicode, roles: both, red: wrongOnlyBy(beyond).and(failing), except: map[string]string{
		"6.4.2":  "it comes in parts, so that the log does not tell what the text is",
		"6.4.3":  "it comes in parts, so that the log does not tell what the text is",
		"6.4.4":  "it comes in parts, so that the log does not tell what the text is",
		"21.9.6": "the text is compressed, so that the log does not tell what it is",
	}},
	{fault: bp.AcceptsIncomplete, roles: both, red: wrongOnlyBy(incomplete).and(failing), except: map[string]string{
		"6.4.4":  "the case ends before the text does",
		"21.9.3": "the text is compressed, so that the log does not tell what it is",
	}},
	{fault: bp.RejectsNoncharacters, roles: both, red: gets(func(f wireFrame) bool {
		for _, r := range string(f.payload) {
			if r&0xfffe == 0xfffe || r >= 0xfdd0 && r <= 0xfdef {
				return f.op == 1
			}
		}
		return false
	})},

	// Closing.
	{fault: bp.AcceptsCloseCodes, roles: both, red: tag(conformance.CloseCode).and(failing)},
	{fault: bp.RejectsPrivateCodes, roles: both, red: asks(func(f wireFrame) bool { return f.op == 8 && f.code() >= 3000 && f.code() <= 4999 }).but(failing).but(behindClose(closeFrame))},
	{fault: bp.AcceptsShortClose, roles: both, red: tag(conformance.CloseLength)},
	{fault: bp.ChecksNoReason, roles: both, red: tag(conformance.CloseReason).and(failing)},
	{fault: bp.Sends1006, roles: both, red: closing},
	{fault: bp.NeverRepliesToClose, roles: both, red: closing, except: map[string]string{
		"7.1.6": "how the connection ends is only told",
	}},
	// Large messages are waited for longer than the peer holds out.
	{fault: bp.NeverEndsStream, roles: both, red: closing.but(tag(conformance.Large))},
	{fault: bp.ShortCloseReply, roles: both, red: closing},
	{fault: bp.EmptyCloseOnly, roles: both, red: asks(func(f wireFrame) bool { return f.op == 8 && f.length >= 2 }).and(closing), except: map[string]string{
		"7.1.6":  "how the connection ends is only told",
		"7.7.3":  "1002 is what was sent, too",
		"15.9.9": "its frames are in one write with others, so that the log does not tell them apart",

		"16.5.32": "its Close frame is in one write with the handshake, so that the log does not tell it",
	}},
	{fault: bp.PongsAfterClose, roles: both, red: behindClose(pingFrame).and(closing).but(told)},
	{fault: bp.EchoesAfterClose, roles: both, red: behindClose(dataFrame).and(closing).but(failing).but(told), except: map[string]string{
		"7.1.5":   "the message that the Close frame interrupts is what is echoed",
		"16.5.26": "the message that the Close frame interrupts is what is echoed",

		"16.5.19": "what follows is no text, and nothing is echoed",
		"16.5.20": "what follows is no text, and nothing is echoed",
	}},
	{fault: bp.FailsAfterClose, roles: both, red: behindClose(anyFrame).and(closing).but(failing).but(told), except: map[string]string{
		"7.1.6": "its verdict is INFORMATIONAL at best",
	}},
	{fault: bp.IgnoresHalfClose, roles: both, red: tag(conformance.HalfClose), except: map[string]string{
		"16.6.7":  "the Close frame came before the end",
		"16.7.1":  "the Close frame came before the end",
		"16.7.15": "a reset is an end that cannot be ignored",
		"16.7.16": "a reset is an end that cannot be ignored",
		"16.7.17": "a reset is an end that cannot be ignored",
		"16.7.18": "a reset is an end that cannot be ignored",
		"16.7.19": "a reset is an end that cannot be ignored",
	}},

	// Pings and Pongs.
	{fault: bp.NeverPongs, roles: both, red: gets(pongFrame), except: map[string]string{
		"16.5.31": "the end of the connection follows, and the Pong may be missing",
		"16.7.4":  "the end of the connection follows, and the Pong may be missing",
	}},
	{fault: bp.PongsEmpty, roles: both, red: gets(func(f wireFrame) bool { return f.op == 10 && f.length > 0 })},
	{fault: bp.PongsLate, roles: both, red: gets(func(f wireFrame) bool { return f.op == 10 && f.length > 0 })},
	{fault: bp.PongsBetweenMessages, roles: both, red: says(func(m wireMessage) bool {
		return some(m.inside, func(op byte) bool { return op == 9 })
	}).but(failing)},
	{fault: bp.PongIsError, roles: both, red: asks(pongFrame).but(failing).but(behindClose(pongFrame))},
	{fault: bp.PongIsPing, roles: both, red: asks(pongFrame).but(failing).but(behindClose(pongFrame))},
	{fault: bp.CutsPongs, roles: both, red: gets(func(f wireFrame) bool { return f.op == 10 && f.length > 124 })},

	// The opening handshake.
	{fault: bp.WrongAccept, roles: server, red: switching, except: map[string]string{
		"14.5.16": "the key is the same in small letters",
		"14.5.17": "the key is the same in small letters",
	}},
	{fault: bp.AcceptsPOST, roles: server, red: requesting(`^POST .* HTTP/1\.1\r\n`).but(switching)},
	{fault: bp.AcceptsHTTP10, roles: server, red: requesting(`^\S+ \S+ HTTP/1\.0\r\n`)},
	{fault: bp.ChecksNoVersion, roles: server, red: tag(conformance.Version).but(switching).but(requesting(`Version: [78]\r\n`)), except: map[string]string{
		"14.2.10": "8 is one of two versions",
		"14.2.11": "8 is one of two versions",
		"14.12.3": "it is about the answer to a wrong version",
	}},
	{fault: bp.Answers400, roles: server, red: tag(conformance.Version).and(answering("426")).and(requesting(`Sec-WebSocket-Version: [1-9]?\d{1,2}\r\n`)).but(requesting(`(?s)Sec-WebSocket-Version:.*Sec-WebSocket-Version:`)).but(tag(conformance.Status))},
	{fault: bp.HidesVersion, roles: server, red: tag(conformance.Version).and(answering("426")).and(requesting(`Sec-WebSocket-Version: [1-9]?\d{1,2}\r\n`)).but(requesting(`(?s)Sec-WebSocket-Version:.*Sec-WebSocket-Version:`)).but(tag(conformance.Status))},
	{fault: bp.ChecksNoHost, roles: server, red: tag(conformance.Host).but(switching)},
	{fault: bp.AcceptsBadKey, roles: server, red: tag(conformance.Key).but(switching), except: map[string]string{
		"14.12.2": "it is about the answer to a missing key",
	}},
	{fault: bp.AcceptsTwoKeys, roles: server, red: requesting(`(?is)\r\nSec-WebSocket-Key:.*\r\nSec-WebSocket-Key:`)},
	{fault: bp.ExactTokens, roles: server, red: requesting(`Upgrade: (WebSocket|WEBSOCKET)\r\n|Connection: (upgrade|UPGRADE)\r\n`).and(switching)},
	{fault: bp.NoTokenLists, roles: server, red: requesting(`(?i)\r\n(Upgrade|Connection):[^\r\n]*,`).but(requesting(`, close\r\n`)).and(switching)},
	{fault: bp.ChecksNoUpgrade, roles: server, red: tag(conformance.UpgradeHeader).but(switching).and(requesting(`\r\nConnection: Upgrade\r\n`)), except: map[string]string{
		"14.11.10": "the handshake is the second request",
	}},
	{fault: bp.ChecksNoConnection, roles: server, red: tag(conformance.UpgradeHeader).but(switching).and(requesting(`\r\nUpgrade: websocket\r\n`)), except: map[string]string{
		"14.11.10": "the handshake is the second request",
	}},
	{fault: bp.UnofferedSubprotocol, roles: server, red: family(14).and(switching)},
	{fault: bp.UnofferedExtension, roles: server, red: switching.but(agreeing(""))},
	{fault: bp.EndlessHead, roles: server, red: tag(conformance.HeaderLimits).and(requesting(`\(8\d{6} octets\)`))},
	{fault: bp.ShortKey, roles: client, red: tag(conformance.Key), except: map[string]string{
		"15.1.6": "a short key can be new as well",
		"15.1.8": "it is about how many fields there are",
	}},
	// The first handshake has a key that is new.
	{fault: bp.ConstantKey, roles: client, red: family(15), some: true},
	{fault: bp.OldVersion, roles: client, red: tag(conformance.Version), except: map[string]string{
		"15.1.8": "it is about how many fields there are",
		"15.3.7": "it is about the answer",
	}},
	{fault: bp.AcceptsWrongAccept, roles: client, red: tag(conformance.Accept).but(gets(anyFrame))},
	{fault: bp.AcceptsStatus, roles: client, red: tag(conformance.Status).but(gets(anyFrame)).and(responding(`(?s)^HTTP/1\.1 .*Sec-WebSocket-Accept`)), except: map[string]string{
		"15.8.23": "the interim answer has nothing else of a handshake",
	}},
	{fault: bp.AcceptsNoUpgrade, roles: client, red: tag(conformance.UpgradeHeader).but(gets(anyFrame))},
	{fault: bp.AcceptsSubprotocol, roles: client, red: tag(conformance.Subprotocol).but(gets(anyFrame))},
	{fault: bp.AcceptsExtension, roles: client, red: tag(conformance.Extensions).but(gets(anyFrame)).and(responding(`x-everybody-unknown`))},

	// Compression.
	{fault: bp.IgnoresWindow, roles: both, red: byRole(agreeing(`server_max_window_bits=([89]|1[0-4])`), agreeing(`client_max_window_bits=([89]|1[0-4])`)).and(tag(conformance.DeflateWindow))},
	{fault: bp.AnswersNoServerWindow, roles: server, red: agreeing(`server_max_window_bits`), except: map[string]string{
		"20.5.5":  "another offer asks for no window",
		"20.5.7":  "another offer asks for no window",
		"20.5.10": "another offer asks for no window",
	}},
	{fault: bp.AnswersClientWindow, roles: server, red: agreeing("").but(agreeing(`client_max_window_bits`))},
	{fault: bp.AnswersNoServerTakeover, roles: server, red: agreeing(`server_no_context_takeover`), except: map[string]string{
		"20.5.6": "another offer does not ask for it",
		"20.5.7": "another offer does not ask for it",
	}},
	{fault: bp.AcceptsBadOffers, roles: server, red: tag(conformance.DeflateAnswer).but(agreeing("")).and(requesting(`Extensions: permessage-deflate`)), except: map[string]string{
		"20.6.10": "a name in capital letters is an unknown parameter",

		"20.5.2":  "an invalid offer comes before the valid one",
		"20.5.1":  "an invalid offer comes before the valid one",
		"20.5.3":  "an invalid offer comes before the valid one",
		"20.5.11": "an invalid offer comes before the valid one",
	}},
	{fault: bp.AcceptsBadParameters, roles: client, red: tag(conformance.DeflateAnswer).but(gets(anyFrame))},
	{fault: bp.KeepsContext, roles: both, red: byRole(agreeing(`server_no_context_takeover`), agreeing(`client_no_context_takeover`)).and(tag(conformance.DeflateTakeover))},
	{fault: bp.DropsContext, roles: both, red: byRole(agreeing("").but(agreeing(`client_no_context_takeover`)), agreeing("").but(agreeing(`server_no_context_takeover`))).and(tag(conformance.DeflateTakeover, conformance.DeflateWindow)), some: true},
	{fault: bp.InflatesOneBlock, roles: both, red: agreeing(""), some: true},
	{fault: bp.InflatesNoStored, roles: both, red: agreeing(""), some: true},
	{fault: bp.FailsAtFinal, roles: both, red: agreeing(""), some: true},
	{fault: bp.SmallInflateWindow, roles: both, red: agreeing(""), some: true},
	{fault: bp.AcceptsCorrupt, roles: both, red: tag(conformance.DeflateCorrupt), some: true},
	{fault: bp.KeepsTail, roles: both, red: gets(func(f wireFrame) bool { return f.rsv&4 != 0 })},
	{fault: bp.ForgetsUncompressed, roles: both, red: agreeing("").and(says(func(m wireMessage) bool {
		return m.whole && !m.compressed && len(m.content) > 0
	})).but(failing)},
	{fault: bp.MarksContinuations, roles: both, red: gets(func(f wireFrame) bool { return f.rsv&4 != 0 })},
	{fault: bp.MarksPongs, roles: both, red: agreeing("").and(gets(pongFrame))},
	{fault: bp.MarksUncompressed, roles: both, red: gets(func(f wireFrame) bool { return f.rsv&4 != 0 })},
	{fault: bp.AcceptsMarkedControl, roles: both, red: tag(conformance.DeflateBit).and(failing).and(asks(func(f wireFrame) bool { return f.control() && f.rsv&4 != 0 }))},
	{fault: bp.AcceptsMarkedRest, roles: both, red: tag(conformance.DeflateBit).and(failing).and(asks(func(f wireFrame) bool { return f.op == 0 && f.rsv&4 != 0 }))},
}
