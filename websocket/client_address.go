package websocket

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
)

// ClientAddr returns the IP address of the client that sent r, for the hooks of the Server and handlers around it.
//
// That is the address that the connection comes from. But if TrustedProxies have it, it is what they say in
// X-Forwarded-For, to which each proxy adds, on the right, whom it was connected to: the rightmost address there
// that is not itself a trusted proxy's, over all lines of the field. What is further to the left, the client may
// have made up. At an element that is no address the search ends with the last one before it; if all are trusted
// proxies', it is the leftmost. An element may have a port, and an IPv6 address stand in brackets.
//
// IPv4 addresses in IPv6 are unmapped, zones are dropped. Without an IP address, as over a Unix socket, it is the
// zero Addr, and nothing that is said in X-Forwarded-For is believed. The field Forwarded (RFC 7239) is not read.
func (srv *Server) ClientAddr(r *http.Request) netip.Addr {
	peer := parseAddr(r.RemoteAddr)
	if !srv.trusts(peer) {
		return peer
	}
	return forwardedFor(r.Header["X-Forwarded-For"], peer, srv.trusts)
}

// forwardedFor reads X-Forwarded-For, which a trusted peer sent, from right to left.
func forwardedFor(lines []string, peer netip.Addr, trusts func(netip.Addr) bool) netip.Addr {
	last := peer
	for i := len(lines) - 1; i >= 0; i-- {
		for rest, more := lines[i], true; more; {
			comma := strings.LastIndexByte(rest, ',')
			element := strings.Trim(rest[comma+1:], " \t")
			if more = comma >= 0; more {
				rest = rest[:comma]
			}
			if element == "" { // RFC 9110 §5.6.1.2
				continue
			}
			addr := parseAddr(element)
			if !addr.IsValid() {
				return last
			}
			if last = addr; !trusts(addr) {
				return last
			}
		}
	}
	return last
}

// parseAddr reads an address with or without a port and brackets; the zero Addr if it is none.
func parseAddr(s string) netip.Addr {
	addr, err := netip.ParseAddr(s)
	if err != nil {
		if strings.HasSuffix(s, "]") {
			s += ":0"
		}
		p, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.Addr{}
		}
		addr = p.Addr()
	}
	return addr.Unmap().WithZone("")
}

func (srv *Server) trusts(addr netip.Addr) bool { return prefixesContain(srv.TrustedProxies, addr) }

// prefixesContain looks for an unmapped address. Prefixes of IPv4 in IPv6 are taken for those of IPv4.
func prefixesContain(prefixes []netip.Prefix, addr netip.Addr) bool {
	for _, p := range prefixes {
		if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
		}
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// checkProxies returns an error for proxies that cannot work.
func (srv *Server) checkProxies() error {
	for _, p := range srv.TrustedProxies {
		if !p.IsValid() {
			return errors.New("websocket: a prefix in TrustedProxies is not valid")
		}
	}
	if srv.ProxyProtocol && len(srv.TrustedProxies) == 0 {
		return errors.New("websocket: ProxyProtocol needs TrustedProxies: it is accepted from nobody else")
	}
	return nil
}

// namedClient is what a Socket has to remember so that it can tell the client's address: nil if that is the one
// of its stream.
func (srv *Server) namedClient(r *http.Request) *netip.Addr {
	if len(srv.TrustedProxies) == 0 {
		return nil
	}
	client := srv.ClientAddr(r)
	if client == parseAddr(r.RemoteAddr) {
		return nil
	}
	return &client
}

// ClientAddr returns the client's IP address at a server's end: as [Server.ClientAddr] has it for a Socket of a
// Server, else, and at a client's end, that of RemoteAddr. It is the zero Addr before the Socket is OPEN, and if
// the stream has no IP address.
func (s *Socket) ClientAddr() netip.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.info.client != nil:
		return *s.info.client
	case !s.remote.none():
		return s.remote.ipAddr()
	case s.info.remote == nil:
		return netip.Addr{}
	}
	return parseAddr(s.info.remote.String())
}
