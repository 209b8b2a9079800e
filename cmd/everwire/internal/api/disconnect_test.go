package api

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

// closedWith reads until the connection ends.
func closedWith(t *testing.T, c *websocket.Conn, code websocket.CloseCode, reason string) {
	t.Helper()
	_, _, err := c.Read(t.Context())
	var closed *websocket.CloseError
	if !errors.As(err, &closed) || closed.Code != code || closed.Reason != reason {
		t.Errorf("it ended with %v, want %d %q", err, code, reason)
	}
}

func TestDisconnectReachesAllNodes(t *testing.T) {
	c := newCluster(t, 2)
	for _, tt := range []struct {
		name, body string
		here       int
		code       websocket.CloseCode
		reason     string
		gone       []int // of those below
	}{
		{"a user", `{"user":"ada"}`, 2, 4403, "", []int{0, 1, 3}},
		{"a room", `{"room":"kept.b","code":1000,"reason":"we close é"}`, 1, 1000, "we close é", []int{1, 2, 4}},
		{"a connection here", `{"connection":"c0","code":4999}`, 1, 4999, "", []int{0}},
		{"a connection there", `{"connection":"c3","reason":"out"}`, 0, 4403, "out", []int{3}},
		{"nobody", `{"user":"c0"}`, 0, 4403, "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var conns []*websocket.Conn
			for _, m := range []struct {
				node             int
				id, user, inRoom string
			}{{0, "c0", "ada", "kept.a"}, {0, "c1", "ada", "kept.b"}, {1, "c2", "bob", "kept.b"}, {1, "c3", "ada", "kept.a"}, {1, "c4", "", "kept.b"}} {
				conns = append(conns, c.nodes[m.node].join(m.id, m.user, m.inRoom))
			}
			var d disconnected
			c.nodes[0].ask(http.MethodPost, "disconnect", tt.body).into(http.StatusOK, &d)
			if d.Disconnected != tt.here || d.Node != "n1" {
				t.Errorf("the answer is %+v, want %d here", d, tt.here)
			}
			gone := map[int]bool{}
			for _, i := range tt.gone {
				gone[i] = true
				closedWith(t, conns[i], tt.code, tt.reason)
			}
			// Who stays is there for what is published afterwards.
			for _, room := range []string{"kept.a", "kept.b"} {
				c.nodes[0].ask(http.MethodPost, "publish", `{"room":"`+room+`","text":"still here"}`)
			}
			for i, conn := range conns {
				if !gone[i] {
					expect(t, conn, "still here")
					conn.Close(1000, "")
				}
			}
		})
	}
	if said := c.nodes[0].log.String(); !strings.Contains(said, "key=billing user=ada") || strings.Contains(said, "another node's API") {
		t.Errorf("the log says %s", said)
	}
}

// Who is being closed already is not counted again.
func TestDisconnectCountsOnce(t *testing.T) {
	nd := newCluster(t, 1).nodes[0]
	nd.join("a", "ada", "plain") // and reads nothing, so that its Close frame does not come
	for _, want := range []int{1, 0} {
		var d disconnected
		if nd.ask(http.MethodPost, "disconnect", `{"user":"ada"}`).into(http.StatusOK, &d); d.Disconnected != want {
			t.Errorf("%d, want %d", d.Disconnected, want)
		}
	}
}

func TestDisconnectWhenTheOtherNodesCannotBeReached(t *testing.T) {
	nd := newCluster(t, 1).nodes[0]
	conn := nd.join("a", "ada", "plain")
	nd.broker.set(hub.ErrUnavailable, false)
	nd.ask(http.MethodPost, "disconnect", `{"user":"ada"}`).fails(http.StatusServiceUnavailable, "unavailable", "the other nodes cannot be reached")
	closedWith(t, conn, 4403, "")
}

func TestDisconnectRefuses(t *testing.T) {
	nd := newCluster(t, 1).nodes[0]
	conn := nd.join("a", "ada", "plain")
	for _, tt := range []struct {
		name, body string
		status     int
		code, text string
	}{
		{"nobody", `{}`, 400, "bad_request", "one of user, room and connection"},
		{"empty", `{"user":""}`, 400, "bad_request", "one of user, room and connection"},
		{"two", `{"user":"ada","connection":"a"}`, 400, "bad_request", "one of user, room and connection"},
		{"the server's room", `{"room":"everwire.x"}`, 403, "forbidden", "the server's own"},
		{"a code that is never sent", `{"user":"ada","code":1005}`, 400, "bad_request", "the code is one that"},
		{"a code that wraps", `{"user":"ada","code":66536}`, 400, "bad_request", "the code is one that"},
		{"a negative code", `{"user":"ada","code":-1000}`, 400, "bad_request", "the code is one that"},
		{"no number", `{"user":"ada","code":"1000"}`, 400, "bad_request", `the field "code": it must be a whole number`},
		{"a long reason", `{"user":"ada","reason":"` + strings.Repeat("é", 62) + `"}`, 400, "bad_request", "123 octets"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			nd.ask(http.MethodPost, "disconnect", tt.body).fails(tt.status, tt.code, tt.text)
		})
	}
	nd.ask(http.MethodPost, "publish", `{"room":"plain","text":"still here"}`)
	expect(t, conn, "still here")
}
