package serve

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"
)

// listen listens on TCP where a flag says. Its errors say in one line what to try.
func listen(ctx context.Context, flag, addr string) (net.Listener, error) {
	var config net.ListenConfig
	ln, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %s", addr, advice(flag, addr, err))
	}
	return ln, nil
}

// advice says why listening failed and what to try.
func advice(flag, addr string, err error) string {
	host, _, _ := net.SplitHostPort(addr)
	free := net.JoinHostPort(host, "0")
	var dns *net.DNSError
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Sprintf("another program uses this port; stop that one, or choose another port with %s "+
			"(%[1]s %[2]s takes any that is free)", flag, free)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("not permitted; ports below 1024 often need privileges, so choose another with %s "+
			"(%[1]s %[2]s takes any that is free)", flag, free)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Sprintf("this machine does not have that address; try %s 127.0.0.1:0", flag)
	case errors.As(err, &dns):
		return fmt.Sprintf("the name %q has no address; try %s 127.0.0.1:0", host, flag)
	}
	return err.Error()
}
