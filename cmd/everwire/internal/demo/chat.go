package demo

import (
	"net/http"

	"github.com/everwire/everwire/websocket"
)

const chatCharacters = 50 // the length to which a message is cut

// Chat sends every text message, cut to its first 50 characters, to everyone who is connected, the sender included.
// Binary is refused with code 1003.
func Chat() *websocket.Server {
	srv := &websocket.Server{}
	// Who cannot keep up is asked to come back (1013), and neither costs memory nor misses messages unknowingly.
	srv.Options.Queue = websocket.Queue{Bytes: 1 << 20, Full: websocket.CloseSlow}

	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			if m.Type() != websocket.Text {
				s.Close(websocket.CloseUnsupportedData, "the chat is text only")
				return
			}
			srv.Broadcast(websocket.Text, cutCharacters(m.Bytes(), chatCharacters))
		})
	})
	return srv
}
