package servers

import (
	"net/http"

	"github.com/gorilla/websocket"
)

// gorillaHandler is gorilla/websocket with its default buffers of 4 KiB each.
func gorillaHandler(s Settings) http.Handler {
	upgrader := websocket.Upgrader{EnableCompression: s.Deflate}
	var everybody crowd[*websocket.Conn]
	mux := http.NewServeMux()
	accept := func(path string, talk func(*websocket.Conn)) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			c, err := upgrader.Upgrade(w, r, nil)
			if err != nil {
				return
			}
			defer c.Close()
			talk(c)
		})
	}
	accept("/echo", func(c *websocket.Conn) { echoGorilla(c, s.Stream) })
	accept("/broadcast", func(c *websocket.Conn) {
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
	})
	return mux
}
