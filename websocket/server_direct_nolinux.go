//go:build !linux

package websocket

import (
	"net"
	"net/http"
)

// A directServer is there where there are event loops.
type directServer struct{}

func (srv *Server) direct(*http.Server, net.Listener) *directServer { return nil }

func (*directServer) serve() error { return nil }

type greeter struct{}
