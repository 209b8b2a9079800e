// Package protocol is the state of a WebSocket connection after its opening handshake: RFC 6455 §5 to
// §7, and the inflating of compressed messages (RFC 7692 §7.2.2), without any I/O.
//
// A connection has three parts, and each belongs to somebody else, so that nobody waits for a lock
// that another holds over a system call:
//
//   - [Receiver], the inbound half, is fed octets and yields events. It belongs to whoever reads. Where
//     compression was agreed on ([Receiver.Inflate]), it inflates: its events carry what was compressed.
//   - [Sender], the outbound half, is asked to send and yields octets. It belongs to whoever holds
//     the connection's write lock.
//   - [Closing], the closing handshake, hears of both ends' Close frames and of failure, and tells in
//     the end how the connection closed. It belongs to whoever holds the connection's state lock.
//
// Nothing here blocks, reads a clock or calls a socket, and nothing goes on between two calls: the
// coroutine that inflates a large message (iter.Pull) runs only within a call of the Receiver, and must be
// ended by [Receiver.Release]. What a driver does with the octets, and on which goroutine, is its own affair.
package protocol
