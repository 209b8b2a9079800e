// Package deflate is compression for WebSocket: the extension permessage-deflate of RFC 7692, and
// deflate-frame, its forerunner, which old Safari calls x-webkit-deflate-frame. It is sans-I/O: extensions
// and octets go in, extensions, parameters and octets come out. It opens no socket and reads no clock.
//
// It has two halves. They meet in [Params], what both ends agreed on.
//
// # Negotiation
//
// In the opening handshake a client offers the extension, if it likes several times with other parameters.
// A server takes the first offer that it can keep to, and answers it:
//
//	client                                             server
//	Config.Offer ─► permessage-deflate;             ─► Select ─► Params
//	                client_max_window_bits               │
//	                                                     │
//	Params ◄─ Accept ◄─ permessage-deflate;         ◄────┘
//	                    server_no_context_takeover;
//	                    client_no_context_takeover
//
// An offer that breaks a rule is passed over, and the connection goes uncompressed if no other is left. An
// answer that breaks a rule fails the connection, since client and server would not understand each
// other's messages. How offers and answers are written and read is the package handshake's business.
//
// Each parameter is about one direction, the server's messages or the client's, and about one of two
// things:
//
//   - Context takeover. A compressor replaces what it has seen before by a reference to it. With context
//     takeover, "before" includes the earlier messages of the connection, so that messages that are alike
//     shrink to a few octets. The price is that both ends keep the last of what went by, between messages,
//     for as long as the connection lives, and that a message must be compressed for each connection
//     anew. Without it each message stands alone: nothing is kept, and one that goes to many connections
//     is compressed once.
//   - The window is how far back a reference may go, and so how much must be kept: 256 octets to 32 KiB,
//     named by the logarithm, 8 to 15. A smaller one finds less to refer to.
//
// With deflate-frame, "frame" takes the place of "message" in all that is said here: each frame is compressed
// by itself, and RSV1 is about a frame. A server's answer to it has no parameters.
//
// # Compression
//
// A [Compressor] turns the payloads of what is sent into DEFLATE data, RFC 1951, and a [Decompressor] turns
// what is received back. A connection has one of either, made for its direction's part of Params: a
// server's Compressor follows the fields beginning with Server, its Decompressor those beginning with
// Client.
//
// DEFLATE is a stream of blocks that does not stop at an octet's boundary by itself. At the end of a message
// the compressor is flushed: it writes an empty block, which fills up the last octet and then is always
// 00 00 ff ff. As every message would end with these 4 octets, they are not sent; who receives a message
// puts them back before inflating it (RFC 7692 §7.2.1 and §7.2.2).
//
// A few octets can inflate to a thousand times as many. So a Decompressor yields a message piece by piece,
// and who calls it stops when the message gets too large.
//
// # Memory
//
// The state of a compressor in work, its tables, is many times the window. It is held only while a message is
// compressed, on loan from a pool. What a connection keeps between messages is, in a direction with context
// takeover, the last octets that went by, as many as the window has, and nothing in one without. Before the
// next message a pooled compressor is primed with the end of them: a few KiB at level 1, more at a higher one, and at
// 7 and above all there is. [Config] says for each direction what an end is ready to spend.
package deflate
