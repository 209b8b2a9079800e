package demo

import (
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

func TestChatReachesEveryoneAndTheSender(t *testing.T) {
	n := serve(t, Chat())
	ann, bob, eve := n.dial(""), n.dial(""), n.dial("")
	say(t, ann, websocket.Text, "Hi all")
	for _, c := range []*websocket.Conn{ann, bob, eve} {
		hear(t, c, websocket.Text, "Hi all")
	}
	if err := eve.Close(websocket.CloseNormal, ""); err != nil {
		t.Fatal(err)
	}
	say(t, bob, websocket.Text, "Hi Ann")
	hear(t, ann, websocket.Text, "Hi Ann")
	hear(t, bob, websocket.Text, "Hi Ann")
}

func TestChatCutsTo50Characters(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"50", strings.Repeat("a", 50), strings.Repeat("a", 50)},
		{"51", strings.Repeat("a", 51), strings.Repeat("a", 50)},
		{"51 emoji", strings.Repeat("😀", 51), strings.Repeat("😀", 50)},
		{"very long", strings.Repeat("語", 300_000), strings.Repeat("語", 50)},
		{"empty", "", ""},
	}
	c := serve(t, Chat()).dial("")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			say(t, c, websocket.Text, tt.text)
			hear(t, c, websocket.Text, tt.want)
		})
	}
}

func TestChatRefusesBinary(t *testing.T) {
	n := serve(t, Chat())
	ann, bob := n.dial(""), n.dial("")
	say(t, bob, websocket.Binary, "bytes")
	hearClose(t, bob, websocket.CloseUnsupportedData, "the chat is text only")
	say(t, ann, websocket.Text, "what was that?")
	hear(t, ann, websocket.Text, "what was that?") // and not the bytes
}
