package websocket

import (
	"context"
	"io"
)

// Reader waits for the next message to begin and returns its type and a reader that streams it, so
// that a message need not fit into memory (but must keep within [Limits.MessageSize]). The reader
// returns io.EOF at the message's end. Its errors are those of Read; it obeys ctx.
//
// If the message before was not read to its end, and some of it is left, Reader returns a reader of the
// rest: nothing is skipped. To skip, read to the end.
func (c *Conn) Reader(ctx context.Context) (MessageType, io.Reader, error) {
	if err := c.beginRead(ctx); err != nil {
		return 0, nil, err
	}
	defer c.readLock.release()
	m := &c.message
	m.shown = true
	return m.typ, &messageReader{c: c, ctx: ctx, number: m.number}, nil
}

type messageReader struct {
	c      *Conn
	ctx    context.Context
	number uint64
	ended  bool // the message's last octet was read, or somebody else has read it
}

func (r *messageReader) Read(p []byte) (int, error) {
	if r.ended {
		return 0, io.EOF
	}
	c := r.c
	if err := c.acquireRead(r.ctx); err != nil {
		return 0, err
	}
	defer c.readLock.release()
	if c.message.typ == 0 || c.message.number != r.number {
		r.ended = true
		return 0, io.EOF
	}
	n, err := c.readSome(r.ctx, p)
	r.ended = c.message.typ == 0
	return n, err
}

// WriteTo has io.Copy use memory that is there, and more of it while so much comes.
func (r *messageReader) WriteTo(w io.Writer) (written int64, err error) {
	buf := newBuffer(writerFragment)
	defer func() { buf.free() }()
	for {
		room := buf.b[:cap(buf.b)]
		n, err := r.Read(room)
		if n > 0 {
			m, err := w.Write(buf.b[:n])
			written += int64(m)
			if err != nil {
				return written, err
			}
		}
		if err == io.EOF {
			return written, nil
		}
		if err != nil {
			return written, err
		}
		if n == len(room) && n < mostCopied {
			buf.free()
			buf = newBuffer(2 * n)
		}
	}
}

// mostCopied is the largest piece of a message that WriteTo holds.
const mostCopied = 512 << 10

// readSome reads what comes next of the message in progress, at least an octet unless p is empty, or
// returns io.EOF at its end. Call with readLock held.
func (c *Conn) readSome(ctx context.Context, p []byte) (n int, err error) {
	m := &c.message
	for n == 0 && len(p) > 0 {
		switch {
		case len(m.piece) > 0:
			n = copy(p, m.piece)
			m.piece = m.piece[n:]
		case m.last:
			c.endMessage()
			return 0, io.EOF
		default:
			if n, err = c.readInto(ctx, p); err != nil {
				return 0, err
			}
		}
	}
	if m.last && len(m.piece) == 0 { // who reads on finds the next message, not an empty rest of this
		c.endMessage()
	}
	return n, nil
}
