package servers

import (
	"crypto/tls"
	"net"
	"net/http"

	"github.com/everwire/everwire/websocket"
)

// socketServer is a websocket.Server that listens by itself, with everything that is on by default: limits, UTF-8 checks, the
// heartbeat, client tracking.
func socketServer(d websocket.Driver) func(net.Listener, Settings) error {
	return func(ln net.Listener, s Settings) error {
		srv := &websocket.Server{Options: options(s)}
		srv.Options.Driver = d
		srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
			if r.URL.Path == "/broadcast" {
				members.Add(1)
				s.OnClose(func(*websocket.Socket, websocket.CloseEvent) { members.Add(-1) })
				s.OnMessage(func(_ *websocket.Socket, m websocket.Message) { srv.Broadcast(m.Type(), m.Bytes()) })
				return
			}
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
		})
		if secure, ok := ln.(*secureListener); ok {
			srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{secure.certificate}}
			return srv.ServeTLS(secure.Listener, "", "")
		}
		return srv.Serve(ln)
	}
}

// options are those of all Everwire servers.
func options(s Settings) websocket.AcceptOptions {
	takeover := websocket.DropContext
	if s.Takeover {
		takeover = websocket.KeepContext
	}
	return websocket.AcceptOptions{Compression: websocket.Compression{
		Disabled:       !s.Deflate,
		ServerTakeover: takeover,
		ClientTakeover: takeover,
	}}
}
