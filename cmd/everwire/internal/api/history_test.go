package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/hub"
)

// publishAll publishes to a room, and returns the positions.
func (nd *node) publishAll(room string, bodies ...string) []hub.Position {
	nd.t.Helper()
	var positions []hub.Position
	for _, body := range bodies {
		var p published
		nd.ask(http.MethodPost, "publish", `{"room":"`+room+`",`+body+`}`).into(http.StatusOK, &p)
		positions = append(positions, *p.Position)
	}
	return positions
}

func TestHistoryByPage(t *testing.T) {
	nd := newCluster(t, 1).nodes[0]
	began := time.Now()
	positions := nd.publishAll("kept.a/b é", `"data":{"n":0},"id":"zero","publisher":"Zoë"`, `"text":"one"`, `"base64":"AAI="`, `"data":3`)
	path := "rooms/" + url.PathEscape("kept.a/b é") + "/history"

	var all messageList
	nd.ask(http.MethodGet, path, "").into(http.StatusOK, &all)
	if all.Room != "kept.a/b é" || all.More || len(all.Messages) != 4 || all.Next != positions[3].String() {
		t.Fatalf("%+v", all)
	}
	first := all.Messages[0]
	if first.ID != "zero" || first.Publisher != "Zoë" || string(first.Data) != `{"n":0}` || first.Position != positions[0] || first.Time.Before(began.Add(-time.Second)) {
		t.Errorf("the first is %+v", first)
	}
	if m := all.Messages[1]; m.Text == nil || *m.Text != "one" || m.Data != nil {
		t.Errorf("the text is %+v", m)
	}
	if m := all.Messages[2]; m.Base64 == nil || *m.Base64 != "AAI=" || m.Data != nil || m.Text != nil {
		t.Errorf("the binary is %+v", m)
	}

	next, got := "", []hub.Position(nil)
	for pages := 1; ; pages++ {
		var page messageList
		nd.ask(http.MethodGet, path+"?limit=3&after="+url.QueryEscape(next), "").into(http.StatusOK, &page)
		for _, m := range page.Messages {
			got = append(got, m.Position)
		}
		next = page.Next
		if !page.More {
			if pages != 2 {
				t.Errorf("%d pages", pages)
			}
			break
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(positions) {
		t.Errorf("%v, want %v", got, positions)
	}
	var none messageList
	if nd.ask(http.MethodGet, path+"?after="+next, "").into(http.StatusOK, &none); len(none.Messages) != 0 || none.Next != next || none.More {
		t.Errorf("after the last: %+v", none)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	nd := newCluster(t, 1).nodes[0]
	body := `"text":"` + strings.Repeat("x", mostData) + `"`
	var bodies []string
	for range mostHistory/mostData + 2 {
		bodies = append(bodies, body)
	}
	nd.publishAll("large", bodies...)
	var list messageList
	if nd.ask(http.MethodGet, "rooms/large/history", "").into(http.StatusOK, &list); !list.More || len(list.Messages) != mostHistory/mostData {
		t.Errorf("%d messages, more: %t", len(list.Messages), list.More)
	}
}

func TestHistoryRefuses(t *testing.T) {
	nd := newCluster(t, 1).nodes[0]
	positions := nd.publishAll("kept.a", `"data":0`, `"data":1`, `"data":2`, `"data":3`, `"data":4`, `"data":5`, `"data":6`)
	for _, tt := range []struct {
		name, path string
		status     int
		code, text string
	}{
		{"dropped", "rooms/kept.a/history?after=" + positions[0].String(), 410, "too_old", "not kept any more"},
		{"of another epoch", "rooms/kept.a/history?after=1@other", 410, "too_old", "not kept any more"},
		{"no position", "rooms/kept.a/history?after=1", 400, "bad_request", "after is a position"},
		{"no number", "rooms/kept.a/history?limit=x", 400, "bad_request", "limit is a number from 1 to 1000"},
		{"none", "rooms/kept.a/history?limit=0", 400, "bad_request", "limit is a number"},
		{"too many", "rooms/kept.a/history?limit=1001", 400, "bad_request", "limit is a number"},
		{"an empty number", "rooms/kept.a/history?limit=", 400, "bad_request", "limit is a number"},
		{"a room without a log", "rooms/plain/history", 404, "no_history", "keeps no history"},
		{"the server's room", "rooms/everwire.control/history", 403, "forbidden", "the server's own"},
		{"a long room", "rooms/" + strings.Repeat("x", 201) + "/history", 400, "bad_request", "1 to 200 octets"},
		{"a room that is not UTF-8", "rooms/%ff/history", 400, "bad_request", "1 to 200 octets"},
		{"an empty room", "rooms//history", 404, "not_found", "there is nothing here"},
	} {
		t.Run(tt.name, func(t *testing.T) { nd.ask(http.MethodGet, tt.path, "").fails(tt.status, tt.code, tt.text) })
	}
	nd.broker.set(hub.ErrUnavailable, false)
	nd.ask(http.MethodGet, "rooms/kept.b/history", "").fails(http.StatusServiceUnavailable, "unavailable", "cannot be reached")
}
