package websocket

// Flushing returns how many calls of Flush wait.
func Flushing(s *Socket) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.flushers)
}
