package connect

import (
	"context"
	"errors"
	"net"
	"sync"

	"github.com/everwire/everwire/cmd/everwire/internal/dialer"
	"github.com/everwire/everwire/websocket"
)

// listenTCP makes a connection for each TCP connection that comes, until ctx ends.
func (c *Config) listenTCP(ctx context.Context) error {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", c.TCPListen)
	if err != nil {
		return exit(Failed, "cannot listen on --tcp-listen "+c.TCPListen+": "+listenError(err))
	}
	defer context.AfterFunc(ctx, func() { ln.Close() })()
	c.say("listening on %s for %s", ln.Addr(), withoutSecrets(c.URL))
	var bridges sync.WaitGroup
	defer bridges.Wait()
	for {
		nc, err := ln.Accept()
		if ctx.Err() != nil {
			return c.listened(ctx, c.newGoal())
		}
		if err != nil {
			return exit(Failed, "cannot accept TCP connections: "+err.Error())
		}
		bridges.Go(func() { c.bridge(ctx, nc) })
	}
}

// bridge carries a TCP connection's octets until one of the two ends.
func (c *Config) bridge(ctx context.Context, nc net.Conn) {
	l := joinTCP(nc)
	conn, err := c.dial(ctx)
	if err != nil {
		l.end(true)
		if !over(ctx) {
			c.say("%s: %s", nc.RemoteAddr(), dialer.Explain(err))
		}
		return
	}
	c.joined(ctx, c.newSession(l, c.newGoal()), l, conn, nc.RemoteAddr().String())
}

// joined has a session of its own on a connection that is one of many, and tells how it ended if not in order.
func (c *Config) joined(ctx context.Context, s *session, l *local, conn *websocket.Conn, name string) {
	stop := make(chan struct{})
	s.in = read(l.source, stop)
	err := s.conclude(s.talk(ctx, conn))
	close(stop)
	err = c.endLocal(l, err)
	var e *ExitError
	if errors.As(err, &e) && e.Err != nil && ctx.Err() == nil {
		c.say("%s: %v", name, e)
	}
}
