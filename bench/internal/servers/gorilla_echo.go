package servers

import (
	"bytes"
	"io"
)

// gorillaConn is a connection of gorilla/websocket, and of fasthttp/websocket, which began as a copy of it.
type gorillaConn interface {
	NextReader() (messageType int, r io.Reader, err error)
	NextWriter(messageType int) (io.WriteCloser, error)
	WriteMessage(messageType int, data []byte) error
}

// echoGorilla reads every message into the same buffer, which is faster than ReadMessage: that allocates each. Or it copies
// from reader to writer. Neither library checks that text is UTF-8.
func echoGorilla(c gorillaConn, stream bool) {
	var message bytes.Buffer
	for {
		typ, r, err := c.NextReader()
		if err != nil {
			return
		}
		if stream {
			w, err := c.NextWriter(typ)
			if err != nil {
				return
			}
			if _, err := io.Copy(w, r); err != nil || w.Close() != nil {
				return
			}
			continue
		}
		message.Reset()
		if _, err := message.ReadFrom(r); err != nil {
			return
		}
		if c.WriteMessage(typ, message.Bytes()) != nil {
			return
		}
	}
}
