package demo

import (
	"net/http"

	"github.com/everwire/everwire/websocket"
)

// Binary sends every binary message back, up to 64 MiB. Text is refused with code 1003.
func Binary() *websocket.Server {
	srv := &websocket.Server{}
	takeLargeMessages(srv)
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			if m.Type() != websocket.Binary {
				s.Close(websocket.CloseUnsupportedData, "bytes only, please")
				return
			}
			sendBack(s, m)
		})
		s.OnDrain((*websocket.Socket).Resume)
	})
	return srv
}
