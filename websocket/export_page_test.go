package websocket

import (
	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/internal/page"
)

// SocketInPage makes an open client's Socket over a page's stream, as New does in a page.
func SocketInPage(stream *page.Stream, opts *DialOptions, setup func(*Socket)) *Socket {
	s := newSocket(protocol.Client, inPage(opts), Connecting)
	s.setUp(setup)
	s.open(overPage(stream)).run()
	return s
}

// ConnInPage makes a client's Conn over a page's stream, as Dial does in a page.
func ConnInPage(stream *page.Stream) *Conn {
	up := overPage(stream)
	return newConn(up.nc, protocol.Client, inPage(&DialOptions{}), nil, up.info)
}

func inPage(opts *DialOptions) *settings {
	set := newSettings(opts.Limits, opts.Rates, Heartbeat{Interval: -1}, opts.Queue)
	set.page = true
	return set
}

func overPage(stream *page.Stream) *upgraded {
	return &upgraded{nc: stream, info: connInfo{page: stream, local: stream.LocalAddr(), remote: stream.RemoteAddr()}}
}
