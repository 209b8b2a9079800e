package servers

import (
	"net"

	"github.com/fasthttp/websocket"
	"github.com/valyala/fasthttp"
)

// fasthttpServer is fasthttp/websocket below fasthttp's own server, which it was made for, with its default buffers.
func fasthttpServer(ln net.Listener, s Settings) error {
	upgrader := websocket.FastHTTPUpgrader{EnableCompression: s.Deflate}
	var everybody crowd[*websocket.Conn]
	echo := func(c *websocket.Conn) { echoGorilla(c, s.Stream) }
	broadcast := func(c *websocket.Conn) {
		everybody.join(c)
		defer everybody.leave(c)
		for {
			typ, data, err := c.ReadMessage()
			if err != nil {
				return
			}
			p, err := websocket.NewPreparedMessage(typ, data)
			if err != nil {
				return
			}
			everybody.each(func(c *websocket.Conn) { c.WritePreparedMessage(p) })
		}
	}
	return fasthttp.Serve(ln, func(ctx *fasthttp.RequestCtx) {
		switch string(ctx.Path()) {
		case "/echo":
			upgrader.Upgrade(ctx, echo)
		case "/broadcast":
			upgrader.Upgrade(ctx, broadcast)
		default:
			ctx.NotFound()
		}
	})
}
