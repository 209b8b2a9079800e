package wstest

// ring is a queue of bytes, at most limit of them. Its memory grows with what it holds, so that ten thousand
// idle connections are cheap, and never past limit.
type ring struct {
	buf   []byte
	start int // index in buf of the oldest byte
	n     int // bytes held
	limit int
}

const ringMin = 512

func (r *ring) len() int { return r.n }

// write appends as much of p as fits and returns how much that was.
func (r *ring) write(p []byte) int {
	p = p[:min(len(p), r.limit-r.n)]
	if len(p) == 0 {
		return 0
	}
	r.reserve(len(p))
	end := (r.start + r.n) % len(r.buf)
	k := copy(r.buf[end:], p)
	copy(r.buf, p[k:])
	r.n += len(p)
	return len(p)
}

// read moves the oldest bytes to p and returns how many.
func (r *ring) read(p []byte) int {
	n := r.peek(p)
	r.n -= n
	if r.n == 0 {
		r.start = 0
	} else {
		r.start = (r.start + n) % len(r.buf)
	}
	return n
}

func (r *ring) peek(p []byte) int {
	n := min(len(p), r.n)
	k := copy(p[:n], r.buf[r.start:])
	copy(p[k:n], r.buf)
	return n
}

// reserve makes room for more bytes, which the caller has checked against limit.
func (r *ring) reserve(more int) {
	if r.n+more <= len(r.buf) {
		return
	}
	buf := make([]byte, min(r.limit, max(ringMin, 2*len(r.buf), r.n+more)))
	r.peek(buf)
	r.buf, r.start = buf, 0
}
