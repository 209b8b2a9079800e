package dialer

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strings"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/handshake"
)

// AcceptOptions returns what the flags say to a command that waits for connections instead of making them, and the
// configuration of its TLS, nil for none: --cert and --key are the server's own then, --subprotocol is what it
// speaks, --origin a pattern of pages that may connect besides those of its own host, "*" for all. Flags that are
// only for who connects are an error.
func (f *Flags) AcceptOptions() (*websocket.AcceptOptions, *tls.Config, error) {
	for _, flag := range []struct {
		name  string
		given bool
	}{
		{"header", len(f.headers) > 0}, {"cookie", len(f.cookies) > 0}, {"cookie-jar", f.cookieJar != ""},
		{"user", f.user != ""}, {"bearer", f.bearer != ""},
		{"proxy", f.proxy != ""}, {"no-proxy", f.noProxy}, {"proxy-cacert", f.proxyCACert != ""},
		{"unix-socket", f.unixSocket != ""}, {"cacert", f.caCert != ""}, {"insecure", f.insecure},
		{"servername", f.serverName != ""}, {"max-redirects", f.maxRedirects != 0},
	} {
		if flag.given {
			return nil, nil, fmt.Errorf("--%s is for connections that are made, not for --listen", flag.name)
		}
	}
	dial := &websocket.DialOptions{}
	if err := f.checkSubprotocols(dial); err != nil {
		return nil, nil, err
	}
	o := &websocket.AcceptOptions{
		Subprotocols: f.subprotocols,
		Compression:  f.compress.options,
		Limits:       websocket.Limits{MessageSize: int64(f.maxMessageSize)},
		Heartbeat:    websocket.Heartbeat{Interval: f.pingInterval.orNever(), Timeout: f.pingTimeout.orNever()},
	}
	if f.origin != "" {
		if err := handshake.ValidatePattern(f.origin); err != nil {
			return nil, nil, errors.New("--origin: " + strings.TrimPrefix(err.Error(), "handshake: "))
		}
		o.Origins = []string{f.origin}
	}
	if err := f.tls(dial); err != nil {
		return nil, nil, err
	}
	if f.cert == "" {
		return o, nil, nil
	}
	return o, &tls.Config{Certificates: dial.TLSConfig.Certificates, NextProtos: []string{"http/1.1"}}, nil
}
