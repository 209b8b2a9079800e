// Package websocket has the API of github.com/gorilla/websocket v1.5 over Everwire's connections. A program
// switches by changing its import path:
//
//	import "github.com/everwire/everwire/compat/gorilla" // the package's name is websocket
//
// and gets, without another change, UTF-8 that is checked, closing handshakes that are completed, and a frame
// reader and writer that know RFC 6455 to the letter. A program that is being written uses the package
// github.com/everwire/everwire/websocket itself; docs/migrating.md leads from one to the other.
//
// # The same
//
// Handlers for Pings, Pongs and Close frames run on the goroutine that reads; the default ones answer. Nothing is
// answered unless somebody reads. Reading ends with a *[CloseError] after the peer's Close frame, with one of
// code 1006 after an end of the stream without it, with [ErrReadLimit] past the limit of [Conn.SetReadLimit], which
// is none at first; these are final, and the thousandth read after them panics. [Conn.Close] ends the stream without
// a closing handshake. [NextReader] and [NextWriter] end the message before. After a Close frame was written
// there is [ErrCloseSent]. [Conn.WriteJSON] ends its text with a line feed. There is no heartbeat unless the
// program makes one.
//
// # Kinder
//
//   - Messages may be written by several goroutines at once: they do not mix. Those of [Conn.NextWriter] are for
//     one goroutine, still.
//   - A read deadline that passes is no end: once it was moved, reading goes on where it stopped, also inside a
//     message. So does writing, unless a part of a frame had left.
//   - Close handlers may leave the Close frame unanswered for a while: what they or the program write is sent.
//   - When this end fails a connection, for a frame that is illegal or a message past the limit, or both
//     Close frames were exchanged, Close returns at once, and the stream is closed once the peer has our Close
//     frame, at most a few seconds later, instead of being reset under it.
//   - A ResponseWriter that a middleware has wrapped serves if it has Unwrap (see [http.ResponseController]).
//   - Where compression was agreed on, messages of less than 512 octets, and those that would not get smaller, are sent
//     as they are.
//   - Proxies may be https and socks5h ones as well.
//
// # Different
//
//   - Text that is not UTF-8 ends the connection with 1007 when it comes, and is not sent: the error is that of the
//     websocket package, ErrInvalidUTF8 (RFC 6455 §8.1). So it is for a Close frame with a code that may not be sent.
//   - The sizes of buffers, and their pool, have no effect: buffers are shared by all connections and held only
//     while there is something in them.
//   - A server that chooses a subprotocol that was not offered is refused, on both ends (RFC 6455 §4.1).
//   - A message may come in 131,072 frames, not more.
//   - A server's answer is written within ten seconds, whatever [Upgrader].HandshakeTimeout says.
//   - [net/http/httptrace] is told nothing.
//   - The level of compression is 1, gorilla's default, whatever [Conn.SetCompressionLevel] says. The limit of
//     [Conn.SetReadLimit] holds also for the size that a message had before it was compressed.
package websocket
