package servers

import (
	"context"
	"io"
	"net/http"

	"github.com/everwire/everwire/websocket"
)

// connHandler pulls: websocket.Accept in a handler, one goroutine a connection.
func connHandler(s Settings) http.Handler {
	opts := options(s)
	echo := echoConn
	if s.Stream {
		echo = streamConn
	}
	var everybody crowd[*websocket.Conn]
	mux := http.NewServeMux()
	accept := func(path string, talk func(context.Context, *websocket.Conn)) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			c, err := websocket.Accept(w, r, &opts)
			if err != nil {
				return
			}
			talk(context.Background(), c)
			c.Close(websocket.CloseNormal, "")
		})
	}
	accept("/echo", echo)
	accept("/broadcast", func(ctx context.Context, c *websocket.Conn) {
		everybody.join(c)
		defer everybody.leave(c)
		for m, err := range c.Messages(ctx) {
			if err != nil {
				return
			}
			p, err := websocket.Prepare(m.Type(), m.Bytes())
			if err != nil {
				return
			}
			everybody.each(func(c *websocket.Conn) { c.WritePrepared(ctx, p) })
		}
	})
	return mux
}

func echoConn(ctx context.Context, c *websocket.Conn) {
	for m, err := range c.Messages(ctx) {
		if err != nil || c.Write(ctx, m.Type(), m.Bytes()) != nil {
			return
		}
	}
}

// streamConn passes on what has arrived of a message.
func streamConn(ctx context.Context, c *websocket.Conn) {
	for {
		typ, r, err := c.Reader(ctx)
		if err != nil {
			return
		}
		w, err := c.Writer(ctx, typ)
		if err != nil {
			return
		}
		if _, err := io.Copy(w, r); err != nil || w.Close() != nil {
			return
		}
	}
}
