package conformance_test

import (
	"context"
	"testing"

	"github.com/everwire/everwire/conformance"
	"github.com/everwire/everwire/websocket"
)

func TestOurClient(t *testing.T) { testOurClient(t, false) }

func TestOurClientLong(t *testing.T) {
	skipUnlessLong(t)
	testOurClient(t, true)
}

func testOurClient(t *testing.T, long bool) {
	eachFace(t, conformance.Client, long, func(t *testing.T, f face, opts *conformance.Options) {
		dial := &websocket.DialOptions{Subprotocols: []string{"x-echo"}, Compression: f.compression(), Limits: limits(long), Driver: f.driver}
		echo := echoWithConn
		if f.socket {
			echo = echoWithSocket
		}
		conformance.TestClient(t, func(ctx context.Context, url string) error { return echo(ctx, url, dial) }, opts)
	})
}

// echoWithConn is a client of the plainest kind: it pulls.
func echoWithConn(ctx context.Context, url string, opts *websocket.DialOptions) error {
	c, err := websocket.Dial(ctx, url, opts)
	if err != nil {
		return err
	}
	defer c.Close(websocket.CloseNormal, "")
	for m, err := range c.Messages(ctx) {
		if err != nil {
			return err
		}
		if err := c.Write(ctx, m.Type(), m.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// echoWithSocket is one that is called.
func echoWithSocket(ctx context.Context, url string, opts *websocket.DialOptions) error {
	closed := make(chan struct{})
	s, err := websocket.New(url, opts, func(s *websocket.Socket) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
		s.OnClose(func(*websocket.Socket, websocket.CloseEvent) { close(closed) })
	})
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, s.Terminate)
	defer stop()
	<-closed
	return nil
}
