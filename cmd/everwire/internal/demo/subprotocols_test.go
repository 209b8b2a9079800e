package demo

import (
	"testing"

	"github.com/everwire/everwire/websocket"
)

func TestSubprotocolsChoosesTheClientsFirst(t *testing.T) {
	const none = "We speak no subprotocol."
	tests := []struct {
		name   string
		offer  []string
		chosen string
		said   string
	}{
		{"soap", []string{"soap"}, "soap", "We speak soap from here on."},
		{"wamp", []string{"wamp"}, "wamp", "We speak wamp from here on."},
		{"xmpp", []string{"xmpp"}, "xmpp", "We speak xmpp from here on."},
		{"the client's order", []string{"xmpp", "soap"}, "xmpp", "We speak xmpp from here on."},
		{"the first that is spoken", []string{"klingon", "wamp", "soap"}, "wamp", "We speak wamp from here on."},
		{"nothing", nil, "", none},
		{"nothing that is spoken", []string{"klingon"}, "", none},
		{"names are compared exactly", []string{"SOAP"}, "", none},
	}
	n := serve(t, Subprotocols())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			options := n.options()
			options.Subprotocols = tt.offer
			c, err := websocket.Dial(t.Context(), "ws://demo/", options)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Terminate()
			if got := c.Subprotocol(); got != tt.chosen {
				t.Errorf("subprotocol %q, want %q", got, tt.chosen)
			}
			hear(t, c, websocket.Text, tt.said)
		})
	}
}
