package websocket

import (
	"log"
	"net"
	"net/netip"
	"time"

	"github.com/everwire/everwire/internal/proxyproto"
)

// proxyHeaderTimeout is that of ProxyListener.
const proxyHeaderTimeout = 10 * time.Second

// ProxyListener returns a listener that reads the PROXY protocol, version 1 or 2, for an http.Server of the
// program's own; a [Server] that listens by itself has a field for it. It goes below TLS.
//
// Connections whose peer is in trusted must begin with a header, within 10 s, and have the client's address as
// their RemoteAddr, so that Request.RemoteAddr, [Socket.RemoteAddr] and [Server.ClientAddr] have it; LocalAddr is
// the address that the client connected to. A header that names no TCP address, as of a proxy's health check,
// leaves both as they are. A connection whose header is wrong, longer than 4 KiB or late is closed, and that is
// logged. Those of all other peers are handed on as they are: a header that they send is taken for a malformed
// request. A peer without an IP address, as over a Unix socket, is not trusted.
//
// Accept does not wait for the header; Read, RemoteAddr and LocalAddr of the connection do. So do not call these in
// http.Server.ConnContext or ConnState, which hold up Accept.
func ProxyListener(ln net.Listener, trusted ...netip.Prefix) net.Listener {
	return &proxyproto.Listener{
		Listener: ln,
		Trusted:  func(peer netip.Addr) bool { return prefixesContain(trusted, peer) },
		Timeout:  proxyHeaderTimeout,
		Refused:  func(peer net.Addr, err error) { log.Printf("websocket: %v: %v", peer, err) },
	}
}

// behindProxies makes ln one that reads the PROXY protocol if the Server's proxies send it.
func (srv *Server) behindProxies(ln net.Listener) net.Listener {
	if !srv.ProxyProtocol {
		return ln
	}
	return &proxyproto.Listener{
		Listener: ln,
		Trusted:  srv.trusts,
		Timeout:  srv.handshakeTimeout(),
		Refused:  func(peer net.Addr, err error) { srv.logf("websocket: %v: %v", peer, err) },
	}
}
