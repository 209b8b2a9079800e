package websocket

import "time"

// A driver moves a Socket's octets between the stream below and the Socket's state, on goroutines of
// its choosing. The Socket asks by these methods, which may be called with Socket.mu held, never
// block and never call back before they return.
//
// In the other direction a driver
//   - holds the delivery token (socket_deliver.go) while it calls Socket.input with what it has read, before
//     which it has told Socket.arrived of it, and reads no more while Socket.held;
//   - after wake, takes batches by Socket.nextBatch, one at a time, writes them in order and reports
//     by Socket.settle, until nextBatch has no more; at a server's end the answer to the opening handshake
//     goes out first, with the first batch;
//   - calls Socket.pieceTaken where a large batch shows that it moves;
//   - calls Socket.tick when the timer runs out;
//   - when the input has ended, and no batch is being written any more, calls Socket.refuseOutput with
//     Socket.mu held, closes the stream and calls Socket.end.
type driver interface {
	wake()                    // nextBatch may have something
	deliver()                 // the mailbox has events; the caller passes on the delivery token
	resume()                  // held may have become false
	setTimer(d time.Duration) // tick once after d, in place of any earlier
	shutdownWrite()           // the last frame is written: half-close the stream (FIN)
	cut()                     // end the stream at once, without lingering (RST)
}
