package websocket

import (
	"bytes"
	"crypto/tls"
	"math"
	"net"
	"net/http"
	"net/netip"
	"sync"

	"github.com/everwire/everwire/websocket/deflate"
	"github.com/everwire/everwire/websocket/internal/page"
)

// connInfo is what is known of a connection once it is open, and does not change.
type connInfo struct {
	url         string
	subprotocol string
	extensions  string
	deflate     deflate.Params // not Agreed: no compression
	header      http.Header    // the request's, as AcceptOptions.KeepHeader says
	local       net.Addr
	remote      net.Addr
	client      *netip.Addr // whose connection a trusted proxy passes on; nil: that of remote
	tls         *tls.ConnectionState
	page        *page.Stream // in a page: the stream
}

var noInfo connInfo // of a socket that is CONNECTING

// An endpoint is the address of a TCP connection's end in as little memory as that takes. The zero value is none. An IP of 4 octets
// is the last of 16, the first of which is then that of multicast addresses, which no connection comes from.
type endpoint struct {
	ip   [16]byte
	port uint16
}

const multicast = 0xFF // RFC 4291 §2.7

// endpointOf returns an address as an endpoint, or none if it is something else, or has a zone.
func endpointOf(a net.Addr) (e endpoint, ok bool) {
	tcp, ok := a.(*net.TCPAddr)
	if !ok || tcp == nil || tcp.Zone != "" || tcp.Port <= 0 || tcp.Port > math.MaxUint16 {
		return endpoint{}, false
	}
	e.port = uint16(tcp.Port)
	switch {
	case len(tcp.IP) == net.IPv4len:
		e.ip[0] = multicast
		copy(e.ip[12:], tcp.IP)
	case len(tcp.IP) == net.IPv6len && tcp.IP[0] != multicast:
		copy(e.ip[:], tcp.IP)
	default:
		return endpoint{}, false
	}
	return e, true
}

func (e *endpoint) none() bool { return e.port == 0 }

func (e *endpoint) bytes() []byte {
	if e.ip[0] == multicast {
		return e.ip[12:]
	}
	return e.ip[:]
}

func (e *endpoint) addr() net.Addr {
	return &net.TCPAddr{IP: bytes.Clone(e.bytes()), Port: int(e.port)}
}

func (e *endpoint) ipAddr() netip.Addr {
	ip, _ := netip.AddrFromSlice(e.bytes())
	return ip.Unmap()
}

// setInfo takes what is known of the connection, which most connections of a server share but for the remote address. Call
// with mu held.
func (s *Socket) setInfo(i *connInfo) {
	if e, ok := endpointOf(i.remote); ok {
		i.remote, s.remote = nil, e
	}
	s.info = s.settings.infos.share(i)
}

// remoteAddr returns the other end's address. Call with mu held.
func (s *Socket) remoteAddr() net.Addr {
	if !s.remote.none() {
		return s.remote.addr()
	}
	return s.info.remote
}

// infos are those that the last connections shared.
type infos struct {
	mu     sync.Mutex
	recent [8]*connInfo
	next   int // to be replaced
}

// share returns an equal connInfo that was shared before, or i itself.
func (x *infos) share(i *connInfo) *connInfo {
	if i.header != nil || i.remote != nil || i.client != nil || i.tls != nil || i.page != nil {
		return i
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, old := range x.recent {
		if old != nil && old.url == i.url && old.subprotocol == i.subprotocol && old.extensions == i.extensions &&
			old.deflate == i.deflate && sameAddr(old.local, i.local) {
			return old
		}
	}
	x.recent[x.next] = i
	x.next = (x.next + 1) % len(x.recent)
	return i
}

func sameAddr(a, b net.Addr) bool {
	if x, ok := a.(*net.TCPAddr); ok {
		y, ok := b.(*net.TCPAddr)
		return ok && x.Port == y.Port && x.Zone == y.Zone && string(x.IP) == string(y.IP)
	}
	return a == b
}
