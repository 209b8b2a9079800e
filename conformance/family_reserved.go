package conformance

// Family 3: reserved bits, where no extension gives them a meaning.
func init() {
	const section = "RFC 6455 §5.2"
	after := func(bits byte) []frame { return []frame{text(greeting), text(greeting).withRsv(bits), ping("")} }
	want := []event{wantText(greeting)}

	register(
		scripted("3.1", "a text frame with RSV3", "Sends a text frame in which RSV3 is set.", fails1002, section,
			script{send: []frame{text(greeting).withRsv(rsv3)}, fails: protocolError}, ReservedBits),
		scripted("3.2", "a text frame with RSV2, behind a message",
			"Sends a text message, a text frame in which RSV2 is set, and a Ping, all by one write.", echoedFirst, section,
			script{send: after(rsv2), joined: true, want: want, other: true, fails: protocolError}, ReservedBits),
		scripted("3.3", "a text frame with RSV2 and RSV3, behind a message",
			"Sends a text message, a text frame in which RSV2 and RSV3 are set, and a Ping, each by a write.", echoedFirst, section,
			script{send: after(rsv2 | rsv3), want: want, other: true, fails: protocolError}, ReservedBits),
		scripted("3.4", "a text frame with RSV1, behind a message, octet by octet",
			"Sends a text message, a text frame in which RSV1 is set, and a Ping, one octet a write.", echoedFirst, section,
			script{send: chopped(1, after(rsv1)...), want: want, other: true, fails: protocolError}, ReservedBits, Chopped),
		scripted("3.5", "a binary frame with RSV1 and RSV3", "Sends a binary frame in which RSV1 and RSV3 are set.", fails1002, section,
			script{send: []frame{binaryOf([]byte(someBytes)).withRsv(rsv1 | rsv3)}, fails: protocolError}, ReservedBits),
		scripted("3.6", "a binary frame with RSV1 and RSV2", "Sends a binary frame in which RSV1 and RSV2 are set.", fails1002, section,
			script{send: []frame{binaryOf([]byte(greeting)).withRsv(rsv1 | rsv2)}, fails: protocolError}, ReservedBits),
		scripted("3.7", "a Close frame with all reserved bits", "Sends a Close frame in which all three reserved bits are set.",
			fails1002, section,
			script{send: []frame{closing(0, "").withRsv(rsv1 | rsv2 | rsv3)}, fails: protocolError}, ReservedBits),
	)
}
