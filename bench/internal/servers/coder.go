package servers

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/coder/websocket"
)

// coderHandler is coder/websocket. Its limit of 32 KiB a message is lifted. It does not check that text is UTF-8.
func coderHandler(s Settings) http.Handler {
	opts := websocket.AcceptOptions{}
	switch {
	case s.Deflate && s.Takeover:
		opts.CompressionMode = websocket.CompressionContextTakeover
	case s.Deflate:
		opts.CompressionMode = websocket.CompressionNoContextTakeover
	}
	var everybody crowd[*websocket.Conn]
	mux := http.NewServeMux()
	accept := func(path string, talk func(context.Context, *websocket.Conn)) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			c, err := websocket.Accept(w, r, &opts)
			if err != nil {
				return
			}
			defer c.CloseNow()
			c.SetReadLimit(-1)
			talk(context.Background(), c)
		})
	}
	accept("/echo", func(ctx context.Context, c *websocket.Conn) { echoCoder(ctx, c, s.Stream) })
	accept("/broadcast", func(ctx context.Context, c *websocket.Conn) {
		everybody.join(c)
		defer everybody.leave(c)
		for {
			typ, data, err := c.Read(ctx)
			if err != nil {
				return
			}
			everybody.each(func(c *websocket.Conn) { c.Write(ctx, typ, data) })
		}
	})
	return mux
}

// echoCoder reads every message into the same buffer, which is faster than Read: that allocates each. Or it copies from reader
// to writer.
func echoCoder(ctx context.Context, c *websocket.Conn, stream bool) {
	var message bytes.Buffer
	for {
		typ, r, err := c.Reader(ctx)
		if err != nil {
			return
		}
		if stream {
			w, err := c.Writer(ctx, typ)
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
		if c.Write(ctx, typ, message.Bytes()) != nil {
			return
		}
	}
}
