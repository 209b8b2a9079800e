package serve

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

func TestSite(t *testing.T) {
	site := newTestSite(t, slog.New(slog.DiscardHandler))
	tests := []struct {
		name, method, path string
		status             int
		holds              string
	}{
		{"index", "GET", "/", 200, "<title>Everwire</title>"},
		{"echo's page", "GET", "/echo", 200, "<title>Echo · Everwire</title>"},
		{"with a query", "GET", "/echo?hello=never", 200, "<title>Echo · Everwire</title>"},
		{"hello's page", "GET", "/hello", 200, "<title>Hello · Everwire</title>"},
		{"chat's page", "GET", "/chat", 200, "<title>Chat · Everwire</title>"},
		{"binary's page", "GET", "/binary", 200, "<title>Binary · Everwire</title>"},
		{"rate's page", "GET", "/rate", 200, "<title>Rate · Everwire</title>"},
		{"handshake's page", "GET", "/handshake", 200, "<title>Handshake · Everwire</title>"},
		{"subprotocols' page", "GET", "/subprotocols", 200, "<title>Subprotocols · Everwire</title>"},
		{"script", "GET", "/static/chat.js", 200, "WebSocket"},
		{"no such script", "GET", "/static/none.js", 404, ""},
		{"alive", "GET", "/livez", 200, "ok"},
		{"ready", "GET", "/readyz", 200, "ok"},
		{"health", "GET", "/healthz", 200, "ok"},
		{"health takes no POST", "POST", "/healthz", 405, ""},
		{"no such page", "GET", "/none", 404, ""},
		{"nothing below a demo", "GET", "/echo/", 404, ""},
		{"POST to a demo", "POST", "/echo", 405, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			site.ServeHTTP(w, httptest.NewRequest(tt.method, tt.path, nil))
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.holds) {
				t.Errorf("status %d, want %d; %q in\n%s", w.Code, tt.status, tt.holds, w.Body)
			}
		})
	}
}

// The chat's page knows the nodes, and theirs may come to this one's chat, but to nothing else.
func TestChatOfSeveralNodes(t *testing.T) {
	r := run(t, Config{ChatNodes: []string{"wss://b.example.com/chat", "ws://127.0.0.1:8082/chat"}})
	answer, err := http.Get(r.base + "/chat")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	if want := `<meta name="everwire-nodes" content="wss://b.example.com/chat ws://127.0.0.1:8082/chat">`; err != nil || !strings.Contains(string(page), want) {
		t.Errorf("the page, %v, has no %s", err, want)
	}
	policy := answer.Header.Get("Content-Security-Policy")
	if want := "connect-src 'self' wss://b.example.com ws://127.0.0.1:8082;"; !strings.Contains(policy, want) {
		t.Errorf("the policy is %q, want %q in it", policy, want)
	}
	tests := []struct {
		name, path, origin string
		status             int
	}{
		{"a node's page", "/chat", "https://b.example.com", 101},
		{"another node's", "/chat", "http://127.0.0.1:8082", 101},
		{"without TLS", "/chat", "http://b.example.com", 403},
		{"another port", "/chat", "http://127.0.0.1:8083", 403},
		{"a stranger's", "/chat", "https://example.com", 403},
		{"no chat", "/echo", "https://b.example.com", 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := 101
			c, err := websocket.Dial(t.Context(), r.ws+tt.path, &websocket.DialOptions{Header: http.Header{"Origin": {tt.origin}}})
			var refused *websocket.HandshakeError
			switch {
			case err == nil:
				c.Terminate()
			case errors.As(err, &refused):
				got = refused.Status
			default:
				t.Fatal(err)
			}
			if got != tt.status {
				t.Errorf("status %d, want %d", got, tt.status)
			}
		})
	}
}

// Each demo is a Server of its own: what is said in the chat stays there.
func TestPagesAndWebSocketsShareTheirPaths(t *testing.T) {
	site := newTestSite(t, slog.New(slog.DiscardHandler))
	server := httptest.NewServer(site)
	defer server.Close()
	defer site.shutdown(t.Context())
	conversations := []struct {
		path, say, hear string
	}{
		{"/echo", "echo me", "echo me"},
		{"/hello", "My name is John", "Hello from server, John!"},
		{"/chat", "hi", "hi"},
		{"/rate", "four", "4"},
		{"/subprotocols", "", "We speak no subprotocol."},
	}
	var conns []*websocket.Conn
	for _, talk := range conversations {
		c, err := websocket.Dial(t.Context(), server.URL+talk.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Terminate()
		conns = append(conns, c)
	}
	for i := len(conns) - 1; i >= 0; i-- { // the chat first: nothing of it may reach the others
		talk, c := conversations[i], conns[i]
		if err := c.Write(t.Context(), websocket.Text, []byte(talk.say)); err != nil {
			t.Fatal(err)
		}
		if _, data, err := c.Read(t.Context()); err != nil || string(data) != talk.hear {
			t.Errorf("%s: %q, %v, want %q", talk.path, data, err, talk.hear)
		}
	}
	response, err := server.Client().Get(server.URL + "/chat")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(page), "<form") {
		t.Errorf("status %d, error %v\n%s", response.StatusCode, err, page)
	}
}
