package websocket

import (
	"errors"
	"io"
	"net"
	"sync/atomic"

	"github.com/everwire/everwire/internal/engine"
)

// NewListener returns a listener for an http.Server of the program's own that serves TLS; a [Server] that listens by
// itself does the same. A [Socket] whose connection came from it, through crypto/tls, can be on an event loop, as one
// without TLS can from any listener (see [EventLoops]); from other listeners, one with TLS has goroutines of its own.
//
//	ln, err := net.Listen("tcp", ":https")
//	…
//	err = httpServer.ServeTLS(websocket.NewListener(ln), "cert.pem", "key.pem")
//
// It goes right below TLS: below http.Server.ServeTLS, or tls.NewListener. What it accepts are connections of ln's which
// differ in their type alone, and whose NetConn method returns the one of ln's. That is so of TCP and Unix domain sockets of
// package net; what wraps them, as a [ProxyListener] does, is passed on as it is. Where there are no event loops, NewListener
// returns ln.
//
// Once a Socket has taken a connection over, it is the Socket's alone: whoever noted it before, as in http.Server.ConnState,
// must not use it any more.
func NewListener(ln net.Listener) net.Listener {
	if !engine.Supported {
		return ln
	}
	return &listener{ln}
}

type listener struct{ net.Listener }

func (l *listener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	switch nc.(type) {
	case *net.TCPConn, *net.UnixConn:
		return &listenerConn{Conn: nc}, nil
	}
	return nc, err
}

// A listenerConn is a connection whose descriptor can be taken away from below a tls.Conn, which goes on with memory in its
// stead.
type listenerConn struct {
	net.Conn                        // closed once there is memory
	memory   atomic.Pointer[memory] // nil until the descriptor is taken
}

// NetConn returns the connection below.
func (c *listenerConn) NetConn() net.Conn { return c.Conn }

func (c *listenerConn) Read(p []byte) (int, error) {
	if m := c.memory.Load(); m != nil {
		return m.Read(p)
	}
	return c.Conn.Read(p)
}

func (c *listenerConn) Write(p []byte) (int, error) {
	if m := c.memory.Load(); m != nil {
		return m.Write(p)
	}
	return c.Conn.Write(p)
}

// CloseWrite ends this end's half of the connection.
func (c *listenerConn) CloseWrite() error {
	return c.Conn.(interface{ CloseWrite() error }).CloseWrite()
}

// SetLinger sets what Close does with octets not yet sent, where there is TCP below.
func (c *listenerConn) SetLinger(sec int) error {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		return tcp.SetLinger(sec)
	}
	return errors.ErrUnsupported
}

// ReadFrom is for net/http, which has the system send files where it can.
func (c *listenerConn) ReadFrom(r io.Reader) (int64, error) { return io.Copy(c.Conn, r) }
