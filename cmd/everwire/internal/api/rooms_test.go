package api

import (
	"net/http"
	"reflect"
	"testing"
)

func TestRoomsOfTheNodeByPage(t *testing.T) {
	c := newCluster(t, 2)
	for _, m := range []struct{ id, room string }{{"1", "b"}, {"2", "a"}, {"3", "b"}, {"4", "kept.c"}, {"5", "everwire.raw"}, {"6", "everwire.other"}} {
		c.nodes[0].join(m.id, "", m.room)
	}
	c.nodes[1].join("7", "", "elsewhere")
	for _, tt := range []struct {
		name, query string
		want        roomList
	}{
		{"all", "", roomList{"n1", 4, []room{{"a", 1}, {"b", 2}, {"everwire.raw", 1}, {"kept.c", 1}}, ""}},
		{"the first page", "?limit=2", roomList{"n1", 4, []room{{"a", 1}, {"b", 2}}, "b"}},
		{"the last page", "?limit=2&after=b", roomList{"n1", 4, []room{{"everwire.raw", 1}, {"kept.c", 1}}, ""}},
		{"after a room that is gone", "?after=aa&limit=1", roomList{"n1", 4, []room{{"b", 2}}, "b"}},
		{"after all", "?after=z", roomList{"n1", 4, []room{}, ""}},
	} {
		var got roomList
		c.nodes[0].ask(http.MethodGet, "rooms"+tt.query, "").into(http.StatusOK, &got)
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
	var got roomList
	if c.nodes[1].ask(http.MethodGet, "rooms", "").into(http.StatusOK, &got); got.Node != "n2" || got.Total != 1 {
		t.Errorf("the other node: %+v", got)
	}
}
