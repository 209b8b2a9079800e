package admin

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

func TestEndpoint(t *testing.T) {
	tests := []struct{ server, want string }{
		{"ws://127.0.0.1:8080", "ws://127.0.0.1:8080/status"},
		{"ws://127.0.0.1:8080/", "ws://127.0.0.1:8080/status"},
		{"https://example.com", "wss://example.com/status"},
		{"https://example.com/status", "wss://example.com/status"},
		{"wss://example.com/behind/a/proxy/", "wss://example.com/behind/a/proxy/status"},
		{":8080", "ws://localhost:8080/status"},
		{"example.com?token=x", "ws://example.com/status"},
	}
	for _, tt := range tests {
		if got, err := endpoint(tt.server); got != tt.want || err != nil {
			t.Errorf("%s: %q, %v; want %q", tt.server, got, err, tt.want)
		}
	}
	if got, err := endpoint("ftp://example.com"); err == nil {
		t.Errorf("ftp: %q", got)
	}
}

func TestInTheClear(t *testing.T) {
	for server, want := range map[string]bool{
		"ws://127.0.0.1:8080": false, "ws://[::1]:8080": false, ":8080": false, "localhost": false,
		"wss://example.com": false, "ws://example.com": true, "192.0.2.1:8080": true,
	} {
		if got := InTheClear(server); got != want {
			t.Errorf("%s: %t", server, got)
		}
	}
}

// Each says in one line what happened and what to try.
func TestConnectingFails(t *testing.T) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("hello")) }))
	defer page.Close()
	echo := &websocket.Server{}
	defer echo.Close()
	echo.OnConnection(func(s *websocket.Socket, _ *http.Request) { s.SendText("hello") })
	other := httptest.NewServer(echo)
	defer other.Close()
	silent := &websocket.Server{}
	defer silent.Close()
	mute := httptest.NewServer(silent)
	defer mute.Close()
	down := httptest.NewServer(nil)
	down.Close()

	deaf, err := net.Listen("tcp", "127.0.0.1:0") // whose backlog takes the connection
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()

	tests := []struct {
		name, server, token string
		want                string
	}{
		{"wrong token", newPlace(t, token).url, "fedcba9876543210", "does not let us in: that is not the operator's token"},
		{"nobody is the operator", newPlace(t, "").url, token, "this server has no operator's token; start it with --admin-token-file FILE"},
		{"not there", newPlace(t, token).url + "/none", token, "there is no status at"},
		{"a page", page.URL, token, "there is no status at"},
		{"another WebSocket", other.URL, token, "what is no event"},
		{"one that is silent", mute.URL, token, "does not answer in time"},
		{"one that is deaf", "ws://" + deaf.Addr().String(), token,
			"/status does not answer in time: check host and port, or a firewall drops it; --timeout says how long to wait"},
		{"nobody", down.URL, token, "refused the connection"},
		{"no URL", "ws://", token, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			timeout := 10 * time.Second
			if strings.Contains(tt.want, "in time") {
				timeout = 100 * time.Millisecond
			}
			c, err := Connect(within(t), Config{Server: tt.server, Token: tt.token, Timeout: timeout})
			if err == nil {
				c.Close()
				t.Fatal("connected")
			}
			if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), tt.token) {
				t.Errorf("error %q, want one line with %q", err, tt.want)
			}
		})
	}
}

func TestWithoutATokenThereAreOnlyStatistics(t *testing.T) {
	for serverToken, want := range map[string]error{"": ErrNoOperator, token: ErrNoToken} {
		c, err := newPlace(t, serverToken).connect("")
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if _, _, err := c.List(within(t), &out, Query{}, false); err != want || out.Len() > 0 {
			t.Errorf("list: %v, want %v", err, want)
		}
		if err := c.Stats(within(t), &out, false, false); err != nil || !strings.Contains(out.String(), "connections") {
			t.Errorf("stats: %v\n%s", err, &out)
		}
	}
}

func TestServerThatShutsDown(t *testing.T) {
	p := newPlace(t, token)
	c := p.operator()
	ended := make(chan error, 1)
	go func() { ended <- c.Stats(within(t), io.Discard, false, true) }()
	if err := p.board.Server().Shutdown(within(t)); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil || err.Error() != "the server is shutting down" {
		t.Errorf("%v", err)
	}
}
