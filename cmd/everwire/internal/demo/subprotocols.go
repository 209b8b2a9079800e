package demo

import (
	"net/http"

	"github.com/everwire/everwire/websocket"
)

// Subprotocols speaks soap, wamp and xmpp, in name: the first of the client's list that is among them is chosen, and
// the server says so in text, once, to everyone who connects. A client that offers none of them, or nothing at
// all, is connected without a subprotocol.
func Subprotocols() *websocket.Server {
	srv := &websocket.Server{}
	srv.Options.Subprotocols = []string{"soap", "wamp", "xmpp"}
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		if chosen := s.Subprotocol(); chosen != "" {
			s.SendText("We speak " + chosen + " from here on.")
		} else {
			s.SendText("We speak no subprotocol.")
		}
	})
	return srv
}
