package websocket

import (
	"io"

	everwire "github.com/everwire/everwire/websocket"
)

// WriteMessage writes a message, or a control frame. A message that [Conn.NextWriter] began, and that was not
// closed, ends before it.
func (c *Conn) WriteMessage(messageType int, data []byte) error {
	if err := c.endWriter(nil); err != nil {
		return err
	}
	if !isData(messageType) {
		return c.writeControl(c.write.context(), messageType, data)
	}
	return c.writeError(c.conn.Write(c.write.context(), everwire.MessageType(messageType), data))
}

// NextWriter returns a writer of a message, in as many frames as it takes, or of a control frame. Its Close ends the
// message; until then others wait, but for those of this goroutine: a further NextWriter or WriteMessage
// ends it.
func (c *Conn) NextWriter(messageType int) (io.WriteCloser, error) {
	if err := c.endWriter(nil); err != nil {
		return nil, err
	}
	if isControl(messageType) {
		w := &controlWriter{c: c, typ: messageType}
		c.beginWriter(w)
		return w, nil
	}
	if !isData(messageType) {
		return nil, errMessageType
	}
	w := &messageWriter{c: c}
	w.ctx.move(c.write.context())
	inner, err := c.conn.Writer(&w.ctx, everwire.MessageType(messageType))
	if err != nil {
		return nil, c.writeError(err)
	}
	w.inner = inner
	c.beginWriter(w)
	return w, nil
}

func (c *Conn) beginWriter(w io.Closer) {
	c.writerMu.Lock()
	defer c.writerMu.Unlock()
	c.writer = w
}

// endWriter ends the message that is open, if it is w, or whichever if w is nil.
func (c *Conn) endWriter(w io.Closer) error {
	c.writerMu.Lock()
	open := c.writer
	if w != nil && open != w {
		c.writerMu.Unlock()
		return nil
	}
	c.writer = nil
	c.writerMu.Unlock()
	switch open := open.(type) {
	case *messageWriter:
		open.ctx.move(c.write.context())
		return c.writeError(open.inner.Close())
	case *controlWriter:
		return c.writeControl(c.write.context(), open.typ, open.data)
	}
	return nil
}

type messageWriter struct {
	c     *Conn
	ctx   movingContext
	inner io.WriteCloser
}

func (w *messageWriter) Write(p []byte) (int, error) {
	w.ctx.move(w.c.write.context())
	n, err := w.inner.Write(p)
	return n, w.c.writeError(err)
}

func (w *messageWriter) Close() error { return w.c.endWriter(w) }

// controlWriter gathers a control frame.
type controlWriter struct {
	c    *Conn
	typ  int
	data []byte
}

func (w *controlWriter) Write(p []byte) (int, error) {
	if len(w.data)+len(p) > maxControl {
		return 0, errControlSize
	}
	w.data = append(w.data, p...)
	return len(p), nil
}

func (w *controlWriter) Close() error { return w.c.endWriter(w) }

const maxControl = 125 // RFC 6455 §5.5
