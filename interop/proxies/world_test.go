//go:build unix

package proxies

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/internal/testcert"
	"github.com/everwire/everwire/websocket"
)

// secretly is the password for every proxy that wants one, and wrong one that none of them takes.
const (
	secretly = "pa55word"
	wrong    = "wr0ngword"
)

// self is the certificate of all servers.
var self = testcert.New("everwire.test", "localhost", "127.0.0.1", "0.0.0.0")

// servers are two that echo, and their ports.
type servers struct{ ws, wss int }

func startServers(t *testing.T) servers {
	t.Helper()
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") != "" {
			t.Error("the server was shown what is for the proxy")
		}
		websocket.Upgrade(w, r, nil, func(s *websocket.Socket) {
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
		})
	})
	plain := httptest.NewServer(echo)
	t.Cleanup(plain.Close)
	secure := httptest.NewUnstartedServer(echo)
	secure.TLS = self.Server()
	secure.StartTLS()
	t.Cleanup(secure.Close)
	return servers{portOf(t, plain.Listener.Addr().String()), portOf(t, secure.Listener.Addr().String())}
}

// urls are the two servers' under a host's name.
func (s servers) urls(host string) []string {
	return []string{fmt.Sprintf("ws://%s:%d/chat?room=1", host, s.ws), fmt.Sprintf("wss://%s:%d/chat?room=1", host, s.wss)}
}

// through are options that use a proxy, which must be at that address.
func through(t *testing.T, proxy, address string) *websocket.DialOptions {
	t.Helper()
	u, err := url.Parse(proxy)
	must(t, err)
	return &websocket.DialOptions{
		Proxy:          http.ProxyURL(u),
		TLSConfig:      self.Client(),
		ProxyTLSConfig: self.Client(),
		DialContext: func(ctx context.Context, network, to string) (net.Conn, error) {
			if to != address {
				t.Errorf("the client connects to %s by itself", to)
			}
			return new(net.Dialer).DialContext(ctx, network, to)
		},
	}
}

// mustEcho connects to both servers by a host's name, by Dial and by New, and sees that text and a large message
// come back.
func mustEcho(t *testing.T, host, proxy, address string) {
	t.Helper()
	opts, large := through(t, proxy, address), make([]byte, 1<<20)
	rand.Read(large)
	for _, rawURL := range startServers(t).urls(host) {
		scheme, _, _ := strings.Cut(rawURL, ":")
		t.Run(scheme+"/Dial", func(t *testing.T) { mustEchoByDial(t, rawURL, opts, large) })
		t.Run(scheme+"/New", func(t *testing.T) { mustEchoByNew(t, rawURL, opts, large) })
	}
}

func mustEchoByDial(t *testing.T, rawURL string, opts *websocket.DialOptions, large []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c, err := websocket.Dial(ctx, rawURL, opts)
	must(t, err)
	defer c.Terminate()
	if isTLS := strings.HasPrefix(rawURL, "wss"); (c.TLS() != nil) != isTLS {
		t.Errorf("TLS: %v", !isTLS)
	}
	must(t, c.Write(ctx, websocket.Text, []byte("grüß dich")))
	must(t, c.Write(ctx, websocket.Binary, large))
	for _, want := range [][]byte{[]byte("grüß dich"), large} {
		_, got, err := c.Read(ctx)
		must(t, err)
		if !bytes.Equal(got, want) {
			t.Fatalf("%d octets came back, not the %d that were sent", len(got), len(want))
		}
	}
	must(t, c.Close(websocket.CloseNormal, "bye"))
}

func mustEchoByNew(t *testing.T, rawURL string, opts *websocket.DialOptions, large []byte) {
	back, closed := make(chan websocket.Message, 2), make(chan websocket.CloseEvent, 1)
	s, err := websocket.New(rawURL, opts, func(s *websocket.Socket) {
		s.OnOpen(func(s *websocket.Socket) {
			s.SendText("grüß dich")
			s.Send(large)
		})
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			if back <- m.Clone(); len(back) == 2 {
				s.Close(websocket.CloseNormal, "bye")
			}
		})
		s.OnError(func(_ *websocket.Socket, err error) { t.Error(err) })
		s.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) { closed <- e })
	})
	must(t, err)
	defer s.Terminate()
	select {
	case e := <-closed:
		if !e.WasClean || e.Code != websocket.CloseNormal || len(back) != 2 {
			t.Fatalf("%d messages came, and then %+v", len(back), e)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the connection is not closed")
	}
	if m := <-back; m.Text() != "grüß dich" {
		t.Errorf("%q came back", m.Text())
	}
	if m := <-back; !bytes.Equal(m.Bytes(), large) {
		t.Errorf("%d octets came back", len(m.Bytes()))
	}
}

// mustFail connects through a proxy, by Dial and by New, and sees that the error has this status, and says
// something, and nothing secret.
func mustFail(t *testing.T, rawURL, proxy, address string, status int, says string) {
	t.Helper()
	opts := through(t, proxy, address)
	_, err := websocket.Dial(context.Background(), rawURL, opts)
	check := func(t *testing.T, err error) {
		var refused *websocket.HandshakeError
		if !errors.As(err, &refused) || refused.Status != status || !strings.Contains(err.Error(), says) ||
			strings.Contains(err.Error(), secretly) || strings.Contains(err.Error(), wrong) {
			t.Errorf("the error is %v, want it to say %q", err, says)
		}
		if status != 0 && (refused.Response == nil || refused.Response.Request.Method != http.MethodConnect) {
			t.Error("there is no answer to CONNECT")
		}
	}
	t.Run("Dial", func(t *testing.T) { check(t, err) })
	t.Run("New", func(t *testing.T) {
		failure := make(chan error, 2)
		s, err := websocket.New(rawURL, opts, func(s *websocket.Socket) {
			s.OnError(func(_ *websocket.Socket, err error) { failure <- err })
			s.OnOpen(func(*websocket.Socket) { failure <- nil })
		})
		must(t, err)
		defer s.Terminate()
		check(t, <-failure)
	})
}
