package demo

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/everwire/everwire/websocket"
)

func TestBinarySendsBytesBack(t *testing.T) {
	tests := []struct{ name, data string }{
		{"a few", "\x00\xff\xfe"},
		{"none", ""},
		{"that are UTF-8", "text"},
		{"more than a server takes by default", strings.Repeat("x", 3<<20)},
	}
	c := serve(t, Binary()).dial("")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			go c.Write(t.Context(), websocket.Binary, []byte(tt.data)) // it may be larger than what the stream holds
			hear(t, c, websocket.Binary, tt.data)
		})
	}
}

func TestBinaryRefusesText(t *testing.T) {
	c := serve(t, Binary()).dial("")
	say(t, c, websocket.Text, "bytes")
	hearClose(t, c, websocket.CloseUnsupportedData, "bytes only, please")
}

// A client that sends and does not read is held back, and misses nothing once it reads.
func TestBinaryHoldsBackWhoDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const messages, size = 100, 64 << 10
		n := serve(t, Binary())
		c := n.dial("")
		go func() {
			for range messages {
				c.Write(t.Context(), websocket.Binary, noise(size))
			}
		}()
		synctest.Wait() // the writer cannot go on
		waiting := n.srv.Clients().Members()[0].BufferedAmount()
		if waiting <= echoWaiting || waiting > echoWaiting+size {
			t.Errorf("%d octets wait, want more than %d by no more than one message", waiting, echoWaiting)
		}
		for range messages {
			hear(t, c, websocket.Binary, string(noise(size)))
		}
	})
}
