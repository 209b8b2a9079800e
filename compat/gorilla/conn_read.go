package websocket

import "io"

// maxFailures is how often a program may read on after the end: one that goes on for ever without looking at the
// error is better stopped than left to burn a processor.
const maxFailures = 1000

const repeated = "repeated read on failed websocket connection"

// ReadMessage reads the next message whole. The bytes are the caller's. What is left of a message that
// [Conn.NextReader] began is discarded.
//
// Errors are final, but for that of a read deadline, and come again; a *[CloseError] says that the peer closed.
// The thousandth read that fails panics, and so does the thousandth for which a deadline that has passed was not
// moved.
func (c *Conn) ReadMessage() (messageType int, p []byte, err error) {
	if err := c.beginRead(); err != nil {
		return -1, nil, err
	}
	typ, data, err := c.conn.Read(c.read.context())
	if err != nil {
		return -1, nil, c.readFailed(err)
	}
	return int(typ), data, nil
}

// NextReader waits for the next message to begin and returns its type and a reader of it, which is valid until
// the next call. What is left of the message before is discarded. Errors are those of [Conn.ReadMessage].
func (c *Conn) NextReader() (messageType int, r io.Reader, err error) {
	if err := c.beginRead(); err != nil {
		return -1, nil, err
	}
	m := &messageReader{c: c}
	m.ctx.move(c.read.context())
	typ, inner, err := c.conn.Reader(&m.ctx)
	if err != nil {
		return -1, nil, c.readFailed(err)
	}
	m.inner = inner
	c.reader = m
	return int(typ), m, nil
}

// beginRead says whether reading has ended, and reads the message before to its end.
func (c *Conn) beginRead() error {
	if c.readErr != nil {
		return c.failed(c.readErr)
	}
	r := c.reader
	c.reader = nil
	if r == nil {
		return nil
	}
	if _, err := io.Copy(io.Discard, onlyReader{r}); err != nil {
		c.reader = r // a deadline; there may be more of it
		return err
	}
	return nil
}

// readFailed sorts out why a read has failed, and returns what to tell the caller.
func (c *Conn) readFailed(err error) error {
	if c.readErr != nil { // of a handler
		return c.failed(c.readErr)
	}
	said, final := c.readError(err)
	if final {
		c.readErr = said
		return c.failed(said)
	}
	if c.timeouts.Add(1) >= maxFailures {
		panic(repeated)
	}
	return said
}

// failed counts the reads after the end.
func (c *Conn) failed(err error) error {
	if c.failures++; c.failures >= maxFailures {
		panic(repeated)
	}
	return err
}

type messageReader struct {
	c     *Conn
	ctx   movingContext
	inner io.Reader
	ended bool
}

func (r *messageReader) Read(p []byte) (int, error) {
	if r.ended {
		return 0, io.EOF
	}
	if r.c.readErr != nil {
		return 0, r.c.readErr
	}
	r.ctx.move(r.c.read.context())
	n, err := r.inner.Read(p)
	if err == io.EOF {
		r.ended = true
	} else if err != nil {
		err = r.c.readFailed(err)
	}
	return n, err
}

// onlyReader keeps io.Copy from finding other methods.
type onlyReader struct{ io.Reader }
