package api

import (
	"unicode/utf8"

	"github.com/everwire/everwire/websocket"
)

// usualCode is what a connection is closed with if nothing else is said: by analogy with the status 403.
const usualCode = 4403

const mostReason = 123 // octets; RFC 6455 §5.5: a control frame has 125, and the code takes two

// A target says whom to disconnect, and with what. One of the first three is set.
type target struct {
	User       string `json:"user,omitempty"`
	Room       string `json:"room,omitempty"`
	Connection string `json:"connection,omitempty"`
	Code       int    `json:"code"`
	Reason     string `json:"reason,omitempty"`
}

// check returns what is wrong with a target.
func (t *target) check() error {
	named := 0
	for _, name := range []string{t.User, t.Room, t.Connection} {
		if name != "" {
			named++
		}
	}
	switch {
	case named != 1:
		return badRequest("one of user, room and connection must be there, and only one")
	case reserved(t.Room):
		return errReserved
	case t.Code > 0xFFFF || t.Code < 0 || !websocket.CloseCode(t.Code).OnWire():
		return badRequest("the code is one that a Close frame may have: 1000 to 1003, 1007 to 1014, 3000 to 4999")
	case len(t.Reason) > mostReason || !utf8.ValidString(t.Reason):
		return badRequest("the reason has at most %d octets of UTF-8", mostReason)
	}
	return nil
}

// disconnected is the answer to disconnect.
type disconnected struct {
	Node         string `json:"node"`
	Disconnected int    `json:"disconnected"` // on this node
}

// disconnect closes connections here, and has the other nodes close theirs.
func (a *API) disconnect(c *call) (any, error) {
	t := target{Code: usualCode}
	err := a.object(c, map[string]any{
		"user": &t.User, "room": &t.Room, "connection": &t.Connection, "code": &t.Code, "reason": &t.Reason,
	})
	if err != nil {
		return nil, err
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	n := a.close(t)
	a.log.Info("the API disconnects", "key", c.key, "user", t.User, "room", t.Room, "connection", t.Connection, "code", t.Code, "here", n)
	ctx, cancel := a.patience(c)
	defer cancel()
	if err := a.control.pass(ctx, t); err != nil {
		a.log.Warn("the other nodes were not told whom to disconnect", "error", err)
		return nil, unavailable("the connections of this node are closed, but the other nodes cannot be reached at the moment. Ask again")
	}
	return disconnected{a.hub.Node(), n}, nil
}

// close closes the target's connections of this node, and returns how many.
func (a *API) close(t target) int {
	var sockets []*websocket.Socket
	switch {
	case t.User != "":
		sockets = a.sockets.OfUser(t.User)
	case t.Room != "":
		sockets = a.hub.Members(t.Room)
	default:
		sockets = a.sockets.OfConnection(t.Connection)
	}
	n := 0
	for _, s := range sockets {
		if s.ReadyState() == websocket.Open && s.Close(websocket.CloseCode(t.Code), t.Reason) == nil {
			n++
		}
	}
	return n
}
