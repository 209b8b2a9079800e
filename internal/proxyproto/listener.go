package proxyproto

import (
	"net"
	"net/netip"
	"time"
)

// A Listener accepts connections of which those from trusted peers begin with a PROXY protocol header. Accept does
// not wait for it: the first call of Read, RemoteAddr or LocalAddr of the connection does, so these belong on a
// goroutine of the connection's own. Connections from other peers are handed on as they are.
//
// After a header that is wrong, or did not come in time, the connection is closed; Read returns why and the
// addresses are the connection's own. LocalAddr is the address that the client connected to. CloseWrite and
// SetLinger go to the connection below.
type Listener struct {
	net.Listener

	// Trusted says whether the peer with that address, unmapped and without a zone, sends a header. Peers without
	// an IP address are not trusted.
	Trusted func(peer netip.Addr) bool

	// Timeout is how long the header may take from Accept on; 0 or less: no limit.
	Timeout time.Duration

	// Refused is called with an [Error] when a header was wrong or late, on the goroutine that waited for it; but
	// not for a peer that went before, as simple health checks do.
	Refused func(peer net.Addr, err error)
}

// Accept waits for the next connection.
func (l *Listener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if peer := addrOf(nc.RemoteAddr()); !peer.IsValid() || !l.Trusted(peer) {
		return nc, nil
	}
	c := &conn{Conn: nc, refused: l.Refused, remote: nc.RemoteAddr(), local: nc.LocalAddr()}
	if l.Timeout > 0 {
		c.limit = time.Now().Add(l.Timeout)
		nc.SetReadDeadline(c.limit)
	}
	return c, nil
}

func addrOf(a net.Addr) netip.Addr {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}
