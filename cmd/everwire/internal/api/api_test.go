package api

import (
	"bytes"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/everwire/everwire/cmd/everwire/internal/access"
)

func TestNewNeedsWhatItNeeds(t *testing.T) {
	if a, err := New(Options{}); a != nil || err == nil {
		t.Errorf("%v, %v", a, err)
	}
}

// A node whose API nobody may ask does what others ask for.
func TestWithoutKeys(t *testing.T) {
	c := newCluster(t, 1)
	nd := newNode(t, c.memory.Node(), "n2", func(o *Options) { o.Keys = nil })
	nd.ask(http.MethodGet, "rooms", "").fails(http.StatusUnauthorized, "unauthorized", "that is not an API key")
	nd.ask(http.MethodGet, "rooms", "", "Authorization", "Bearer").fails(http.StatusUnauthorized, "unauthorized", "that is not an API key")
	conn := nd.join("a", "ada", "plain")
	var d disconnected
	c.nodes[0].ask(http.MethodPost, "disconnect", `{"user":"ada"}`).into(http.StatusOK, &d)
	closedWith(t, conn, 4403, "")
}

// Every route asks for a key but the description, also those that are not there.
func TestStrangersGetNothing(t *testing.T) {
	nd := newCluster(t, 1, func(o *Options) { // each from an address of its own, so that none is held back
		n := 0
		o.ClientAddr = func(*http.Request) netip.Addr { n++; return netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}) }
	}).nodes[0]
	paths := []string{"nothing", ""}
	for _, rt := range routes {
		if !rt.open {
			paths = append(paths, strings.ReplaceAll(rt.path, "{room}", "kept.a"))
		}
	}
	for _, path := range paths {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodOptions} {
			for _, tt := range []struct{ name, field, challenge string }{
				{"none", "", "Bearer"},
				{"another scheme", "Basic YTpi", `Bearer error="invalid_token"`},
				{"a wrong key", "Bearer 0123456789abcdef", `Bearer error="invalid_token"`},
				{"half a key", "Bearer " + testKey[:20], `Bearer error="invalid_token"`},
				{"the key's name", "Bearer billing", `Bearer error="invalid_token"`},
			} {
				a := nd.ask(method, path, "", "Authorization", tt.field)
				a.fails(http.StatusUnauthorized, "unauthorized", "API key")
				if got := a.header.Get("WWW-Authenticate"); got != tt.challenge {
					t.Errorf("%s %s, %s: WWW-Authenticate: %q, want %q", method, path, tt.name, got, tt.challenge)
				}
			}
		}
	}
	if said := nd.log.String(); strings.Contains(said, "0123456789abcdef") || !strings.Contains(said, "a wrong API key") {
		t.Errorf("the log says %s", said)
	}
	for _, key := range []string{testKey, otherKey} {
		var list roomList
		nd.ask(http.MethodGet, "rooms", "", "Authorization", "bearer "+key).into(http.StatusOK, &list)
	}
}

func TestWrongKeysAreHeldBack(t *testing.T) {
	nd := newCluster(t, 1).nodes[0]
	for range access.Burst {
		nd.ask(http.MethodGet, "rooms", "", "Authorization", "Bearer nonsense").fails(http.StatusUnauthorized, "unauthorized", "")
	}
	for _, key := range []string{"nonsense", testKey} {
		nd.ask(http.MethodGet, "rooms", "", "Authorization", "Bearer "+key).fails(http.StatusTooManyRequests, "too_many", "wrong API keys")
	}
}

func TestBodiesAreBounded(t *testing.T) {
	nd := newCluster(t, 1, func(o *Options) { o.Limits.Body = 100 }).nodes[0]
	body := `{"room":"a","text":"` + strings.Repeat("x", 78) + `"}`
	if len(body) != 100 {
		t.Fatal(len(body))
	}
	var p published
	nd.ask(http.MethodPost, "publish", body).into(http.StatusOK, &p)
	for _, path := range []string{"publish", "disconnect"} {
		nd.ask(http.MethodPost, path, body+" ").fails(http.StatusRequestEntityTooLarge, "too_big", "at most 100 octets")
		nd.ask(http.MethodPost, path, body, "Content-Encoding", "gzip").fails(http.StatusUnsupportedMediaType, "bad_request", "without Content-Encoding")
		nd.ask(http.MethodPost, path+"?a=b", body).fails(http.StatusBadRequest, "bad_request", `no parameter "a"`)
		nd.ask(http.MethodPost, path, "").fails(http.StatusBadRequest, "bad_request", "ends too early")
	}
}

// The usual limit is that of the description.
func TestABodyOfAMebibyte(t *testing.T) {
	nd := newCluster(t, 1).nodes[0]
	fill := func(octets int) string { return fmt.Sprintf(`{"room":"a","data":1%s}`, strings.Repeat(" ", octets-21)) }
	if len(fill(1<<20)) != 1<<20 {
		t.Fatal(len(fill(1 << 20)))
	}
	var p published
	nd.ask(http.MethodPost, "publish", fill(1<<20)).into(http.StatusOK, &p)
	nd.ask(http.MethodPost, "publish", fill(1<<20+1)).fails(http.StatusRequestEntityTooLarge, "too_big", "at most 1048576 octets")
	if !bytes.Contains(description, []byte("more than 1 MiB")) {
		t.Error("the description names another one")
	}
}

func TestAnswersAreNotStored(t *testing.T) {
	a := newCluster(t, 1).nodes[0].ask(http.MethodGet, "rooms", "")
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Content-Type") != "application/json" || a.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%v", a.header)
	}
}

// A key that was taken out of the file counts no more, without a restart.
func TestKeysAreRotated(t *testing.T) {
	nd := newCluster(t, 1).nodes[0]
	var list roomList
	nd.ask(http.MethodGet, "rooms", "").into(http.StatusOK, &list)
	if err := os.WriteFile(nd.api.keys.file, []byte("new 0000111122223333\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	nd.api.keys.forget()
	nd.ask(http.MethodGet, "rooms", "", "Authorization", "Bearer 0000111122223333").into(http.StatusOK, &list)
	nd.ask(http.MethodGet, "rooms", "").fails(http.StatusUnauthorized, "unauthorized", "that is not an API key")
	if err := os.WriteFile(nd.api.keys.file, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		nd.api.keys.forget()
		nd.ask(http.MethodGet, "rooms", "", "Authorization", "Bearer 0000111122223333").into(http.StatusOK, &list)
	}
	if said := nd.log.String(); strings.Count(said, "cannot be read again") != 1 {
		t.Errorf("the log says %s", said)
	}
}
