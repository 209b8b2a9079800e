package api

import (
	"net/http"
	"net/url"
	"testing"
)

func TestFind(t *testing.T) {
	for _, tt := range []struct{ escaped, path, room string }{
		{"/api/publish", "publish", ""},
		{"/api/rooms", "rooms", ""},
		{"/api/rooms/a.b/history", "rooms/{room}/history", "a.b"},
		{"/api/rooms/a%2Fb/presence", "rooms/{room}/presence", "a/b"},
		{"/api/rooms/%2E%2E/presence", "rooms/{room}/presence", ".."},
		{"/api/rooms/%20/history", "rooms/{room}/history", " "},
		{"/api/rooms/%25/history", "rooms/{room}/history", "%"},
		{"/api/rooms//history", "", ""},
		{"/api/rooms/a/b/history", "", ""},
		{"/api/rooms/a/history/", "", ""},
		{"/api/rooms/a", "", ""},
		{"/api/rooms/%zz/history", "", ""},
		{"/api/", "", ""},
		{"/api", "", ""},
		{"/publish", "", ""},
		{"/api/Publish", "", ""},
	} {
		path := ""
		rt, room := find(tt.escaped)
		if rt != nil {
			path = rt.path
		}
		if path != tt.path || room != tt.room {
			t.Errorf("%s leads to %q, %q; want %q, %q", tt.escaped, path, room, tt.path, tt.room)
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{"/api/rooms/a%2Fb/history", "/api/publish", "//", "/api/rooms/%ff/presence", "/api/rooms/%/history"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, escaped string) {
		rt, room := find(escaped)
		if rt == nil || rt.path != "rooms/{room}/history" {
			return
		}
		if again, same := find(Path + "rooms/" + url.PathEscape(room) + "/history"); again != rt || same != room {
			t.Errorf("%q is the room %q, which leads to %v, %q", escaped, room, again, same)
		}
	})
}

func TestOtherMethodsAreToldWhich(t *testing.T) {
	nd := newCluster(t, 1).nodes[0]
	for _, tt := range []struct{ method, path, allow string }{
		{http.MethodGet, "publish", "POST"},
		{http.MethodPut, "disconnect", "POST"},
		{http.MethodPost, "rooms", "GET, HEAD"},
		{http.MethodDelete, "rooms/a/history", "GET, HEAD"},
		{http.MethodPatch, "rooms/a/presence", "GET, HEAD"},
		{http.MethodOptions, "openapi.json", "GET, HEAD"},
	} {
		a := nd.ask(tt.method, tt.path, "")
		a.fails(http.StatusMethodNotAllowed, "method_not_allowed", tt.allow)
		if got := a.header.Get("Allow"); got != tt.allow {
			t.Errorf("%s %s: Allow: %q, want %q", tt.method, tt.path, got, tt.allow)
		}
	}
	if a := nd.ask(http.MethodHead, "rooms", ""); a.status != http.StatusOK || len(a.body) != 0 {
		t.Errorf("HEAD: status %d, %q", a.status, a.body)
	}
	nd.ask(http.MethodGet, "nothing", "").fails(http.StatusNotFound, "not_found", "/api/openapi.json")
	nd.ask(http.MethodGet, "", "").fails(http.StatusNotFound, "not_found", "/api/openapi.json")
}
