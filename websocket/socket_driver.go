package websocket

import "time"

// A driver moves a Socket's octets between the stream below and the Socket's state, on goroutines of
// its choosing. The Socket asks by these methods, which may be called with Socket.mu held, never
// block and never call back before they return. Push gives Socket.mu up while a message is compressed.
//
// In the other direction a driver
//   - holds the delivery token (socket_deliver.go) while it calls Socket.input with what it has read, before
//     which it has told Socket.arrived of it, and reads no more while Socket.held;
//   - after wake or send, takes batches by Socket.fillBatch, one at a time, writes them in order and reports
//     by Socket.settle, until there are no more; at a server's end the answer to the opening handshake
//     goes out first, with the first batch;
//   - calls Socket.pieceTaken where a large batch shows that it moves;
//   - calls Socket.tick when the timer runs out;
//   - when the input has ended, and no batch is being written any more, calls Socket.refuseOutput with
//     Socket.mu held, closes the stream and calls Socket.end.
type driver interface {
	run()                     // begin; the caller passes on the delivery token
	wake()                    // there may be something to write
	send(m plain) bool        // take a message right away, without the queue, if that can be
	push()                    // write what is held back to leave with what is sent next
	deliver()                 // the mailbox has events; the caller passes on the delivery token
	resume()                  // held may have become false
	freed()                   // nobody holds the delivery token any more, or nobody is writing
	setTimer(d time.Duration) // tick once after d, in place of any earlier
	timerRuns() bool          // tick is still to come
	shutdownWrite()           // the last frame is written: half-close the stream (FIN)
	cut()                     // end the stream at once, without lingering (RST)
}

// driven says what a Socket's driver is.
type driven uint8

const (
	byNone   driven = iota // there is none yet
	byLoop                 // Socket.loop
	byOthers               // another
)

// driver returns the Socket's driver, or nil. Call with mu held.
func (s *Socket) driver() driver {
	switch s.driven {
	case byLoop:
		return &s.loop
	case byOthers:
		return s.other
	}
	return nil
}

// driveBy gives the Socket a driver that is not on a loop. Call with mu held.
func (s *Socket) driveBy(d driver) driver {
	s.driven, s.more().other = byOthers, d
	return d
}
