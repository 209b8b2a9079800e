package websocket

import (
	"bytes"
	"context"
	"iter"
	"math/bits"
)

// Messages returns an iterator over the messages until the connection ends, which it yields as the
// last error, or until ctx does. A Message is valid until the next one is asked for; nothing is
// allocated for one that arrives whole.
//
//	for m, err := range c.Messages(ctx) {
//		if err != nil {
//			return err
//		}
//		…
//	}
func (c *Conn) Messages(ctx context.Context) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		for {
			m, buf, err := c.borrow(ctx)
			more := yield(m, err) && err == nil
			if poisonBuffers && !m.buf.isShared() {
				poison(m.data)
			}
			c.giveBack(buf)
			if !more {
				return
			}
		}
	}
}

// borrow reads a message whose octets lie in a buffer on loan, which giveBack ends. A message that came
// whole stays where it was read to: then the buffer is the Conn's, which does not read into it
// meanwhile. Only one message is out in that way; another one is copied.
func (c *Conn) borrow(ctx context.Context) (Message, *buffer, error) {
	if err := c.beginRead(ctx); err != nil {
		return Message{}, nil, err
	}
	defer c.readLock.release()
	m := &c.message
	whole := Message{typ: m.typ, data: m.piece}
	switch {
	case m.own: // a read that gave up has begun to gather it
		var err error
		whole.typ, whole.data, err = c.gather(ctx)
		return whole, nil, err
	case m.last && !m.lent && c.lent.Load() == nil:
		c.proven = len(whole.data)
		c.endMessage()
		c.lent.Store(c.buf)
		return whole, c.buf, nil
	}
	return c.assemble(ctx)
}

// assemble reads the message in progress to its end, into a buffer of its own.
func (c *Conn) assemble(ctx context.Context) (Message, *buffer, error) {
	m := &c.message
	whole := assembly{buf: newBuffer(c.provenRoom(len(m.piece)))}
	whole.add(m.piece)
	for m.piece = nil; !m.last; m.piece = nil {
		n, err := c.readInto(ctx, whole.room(c.receiver.Remaining()))
		if err != nil {
			m.piece, m.own, m.lent = bytes.Clone(whole.buf.b), true, false
			whole.drop()
			return Message{}, nil, err
		}
		whole.buf.b = whole.buf.b[:len(whole.buf.b)+n]
		whole.add(m.piece)
	}
	msg := whole.end(m.typ)
	c.proven = len(msg.data)
	c.endMessage()
	return msg, whole.buf, nil
}

// provenRoom returns how much room to make at once for a message of which have octets are there: as much as the header of its
// frame claims, if the message before was as large.
func (c *Conn) provenRoom(have int) int {
	claimed := int64(have) + c.receiver.Remaining()
	if c.proven == 0 || claimed > 1<<bits.Len(uint(c.proven-1)) {
		return have
	}
	return int(claimed)
}

// giveBack ends the loan of a buffer, which may be nil.
func (c *Conn) giveBack(buf *buffer) {
	if buf != nil && !c.lent.CompareAndSwap(buf, nil) {
		buf.free() // it is not, or no more, the Conn's
	}
}

// newInput makes c.buf a buffer of a size that may be read into.
func (c *Conn) newInput(size int) {
	if c.buf != nil && c.lent.CompareAndSwap(c.buf, nil) {
		c.buf = nil // its borrower frees it
	}
	if c.buf == nil || cap(c.buf.b) != size {
		c.buf.free()
		c.buf = newBuffer(size)
	}
}
