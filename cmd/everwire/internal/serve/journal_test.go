package serve

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

func TestJournalOfAConnection(t *testing.T) {
	r := run(t, Config{})
	for i := 1; i <= 2; i++ {
		c, err := websocket.Dial(t.Context(), r.ws+"/echo", nil)
		if err != nil {
			t.Fatal(err)
		}
		connected := r.log.await(t, i, "connected")
		if connected["conn"] != float64(i) || connected["demo"] != "echo" || connected["remote"] != c.LocalAddr().String() {
			t.Errorf("connected: %v, want conn %d of echo from %s", connected, i, c.LocalAddr())
		}
		if err := c.Close(4000+websocket.CloseCode(i), "had enough"); err != nil {
			t.Fatal(err)
		}
		closed := r.log.await(t, i, "closed")
		duration, _ := closed["duration"].(float64)
		if closed["conn"] != float64(i) || closed["code"] != 4000+float64(i) || closed["reason"] != "had enough" ||
			closed["clean"] != true || duration < 0 || time.Duration(duration) > time.Minute {
			t.Errorf("closed: %v", closed)
		}
	}
}

func TestJournalOfAFailure(t *testing.T) {
	r := run(t, Config{})
	nc, _ := stubborn(t, r)
	if _, err := nc.Write([]byte("\x81\x01a")); err != nil { // a client must mask
		t.Fatal(err)
	}
	failed := r.log.await(t, 1, "failed")
	text, _ := failed["error"].(string)
	if failed["conn"] != 1.0 || failed["level"] != "WARN" || !strings.Contains(text, "RFC 6455 §5") {
		t.Errorf("failed: %v", failed)
	}
	nc.Close()
	closed := r.log.await(t, 1, "closed")
	if closed["conn"] != 1.0 || closed["code"] != 1006.0 || closed["clean"] != false {
		t.Errorf("closed: %v", closed)
	}
}

// The request is sent as it stands, also where a client of ours would not.
func handshake(t *testing.T, r *running, target string, fields ...string) *http.Response {
	t.Helper()
	host := strings.TrimPrefix(r.base, "http://")
	nc, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	fmt.Fprintf(nc, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n%s\r\n\r\n", target, host, strings.Join(fields, "\r\n"))
	response, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response
}

func TestJournalOfRefusalsAndSecrets(t *testing.T) {
	const (
		secret   = "S3CR3T"
		version  = "Sec-WebSocket-Version: 13"
		protocol = "Sec-WebSocket-Protocol: " + secret
		cookie   = "Cookie: session=" + secret
		bearer   = "Authorization: Bearer " + secret
	)
	tests := []struct {
		name, target string
		fields       []string
		status       int
		reason       string // what the logged reason holds
	}{
		{"accepted", "/echo?token=" + secret, []string{version, protocol, cookie, bearer}, 101, ""},
		{"origin", "/echo?token=" + secret, []string{version, protocol, cookie, bearer, "Origin: https://example.org"},
			403, `the origin "https://example.org" may not connect`},
		{"hello", "/echo?hello=" + secret, []string{version, protocol, cookie, bearer}, 400, "from 100ms to 1h"},
		{"subprotocol twice", "/chat", []string{version, protocol + ", " + secret}, 400,
			"subprotocol 2 of those offered is offered before"},
		{"subprotocol with quotes", "/chat", []string{version, `Sec-WebSocket-Protocol: a"` + secret + `\"b`}, 400,
			"subprotocol 1 of those offered is not a token"},
		{"target with a fragment", "/chat?token=" + secret + "#" + secret, []string{version}, 400,
			`the request-target "/chat" has a fragment`},
		{"version", "/chat", []string{"Sec-WebSocket-Version: 12", cookie, bearer}, 426, "this server speaks version 13"},
	}
	r := run(t, Config{})
	refused := 0
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if response := handshake(t, r, tt.target, tt.fields...); response.StatusCode != tt.status {
				t.Fatalf("status %d, want %d", response.StatusCode, tt.status)
			}
			if tt.status == http.StatusSwitchingProtocols {
				r.log.await(t, 1, "closed")
				return
			}
			refused++
			logged := r.log.await(t, refused, "handshake refused")
			reason, _ := logged["reason"].(string)
			if logged["status"] != float64(tt.status) || !strings.Contains(reason, tt.reason) ||
				"/"+logged["demo"].(string) != tt.target[:min(5, len(tt.target))] || logged["remote"] == "" {
				t.Errorf("logged %v, want status %d and a reason with %q", logged, tt.status, tt.reason)
			}
		})
	}
	r.end(t)
	if text := r.log.String(); strings.Contains(text, secret) {
		t.Errorf("a secret is in the log:\n%s", text)
	}
}
