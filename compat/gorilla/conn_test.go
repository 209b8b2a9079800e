package websocket_test

import (
	"errors"
	"net"
	"testing"

	everwire "github.com/everwire/everwire/websocket"

	websocket "github.com/everwire/everwire/compat/gorilla"
)

func TestCloseAfterBothCloseFramesLetsThePeerHaveOurs(t *testing.T) {
	s, c := pair(t)
	for range 100 { // unread input would make closing a reset, which destroys what was sent last
		writes(t, c, "unread")
	}
	c.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(4000, "bye"))
	for range 100 {
		reads(t, s, "unread")
	}
	if _, _, err := s.ReadMessage(); !websocket.IsCloseError(err, 4000) {
		t.Fatalf("the server reads %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if _, _, err := c.ReadMessage(); !websocket.IsCloseError(err, 4000) {
		t.Errorf("the client reads %v", err)
	}
}

func TestCloseAfterAFailureLetsThePeerKnowWhy(t *testing.T) {
	s, c := pair(t)
	s.SetReadLimit(10)
	writes(t, c, "hello")
	reads(t, s, "hello")
	large := make([]byte, 1<<16) // most of it stays unread
	if err := c.WriteMessage(websocket.BinaryMessage, large); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.ReadMessage(); err != websocket.ErrReadLimit {
		t.Fatalf("the server reads %v", err)
	}
	s.Close()
	if _, _, err := c.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseMessageTooBig) {
		t.Errorf("the client reads %v", err)
	}
}

func TestTextIsUTF8(t *testing.T) {
	s, c := pair(t)
	if err := s.WriteMessage(websocket.TextMessage, []byte{0xFF}); !errors.Is(err, everwire.ErrInvalidUTF8) {
		t.Errorf("WriteMessage: %v; want ErrInvalidUTF8", err)
	}
	writes(t, s, "as it was")
	reads(t, c, "as it was")
}

func TestCloseAgain(t *testing.T) {
	s, _ := pair(t)
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := s.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("again: %v; want net.ErrClosed", err)
	}
}
