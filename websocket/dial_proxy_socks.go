package websocket

import (
	"context"
	"errors"
	"net"

	socks "golang.org/x/net/proxy"
)

// askSOCKS has a SOCKS 5 proxy connect the stream to the target (RFC 1928). It is told the target's name, and
// looks it up itself.
func (d *dialer) askSOCKS(ctx context.Context, p *proxy) error {
	var auth *socks.Auth
	if p.user != nil {
		password, _ := p.user.Password()
		auth = &socks.Auth{User: p.user.Username(), Password: password}
	}
	client, err := socks.SOCKS5("tcp", p.address, auth, nil)
	if err != nil {
		return err
	}
	// Not by its Dial methods, whose streams hide that they can be shut down for writing. Its handling of
	// contexts is not needed, and mistakes a deadline for the network's.
	over := client.(interface {
		DialWithConn(ctx context.Context, nc net.Conn, network, address string) (net.Addr, error)
	})
	_, err = over.DialWithConn(context.WithoutCancel(ctx), d.nc, "tcp", d.target.authority())
	if e := (*net.OpError)(nil); errors.As(err, &e) && e.Err != nil {
		err = e.Err // the rest of it is in our own words
	}
	return err
}
