package demo

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/everwire/everwire/internal/leak"
	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

func TestMain(m *testing.M) { leak.VerifyTestMain(m) }

// A network is a demo that is served in memory, inside or outside a testing/synctest bubble.
type network struct {
	t   *testing.T
	srv *websocket.Server
	ln  *wstest.Listener

	connected chan struct{} // something for each connection that the server knows of
	last      net.Conn      // the stream of the newest connection
}

// serve serves srv until the end of the test.
func serve(t *testing.T, srv *websocket.Server) *network {
	n := &network{t: t, srv: srv, ln: wstest.Listen(), connected: make(chan struct{}, 100)}
	srv.OnConnection(func(*websocket.Socket, *http.Request) { n.connected <- struct{}{} })
	server := &http.Server{Handler: srv}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		server.Serve(n.ln)
	}()
	t.Cleanup(func() {
		srv.Close()
		server.Close()
		<-ended
	})
	return n
}

func (n *network) options() *websocket.DialOptions {
	return &websocket.DialOptions{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			nc, err := n.ln.Dial(ctx, network, addr)
			n.last = nc
			return nc, err
		},
		Limits: websocket.Limits{MessageSize: -1},
	}
}

// dial connects until the end of the test. The server counts the connection among its clients on return, which it
// does a moment after the client has its answer.
func (n *network) dial(query string) *websocket.Conn {
	n.t.Helper()
	c, err := websocket.Dial(n.t.Context(), "ws://demo/"+query, n.options())
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(c.Terminate)
	<-n.connected
	return c
}

// mustAnswer dials and checks that the connection is refused with a status and a text that says something, or, where
// status is 0, made.
func (n *network) mustAnswer(t *testing.T, query string, status int, says string) {
	t.Helper()
	c, err := websocket.Dial(t.Context(), "ws://demo/"+query, n.options())
	if err == nil {
		defer c.Terminate()
	}
	if err == nil && status == 0 {
		return
	}
	var refused *websocket.HandshakeError
	if status == 0 || !errors.As(err, &refused) || refused.Status != status {
		t.Fatalf("error %v, want status %d", err, status)
	}
	if text, _ := io.ReadAll(refused.Response.Body); !strings.Contains(string(text), says) {
		t.Errorf("the refusal says %q, want %q", text, says)
	}
}

// noise returns octets that no compression makes fewer, the same at every call.
func noise(size int) []byte {
	data := make([]byte, size)
	rand.NewChaCha8([32]byte{}).Read(data)
	return data
}

func say(t *testing.T, c *websocket.Conn, typ websocket.MessageType, data string) {
	t.Helper()
	if err := c.Write(t.Context(), typ, []byte(data)); err != nil {
		t.Fatal(err)
	}
}

func hear(t *testing.T, c *websocket.Conn, typ websocket.MessageType, want string) {
	t.Helper()
	got, data, err := c.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got != typ || string(data) != want {
		t.Fatalf("heard %s %.80q of %d octets, want %s %.80q of %d", got, data, len(data), typ, want, len(want))
	}
}

func hearClose(t *testing.T, c *websocket.Conn, code websocket.CloseCode, reason string) {
	t.Helper()
	_, data, err := c.Read(t.Context())
	closed, ok := err.(*websocket.CloseError)
	if !ok {
		t.Fatalf("heard %.80q and error %v, want code %d", data, err, code)
	}
	if closed.Code != code || closed.Reason != reason {
		t.Fatalf("closed with %d %q, want %d %q", closed.Code, closed.Reason, code, reason)
	}
}
