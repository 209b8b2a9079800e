package websocket

import "context"

// The pump gives the queue's messages to the Socket below, each when the one before has left. If there were more
// than one in the Socket when its connection breaks, a part of a batch could have left, and nobody could say which of
// its messages may be sent again.

// flow lets the queue flow into the Socket below, whose open event has been delivered.
func (rs *ReconnectingSocket) flow() {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.flowing = rs.state == Open
	rs.wakePump()
}

// wakePump starts the pump, if there is something for it to do. Call with mu held.
func (rs *ReconnectingSocket) wakePump() {
	if rs.flowing && !rs.pumping && rs.queue.n > 0 {
		rs.pumping = true
		go rs.pump(rs.socket)
	}
}

func (rs *ReconnectingSocket) pump(s *Socket) {
	for rs.sendNext(s) {
	}
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.pumping = false
	rs.changed.Broadcast()
	rs.wakePump() // something may have come, or it flows again
}

// sendNext sends the oldest message and waits until its fate is known. It reports false if the queue is empty or does
// not flow any more.
func (rs *ReconnectingSocket) sendNext(s *Socket) bool {
	rs.mu.Lock()
	if !rs.flowing || rs.queue.n == 0 {
		defer rs.mu.Unlock()
		return false
	}
	o := rs.queue.pop()
	fate := make(chan error, 1)
	err := s.SendWith(Outgoing{Type: o.typ, Data: o.payload(), Compress: o.compress, Done: func(err error) { fate <- err }})
	if err != nil {
		rs.queue.pushFront(o)
		rs.flowing = err == ErrQueueFull // by what the program sends on s itself
		rs.mu.Unlock()
		return err == ErrQueueFull && s.Flush(context.Background()) == nil
	}
	rs.inFlight = o.seq
	gone := rs.gone
	rs.mu.Unlock()

	// Flush does not wait for listeners, as Done does, but it fails also for other messages.
	left := s.Flush(context.Background()) == nil || fateOf(fate, gone) == nil

	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.inFlight = 0
	if left {
		rs.settled(o)
		rs.queue.shrink()
	} else {
		rs.queue.pushFront(o)
		rs.flowing = false
	}
	rs.wakeFlushers()
	return left
}

// fateOf waits for what Done tells, or until the socket is gone: a message that the socket took at the very moment of its
// end may have no Done, and has not left.
func fateOf(fate <-chan error, gone <-chan struct{}) error {
	select {
	case err := <-fate:
		return err
	case <-gone:
	}
	select {
	case err := <-fate:
		return err
	default:
		return ErrClosed
	}
}

// handOver gives all that waits to the Socket below, which is going to be closed. Call with mu held.
func (rs *ReconnectingSocket) handOver() {
	s := rs.socket
	rs.given = map[uint64]outgoing{}
	for rs.queue.n > 0 {
		o := rs.queue.pop()
		done := func(err error) { rs.handedOver(o.seq, err) }
		err := s.SendWith(Outgoing{Type: o.typ, Data: o.payload(), Compress: o.compress, Done: done})
		if err != nil {
			rs.lose(o, err)
			continue
		}
		rs.given[o.seq] = o
	}
	rs.handed = s
	rs.wakeFlushers()
}

// handedOver is the fate of a message that handOver gave away.
func (rs *ReconnectingSocket) handedOver(seq uint64, err error) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	o, waits := rs.given[seq]
	if !waits {
		return
	}
	delete(rs.given, seq)
	if err != nil {
		rs.lose(o, ErrClosed)
	} else {
		rs.settled(o)
	}
}
