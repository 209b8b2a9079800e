package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A route is a path below /api/, with {room} for a segment that is a room's name, and what each method
// there does.
type route struct {
	path    string
	methods map[string]handler
	open    bool // to everybody, without a key
}

// A handler returns what is answered with 200, or an error.
type handler func(a *API, c *call) (any, error)

// A call is one request.
type call struct {
	w    http.ResponseWriter
	r    *http.Request
	room string // of the path
	key  string // the name of the key that it came with
}

var routes = []route{
	{path: "openapi.json", methods: map[string]handler{http.MethodGet: (*API).openapi}, open: true},
	{path: "publish", methods: map[string]handler{http.MethodPost: (*API).publish}},
	{path: "disconnect", methods: map[string]handler{http.MethodPost: (*API).disconnect}},
	{path: "rooms", methods: map[string]handler{http.MethodGet: (*API).rooms}},
	{path: "rooms/{room}/history", methods: map[string]handler{http.MethodGet: (*API).history}},
	{path: "rooms/{room}/presence", methods: map[string]handler{http.MethodGet: (*API).presence}},
}

// find returns the route of a path as it was sent, since a room's name may have a slash in it, as %2F. The
// room is "" where there is none.
func find(escaped string) (found *route, room string) {
	below, ok := strings.CutPrefix(escaped, Path)
	if !ok {
		return nil, ""
	}
	segments := strings.Split(below, "/")
	for i := range routes {
		if room, ok := routes[i].matches(segments); ok {
			return &routes[i], room
		}
	}
	return nil, ""
}

func (rt *route) matches(segments []string) (room string, ok bool) {
	pattern := strings.Split(rt.path, "/")
	if len(pattern) != len(segments) {
		return "", false
	}
	for i, want := range pattern {
		got, err := url.PathUnescape(segments[i])
		switch {
		case err != nil:
			return "", false
		case want == "{room}" && got != "":
			room = got
		case want != got:
			return "", false
		}
	}
	return room, true
}

// handler returns what a method does at the route. HEAD is GET, whose body net/http leaves out.
func (rt *route) handler(method string) (handler, error) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if h := rt.methods[method]; h != nil {
		return h, nil
	}
	var allowed []string
	for m := range rt.methods {
		allowed = append(allowed, m)
		if m == http.MethodGet {
			allowed = append(allowed, http.MethodHead)
		}
	}
	slices.Sort(allowed)
	list := strings.Join(allowed, ", ")
	return nil, &fault{
		status: http.StatusMethodNotAllowed, code: "method_not_allowed", text: "here the method is " + list,
		field: "Allow", value: list,
	}
}
