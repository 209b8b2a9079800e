// Package inspect is everwire proxy, which stands between WebSocket clients and a server and shows and records what
// passes, and everwire replay, which plays a recording again.
//
// The [Proxy] carries octets, not messages: of the request it rewrites what must be, such as Host, and everything
// behind it goes to the other end as it came, frames that break the rules included. A wire.Decoder looks on. Each
// direction of a connection is one goroutine with one buffer, which reads no more before it has written what it read: a
// slow end slows the other by TCP's own means.
//
//	client ──▶ carry.relay   ──▶ server        request, frames
//	client ◀── carry.inward  ◀── server        response, frames
//	              │
//	              └▶ wire.Decoder ──▶ journal (lines) and record.Connection
//
// The [Replay] speaks WebSocket on a stream of its own, frame by frame, since no client of a library sends what
// a recording may hold.
package inspect
