package websocket

import (
	"cmp"
	"context"
	"maps"
	"slices"
)

// Send queues a binary message and returns at once, whether there is a connection or not. The bytes are copied.
//
// In CLOSING and CLOSED it returns [ErrClosed]; when the queue is full, what [Queue.Full] says.
func (rs *ReconnectingSocket) Send(data []byte) error {
	return rs.SendWith(Outgoing{Data: data})
}

// SendText queues a text message and returns at once, with the errors of Send, or [ErrInvalidUTF8].
func (rs *ReconnectingSocket) SendText(text string) error {
	return rs.SendWith(Outgoing{Type: Text, Data: []byte(text)})
}

// SendFunc queues a binary message as Send does, and calls done as SendWith says.
func (rs *ReconnectingSocket) SendFunc(data []byte, done func(err error)) error {
	return rs.SendWith(Outgoing{Data: data, Done: done})
}

// SendWith queues a message and returns at once, with the errors of Send, or [ErrInvalidUTF8]. [Outgoing].Done is called
// exactly once, unless SendWith returns an error: with nil when the operating system has taken the message's
// last octet, on whichever connection; or with the reason why the message was given up, as OnDrop is told it. The
// loss of a connection is none.
func (rs *ReconnectingSocket) SendWith(m Outgoing) error {
	typ := cmp.Or(m.Type, Binary)
	if err := checkMessage(typ, m.Data); err != nil {
		return err
	}
	buf := newBuffer(len(m.Data))
	buf.b = append(buf.b, m.Data...)
	err := rs.enqueue(outgoing{buf: buf, typ: typ, compress: m.Compress, about: m.about(), done: m.Done})
	if err != nil {
		buf.free()
	}
	return err
}

// BufferedAmount returns how many octets of the messages that were taken have neither left nor been given up. What
// was sent on a Socket below itself is not among them.
func (rs *ReconnectingSocket) BufferedAmount() int64 {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return rs.buffered
}

func (rs *ReconnectingSocket) enqueue(o outgoing) error {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.state >= Closing {
		return ErrClosed
	}
	if !rs.makeRoom(&o) {
		return ErrQueueFull
	}
	rs.accepted++
	o.seq = rs.accepted
	rs.queue.push(o)
	rs.buffered += o.size()
	rs.wakePump()
	return nil
}

// makeRoom applies the policy for one more message. Call with mu held.
func (rs *ReconnectingSocket) makeRoom(o *outgoing) bool {
	full := o.policy(rs.opts.Queue.Full)
	fits := rs.fits(o)
	if fits && full != Conflate {
		rs.wakeFlushers()
		return true
	}
	switch full {
	case DropOldest:
		for i := 0; i < rs.queue.n && !rs.fits(o); {
			if rs.queue.at(i).topic() != o.topic() {
				i++
				continue
			}
			rs.drop(rs.queue.remove(i), ErrQueueFull)
			o.topic().count(droppedOldest)
		}
	case ReplaceByKey, Conflate:
		for i := 0; o.key() != "" && i < rs.queue.n; {
			if !rs.queue.at(i).replacedBy(o) {
				i++
				continue
			}
			rs.drop(rs.queue.remove(i), ErrReplaced)
			o.topic().count(replaced)
		}
	}
	rs.wakeFlushers()
	if fits = rs.fits(o); !fits {
		o.topic().count(refusedNewest)
	}
	return fits
}

// fits reports whether one more message keeps the queue within its bounds. The one that the socket has does not
// wait any more.
func (rs *ReconnectingSocket) fits(o *outgoing) bool {
	q := &rs.opts.Queue
	return rs.queue.n == 0 ||
		(q.Bytes < 0 || rs.queue.memory+o.memory() <= q.Bytes) &&
			(q.Messages < 0 || rs.queue.n < q.Messages)
}

// settled takes a message that has left out of the books. Call with mu held.
func (rs *ReconnectingSocket) settled(o outgoing) {
	rs.buffered -= o.size()
	o.buf.free()
	if o.done != nil {
		rs.post(func() { o.done(nil) })
	}
}

