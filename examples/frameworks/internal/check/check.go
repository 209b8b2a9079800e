package check

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// Endpoints serves a program's handler over HTTP and tries its endpoints: /echo sends messages back; /chat sends
// each to everybody; /private answers 401 from a middleware, before any handshake.
func Endpoints(t *testing.T, h http.Handler) {
	t.Helper()
	srv := httptest.NewServer(h)
	defer srv.Close()

	t.Run("echo", func(t *testing.T) {
		c := dial(t, srv.URL+"/echo")
		says(t, c, "hello")
		hears(t, c, "hello")
		closes(t, c)
	})
	t.Run("chat", func(t *testing.T) {
		first, second := dial(t, srv.URL+"/chat"), dial(t, srv.URL+"/chat")
		for _, from := range []*websocket.Conn{first, second} {
			says(t, from, "hello, all")
			hears(t, first, "hello, all")
			hears(t, second, "hello, all")
		}
		closes(t, first)
		closes(t, second)
	})
	t.Run("a middleware refuses", func(t *testing.T) {
		_, err := websocket.Dial(t.Context(), srv.URL+"/private/echo", nil)
		refused, ok := err.(*websocket.HandshakeError)
		if !ok || refused.Status != http.StatusUnauthorized {
			t.Errorf("Dial: %v; want status 401", err)
		}
		c, err := websocket.Dial(t.Context(), srv.URL+"/private/echo", &websocket.DialOptions{
			Header: http.Header{"Authorization": {"Bearer secret"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		says(t, c, "let in")
		hears(t, c, "let in")
		closes(t, c)
	})
	t.Run("not a handshake", func(t *testing.T) {
		resp, err := http.Get(srv.URL + "/echo")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusUpgradeRequired {
			t.Errorf("status %d; want 426", resp.StatusCode)
		}
	})
}

func dial(t *testing.T, url string) *websocket.Conn {
	t.Helper()
	c, err := websocket.Dial(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Terminate)
	return c
}

func says(t *testing.T, c *websocket.Conn, text string) {
	t.Helper()
	if err := c.Write(t.Context(), websocket.Text, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func hears(t *testing.T, c *websocket.Conn, want string) {
	t.Helper()
	if _, data, err := c.Read(t.Context()); err != nil || string(data) != want {
		t.Fatalf("read %q, %v; want %q", data, err, want)
	}
}

func closes(t *testing.T, c *websocket.Conn) {
	t.Helper()
	if err := c.Close(websocket.CloseNormal, ""); err != nil {
		t.Errorf("Close: %v", err)
	}
}
