package dialer

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

func TestURL(t *testing.T) {
	tests := []struct{ given, want string }{
		{"ws://a/b?c", "ws://a/b?c"},
		{"WSS://a", "wss://a"},
		{"http://a/b", "ws://a/b"},
		{"https://a:8443/b", "wss://a:8443/b"},
		{"a", "ws://a"},
		{"localhost:8080/echo", "ws://localhost:8080/echo"},
		{":8080/echo", "ws://localhost:8080/echo"},
		{"//a/b", "ws://a/b"},
		{"a/b?to=http://c", "ws://a/b?to=http://c"},
		{"[::1]:80", "ws://[::1]:80"},
		{"me:secret@a", "ws://me:secret@a"},
		{"ws+unix:///run/a.sock:/b", "ws+unix:///run/a.sock:/b"},
	}
	for _, tt := range tests {
		t.Run(tt.given, func(t *testing.T) {
			got, err := URL(tt.given)
			if got != tt.want || err != nil {
				t.Errorf("%q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestBadURL(t *testing.T) {
	tests := []struct{ given, want string }{
		{"", "the URL is empty"},
		{"ftp://a", `a URL of scheme "ftp" is no WebSocket's; it begins with ws:// or wss://`},
		{"ws://", "the URL has no host"},
		{"ws://a/#b", "has a # in it"},
		{"ws://a b/", "the URL is malformed"},
		{"ws://me:secret@a:b", "the URL is malformed"},
		{"ws+unix://run/a", "written ws+unix:///path"},
	}
	for _, tt := range tests {
		t.Run(tt.given, func(t *testing.T) {
			_, err := URL(tt.given)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

// FuzzURL sees that what URL lets through is never a URL that the library does not understand for want of a scheme.
func FuzzURL(f *testing.F) {
	for _, seed := range []string{"a", ":80/", "//x", "ws://a", "http://a/b?c", "ws+unix:///a:/b", "[::1]", "%zz", "a#b"} {
		f.Add(seed)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	f.Fuzz(func(t *testing.T, given string) {
		u, err := URL(given)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("error %q is not one line", err)
			}
			return
		}
		var refused *websocket.HandshakeError
		_, err = websocket.Dial(ctx, u, &websocket.DialOptions{Proxy: websocket.NoProxy})
		if !errors.As(err, &refused) && strings.Contains(err.Error(), "scheme") {
			t.Errorf("URL(%q) = %q, which is %v", given, u, err)
		}
	})
}