// drop takes a message that will not be sent out of the books. Call with mu held.
func (rs *ReconnectingSocket) drop(o outgoing, reason error) {
	rs.buffered -= o.size()
	if o.done != nil {
		rs.post(func() { o.done(reason) })
	}
	if reason != ErrClosed && rs.untold != nil && rs.drops.full(&rs.opts.Queue, &o) {
		*rs.untold++
		o.buf.free()
		return
	}
	untold := new(int) // until all listeners have been told: see Socket.postDrop
	rs.untold = untold
	rs.drops.add(&o)
	rs.post(func() {
		rs.mu.Lock()
		rs.drops.remove(&o)
		if rs.untold == untold {
			rs.untold = nil
		}
		rs.mu.Unlock()
		d := Drop{Message: o.message(), Key: o.key(), Topic: o.topic(), Reason: reason, Untold: *untold}
		eachHearer(rs.onDrop.now(), func(f func(*ReconnectingSocket, Drop)) { f(rs, d) })
		o.buf.free()
	})
}

// lose drops a message because the end has come, or comes too early for it. Call with mu held.
func (rs *ReconnectingSocket) lose(o outgoing, reason error) {
	if rs.lostFrom == 0 || o.seq < rs.lostFrom {
		rs.lostFrom = o.seq
	}
	rs.drop(o, reason)
}

// giveUpQueue loses all that waits, and what the last socket took and has not told the fate of. Call with mu held.
func (rs *ReconnectingSocket) giveUpQueue() {
	for _, seq := range slices.Sorted(maps.Keys(rs.given)) {
		rs.lose(rs.given[seq], ErrClosed)
	}
	rs.given = nil
	for rs.queue.n > 0 {
		rs.lose(rs.queue.pop(), ErrClosed)
	}
	rs.queue.shrink()
	rs.wakeFlushers()
}

// pushFront puts a message back to where it was taken from.
func (q *sendQueue) pushFront(o outgoing) {
	if q.n == len(q.ring) {
		q.grow()
	}
	q.head = (q.head - 1) & (len(q.ring) - 1)
	q.n++
	*q.at(0) = o
	q.memory += o.memory()
}

// Flush waits until every message sent before has left, or was dropped by the queue's policy, and returns nil; or
// until ctx is done, and returns its error; or until the end has come with some of them unsent, and returns
// [ErrClosed]. Without a connection it waits for one. In a listener give it a context that ends: a
// connection that is lost meanwhile is replaced only after the listener has returned.
func (rs *ReconnectingSocket) Flush(ctx context.Context) error {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	seq := rs.accepted
	for !rs.ended && rs.handed == nil && rs.oldestUnsent() <= seq {
		if err := rs.awaitProgress(ctx, seq); err != nil {
			return err
		}
	}
	if s := rs.handed; s != nil {
		rs.mu.Unlock()
		err := s.Flush(ctx)
		rs.mu.Lock()
		if err != nil {
			return err
		}
	}
	if rs.lostFrom != 0 && rs.lostFrom <= seq {
		return ErrClosed
	}
	return nil
}

// awaitProgress waits until the messages up to seq may be settled. It gives up mu meanwhile.
func (rs *ReconnectingSocket) awaitProgress(ctx context.Context, seq uint64) error {
	f := flusher{seq: seq, done: make(chan struct{})}
	rs.flushers = append(rs.flushers, f)
	rs.mu.Unlock()
	defer rs.mu.Lock()
	select {
	case <-f.done:
		return nil
	case <-ctx.Done():
		rs.forget(f)
		return ctx.Err()
	}
}

// forget takes off a Flush that does not wait any more.
func (rs *ReconnectingSocket) forget(f flusher) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.flushers = slices.DeleteFunc(rs.flushers, func(g flusher) bool { return g == f })
}

// oldestUnsent returns the number of the oldest message that has neither left nor been given up. Call
// with mu held.
func (rs *ReconnectingSocket) oldestUnsent() uint64 {
	switch {
	case rs.inFlight != 0:
		return rs.inFlight
	case rs.queue.n > 0:
		return rs.queue.at(0).seq
	}
	return rs.accepted + 1
}

// wakeFlushers has those calls of Flush look again that may have come to an end. Call with mu held.
func (rs *ReconnectingSocket) wakeFlushers() {
	oldest, all := rs.oldestUnsent(), rs.handed != nil || rs.ended
	rs.flushers = slices.DeleteFunc(rs.flushers, func(f flusher) bool {
		if !all && f.seq >= oldest {
			return false
		}
		close(f.done)
		return true
	})
}
