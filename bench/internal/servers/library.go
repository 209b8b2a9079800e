package servers

import (
	"net"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/everwire/everwire/websocket"
)

// Settings say how a server is to behave.
type Settings struct {
	Deflate  bool // agree to permessage-deflate
	Takeover bool // with context takeover in both directions, where the library can
	Stream   bool // pass a message on as it arrives, rather than when it is whole, where the library can
}

// A Library is a library's server.
type Library struct {
	Name   string // for flags
	Title  string // for people, without the version
	Module string // empty for our own and for what is not Go

	// Streams says that Settings.Stream makes a difference.
	Streams bool

	// NoTakeover says that the library never uses context takeover.
	NoTakeover bool

	// Node says that the server runs in Node instead of in this program.
	Node bool

	serve func(ln net.Listener, s Settings) error
}

// All are the libraries that are measured. The first three are Everwire's.
var All = []Library{
	{Name: "everwire", Title: "everwire Socket (engine)", serve: socketServer(websocket.EventLoops)},
	{Name: "everwire-goroutine", Title: "everwire Socket (goroutine)", serve: socketServer(websocket.Goroutines)},
	{Name: "everwire-conn", Title: "everwire Conn", Streams: true, serve: overHTTP(connHandler)},
	{Name: "gorilla", Title: "gorilla/websocket", Module: "github.com/gorilla/websocket", Streams: true, NoTakeover: true,
		serve: overHTTP(gorillaHandler)},
	{Name: "coder", Title: "coder/websocket", Module: "github.com/coder/websocket", Streams: true, serve: overHTTP(coderHandler)},
	{Name: "gobwas", Title: "gobwas/ws", Module: "github.com/gobwas/ws", Streams: true, NoTakeover: true, serve: gobwasServer},
	{Name: "gws", Title: "lxzan/gws", Module: "github.com/lxzan/gws", serve: gwsServer},
	{Name: "fasthttp", Title: "fasthttp/websocket", Module: "github.com/fasthttp/websocket", Streams: true, NoTakeover: true,
		serve: fasthttpServer},
	{Name: "ws", Title: "ws (Node)", Node: true},
}

// Ours reports whether the library is Everwire.
func (l Library) Ours() bool { return strings.HasPrefix(l.Name, "everwire") }

// Find returns the library with a name.
func Find(name string) (Library, bool) {
	for _, l := range All {
		if l.Name == name {
			return l, true
		}
	}
	return Library{}, false
}

// version is the library's, as it is built into this program.
func (l Library) version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == l.Module {
				return strings.TrimPrefix(dep.Version, "v")
			}
		}
	}
	return ""
}

// overHTTP serves a handler with net/http, for libraries that are used that way.
func overHTTP(handler func(Settings) http.Handler) func(net.Listener, Settings) error {
	return func(ln net.Listener, s Settings) error { return http.Serve(ln, handler(s)) }
}
