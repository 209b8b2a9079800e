package websocket

import (
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// A passedConn is a connection that is passed on to net/http, with what was read of it before.
type passedConn struct {
	net.Conn
	ahead []byte   // octets that are read first
	first *verdict // on its first request, if that was judged
}

// A verdict is a handshake that was refused, and still is to be answered.
type verdict struct {
	r       *http.Request
	refused *refusedHandshake
	began   time.Duration // when there was the request
}

// Read reads what was read before, and then on.
func (c *passedConn) Read(p []byte) (int, error) {
	if len(c.ahead) == 0 {
		return c.Conn.Read(p)
	}
	n := copy(p, c.ahead)
	if c.ahead = c.ahead[n:]; len(c.ahead) == 0 {
		c.ahead = nil
	}
	return n, nil
}

// CloseWrite is for net/http, which ends a connection gently where it can.
func (c *passedConn) CloseWrite() error {
	return c.Conn.(interface{ CloseWrite() error }).CloseWrite()
}

// ReadFrom is for net/http, which has the system send files where it can.
func (c *passedConn) ReadFrom(r io.Reader) (int64, error) { return io.Copy(c.Conn, r) }

// A passage is a listener for net/http: of the connections that are passed on to it.
type passage struct {
	conns  chan net.Conn
	addr   net.Addr
	onEnd  func()
	ending sync.Once
	ended  chan struct{}
	err    error // why it ended
}

func newPassage(addr net.Addr, onEnd func()) *passage {
	return &passage{conns: make(chan net.Conn), addr: addr, onEnd: onEnd, ended: make(chan struct{})}
}

// pass passes a connection on, or closes it if the passage has ended.
func (p *passage) pass(nc net.Conn) {
	select {
	case p.conns <- nc:
	case <-p.ended:
		nc.Close()
	}
}

func (p *passage) Accept() (net.Conn, error) {
	select {
	case nc := <-p.conns:
		return nc, nil
	case <-p.ended:
		return nil, p.err
	}
}

func (p *passage) Addr() net.Addr { return p.addr }

func (p *passage) Close() error {
	p.end(net.ErrClosed)
	return nil
}

func (p *passage) end(err error) {
	p.ending.Do(func() {
		p.err = err
		close(p.ended)
		p.onEnd()
	})
}
