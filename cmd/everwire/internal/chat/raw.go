package chat

import (
	"unicode/utf8"

	"github.com/everwire/everwire/cmd/everwire/internal/auth"
	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

const rawCharacters = 50 // the length to which a message is cut

// listen serves the raw chat: every text message, cut to its first 50 characters, goes to everyone who is in
// it, on all nodes, the sender included. Binary is refused with code 1003.
func (c *chat) listen(s *websocket.Socket, a *arrival) {
	auth.Expire(s, a.grant, c.Grace)
	c.arrived(s, a)
	seat, err := c.counter.Enter(a.conn.User)
	if err == nil {
		err = seat.Join(Raw)
	}
	s.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) {
		seat.Leave()
		if c.Events != nil {
			c.Events.Disconnect(a.conn, e)
		}
	})
	switch {
	case err != nil:
		s.Close(websocket.CloseTryAgainLater, err.Error())
		return
	case !a.grant.MayJoin(Raw):
		s.Close(closeRefused, "the token does not allow the raw chat")
		return
	}
	if err := c.Hub.Join(s, Raw); err != nil {
		s.Close(websocket.CloseTryAgainLater, "the chat cannot be joined now")
		return
	}
	s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
		switch text := cutCharacters(m.Bytes(), rawCharacters); {
		case m.Type() != websocket.Text:
			s.Close(websocket.CloseUnsupportedData, "the chat is text only")
		case !a.grant.MayPublish(Raw):
			s.Close(closeRefused, "the token does not allow to write here")
		default:
			c.say(s, a, seat, text)
		}
	})
}

func (c *chat) say(s *websocket.Socket, a *arrival, seat *auth.Seat, text []byte) {
	if err := seat.Publish(Raw, len(text)); err != nil {
		s.Close(websocket.ClosePolicyViolation, err.Error())
		return
	}
	m := hub.Message{Room: Raw, Publisher: a.name(), Type: websocket.Text, Data: text}
	if _, err := c.Hub.Publish(s.Context(), Raw, m); err != nil {
		return // Nobody waits for an acknowledgement here: that other nodes do not have it is the hub's to count.
	}
	if c.Events != nil {
		c.Events.Message(a.conn, &m)
	}
}

// cutCharacters returns the first n characters of UTF-8, counted in code points, as [...text] does in a
// browser.
func cutCharacters(text []byte, n int) []byte {
	end := 0
	for ; n > 0 && end < len(text); n-- {
		_, size := utf8.DecodeRune(text[end:])
		end += size
	}
	return text[:end]
}
