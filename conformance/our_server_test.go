package conformance_test

import (
	"net"
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
		accept := &websocket.AcceptOptions{Compression: f.compression(), Limits: limits(long), Driver: f.driver}
		handler := echoByConn(accept)
		if f.socket {
			handler = echoBySocket(accept)
		}
		srv := httptest.NewServer(handler)
		defer srv.Close()
		conformance.TestServer(t, wsURL(srv), opts)
	})
}

// TestOurListeningServer is about the Server that accepts connections and reads requests by itself.
func TestOurListeningServer(t *testing.T) {
	f := face{name: "Server", socket: true}
	srv := echoBySocket(&websocket.AcceptOptions{Compression: f.compression()})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	defer func() {
		srv.Close()
		<-served
	}()
	conformance.TestServer(t, "ws://"+ln.Addr().String(), &conformance.Options{
		Cases: chosen(conformance.Server, false),
		OnResult: func(r *conformance.Result) {
			if why := f.objection(r); why != "" {
				t.Errorf("case %s: %s\n%v", r.Case.ID, why, r)
			}
		},
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
func echoBySocket(opts *websocket.AcceptOptions) *websocket.Server {
	srv := &websocket.Server{Options: *opts}
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
	})
	return srv
}

func wsURL(srv *httptest.Server) string { return "ws" + strings.TrimPrefix(srv.URL, "http") }
