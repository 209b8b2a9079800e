package auth

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// guarded serves a chat that asks for tokens, and tells the grants of who got in.
func guarded(t *testing.T, a Authenticator, opts *GuardOptions, change func(*websocket.Server)) (url string, in chan *Grant) {
	t.Helper()
	srv := &websocket.Server{}
	srv.Options.Subprotocols = []string{"everwire.chat.v1"}
	if change != nil {
		change(srv)
	}
	Guard(srv, a, opts)
	in = make(chan *Grant, 1)
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		g, ok := GrantOf(r)
		if ok == (g == nil) {
			t.Error("a Grant is there and is not")
		}
		in <- g
	})
	web := httptest.NewServer(srv)
	t.Cleanup(func() { srv.Close(); web.Close() })
	return "ws" + web.URL[len("http"):], in
}

// judges lets "good" in, and says of others what they ask for.
var judges = fake(func(token string, _ Visit) (*Grant, error) {
	switch token {
	case "good":
		return &Grant{User: "ada"}, nil
	case "old":
		return nil, refuse(ErrExpired, "the secret reason")
	case "later":
		return nil, refuse(ErrUnavailable, "the secret reason")
	case "broken":
		return nil, errors.New("the secret reason")
	}
	return nil, refuse(ErrUnauthorized, "the secret reason")
})

func TestGuard(t *testing.T) {
	bearer := func(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }
	yes := func(*http.Request) bool { return true }
	for _, c := range []struct {
		name         string
		header       http.Header
		subprotocols []string
		later        func(*http.Request) bool
		user         string // who got in; "-" for a stranger
		status       int    // or how it was refused
		challenge    string
		retryAfter   string
		body         string
	}{
		{name: "a good token", header: bearer("good"), user: "ada"},
		{name: "a good token as a subprotocol", subprotocols: []string{"everwire.chat.v1", "everwire.bearer.good"}, user: "ada"},
		{name: "the token first in the list", subprotocols: []string{"everwire.bearer.good", "everwire.chat.v1"}, user: "ada"},
		{name: "none", status: 401, challenge: `Bearer realm="everwire"`, body: "unauthorized\n"},
		{name: "none, but later", later: yes, user: "-"},
		{name: "none, and not later", later: func(*http.Request) bool { return false }, status: 401, challenge: `Bearer realm="everwire"`, body: "unauthorized\n"},
		{name: "a bad one", header: bearer("bad"), status: 401, challenge: `Bearer realm="everwire", error="invalid_token"`, body: "unauthorized\n"},
		{name: "a bad one, though it may come later", header: bearer("bad"), later: yes, status: 401, challenge: `Bearer realm="everwire", error="invalid_token"`, body: "unauthorized\n"},
		{name: "an expired one", header: bearer("old"), status: 401, challenge: `Bearer realm="everwire", error="invalid_token", error_description="expired"`, body: "expired\n"},
		{name: "nobody can tell", header: bearer("later"), status: 503, retryAfter: "5", body: "unavailable\n"},
		{name: "an error of another kind", header: bearer("broken"), status: 503, retryAfter: "5", body: "unavailable\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			url, in := guarded(t, judges, &GuardOptions{Later: c.later}, nil)
			conn, err := websocket.Dial(context.Background(), url, &websocket.DialOptions{Header: c.header, Subprotocols: c.subprotocols})
			if c.status == 0 {
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Terminate()
				user := "-"
				if g := <-in; g != nil {
					user = g.User
				}
				if user != c.user {
					t.Errorf("who got in is %q, want %q", user, c.user)
				}
				if want := c.subprotocols; want != nil && conn.Subprotocol() != "everwire.chat.v1" {
					t.Errorf("the subprotocol is %q", conn.Subprotocol())
				}
				return
			}
			var refused *websocket.HandshakeError
			if !errors.As(err, &refused) || refused.Status != c.status {
				t.Fatalf("the error is %v, want status %d", err, c.status)
			}
			h := refused.Response.Header
			if got := h.Get("WWW-Authenticate"); got != c.challenge {
				t.Errorf("WWW-Authenticate is %q, want %q", got, c.challenge)
			}
			if got := h.Get("Retry-After"); got != c.retryAfter {
				t.Errorf("Retry-After is %q, want %q", got, c.retryAfter)
			}
			if got := string(must(io.ReadAll(refused.Response.Body))); got != c.body {
				t.Errorf("the body is %q, want %q", got, c.body)
			}
		})
	}
}

func TestGuardWithoutOptions(t *testing.T) {
	url, in := guarded(t, judges, nil, nil)
	conn, err := websocket.Dial(context.Background(), url, &websocket.DialOptions{Header: http.Header{"Authorization": {"Bearer good"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Terminate()
	if g := <-in; g == nil || g.User != "ada" {
		t.Errorf("the grant is %v", g)
	}
}

func TestGuardAsksAfterTheServersOwnFunction(t *testing.T) {
	a := fake(func(string, Visit) (*Grant, error) {
		t.Error("the token was judged")
		return nil, refuse(ErrUnauthorized, "")
	})
	url, _ := guarded(t, a, nil, func(srv *websocket.Server) {
		srv.Options.OnRequest = func(*http.Request, http.Header) error { return websocket.Refuse(http.StatusTeapot, "") }
	})
	_, err := websocket.Dial(context.Background(), url, &websocket.DialOptions{Header: http.Header{"Authorization": {"Bearer good"}}})
	var refused *websocket.HandshakeError
	if !errors.As(err, &refused) || refused.Status != http.StatusTeapot {
		t.Errorf("the error is %v", err)
	}
}

func TestGuardTellsWhereATokenComesFrom(t *testing.T) {
	visits := make(chan Visit, 1)
	a := fake(func(_ string, from Visit) (*Grant, error) {
		visits <- from
		return &Grant{User: "ada"}, nil
	})
	url, _ := guarded(t, a, nil, func(srv *websocket.Server) {
		srv.Options.Origins = []string{"*"}
		srv.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	conn, err := websocket.Dial(context.Background(), url+"/chat?token=q", &websocket.DialOptions{Header: http.Header{
		"Authorization": {"Bearer x"}, "Origin": {"https://app.example"}, "X-Forwarded-For": {"192.0.2.7"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Terminate()
	want := Visit{Address: netip.MustParseAddr("192.0.2.7"), Path: "/chat", Origin: "https://app.example"}
	if got := <-visits; got != want {
		t.Errorf("the visit is %+v, want %+v", got, want)
	}
}

// A Server that listens by itself reads handshakes in another way, and the Grant travels there too.
func TestGuardOfAServerThatListens(t *testing.T) {
	srv := &websocket.Server{Addr: "127.0.0.1:0"}
	Guard(srv, judges, nil)
	in := make(chan *Grant, 1)
	srv.OnConnection(func(_ *websocket.Socket, r *http.Request) {
		g, _ := GrantOf(r)
		in <- g
	})
	address := make(chan string, 1)
	srv.OnListening(func(addr net.Addr) { address <- addr.String() })
	done := make(chan error, 1)
	go func() { done <- srv.ListenAndServe() }()
	conn, err := websocket.Dial(context.Background(), "ws://"+<-address, &websocket.DialOptions{Header: http.Header{"Authorization": {"Bearer good"}}})
	if err != nil {
		t.Fatal(err)
	}
	if g := <-in; g == nil || g.User != "ada" {
		t.Errorf("the grant is %v", g)
	}
	conn.Terminate()
	srv.Close()
	<-done
}
