package chat

import (
	"testing"

	"github.com/everwire/everwire/websocket"
)

func TestBinaryIsRefused(t *testing.T) {
	n := single(t, Options{})
	c := n.connect()
	if err := c.Write(t.Context(), websocket.Binary, []byte(`{"type":"leave","room":"blue"}`)); err != nil {
		t.Fatal(err)
	}
	c.wantClose(websocket.CloseUnsupportedData)
}
