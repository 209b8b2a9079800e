// Package wire shows what passes over a WebSocket connection: both ends' heads of the opening handshake (RFC 6455
// §4), then every frame with its opcode, its flags, its masking key and its payload unmasked (§5), and the
// messages that the frames make up, inflated where permessage-deflate was agreed on (RFC 7692).
//
// A [Decoder] looks on. It is sans-I/O: whoever carries the octets feeds it a copy of them, split anywhere, and
// it calls back with Events:
//
//	                   ┌──────────────────────── Decoder ───────────────────────────┐
//	Write(FromClient) ─┤ head ─▶ (answer is awaited) ─▶ frames ─▶ message, inflated │
//	                   │   │                              ▲                         ├─▶ func(Event)
//	Write(FromServer) ─┤ head ─ status 101, extensions ───┘                         │
//	                   └────────────────────────────────────────────────────────────┘
//
// It changes nothing and decides nothing. What breaks a rule is told by an Event, and the Decoder goes on as far
// as the octets still mean something; after what cannot be read as a frame it only counts.
//
// [Wrap] puts one under any stream, and [Options] under the connections that a websocket.Dial makes. A [Printer]
// writes Events for people.
//
// What a Decoder holds is bounded: a head of at most 64 KiB, and of frames and messages as much as its Config says,
// whatever their headers claim.
package wire
