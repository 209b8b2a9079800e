package websocket

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/everwire/everwire/websocket/frame"
)

// writerFragment is how much a [Conn.Writer] gathers before it sends a fragment.
const writerFragment = 32 << 10

// Writer returns a writer that streams a message, in fragments, so that it need not fit into memory.
// Close ends the message; a small one goes out as a single frame then. Until Close no other message
// can be written, so close it always; Pings, Pongs and the closing handshake pass in between. It is for
// one goroutine at a time.
//
// Its errors are those of Write; it obeys ctx. After an error the message has ended and others can
// write. If a fragment has left and the message cannot be completed, because text turns out not to be
// UTF-8 or ctx ends, the connection fails with 1011. Writing after Close is [io.ErrClosedPipe]; closing
// again does nothing.
func (c *Conn) Writer(ctx context.Context, t MessageType) (io.WriteCloser, error) {
	if err := checkMessage(t, nil); err != nil {
		return nil, err
	}
	if err := c.acquireMessage(ctx); err != nil {
		return nil, err
	}
	return &messageWriter{c: c, ctx: ctx, typ: t, buf: newBuffer(writerFragment)}, nil
}

type messageWriter struct {
	c    *Conn
	ctx  context.Context
	typ  MessageType
	utf8 frame.UTF8
	buf  *buffer
	sent bool  // a fragment has left
	err  error // what ended the message, io.ErrClosedPipe after Close

	compressed bool // decided with the first fragment
}

func (w *messageWriter) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	if w.typ == Text && !w.utf8.Write(p) {
		return 0, w.abandon(ErrInvalidUTF8)
	}
	n := len(p)
	if len(w.buf.b) > 0 && len(w.buf.b)+n > writerFragment {
		room := writerFragment - len(w.buf.b)
		w.buf.b = append(w.buf.b, p[:room]...)
		p = p[room:]
		if err := w.fragment(w.buf.b); err != nil {
			return 0, err
		}
		w.buf.b = w.buf.b[:0]
	}
	if len(p) > writerFragment {
		if err := w.fragment(p); err != nil {
			return 0, err
		}
		return n, nil
	}
	w.buf.b = append(w.buf.b, p...)
	return n, nil
}

func (w *messageWriter) fragment(p []byte) error {
	if !w.sent {
		w.compressed = w.c.compressor.wants(math.MaxInt64, Compress(w.c.compress.Load()))
	}
	err := w.frame(p, false)
	w.c.tellSent(w.typ, len(p), false, err)
	if err != nil {
		return w.abandon(err)
	}
	w.sent = true
	return nil
}

// frame writes the next frame, or the only one.
func (w *messageWriter) frame(p []byte, fin bool) error {
	c := w.c
	switch {
	case fin && !w.sent:
		return c.writeMessage(w.ctx, w.typ, p)
	case w.compressed:
		if buf, rsv := c.compressor.fragment(p, !w.sent, fin); buf != nil {
			defer buf.free()
			err := c.writeFrame(w.ctx, w.typ, rsv, buf.b, fin)
			if err == nil {
				c.compressor.Remember(p)
			}
			return err
		}
	}
	return c.writeFrame(w.ctx, w.typ, 0, p, fin)
}

// Close sends the last fragment, and lets others write. After an error it returns that error again.
func (w *messageWriter) Close() error {
	switch {
	case w.err == io.ErrClosedPipe:
		return nil
	case w.err != nil:
		return w.err
	case !w.utf8.Complete():
		return w.abandon(ErrInvalidUTF8)
	}
	err := w.frame(w.buf.b, true)
	w.c.tellSent(w.typ, len(w.buf.b), true, err)
	if err != nil {
		return w.abandon(err)
	}
	w.end(io.ErrClosedPipe)
	return nil
}

// abandon ends a message that cannot be completed. If the peer has seen some of it, and could be sent
// more, that is the end of the connection.
func (w *messageWriter) abandon(err error) error {
	if w.sent && (err == ErrInvalidUTF8 || err == w.ctx.Err()) { // %v: as in writeBroke
		w.c.fail(fmt.Errorf("websocket: a message was abandoned: %v", err), CloseInternalError, "")
	}
	w.end(err)
	return err
}

func (w *messageWriter) end(err error) {
	w.err = err
	w.buf.free()
	w.buf = nil
	w.c.compressor.abandon()
	w.c.messageLock.release()
}
