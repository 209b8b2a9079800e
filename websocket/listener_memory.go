package websocket

import (
	"errors"
	"sync"
)

// A memory is a stream for a tls.Conn whose descriptor is on an event loop: what it reads was received before, and
// what it writes is sent later. Neither ever waits.
type memory struct {
	in  []byte // received and not yet read; belongs to who reads
	end error  // what comes behind it, if that is known; belongs to who reads

	mu   sync.Mutex // guards what follows
	out  *buffer    // written; nil if that is all sent
	sent int        // octets of out that the system has taken
	err  error      // nothing is sent any more
}

// notNow says that there is nothing to read yet. A tls.Conn does not take a temporary error for its end.
type notNow struct{}

func (notNow) Error() string   { return "nothing was received" }
func (notNow) Timeout() bool   { return false }
func (notNow) Temporary() bool { return true }

// Read reads what was received.
func (m *memory) Read(p []byte) (int, error) {
	switch {
	case len(m.in) > 0:
		n := copy(p, m.in)
		m.in = m.in[n:]
		return n, nil
	case m.end != nil:
		return 0, m.end
	}
	return 0, notNow{}
}

// maxUnsent bounds what is kept to be sent. A piece of a batch is about half of it, and comes only when the one before is
// sent. The rest is for what TLS writes on its own: answers to a peer that asks for new keys again and again, and does not read.
const maxUnsent = 128 << 10

var errUnsent = errors.New("websocket: the peer does not read TLS's answers")

// Write takes all of p, to be sent. A tls.Conn that sees it fail writes nothing any more, so it fails only
// where that is right.
func (m *memory) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return 0, m.err
	}
	if m.out == nil {
		m.out = newBuffer(len(p))
	}
	if len(m.out.b)+len(p) > maxUnsent {
		m.err = errUnsent
		return 0, m.err
	}
	m.out.b = append(m.out.b, p...)
	return len(p), nil
}

// reserve makes room for n octets, if there is nothing to be sent.
func (m *memory) reserve(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.out == nil {
		m.out = newBuffer(n)
	}
}

// flush gives to, which never waits, what was written, and reports whether it took all.
func (m *memory) flush(to interface{ Send([]byte) (int, error) }) (all bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.out == nil {
		return m.err == nil, m.err
	}
	n, err := to.Send(m.out.b[m.sent:])
	m.sent += n
	if err != nil {
		m.err = err
	}
	if err == nil && m.sent < len(m.out.b) {
		return false, nil
	}
	m.out.free()
	m.out, m.sent = nil, 0
	return err == nil, err
}
