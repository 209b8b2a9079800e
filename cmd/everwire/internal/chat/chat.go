package chat

import (
	"context"
	"net/http"

	"github.com/everwire/everwire/cmd/everwire/internal/auth"
	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

// Subprotocol is the one that clients ask for who want more than the raw chat.
const Subprotocol = "everwire.chat.v1"

// A chat is what the connections of one server share.
type chat struct {
	Options
	srv     *websocket.Server
	counter *auth.Counter
	rosters rosters
}

var sessions = websocket.NewKey[*session]()

// New returns a server of the chat, to which the caller adds what is not the chat's: its page, as Handler,
// its Origins.
//
// The Hub must not be in use yet, because the chat adds functions to it; one Hub has one chat. Close the
// server before the Hub. Options.OnRequest of the server is the chat's: what else is to judge handshakes has
// to call it in turn.
func New(o Options) *websocket.Server {
	c := &chat{Options: o.withDefaults(), srv: &websocket.Server{}}
	ownHub := c.Hub == nil
	if ownHub {
		c.Hub = hub.New(&hub.Options{Room: Room, Log: c.Log})
	}
	c.counter = auth.NewCounter(c.Limits)
	c.rosters.chat = c
	c.Hub.OnLeave(c.left)
	c.Hub.OnPresence(c.rosters.told)

	// Who cannot keep up is asked to come back (1013), and neither costs memory nor misses messages
	// unknowingly.
	c.srv.Options.Queue = websocket.Queue{Bytes: 1 << 20, Full: websocket.CloseSlow}
	c.srv.Options.Subprotocols = []string{Subprotocol}
	c.srv.Options.OnRequest = c.admission()
	c.srv.OnConnection(c.connected)
	if ownHub {
		c.srv.OnClose(func() { c.Hub.Close(context.Background()) })
	}
	return c.srv
}

// connected has a new connection be served as it asked to be.
func (c *chat) connected(s *websocket.Socket, r *http.Request) {
	if a := arrivalOf(r); s.Subprotocol() == Subprotocol {
		c.converse(s, a)
	} else {
		c.listen(s, a)
	}
}

// arrived says that it is known whose a connection is.
func (c *chat) arrived(s *websocket.Socket, a *arrival) {
	if c.Arrived != nil {
		c.Arrived(s, a.conn)
	}
}

// left is told of sockets that have left rooms, for whatever reason.
func (c *chat) left(s *websocket.Socket, room string) {
	if v, ok := sessions.Get(s); ok {
		v.left(room)
	}
}
