package load

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// What the plan says about the handshake is what the server gets.
func TestFieldsOfTheHandshake(t *testing.T) {
	for _, transport := range transports {
		var mu sync.Mutex
		var got *http.Request
		srv := everwire(t, false)
		srv.Options.Subprotocols = []string{"two"}
		srv.Options.Origins = []string{"https://example.com"}
		p := serve(t, transport, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			got = r
			mu.Unlock()
			srv.ServeHTTP(w, r)
		}))
		p.URL = strings.Replace(p.URL, "://", "://joe:secret@", 1) + "chat?room=1"
		p.Connections = 1
		p.Origin = "https://example.com"
		p.Subprotocols = []string{"one", "two"}
		p.Header = http.Header{"X-Token": {"a", "b"}, "Host": {"chat.example.com"}, "Cookie": {"id=1"}}
		opened(t, p)
		mu.Lock()
		user, password, _ := got.BasicAuth()
		for _, field := range []struct{ name, got, want string }{
			{"Host", got.Host, "chat.example.com"},
			{"Origin", got.Header.Get("Origin"), "https://example.com"},
			{"X-Token", strings.Join(got.Header.Values("X-Token"), "|"), "a|b"},
			{"Cookie", got.Header.Get("Cookie"), "id=1"},
			{"Authorization", user + ":" + password, "joe:secret"},
			{"Sec-WebSocket-Protocol", got.Header.Get("Sec-WebSocket-Protocol"), "one, two"},
			{"the resource", got.RequestURI, "/chat?room=1"},
		} {
			if field.got != field.want {
				t.Errorf("%s: %s is %q, want %q", transport, field.name, field.got, field.want)
			}
		}
		mu.Unlock()
	}
}

func TestAuthorizationIsSentOnce(t *testing.T) {
	u, err := parseTarget("ws://joe:secret@localhost/")
	if err != nil {
		t.Fatal(err)
	}
	host, rest := fields(u, Plan{Header: http.Header{"authorization": {"Bearer x"}}})
	if host != "localhost" || rest != "authorization: Bearer x\r\n" {
		t.Errorf("Host is %q, the others are %q", host, rest)
	}
}

func TestJudge(t *testing.T) {
	u := newUpgrades(target{host: "localhost"}, Plan{Connections: 1, Subprotocols: []string{"one", "two"}})[0]
	answer := func(fields ...string) string {
		all := slices.Concat([]string{"HTTP/1.1 101 S", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: " + string(u.accept)}, fields)
		return strings.Join(all, "\r\n") + "\r\n\r\n"
	}
	tests := []struct {
		name, in, want string
		code           int
	}{
		{"right", answer(), "", 0},
		{"a subprotocol", answer("Sec-WebSocket-Protocol: two"), "", 0},
		{"another subprotocol", answer("Sec-WebSocket-Protocol: three"), `chose the subprotocol "three", which was not offered`, 0},
		{"status", "HTTP/1.1 429 Slow down\r\n\r\n", `"HTTP/1.1 429 Slow down"`, 429},
		{"status of another version", "HTTP/1.0 200 OK\r\n\r\n", `"HTTP/1.0 200 OK"`, 200},
		{"no HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "SSH-2.0", 0},
		{"no status", "HTTP/1.1 \r\n\r\n", "expected HTTP/1.1 101", 0},
		{"no number", "HTTP/1.1 -12\r\n\r\n", "expected HTTP/1.1 101", 0},
		{"no end", strings.Repeat("x", maxAnswer), "does not end", 0},
	}
	for _, tt := range tests {
		_, err := u.judge([]byte(tt.in), false)
		if tt.want == "" && err == nil {
			continue
		}
		var e *Error
		if !errors.As(err, &e) || e.Kind != HandshakeError || e.Code != tt.code || !strings.Contains(e.Err.Error(), tt.want) || tt.want == "" {
			t.Errorf("%s: %v, %+v; want %q and %d", tt.name, err, e, tt.want, tt.code)
		}
	}
}

// Whatever a server answers is judged without harm, and the same when more of it is there.
func FuzzJudge(f *testing.F) {
	u := newUpgrades(target{host: "localhost"}, Plan{Connections: 1, Subprotocols: []string{"one"}, Deflate: true})[0]
	f.Add([]byte("HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\nSec-WebSocket-Protocol: one\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 503 \r\n\r\nbody"))
	f.Add([]byte("\r\n\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		a, err := u.judge(in, true)
		if a.length > len(in) || err != nil && a.length != 0 {
			t.Fatalf("%d octets of %d, %v", a.length, len(in), err)
		}
		if bytes.Contains(in, []byte("\r\n\r\n")) {
			b, err2 := u.judge(append(in[:len(in):len(in)], "more"...), true)
			if a != b || (err == nil) != (err2 == nil) {
				t.Errorf("%+v, %v; with more behind it %+v, %v", a, err, b, err2)
			}
		}
	})
}
