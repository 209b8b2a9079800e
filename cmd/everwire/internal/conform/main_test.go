package conform

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/conformance"
	"github.com/everwire/everwire/internal/leak"
	"github.com/everwire/everwire/websocket"
)

// TestMain runs the tests, or, as the child of one, a client that echoes.
func TestMain(m *testing.M) {
	if os.Getenv("CONFORM_TEST_CLIENT") != "" {
		os.Exit(driver(os.Getenv("EVERWIRE_CONFORM_URL")))
	}
	leak.VerifyTestMain(m)
}

// patient are options for a peer that is good, on a machine that may be slow.
func patient(o conformance.Options) conformance.Options {
	o.Patience, o.Timeout = time.Minute, 5*time.Minute
	return o
}

// echoServer serves an echo, and returns its URL. A broken one answers each message with another.
func echoServer(t *testing.T, broken bool) string {
	t.Helper()
	srv := &websocket.Server{}
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			if broken {
				s.SendText("no")
				return
			}
			s.SendMessage(m)
		})
	})
	ts := httptest.NewServer(srv)
	t.Cleanup(ts.Close)
	return "ws" + strings.TrimPrefix(ts.URL, "http")
}
