package cli

import (
	"strings"
	"testing"
)

func TestChatNodes(t *testing.T) {
	tests := []struct{ name, given, want string }{
		{"WebSockets", "wss://b.example.com/chat", "wss://b.example.com/chat"},
		{"without a path", "ws://127.0.0.1:8082", "ws://127.0.0.1:8082/chat"},
		{"a page's", "https://b.example.com/", "wss://b.example.com/chat"},
		{"without TLS", "http://[::1]:8082", "ws://[::1]:8082/chat"},
		{"below a path", "HTTPS://example.com/b/chat", "wss://example.com/b/chat"},
		{"two", "ws://a:1, ws://b:2/", "ws://a:1/chat,ws://b:2/chat"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var n chatNodes
			if err := n.Set(tt.given); err != nil || n.String() != tt.want {
				t.Errorf("%s, %v, want %s", &n, err, tt.want)
			}
		})
	}
	for _, given := range []string{
		"", "b", "b.example.com", "127.0.0.1:8082", "ftp://b", "ws://", "ws:///chat", "ws://a,", "ws://ada:secret@a", "ws://a/?q", "ws://a/#f",
		"ws://*.a", "ws://a b", "ws://a;b", "ws://a:x", "//a", "ws://a:99999", "ws://%zz",
	} {
		var n chatNodes
		if err := n.Set(given); err == nil || !strings.Contains(err.Error(), "is not where clients reach a node, such as wss://") {
			t.Errorf("%q: %s, %v", given, &n, err)
		}
	}
}
