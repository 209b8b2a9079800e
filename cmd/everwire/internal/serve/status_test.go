package serve

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

// The page and its WebSocket share a path, the page's policy is that of the others, and the numbers of connections are
// those of the log.
func TestStatus(t *testing.T) {
	const token = "0123456789abcdef"
	r := run(t, Config{AdminToken: token, Origins: []string{"*"}, ShutdownTimeout: time.Minute})
	response, err := http.Get(r.base + "/status")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if policy := response.Header.Get("Content-Security-Policy"); response.StatusCode != http.StatusOK || !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("status %d, policy %q", response.StatusCode, policy)
	}

	var chatters []*websocket.Conn
	for range 2 {
		c, err := websocket.Dial(t.Context(), r.ws+"/chat", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Terminate()
		chatters = append(chatters, c)
	}
	first, second := r.log.await(t, 1, "connected"), r.log.await(t, 2, "connected")
	if second["conn"] != 2.0 { // two connections are logged in any order
		second = first
	}
	c, err := websocket.Dial(t.Context(), r.ws+"/status", &websocket.DialOptions{
		Header: http.Header{"Authorization": {"Bearer " + token}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Terminate()
	if err := c.Write(t.Context(), websocket.Text, []byte(`{"do":"list","limit":1}`)); err != nil {
		t.Fatal(err)
	}
	for {
		_, data, err := c.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if event := string(data); strings.Contains(event, `"is":"answer"`) {
			if !strings.Contains(event, `"id":2,"address":"`+second["remote"].(string)+`","path":"/chat"`) {
				t.Errorf("the newest connection is %v in the log, and here\n%s", second, event)
			}
			break
		}
	}

	// Other sites' pages may use the demos here, but not this.
	_, err = websocket.Dial(t.Context(), r.ws+"/status", &websocket.DialOptions{Header: http.Header{"Origin": {"http://evil.example"}}})
	var refused *websocket.HandshakeError
	if !errors.As(err, &refused) || refused.Status != http.StatusForbidden {
		t.Errorf("from another origin: %v", err)
	}
	if line := r.log.await(t, 1, "handshake refused"); line["demo"] != "status" {
		t.Errorf("the log has %v", line)
	}

	for _, c := range chatters { // who does not read, does not answer the Close frame
		c.Terminate()
	}
	ended := make(chan error, 1)
	go func() {
		for {
			if _, _, err := c.Read(t.Context()); err != nil {
				ended <- err
				return
			}
		}
	}()
	r.end(t)
	select {
	case err := <-ended:
		if websocket.CloseCodeOf(err) != websocket.CloseGoingAway {
			t.Errorf("at the end it was closed with %v, want 1001", err)
		}
	case <-time.After(time.Minute):
		t.Error("at the end it was not closed")
	}
}
