package websocket_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	websocket "github.com/everwire/everwire/compat/gorilla"
	"github.com/everwire/everwire/internal/leak"
)

func TestMain(m *testing.M) { leak.VerifyTestMain(m) }

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

// pair connects two Conns; both are closed at the test's end.
func pair(t testing.TB) (s, c *websocket.Conn) {
	t.Helper()
	var upgrader websocket.Upgrader
	accepted := make(chan *websocket.Conn, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Errorf("cannot upgrade: %v", err)
		}
		accepted <- c
	}))
	t.Cleanup(srv.Close)
	c, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(srv.URL, "http"), nil)
	if err != nil {
		t.Fatalf("cannot dial: %v", err)
	}
	s = <-accepted
	t.Cleanup(func() { s.Close(); c.Close() })
	return s, c
}

// reads reads a message that must be text as given.
func reads(t *testing.T, c *websocket.Conn, want string) {
	t.Helper()
	typ, data, err := c.ReadMessage()
	if err != nil || typ != websocket.TextMessage || string(data) != want {
		t.Fatalf("ReadMessage = %d %q, %v; want %q", typ, data, err, want)
	}
}

func writes(t *testing.T, c *websocket.Conn, text string) {
	t.Helper()
	if err := c.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		t.Fatalf("WriteMessage: %v", err)
	}
}
