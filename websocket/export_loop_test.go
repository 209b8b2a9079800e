//go:build linux || (everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd))

package websocket

// OnLoop reports whether an event loop drives the socket.
func OnLoop(s *Socket) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.driven == byLoop
}
