package wstest

import (
	"context"
	"net"
	"os"
	"sync"
	"syscall"
)

// Listener is a [net.Listener] in memory. Its connections are those of [Pipe], made by Dial. All methods may
// be called from any goroutine.
type Listener struct {
	addr    Addr
	size    int
	backlog chan *PipeConn
	done    chan struct{}
	closing sync.Once
}

// Listen returns a Listener that is open for Dial.
func Listen(opts ...Option) *Listener {
	c := configure(opts)
	return &Listener{
		addr:    newAddr(),
		size:    c.pipeSize,
		backlog: make(chan *PipeConn, c.backlog),
		done:    make(chan struct{}),
	}
}

// Dial connects to the listener and returns the client's end, a *[PipeConn]. It does not wait for Accept,
// only for a place in the backlog (see [Backlog]), until ctx ends. Network and addr are there to fit a dial
// function, such as the DialContext of an http.Transport; whatever they say, this listener is reached.
//
// Errors are *[net.OpError] holding ctx's error, or [syscall.ECONNREFUSED] when the listener is closed. As
// with TCP, a connection that was dialed may be reset without having been accepted, if the listener closes.
func (l *Listener) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, opError("dial", nil, l.addr, err)
	}
	if l.isClosed() {
		return nil, l.refused()
	}
	client, server := newPipe(newAddr(), l.addr, l.size)
	select {
	case l.backlog <- server:
	case <-ctx.Done():
		return nil, opError("dial", nil, l.addr, ctx.Err())
	case <-l.done:
		return nil, l.refused()
	}
	if l.isClosed() {
		l.resetBacklog() // Close may have emptied it before this connection entered
	}
	return client, nil
}

// Accept waits for a Dial and returns the server's end of its connection, a *[PipeConn], in the order of the
// Dials. After Close the error is a *[net.OpError] holding [net.ErrClosed].
func (l *Listener) Accept() (net.Conn, error) {
	if !l.isClosed() {
		select {
		case c := <-l.backlog:
			return c, nil
		case <-l.done:
		}
	}
	return nil, opError("accept", nil, l.addr, net.ErrClosed)
}

// Close ends the listener: Accepts and Dials that wait return, further ones fail, connections not yet
// accepted are reset. Those accepted live on. A second Close is an error holding [net.ErrClosed].
func (l *Listener) Close() error {
	err := opError("close", nil, l.addr, net.ErrClosed)
	l.closing.Do(func() {
		close(l.done)
		l.resetBacklog()
		err = nil
	})
	return err
}

// Addr returns the listener's [Addr], which is also the local address of what it accepts.
func (l *Listener) Addr() net.Addr { return l.addr }

func (l *Listener) isClosed() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

func (l *Listener) refused() error {
	return opError("dial", nil, l.addr, os.NewSyscallError("connect", syscall.ECONNREFUSED))
}

func (l *Listener) resetBacklog() {
	for {
		select {
		case c := <-l.backlog:
			c.SetLinger(0)
			c.Close()
		default:
			return
		}
	}
}
