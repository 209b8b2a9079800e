package api

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/everwire/everwire/hub"
)

func TestPresenceOnAllNodesByPage(t *testing.T) {
	c := newCluster(t, 2)
	c.nodes[0].join("id1", "ada", "kept.a")
	c.nodes[1].join("id2", "bob", "kept.a")
	c.nodes[0].join("id3", "eve", "kept.a")
	c.nodes[0].join("id4", "mallory", "kept.b")
	for _, tt := range []struct{ name, query, want, next string }{
		{"all", "", `id1 n1 {"name":"ada"}, id2 n2 {"name":"bob"}, id3 n1 {"name":"eve"}, `, ""},
		{"the first page", "?limit=2", `id1 n1 {"name":"ada"}, id2 n2 {"name":"bob"}, `, "id2"},
		{"the last page", "?limit=2&after=id2", `id3 n1 {"name":"eve"}, `, ""},
		{"after one that is gone", "?after=id11", `id2 n2 {"name":"bob"}, id3 n1 {"name":"eve"}, `, ""},
		{"after all", "?after=x", "", ""},
	} {
		var list memberList
		c.nodes[1].ask(http.MethodGet, "rooms/kept.a/presence"+tt.query, "").into(http.StatusOK, &list)
		got := ""
		for _, m := range list.Members {
			got += fmt.Sprintf("%s %s %s, ", m.ID, m.Node, m.Value)
		}
		if got != tt.want || list.Next != tt.next || list.Total != 3 || list.Room != "kept.a" {
			t.Errorf("%s: %q, %+v; want %q", tt.name, got, list, tt.want)
		}
	}
	c.nodes[0].ask(http.MethodGet, "rooms/plain/presence", "").fails(http.StatusNotFound, "no_presence", "has no presence")
	c.nodes[0].broker.set(hub.ErrUnavailable, false)
	c.nodes[0].ask(http.MethodGet, "rooms/kept.a/presence", "").fails(http.StatusServiceUnavailable, "unavailable", "cannot be reached")
}

func TestValueOfAMember(t *testing.T) {
	for _, tt := range []struct{ name, value, want string }{
		{"JSON", `{"a":1}`, `{"a":1}`}, {"none", "", ""}, {"text", "a<b", `"a\u003cb"`}, {"not UTF-8", "\"\xff\"", `"\"\ufffd\""`},
	} {
		if got := string(valueOf([]byte(tt.value))); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
