package interop

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// Opening handshakes with a server of ours.

func clientOffersSubprotocols(t *testing.T, p pairing) {
	for _, row := range []struct {
		name            string
		offered, spoken []string
		want            string
	}{
		{"the client's preference counts", []string{"b", "a"}, []string{"a", "b"}, "b"},
		{"what both know", []string{"x", "b", "y"}, []string{"a", "b"}, "b"},
		{"nothing offered", []string{}, []string{"a"}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			tm := terms{theirs: args{"subprotocols": row.offered}}
			tm.accept.Subprotocols = row.spoken
			us, they := p.connect(t, tm)
			wantSubprotocol(t, us, they, row.want)
		})
	}
	t.Run("none fits", func(t *testing.T) {
		tm := terms{theirs: args{"subprotocols": []string{"x"}}}
		tm.accept.Subprotocols = []string{"a"}
		ours := p.listen(t, tm)
		they := ours.connect(t, tm)
		us := ours.accepted(t) // the connection is made
		if p.them.takesNoSubprotocol {
			they.wantAny(t, "open")
			return
		}
		they.wantAny(t, "error")
		they.want(t, lost())
		us.wantLost(t)
	})
}

func wantSubprotocol(t *testing.T, us *end, they *peer, want string) {
	t.Helper()
	if us.Subprotocol() != want || they.open.Subprotocol != want {
		t.Errorf("subprotocol %q at our end, %q at theirs; want %q", us.Subprotocol(), they.open.Subprotocol, want)
	}
}

func clientHasOrigin(t *testing.T, p pairing) {
	for _, row := range []struct {
		name    string
		allowed []string
		origin  func(us string) string
		in      bool
	}{
		{"the server's own", nil, func(us string) string { return "http://" + us }, true},
		{"foreign", nil, func(string) string { return "https://evil.example" }, false},
		{"the host's, but another port", nil, func(string) string { return "http://127.0.0.1:1" }, false},
		{"allowed", []string{"*.example.com"}, func(string) string { return "https://app.example.com" }, true},
		{"much like one that is allowed", []string{"*.example.com"},
			func(string) string { return "https://app.example.com.evil.example" }, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			tm := terms{}
			tm.accept.Origins = row.allowed
			ours := p.listen(t, tm)
			tm.theirs = args{"origin": row.origin(strings.TrimPrefix(ours.url, "ws://"))}
			they := ours.connect(t, tm)
			if row.in {
				they.wantAny(t, "open")
				ours.accepted(t)
				return
			}
			wantRefused(t, they, 403)
		})
	}
}

// wantRefused waits until a client of theirs was refused, and returns how.
func wantRefused(t *testing.T, they *peer, status int) event {
	t.Helper()
	e := they.wantAny(t, "refused")
	if e.Status != status || e.Body == "" {
		t.Errorf("%s: %v; want status %d and a body that says why", they.whose, e, status)
	}
	they.wantAny(t, "error")
	they.want(t, lost())
	return e
}

// serverRefuses by its OnRequest.
func serverRefuses(t *testing.T, p pairing) {
	tm := terms{}
	tm.accept.OnRequest = func(_ *http.Request, answer http.Header) error {
		answer.Set("WWW-Authenticate", `Basic realm="interop"`)
		return websocket.Refuse(http.StatusUnauthorized, "who are you?")
	}
	they := p.listen(t, tm).connect(t, tm)
	e := wantRefused(t, they, http.StatusUnauthorized)
	if got := e.Headers["www-authenticate"]; got != `Basic realm="interop"` {
		t.Errorf("%s: WWW-Authenticate is %q", they.whose, got)
	}
	if strings.TrimSpace(e.Body) != "who are you?" {
		t.Errorf("%s: the body is %q", they.whose, e.Body)
	}
}

// clientAsks with a path, a query, a user and fields of its own, and the server answers with its own.
func clientAsks(t *testing.T, p pairing) {
	tm := terms{
		path:   "/chat/%C3%A4?room=a%20b",
		user:   "ann:p%40ss",
		theirs: args{"headers": map[string]string{"X-Client": "ours to know", "Cookie": "a=1; b=2"}},
	}
	user := make(chan string, 1)
	tm.accept.OnRequest = func(r *http.Request, answer http.Header) error {
		name, password, _ := r.BasicAuth()
		user <- name + ":" + password
		answer.Set("X-Server", "yours to know")
		return nil
	}
	us, they := p.connect(t, tm)
	if got := us.asked.Get("X-Client"); got != "ours to know" {
		t.Errorf("%s: X-Client is %q", us.whose, got)
	}
	if got := us.asked.Get("Cookie"); got != "a=1; b=2" {
		t.Errorf("%s: Cookie is %q", us.whose, got)
	}
	want := "ann:p@ss"
	if p.them.sendsUserAsWritten {
		want = tm.user
	}
	if got := <-user; got != want {
		t.Errorf("%s: the user is %q; want %q", us.whose, got, want)
	}
	if !strings.HasSuffix(us.URL(), tm.path) {
		t.Errorf("%s: URL() = %q; want it to end in %s", us.whose, us.URL(), tm.path)
	}
	if got := they.open.Headers["x-server"]; got != "yours to know" {
		t.Errorf("%s: X-Server is %q", they.whose, got)
	}
}

