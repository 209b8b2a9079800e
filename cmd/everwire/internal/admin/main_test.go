package admin

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/status"
	"github.com/everwire/everwire/internal/leak"
	"github.com/everwire/everwire/websocket"
)

func TestMain(m *testing.M) { leak.VerifyTestMain(m) }

const token = "0123456789abcdef"

// A place is a server with an echo endpoint and its status.
type place struct {
	t       *testing.T
	arrived chan struct{} // each time the Collector knows of one more
	url     string
	board   *status.Board
}

func newPlace(t *testing.T, token string) *place {
	t.Helper()
	collector := status.NewCollector()
	p := &place{t: t, arrived: make(chan struct{}, 16), board: status.NewBoard(collector, status.Config{Token: token})}
	echo := &websocket.Server{}
	var last atomic.Int64
	echo.OnConnection(func(s *websocket.Socket, r *http.Request) {
		collector.Connected(last.Add(1), s, r)
		p.arrived <- struct{}{}
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
	})
	collector.Watch(echo)
	mux := http.NewServeMux()
	mux.Handle(status.Path, p.board.Server())
	mux.Handle("/echo", echo)
	srv := httptest.NewServer(mux)
	p.url = "ws" + strings.TrimPrefix(srv.URL, "http")
	t.Cleanup(func() {
		echo.Close()
		p.board.Server().Close()
		srv.Close()
	})
	return p
}

// echo connects to the endpoint.
func (p *place) echo() *websocket.Conn {
	p.t.Helper()
	c, err := websocket.Dial(p.t.Context(), p.url+"/echo", &websocket.DialOptions{Header: http.Header{"User-Agent": {"tester/1.0"}}})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(c.Terminate)
	<-p.arrived // the answer comes first
	return c
}

// connect is Connect with a token; "" is none.
func (p *place) connect(token string) (*Client, error) {
	c, err := Connect(p.t.Context(), Config{Server: p.url, Token: token, Timeout: 10 * time.Second})
	if err == nil {
		p.t.Cleanup(c.Close)
	}
	return c, err
}

func (p *place) operator() *Client {
	p.t.Helper()
	c, err := p.connect(token)
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// within bounds what a test waits for.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}
