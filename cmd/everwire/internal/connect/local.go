package connect

import (
	"context"
	"fmt"
	"net"

	"github.com/everwire/everwire/websocket"
)

// A local is what a connection is joined with.
type local struct {
	source          source
	out             sink
	endless         bool // it is a terminal
	finite          bool // all of it is to be sent
	closeAfterInput bool

	// end ends it, as failed where the connection has. What it returns is its own failure.
	end func(failed bool) error
}

// open makes ready what a connection is joined with.
func (c *Config) open(ctx context.Context, conn *websocket.Conn) (*local, error) {
	switch {
	case c.Exec != "":
		return c.startChild(conn)
	case c.TCP != "":
		nc, err := new(net.Dialer).DialContext(ctx, "tcp", c.TCP)
		if err != nil {
			return nil, fmt.Errorf("cannot connect to --tcp %s: %w", c.TCP, err)
		}
		return joinTCP(nc), nil
	}
	return c.standard(), nil
}

// standard is standard input and output.
func (c *Config) standard() *local {
	l := &local{
		out:             newSink(c.Out, c.Format, c.BinaryAs),
		endless:         c.Terminal && c.Messages == nil,
		finite:          !c.Terminal || c.Messages != nil,
		closeAfterInput: c.CloseAfterInput || c.Wait.Time > 0,
		end:             func(bool) error { return nil },
	}
	if c.Messages == nil {
		l.source = newSource(c.In, c.Format)
		return l
	}
	texts := &given{c.Messages, websocket.Text}
	if c.Format == Prefixed {
		texts.typ = websocket.Binary
	}
	l.source = texts
	return l
}

// joinTCP is a TCP connection, whose octets are carried as they come.
func joinTCP(nc net.Conn) *local {
	return &local{
		source: newSource(nc, Raw), out: newSink(nc, Raw, AsIs), closeAfterInput: true,
		end: func(failed bool) error {
			if tcp, ok := nc.(*net.TCPConn); ok && failed {
				tcp.SetLinger(0) // so that the other end sees a failure too
			}
			nc.Close()
			return nil
		},
	}
}