// Opening handshakes with a server of theirs.

func weOfferSubprotocols(t *testing.T, p pairing) {
	for _, row := range []struct {
		name    string
		offered []string
		theirs  args
		want    string
	}{
		{"the client's preference", []string{"b", "a"}, nil, "b"},
		{"the server's preference", []string{"b", "a"}, args{"subprotocols": []string{"a", "b"}}, "a"},
		{"nothing offered", nil, args{"subprotocols": []string{"a"}}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.theirs == nil {
				p.able(t, "choosing by itself")
			}
			tm := terms{theirs: row.theirs}
			tm.dial.Subprotocols = row.offered
			us, they := p.connect(t, tm)
			wantSubprotocol(t, us, they, row.want)
		})
	}
	t.Run("none fits", func(t *testing.T) {
		tm := terms{theirs: args{"subprotocols": []string{"x"}}}
		tm.dial.Subprotocols = []string{"a"}
		they, url := p.theirServer(t, tm)
		us, err := p.reach(t, url, tm)
		they.wantAny(t, "open")
		if p.name == "Dial" { // which leaves it to the program
			if err != nil || us.Subprotocol() != "" {
				t.Fatalf("Dial: %v; want a connection without a subprotocol", err)
			}
			return
		}
		wantHandshakeError(t, err, http.StatusSwitchingProtocols)
		they.wantLost(t)
	})
	t.Run("one that was not offered", func(t *testing.T) {
		tm := terms{theirs: args{"choose": "x"}}
		tm.dial.Subprotocols = []string{"a"}
		they, url := p.theirServer(t, tm)
		_, err := p.reach(t, url, tm)
		wantHandshakeError(t, err, http.StatusSwitchingProtocols)
		they.wantAny(t, "open")
		they.wantLost(t)
	})
}

func wantHandshakeError(t *testing.T, err error, status int) *websocket.HandshakeError {
	t.Helper()
	var refused *websocket.HandshakeError
	if !errors.As(err, &refused) || refused.Status != status {
		t.Fatalf("connecting: %v; want a HandshakeError with status %d", err, status)
	}
	return refused
}

// theyRefuse with any status, and we tell what they said.
func theyRefuse(t *testing.T, p pairing) {
	for _, status := range []int{302, 400, 401, 403, 404, 426, 500, 503} {
		said := fmt.Sprintf("no, because of %d", status)
		tm := terms{theirs: args{"refuse": args{
			"status": status, "body": said, "headers": args{"X-Why": said},
		}}}
		_, url := p.theirServer(t, tm)
		_, err := p.reach(t, url, tm)
		e := wantHandshakeError(t, err, status)
		if got := e.Response.Header.Get("X-Why"); got != said {
			t.Errorf("status %d: X-Why is %q", status, got)
		}
		body, err := io.ReadAll(e.Response.Body)
		if string(body) != said || err != nil {
			t.Errorf("status %d: the body is %q, %v; want %q", status, body, err, said)
		}
	}
}

// weAsk with a path, a query, a user and fields of our own.
func weAsk(t *testing.T, p pairing) {
	tm := terms{path: "/chat/%C3%A4?room=a%20b", user: "ann:p%40ss"}
	tm.dial.Header = http.Header{
		"Host":     {"chat.example.com"},
		"Origin":   {"https://example.com"},
		"Cookie":   {"a=1; b=2"},
		"X-Client": {"yours to know"},
	}
	us, they := p.connect(t, tm)
	for name, want := range map[string]string{
		"host":          "chat.example.com",
		"origin":        "https://example.com",
		"cookie":        "a=1; b=2",
		"x-client":      "yours to know",
		"authorization": "Basic YW5uOnBAc3M=",
		"upgrade":       "websocket",
	} {
		if got := they.open.Headers[name]; got != want {
			t.Errorf("%s: %s is %q; want %q", they.whose, name, got, want)
		}
	}
	if they.open.Path != tm.path {
		t.Errorf("%s: the path is %q; want %q", they.whose, they.open.Path, tm.path)
	}
	if !strings.HasSuffix(us.URL(), tm.path) || strings.Contains(us.URL(), "ann") {
		t.Errorf("%s: URL() = %q; want it to end in %s and not to tell the user", us.whose, us.URL(), tm.path)
	}
}
