package conformance_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/everwire/everwire/conformance"
	"github.com/everwire/everwire/websocket"
)

func TestOurServer(t *testing.T) { testOurServer(t, false) }

func TestOurServerLong(t *testing.T) {
	skipUnlessLong(t)
	testOurServer(t, true)
}

func testOurServer(t *testing.T, long bool) {
	eachFace(t, conformance.Server, long, func(t *testing.T, f face, opts *conformance.Options) {
		accept := &websocket.AcceptOptions{Compression: f.compression(), Limits: limits(long)}
		handler := echoByConn(accept)
		if f.name == "Socket" {
			handler = echoBySocket(accept)
		}
		srv := httptest.NewServer(handler)
		defer srv.Close()
		conformance.TestServer(t, wsURL(srv), opts)
	})
}

// echoByConn is a server of the plainest kind: it pulls.
func echoByConn(opts *websocket.AcceptOptions) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, opts)
		if err != nil {
			return
		}
		defer c.Close(websocket.CloseNormal, "")
		for m, err := range c.Messages(r.Context()) {
			if err != nil || c.Write(r.Context(), m.Type(), m.Bytes()) != nil {
				return
			}
		}
	})
}

// echoBySocket is one that is called.
func echoBySocket(opts *websocket.AcceptOptions) http.Handler {
	srv := &websocket.Server{Options: *opts}
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
	})
	return srv
}

func wsURL(srv *httptest.Server) string { return "ws" + strings.TrimPrefix(srv.URL, "http") }
