package deflate

// A window is the end of what was sent in one direction, as far back as the other end may refer to.
type window struct {
	octets []byte
	size   int
}

// add appends p and forgets what is further back than size.
func (w *window) add(p []byte) {
	if len(p) >= w.size {
		w.grow(w.size)
		w.octets = append(w.octets[:0], p[len(p)-w.size:]...)
		return
	}
	if over := len(w.octets) + len(p) - w.size; over > 0 {
		w.octets = w.octets[:copy(w.octets, w.octets[over:])]
	}
	w.grow(len(w.octets) + len(p))
	w.octets = append(w.octets, p...)
}

// grow makes room for n octets in all, and never for more than size.
func (w *window) grow(n int) {
	if n > cap(w.octets) {
		w.octets = append(make([]byte, 0, min(w.size, max(n, 2*cap(w.octets)))), w.octets...)
	}
}
