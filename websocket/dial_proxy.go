package websocket

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// NoProxy is a [DialOptions].Proxy that uses no proxy, whatever the environment says.
func NoProxy(*http.Request) (*url.URL, error) { return nil, nil }

// ProxyFromEnvironment is the [DialOptions].Proxy that is used by default. It returns the proxy that the
// environment names for r: HTTPS_PROXY for an https URL, which stands for wss, HTTP_PROXY for an http one,
// ALL_PROXY where that is not set; each also in lower case, which comes first. The value is a URL with a
// scheme as told at [DialOptions].Proxy, or host:port of an http proxy; anything else is an error, which does
// not repeat it.
//
// NO_PROXY lists, separated by commas, who is reached directly: host names, which stand for their
// subdomains too (.example.com for these alone), addresses and CIDR prefixes, each with an optional port,
// or * for everybody. So are localhost and loopback addresses, always. Unlike
// [http.ProxyFromEnvironment], it reads the environment anew each time. In a CGI program, where a request
// can set HTTP_PROXY, it is an error if that is the one to use.
func ProxyFromEnvironment(r *http.Request) (*url.URL, error) {
	name, value := firstSet("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
	if r.URL.Scheme == "https" {
		name, value = firstSet("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
	}
	if value == "" {
		return nil, nil
	}
	_, direct := firstSet("no_proxy", "NO_PROXY")
	const some = "http://proxy" // httpproxy is asked whether, not which: it passes over a malformed one
	whether := httpproxy.Config{HTTPProxy: some, HTTPSProxy: some, NoProxy: direct,
		CGI: os.Getenv("REQUEST_METHOD") != "" && strings.EqualFold(name, "HTTP_PROXY")}
	if u, err := whether.ProxyFunc()(r.URL); u == nil {
		return nil, err
	}
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	u, err := url.Parse(value)
	if err != nil {
		return nil, fmt.Errorf("%s in the environment is malformed", name)
	}
	return u, nil
}

// firstSet returns the first of the environment's variables that is not empty.
func firstSet(names ...string) (name, value string) {
	for _, name := range names {
		if value := os.Getenv(name); value != "" {
			return name, value
		}
	}
	return "", ""
}

// A proxy is what leads to the target.
type proxy struct {
	scheme  string // http, https or socks5
	host    string
	address string // host:port
	name    string // for errors: the URL without what is secret
	user    *url.Userinfo
}

// proxy returns the proxy to use for the target, nil for none.
func (d *dialer) proxy(ctx context.Context) (*proxy, error) {
	page := d.target.page()
	if page == nil {
		return nil, nil
	}
	choose := d.opts.Proxy
	switch {
	case choose != nil:
	case d.opts.DialContext != nil:
		return nil, nil
	default:
		choose = ProxyFromEnvironment
	}
	r := &http.Request{Method: http.MethodGet, URL: page, Host: page.Host, Header: d.header.Clone(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	u, err := choose(r.WithContext(ctx))
	if e := (*url.Error)(nil); errors.As(err, &e) { // it repeats the URL, in which a password may be
		if err = e.Err; e.Op == "parse" {
			err = errors.New("a URL is malformed")
		}
	}
	if err != nil || u == nil {
		return nil, err
	}
	return parseProxy(u)
}

// parseProxy takes a proxy's URL apart.
func parseProxy(u *url.URL) (*proxy, error) {
	p := &proxy{scheme: cmp.Or(strings.ToLower(u.Scheme), "http"), user: u.User}
	port := ""
	switch p.scheme {
	case "http":
		port = "80"
	case "https":
		port = "443"
	case "socks5", "socks5h":
		p.scheme, port = "socks5", "1080"
	default:
		return nil, fmt.Errorf("the proxy's URL scheme %q is not http, https, socks5 or socks5h", p.scheme)
	}
	var err error
	if p.host, err = asciiHost(u.Hostname()); err != nil {
		return nil, errors.New("the proxy's URL: " + err.Error())
	}
	if p.host == "" {
		return nil, errors.New("the proxy's URL has no host")
	}
	p.address = net.JoinHostPort(p.host, cmp.Or(u.Port(), port))
	p.name = p.scheme + "://" + p.address
	return p, nil
}

// connectThrough opens a stream to the target through a proxy.
func (d *dialer) connectThrough(ctx context.Context, p *proxy) error {
	err := d.open(ctx, "tcp", p.address)
	if err == nil && p.scheme == "https" {
		err = d.secure(ctx, d.opts.ProxyTLSConfig, p.host, tlsProxy)
	}
	if err != nil {
		return handshakeFailed(ctx, "cannot connect to the proxy "+p.name+d.certNote, err)
	}
	err = whileWaiting(ctx, d.nc, func() error {
		if p.scheme == "socks5" {
			return d.askSOCKS(ctx, p)
		}
		return d.askHTTP(ctx, p)
	})
	if e := (*HandshakeError)(nil); err == nil || errors.As(err, &e) {
		return err
	}
	return handshakeFailed(ctx, "the proxy "+p.name+" did not connect to "+d.target.authority()+d.certNote, err)
}
