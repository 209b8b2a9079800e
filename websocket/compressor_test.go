package websocket_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/deflate"
	"github.com/everwire/everwire/websocket/wstest"
)

// Whatever either end asks of the other, both do the same with the context: equal messages come back.
func TestBothEndsDoTheSameWithTheContext(t *testing.T) {
	wishes := []websocket.Takeover{websocket.DefaultTakeover, websocket.KeepContext, websocket.DropContext}
	names := []string{"default", "keep", "drop"}
	var list strings.Builder
	for i := range 100 {
		fmt.Fprintf(&list, `{"id":%d,"size":%d},`, i*7919%1000, i*104729%1000)
	}
	message := list.String()
	if n := len(deflate.Append(nil, []byte(message), 15, 1)); 2*n > len(message) {
		t.Fatalf("%d octets are compressed to %d: only what gets smaller is a part of the context", len(message), n)
	}
	each := func(f func(name string, c websocket.Compression)) {
		for i, server := range wishes {
			for j, client := range wishes {
				f(fmt.Sprintf("server's %s, client's %s", names[i], names[j]),
					websocket.Compression{ServerTakeover: server, ClientTakeover: client, Threshold: -1})
			}
		}
	}
	each(func(server string, accept websocket.Compression) {
		each(func(client string, dial websocket.Compression) {
			t.Run(fmt.Sprintf("the server wants %s; the client wants %s", server, client), func(t *testing.T) {
				opts := &wstest.PairOptions{Compression: true}
				opts.Accept.Compression, opts.Dial.Compression = accept, dial
				s, c := wstest.Conns(t, opts)
				equal(t, "extensions at both ends", s.Extensions(), c.Extensions())
				for range 3 {
					send(t, s, websocket.Text, message)
					wantMessage(t, c, websocket.Text, message)
					send(t, c, websocket.Text, message)
					wantMessage(t, s, websocket.Text, message)
				}
			})
		})
	})
}
