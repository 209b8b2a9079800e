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
		askOurServer(t, wsURL(srv), opts)
	})
}

// askOurServer asks a server of ours the cases: those in which nothing may come with the patience that the suite usually has.
func askOurServer(t *testing.T, url string, opts *conformance.Options) {
	t.Helper()
	impatient := *opts
	impatient.Cases, impatient.Patience = deadlines, 0
	t.Run("deadlines", func(t *testing.T) { conformance.TestServer(t, url, &impatient) })
	for id := range strings.SplitSeq(deadlines, ",") {
		opts.Cases += ",!" + id
	}
	conformance.TestServer(t, url, opts)
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
	askOurServer(t, "ws://"+ln.Addr().String(), f.options(t, chosen(conformance.Server, false)))
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
