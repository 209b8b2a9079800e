// Package handshake is the opening handshake of RFC 6455 §4, for both ends, without I/O: values in, values
// and octets out. It opens no socket, starts no goroutine and reads no clock; of net/http it uses only the
// Header type and the status codes. Its functions keep no state, so all of them may be called from any
// goroutine.
//
// # The server's side
//
//	request ──► Request.Check ──► CheckOrigin ──► Subprotocols ──► SelectSubprotocol ─┐
//	                │                  │               │                              ├─► Response.Append ──► 101
//	                │                  │               │    ParseExtensions ──────────┘
//	                ▼                  ▼               ▼           ▼
//	              *Error: a status, header fields and the reason, ready to be answered
//
// A [Request] is a plain value, so that it can come from net/http or from any other parser:
//
//	req := &handshake.Request{
//		Method: r.Method, Target: r.RequestURI, Major: r.ProtoMajor, Minor: r.ProtoMinor,
//		Host: r.Host, Header: r.Header,
//	}
//	if e := req.Check(); e != nil {
//		// answer e.Status with e.Header and e.Reason
//	}
//
// # The client's side
//
// An [Offer] with a fresh key from [NewKey] writes its header fields with [Offer.SetHeader]; [Offer.Judge]
// holds the server's response against it and returns what was agreed, an [Answer].
//
// # Names of header fields
//
// net/http keeps "Sec-WebSocket-Key" under its canonical name "Sec-Websocket-Key", but writes the names in
// a map as they stand. This package therefore reads both spellings (a field present under both counts as
// two), and what it puts into a header to be sent, in SetHeader and [Error].Header, stands under the RFC's
// spelling: Header.Get does not find it there, indexing the map does.
package handshake
