package serve

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/shed"
	"github.com/everwire/everwire/websocket"
)

// refusedBy returns what a handshake is refused with, or nil.
func refusedBy(t *testing.T, url string) *websocket.HandshakeError {
	t.Helper()
	c, err := websocket.Dial(t.Context(), url, nil)
	if err == nil {
		c.Terminate()
		return nil
	}
	var refused *websocket.HandshakeError
	if !errors.As(err, &refused) {
		t.Fatal(err)
	}
	return refused
}

func TestServerThatIsFullShedsLoad(t *testing.T) {
	r := run(t, Config{Shed: shed.Limits{Connections: 2}, Metrics: "127.0.0.1:0", ShutdownTimeout: time.Minute})
	var inside []*websocket.Conn
	for _, path := range []string{"/echo", "/chat"} { // of all demos together
		c, err := websocket.Dial(t.Context(), r.ws+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Terminate()
		inside = append(inside, c)
	}
	const refusals = 30
	after := map[int]bool{}
	for range refusals {
		refused := refusedBy(t, r.ws+"/hello")
		if refused == nil || refused.Status != http.StatusServiceUnavailable {
			t.Fatalf("the third is answered %v, want 503", refused)
		}
		seconds, err := strconv.Atoi(refused.Response.Header.Get("Retry-After"))
		if err != nil || seconds < 5 || seconds > 30 {
			t.Fatalf("Retry-After: %q, want 5 to 30", refused.Response.Header.Get("Retry-After"))
		}
		after[seconds] = true
	}
	if len(after) < 5 {
		t.Errorf("%d clients were told to come again after %v seconds, all together", refusals, after)
	}
	for path, want := range map[string]int{"/readyz": 503, "/healthz": 503, "/livez": 200, "/": 200, "/chat": 200} {
		if status, body := get(t, r.base+path); status != want || want == 503 && body != "too busy: connections\n" {
			t.Errorf("%s: %d %.40q, want %d", path, status, body, want)
		}
	}
	_, metrics := get(t, r.operatorsAt(t, 1)+"/metrics")
	for _, want := range []string{`everwire_shedding{cause="connections"} 1`, `everwire_shed_handshakes_total{cause="connections"} 30`} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("the metrics have no %s", want)
		}
	}
	operator, err := websocket.Dial(t.Context(), r.ws+"/status", nil) // who wants to see why
	if err != nil {
		t.Errorf("/status: %v", err)
	} else {
		defer operator.Terminate()
	}

	inside[0].Terminate()
	r.log.await(t, 1, "closed")
	if refused := refusedBy(t, r.ws+"/hello"); refused != nil {
		t.Errorf("with room again it is refused: %v", refused)
	}
	r.log.await(t, 1, "shedding load: new connections are answered with 503")
	r.log.await(t, 1, "taking connections again")
}

// A limit of memory that any program passes.
func TestServerWithoutMemoryShedsLoad(t *testing.T) {
	r := run(t, Config{Shed: shed.Limits{Memory: 1 << 20}})
	r.log.await(t, 1, "shedding load: new connections are answered with 503")
	if refused := refusedBy(t, r.ws+"/echo"); refused == nil || refused.Status != http.StatusServiceUnavailable {
		t.Errorf("answered %v, want 503", refused)
	}
	if status, body := get(t, r.base+"/readyz"); status != 503 || body != "too busy: memory\n" {
		t.Errorf("/readyz: %d %q", status, body)
	}
}
