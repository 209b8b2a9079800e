package conformance

import (
	"fmt"
	"strings"
)

// Family 2: Pings and Pongs.
func init() {
	const (
		answered = "A Pong with the same payload comes."
		ignored  = "The Pong is ignored; the connection is closed in order afterwards."
	)
	longest := strings.Repeat("\xfe", 125)
	unasked := pong("unsolicited pong payload")

	var pings []frame
	var pongs []event
	for i := range 10 {
		payload := fmt.Sprintf("payload-%d", i)
		pings = append(pings, ping(payload))
		pongs = append(pongs, wantPong(payload))
	}
	slow := chopped(1, append([]frame(nil), pings...)...)

	register(
		scripted("2.1", "a Ping without payload", "Sends a Ping without payload.", answered, "RFC 6455 §5.5.2",
			script{send: []frame{ping("")}, want: []event{wantPong("")}}, Pings),
		scripted("2.2", "a Ping with text", "Sends a Ping whose payload is text.", answered, "RFC 6455 §5.5.2",
			script{send: []frame{ping(greeting)}, want: []event{wantPong(greeting)}}, Pings),
		scripted("2.3", "a Ping with octets that are no text", "Sends a Ping whose payload is not UTF-8.", answered, "RFC 6455 §5.5.2",
			script{send: []frame{ping(someBytes)}, want: []event{wantPong(someBytes)}}, Pings),
		scripted("2.4", "a Ping as long as may be", "Sends a Ping with 125 octets.", answered, "RFC 6455 §5.5",
			script{send: []frame{ping(longest)}, want: []event{wantPong(longest)}}, Pings),
		scripted("2.5", "a Ping that is too long", "Sends a Ping with 126 octets, one more than a control frame may have.", fails1002,
			"RFC 6455 §5.5", script{send: []frame{ping(longest + "\xfe")}, fails: protocolError}, ControlLength),
		scripted("2.6", "a Ping as long as may be, octet by octet", "Sends a Ping with 125 octets, one a write.",
			answered, "RFC 6455 §5.5",
			script{send: []frame{ping(longest).chopped(1)}, want: []event{wantPong(longest)}}, Pings, Chopped),
		scripted("2.7", "a Pong that nobody asked for, without payload", "Sends a Pong without payload.", ignored, "RFC 6455 §5.5.3",
			script{send: []frame{pong("")}}, Pongs),
		scripted("2.8", "a Pong that nobody asked for", "Sends a Pong with a payload.", ignored, "RFC 6455 §5.5.3",
			script{send: []frame{unasked}}, Pongs),
		scripted("2.9", "a Pong that nobody asked for, and a Ping", "Sends a Pong, and a Ping with another payload.",
			"The Pong is ignored, and one with the Ping's payload comes.", "RFC 6455 §5.5.3",
			script{send: []frame{unasked, ping("ping payload")}, want: []event{wantPong("ping payload")}}, Pongs, Pings),
		scripted("2.10", "ten Pings", "Sends ten Pings, each with another payload.",
			"Ten Pongs come, with the same payloads in the same order.", "RFC 6455 §5.5.3",
			script{send: pings, want: pongs}, Pings),
		scripted("2.11", "ten Pings, octet by octet", "Sends ten Pings, each with another payload, one octet a write.",
			"Ten Pongs come, with the same payloads in the same order.", "RFC 6455 §5.5.3",
			script{send: slow, want: pongs}, Pings, Chopped),
	)
}
