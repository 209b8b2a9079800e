// Package load makes load for WebSocket servers and measures what they do with it: it opens many connections, keeps
// messages on the way, and says how many came back, how long they took and whether they were right.
//
//	r, err := load.Run(ctx, load.Plan{
//		URL: "ws://127.0.0.1:8080/echo", Connections: 100, InFlight: 1, Size: 64,
//		Warmup: time.Second, Duration: 5 * time.Second,
//	})
//
// A [Plan] says what the connections do (its Scenario), how many there are and how they come and go (Stages, ConnectRate,
// Reopen), how many messages are due (Rate, RatePerConnection) or on the way (InFlight), what is in them (Size, Payload,
// Template) and what must come back (Expect). A load test with users who come, stay and leave:
//
//	load.Plan{
//		URL: "wss://chat.example.com/", Connections: 1, RatePerConnection: 0.5,
//		Text: true, Template: `{"user":{{.Connection}},"say":"{{.Random 20}}"}`, Expect: load.ExpectAny,
//		Stages: []load.Stage{{time.Minute, 10_000}, {time.Hour, 10_000}, {time.Minute, 0}},
//		Reopen: time.Second, Sources: load.Loopback(10_000), Sample: draw,
//	}
//
// [Open], [Load.Run] and [Load.Close] are the same in steps, for who wants to look at the server in between: at its memory
// while the connections are idle, at its CPU time at the borders of the measured interval.
//
// # What it costs
//
// The generator should cost less than the server it drives, so that it is the server that is measured. For ws on Linux a
// few goroutines (Plan.Loops) serve all connections from epoll: one receive buffer for each loop, one message, masked
// once and sent again and again, and some hundred octets for a connection. Many messages that are due on a connection leave
// in one write. Where 32 or more are on the way and there is no rate, a loop that finds answers on fewer than half of its
// connections rests for up to a quarter of a round trip (1 ms at most), so that it finds many at a time and the server
// need not wake it for each.
// To a server on the same machine it takes the congestion control that costs least, if the system allows. With
// wss, and elsewhere, each connection has two goroutines, and the generator may well cost more than the server.
// Result.CPU says what it cost, and [Result.Bottleneck] whether it was the generator that could do no more.
//
// What is not asked for costs nothing: messages from a template are rendered and masked one by one, and those on the way
// are kept to be compared, while a message that stays the same is neither. Samples are taken from outside, by
// differences; each costs its loop some 50 µs.
//
// # What is checked
//
// Of every answer the frames' headers and the length (RFC 6455 §5.2); of the first one on each connection in a run and of
// every 64th after it the content, octet by octet. Everything else that a server must not do, such as a message
// nobody asked for, a masked frame or a Close frame, is an error too. Pings are answered at any time.
//
// Answers to messages from a template are compared octet by octet, each with what was sent on its connection, in order.
// With ExpectAny and ExpectNone the frames' headers are all that is checked.
//
// A compressed answer is inflated where its content is checked, with context takeover always. UTF-8 is not validated:
// content that is equal to what was sent is right.
//
// # What is timed
//
// Without a rate, a round trip counts from when its message was handed to the socket, or would have been if the socket
// had taken it, to when the answer was read whole. A broadcast counts for each connection it arrives at, a handshake from the call
// that starts the connection to the answer, with the next one starting when the exchange of Close frames is over. The clock is
// read once for every eight connections that have something to read, which is exact to some ten microseconds.
// Such a closed loop sends less when the server stalls, and so sees a stall once instead of as often as users would.
//
// With ExpectNone a message counts until the socket has taken it whole, which says that there is room in buffers and no more.
//
// With a rate a message counts from when it was due, whatever kept it from being sent. Those that were due in the
// measured interval count when their answers come after it, and with the age they reached if no answer comes in time.
// What is due when no connection is there for it, or waits for one that then breaks and is to be replaced, is not sent, and
// Result.Unsent. With RatePerConnection nothing is due on a connection that is not open.
//
// # What goes wrong
//
// Every failure of a connection is an [Error] of a kind, and counted by kind and code in Result.ByKind and Sample.ByKind.
// Each ends its connection.
package load
