package conformance

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"time"
)

// Options say how the suite is run. The zero value, and nil, are the defaults.
type Options struct {
	// Cases says which cases are run, as [Select] has it. Default: all.
	Cases string

	// Agent is the name under which results stand. Default: of a server the host in its URL, with the
	// port if there is one; of a client the name that it gives itself.
	Agent string

	// Parallel is how many cases run at a time. Default: four times the number of processors.
	Parallel int

	// Patience is how long something that the peer must do is waited for. Default 2 s.
	Patience time.Duration

	// Timeout is how long a case may take in all, unless it says otherwise. Default 15 s.
	Timeout time.Duration

	// Header is sent with each handshake to a server, besides the fields of the protocol. Cookies, for
	// instance.
	Header http.Header

	// TLSConfig is that of connections to wss URLs.
	TLSConfig *tls.Config

	// FailFast ends the run at the first result that is not good.
	FailFast bool

	// OnStart and OnResult, if set, are called as cases begin and as they end. Calls do not overlap.
	OnStart  func(*Case)
	OnResult func(*Result)
}

func (o *Options) patience() time.Duration {
	if o.Patience > 0 {
		return o.Patience
	}
	return 2 * time.Second
}

func (o *Options) timeout() time.Duration {
	if o.Timeout > 0 {
		return o.Timeout
	}
	return 15 * time.Second
}

func (o *Options) parallel() int {
	if o.Parallel > 0 {
		return o.Parallel
	}
	return 4 * runtime.GOMAXPROCS(0)
}

// dial opens a stream to a server.
func (o *Options) dial(ctx context.Context, u *url.URL) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, o.patience()+3*time.Second)
	defer cancel()
	address := u.Host
	if u.Port() == "" {
		port := "80"
		if u.Scheme == "wss" {
			port = "443"
		}
		address = net.JoinHostPort(u.Hostname(), port)
	}
	if u.Scheme == "wss" {
		return (&tls.Dialer{Config: o.TLSConfig}).DialContext(ctx, "tcp", address)
	}
	return new(net.Dialer).DialContext(ctx, "tcp", address)
}
