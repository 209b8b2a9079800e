package load

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/everwire/everwire/internal/leak"
	"github.com/everwire/everwire/websocket"
)

func TestMain(m *testing.M) { leak.VerifyTestMain(m) }

// transports are what every scenario must work over: on Linux they have drivers of their own.
var transports = []string{"ws", "wss"}

// serve starts a site and returns a plan for it.
func serve(t *testing.T, transport string, h http.Handler) Plan {
	t.Helper()
	site := httptest.NewUnstartedServer(h)
	site.Config.ErrorLog = log.New(io.Discard, "", 0) // connections that are given up while they are made
	p := Plan{Connections: 5, Timeout: time.Minute}
	if transport == "wss" {
		site.StartTLS()
		p.TLS = &tls.Config{RootCAs: site.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
	} else {
		site.Start()
	}
	t.Cleanup(site.Close)
	p.URL = "ws" + strings.TrimPrefix(site.URL, "http") + "/"
	return p
}

// everwire is a server that sends messages back, or to all.
func everwire(t *testing.T, toAll bool) *websocket.Server {
	t.Helper()
	srv := new(websocket.Server)
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			if !toAll {
				_ = s.SendMessage(m)
				return
			}
			_, _ = srv.Broadcast(m.Type(), m.Bytes())
		})
	})
	t.Cleanup(func() {
		if err := srv.Shutdown(context.Background()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
	return srv
}

// opened is Open, and Close at the test's end.
func opened(t *testing.T, p Plan) *Load {
	t.Helper()
	l, err := Open(t.Context(), p)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return l
}

// runUntil opens a load and runs it until a sample is the one that is waited for. It calls begin, which may be nil, as
// the interval begins.
func runUntil(t *testing.T, p Plan, begin func(), enough func(Sample) bool) (*Load, *Result, error) {
	t.Helper()
	reached, over := make(chan struct{}), make(chan struct{})
	var once sync.Once
	p.Interval, p.Sample = time.Millisecond, func(s Sample) {
		if enough(s) {
			once.Do(func() { close(reached) })
		}
	}
	l := opened(t, p)
	go func() {
		select {
		case <-reached:
			l.Stop()
		case <-over:
		}
	}()
	defer close(over)
	duration := time.Hour
	if p.Stages != nil {
		duration = 0
	}
	r, err := l.Run(t.Context(), 0, duration, begin, nil)
	return l, r, err
}

// conversation makes a handler of what a server does with one connection.
func conversation(f func(ctx context.Context, c *websocket.Conn)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.Terminate()
		f(r.Context(), c)
	})
}
