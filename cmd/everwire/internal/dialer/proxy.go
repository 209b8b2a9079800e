package dialer

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/everwire/everwire/websocket"
)

// route says by which way the server is reached.
func (f *Flags) route(o *websocket.DialOptions) error {
	switch {
	case f.proxy != "" && f.noProxy:
		return errors.New("--proxy and --no-proxy contradict each other; give one of them")
	case f.proxy != "" && f.unixSocket != "":
		return errors.New("--unix-socket is reached without a proxy; leave --proxy out")
	case f.proxy != "":
		u, err := proxyURL(f.proxy)
		if err != nil {
			return err
		}
		o.Proxy = http.ProxyURL(u)
	case f.noProxy:
		o.Proxy = websocket.NoProxy
	}
	if f.unixSocket != "" {
		path := f.unixSocket // with DialContext the environment's proxies do not count
		o.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}
	}
	return nil
}

// proxyURL does not repeat what it is given, which may have a password in it.
func proxyURL(given string) (*url.URL, error) {
	if !strings.Contains(given, "://") {
		given = "http://" + given
	}
	u, err := url.Parse(given)
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("--proxy must be a URL such as http://localhost:3128 or socks5://localhost:1080")
	}
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
		return u, nil
	}
	return nil, errors.New("--proxy: a proxy's scheme is http, https, socks5 or socks5h, not " + u.Scheme)
}
