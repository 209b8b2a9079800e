package websocket

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"syscall/js"

	"github.com/everwire/everwire/websocket/internal/page"
)

// In a page the browser's WebSocket makes the connection, and speaks the protocol. Only where the program brings
// its own stream, by DialContext, we do, as everywhere else.
func (o *DialOptions) inPage() bool { return o.DialContext == nil }

// adapt refuses options that the browser would not heed and whose loss matters, and turns off what has no meaning
// in a page.
func (o *DialOptions) adapt(s *settings) error {
	if !o.inPage() {
		return nil
	}
	for _, field := range []struct {
		name string
		set  bool
	}{
		{"Header", len(o.Header) > 0},
		{"TLSConfig", o.TLSConfig != nil},
		{"Proxy", o.Proxy != nil},
		{"ProxyTLSConfig", o.ProxyTLSConfig != nil},
		{"Jar", o.Jar != nil},
		{"Redirects", o.Redirects > 0},
		{"OnResponse", o.OnResponse != nil},
	} {
		if field.set {
			return fmt.Errorf("websocket: DialOptions.%s: that is the browser's to decide, not a page's: %w", field.name, errors.ErrUnsupported)
		}
	}
	s.page = true
	s.heartbeat.Interval = -1     // a page can send no Pings
	s.limits.ProgressTimeout = -1 // messages come whole
	s.compression.enabled = false // here: the browser does it
	s.compression.offers = nil
	return nil
}

// target takes apart a URL, which in a page may be relative to the page's own.
func (o *DialOptions) target(raw string) (*target, error) {
	if !o.inPage() {
		return parseTarget(raw)
	}
	t, err := parseTarget(absolute(raw))
	switch {
	case err != nil:
		return nil, err
	case t.network != "tcp":
		return nil, fmt.Errorf("websocket: a page cannot connect to a Unix domain socket: %w", errors.ErrUnsupported)
	case t.auth != "":
		return nil, fmt.Errorf("websocket: a page cannot send a user and password: %w", errors.ErrUnsupported)
	}
	return t, nil
}

// absolute resolves a URL against the page's (WHATWG, new WebSocket, step 1). What cannot be resolved it returns as
// it is, for parseTarget to complain about.
func absolute(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.IsAbs() {
		return raw
	}
	base, err := url.Parse(baseURL())
	if err != nil || !base.IsAbs() {
		return raw
	}
	return base.ResolveReference(u).String()
}

// baseURL is the document's, or the worker's, or "".
func baseURL() string {
	if document := js.Global().Get("document"); !document.IsUndefined() {
		return document.Get("baseURI").String()
	}
	if location := js.Global().Get("location"); !location.IsUndefined() {
		return location.Get("href").String()
	}
	return ""
}

// attempt makes the connection.
func (d *dialer) attempt(ctx context.Context) (*upgraded, error) {
	if !d.settings.page {
		return d.attemptByStream(ctx)
	}
	c, err := page.Connect(ctx, d.target.url, d.opts.Subprotocols, page.Addr(d.target.address), d.settings.receive.MessageSize)
	if err != nil {
		return nil, handshakeFailed(ctx, "cannot connect to "+d.target.address, err)
	}
	return &upgraded{nc: c.Stream, info: connInfo{
		url:         c.URL,
		subprotocol: c.Subprotocol,
		extensions:  c.Extensions,
		local:       c.LocalAddr(),
		remote:      c.RemoteAddr(),
		page:        c.Stream,
	}}, nil
}

const hasFiles = false // for blobs
