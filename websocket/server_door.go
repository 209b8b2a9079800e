package websocket

import (
	"errors"
	"log"
	"net/http"
	"net/netip"
)

// ErrTooManyConnections is the Err of a [HandshakeError] that a [Server]'s MaxConnections (Status 503) or
// MaxPerAddress (Status 429) refused.
var ErrTooManyConnections = errors.New("websocket: too many connections")

// retryAfterSeconds is what a client is told that was refused because there are too many.
const retryAfterSeconds = "10"

// A door counts the connections of each client address that has any. The Server's mu guards it.
type door struct {
	byAddress map[netip.Addr]int
}

// enter counts in one more connection of a client, unless it has as many as it may. The zero Addr, of whom nothing
// is known, is not counted.
func (d *door) enter(client netip.Addr, most int) bool {
	if !client.IsValid() {
		return true
	}
	n := d.byAddress[client]
	if n >= most {
		return false
	}
	if d.byAddress == nil {
		d.byAddress = map[netip.Addr]int{}
	}
	d.byAddress[client] = n + 1
	return true
}

// leave counts it out. Who has no connection has no entry.
func (d *door) leave(client netip.Addr) {
	switch n := d.byAddress[client]; {
	case n > 1:
		d.byAddress[client] = n - 1
	case n == 1:
		delete(d.byAddress, client)
	}
}

// subscriber is what a client address counts as: itself, but IPv6 by its first 64 bits, because that is the least
// that is given to a single subscriber, who can use any of the 2^64 addresses in it (RFC 6177).
func subscriber(addr netip.Addr) netip.Addr {
	if addr.Is6() {
		p, _ := addr.Prefix(64) // no error: the address has no zone and more bits
		return p.Addr()
	}
	return addr
}

// enter counts a connection in, from the handshake on, and returns as whose it is to be counted out; or why it may not come
// in.
func (srv *Server) enter(r *http.Request) (client netip.Addr, refused *refusedHandshake) {
	if srv.MaxPerAddress > 0 {
		client = subscriber(srv.ClientAddr(r))
	}
	srv.mu.Lock()
	defer srv.mu.Unlock()
	switch {
	case srv.stage != serving:
		return client, refuseEntry(http.StatusServiceUnavailable, "the server is shutting down", ErrServerClosed)
	case srv.MaxConnections > 0 && srv.active >= srv.MaxConnections:
		return client, refuseEntry(http.StatusServiceUnavailable, "too many connections", ErrTooManyConnections)
	case srv.MaxPerAddress > 0 && !srv.door.enter(client, srv.MaxPerAddress):
		return client, refuseEntry(http.StatusTooManyRequests, "too many connections from your address", ErrTooManyConnections)
	}
	srv.active++
	return client, nil
}

// refuseEntry makes an answer that also ends the stream, so that who is not let in holds no descriptor.
func refuseEntry(status int, text string, err error) *refusedHandshake {
	header := http.Header{"Connection": {"close"}}
	if err == ErrTooManyConnections {
		header.Set("Retry-After", retryAfterSeconds)
	}
	return &refusedHandshake{HandshakeError{Status: status, Reason: text, Err: err}, header, text}
}

// leave counts a connection out.
func (srv *Server) leave(client netip.Addr) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	srv.door.leave(client)
	srv.active--
	if srv.active == 0 && srv.idle != nil { // since there is idle, nobody comes in
		close(srv.idle)
	}
}

// leaveServer counts a socket out.
func (s *Socket) leaveServer() {
	s.mu.Lock()
	door := s.door
	s.mu.Unlock()
	client := netip.Addr{}
	if door != nil {
		client = *door
	}
	s.settings.server.leave(client)
}

// OnRefused adds a function that is called with each handshake that the Server has refused, for counting and
// logging: because it, or its origin, is not right, because there are too many connections, by OnRequest, or
// because the Server is closing or its options are wrong. Err is a [*HandshakeError], whose Status the client was
// answered and whose text has nothing of the request that may be a secret; r has (its query, Authorization, Cookie
// and Sec-WebSocket-Protocol). It runs on the goroutine that serves the request, after the answer was written,
// which net/http may keep until the function has returned; the request must not be kept.
//
// Not reported are connections that failed before there was a request, such as a TLS handshake, which go to
// ErrorLog.
func (srv *Server) OnRefused(f func(r *http.Request, err error)) {
	srv.onRefused = append(srv.onRefused, f)
}

func (srv *Server) refused(r *http.Request, err error) {
	for _, f := range srv.onRefused {
		f(r, err)
	}
}

func (srv *Server) logf(format string, args ...any) {
	if srv.ErrorLog != nil {
		srv.ErrorLog.Printf(format, args...)
		return
	}
	log.Printf(format, args...)
}
