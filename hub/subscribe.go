package hub

import "sync"

// Subscribe calls f with the messages of all rooms that a pattern matches, of all nodes, from now on, until
// stop is called. Names have tokens between dots: "*" is any one token, ">" at the end one or more. F runs on
// a goroutine of the broker, one call at a time, must be quick, and must not change the message. Delivery is
// at most once.
func (h *Hub) Subscribe(pattern string, f func(*Message)) (stop func(), err error) {
	if h.closed.Load() {
		return nil, ErrClosed
	}
	if err := checkName(pattern); err != nil {
		return nil, err
	}
	h.listeners.Add(1)
	unlisten, err := h.broker.Listen(pattern, f)
	if err != nil {
		h.listeners.Add(-1)
		return nil, err
	}
	return sync.OnceFunc(func() {
		unlisten()
		h.listeners.Add(-1)
	}), nil
}
