//go:build linux || (everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd))

package websocket

// OnLoop reports whether an event loop drives the socket.
func OnLoop(s *Socket) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.driven == byLoop
}

// SendAndDeliver sends a message and has a listener called, so that the driver comes to know of both at once, and distrusts the listener.
func SendAndDeliver(s *Socket, data []byte, listener func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.driven == byLoop {
		s.loop.slow = slowTurns
	}
	buf := newBuffer(len(data))
	buf.b = append(buf.b, data...)
	s.needOutput()
	s.accepted = s.accepted.next()
	s.queue.push(outgoing{buf: buf, typ: Binary, seq: uint64(s.accepted)})
	s.buffered += int64(len(data))
	s.wakeOutput()
	s.post(event{kind: eventDone, done: func(error) { listener() }})
}
