package wire

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/everwire/everwire/websocket"
)

// Options returns a copy of opts, which may be nil, whose connections are looked at: see is called with the Events
// of each, payloads of up to 4 KiB and messages included. Each attempt, as for a redirect, is a connection of its
// own, from the Head of its request on; if several are made at a time with the same options, their Events mix. See
// runs on the connection's goroutines, must be quick, and must not call the connection. Nothing is hidden from it.
//
// Of wss the octets above TLS are told. For that the TLS session's keys are taken from [tls.Config.KeyLogWriter],
// and what passes is decrypted a second time; the session itself and its checks stay as they are. AES-GCM
// is understood, which is what TLS 1.3 and 1.2 agree on wherever a processor has AES; of another cipher suite an
// End with an error that names it is all that is told.
//
// Proxies work as without it. The request to one (CONNECT) and its answer are told too, the exchange with SOCKS is
// not.
func Options(opts *websocket.DialOptions, see func(Event)) *websocket.DialOptions {
	o := websocket.DialOptions{}
	if opts != nil {
		o = *opts
	}
	dial := o.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
		if o.Proxy == nil {
			o.Proxy = websocket.ProxyFromEnvironment // which a DialContext turns off
		}
	}
	keys := &sessionKeys{}
	o.TLSConfig = keys.logged(o.TLSConfig)
	o.ProxyTLSConfig = keys.logged(o.ProxyTLSConfig)
	o.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		nc, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return tapped(nc, &prelude{keys: keys, d: NewDecoder(Config{Messages: true}, see)}, FromClient), nil
	}
	return &o
}

// logged returns a copy of a config that tells k the keys, and whom it told them before.
func (k *sessionKeys) logged(config *tls.Config) *tls.Config {
	if config = config.Clone(); config == nil {
		config = &tls.Config{}
	}
	config.KeyLogWriter = keyLog{k, config.KeyLogWriter}
	config.ClientSessionCache = nil // of a session of TLS 1.2 that is resumed the keys are not logged
	return config
}
