package websocket

import (
	"cmp"
	"context"
	"crypto/tls"
)

// secure puts TLS on the stream. Whose says whose config it is, and with whom, for errors.
func (d *dialer) secure(ctx context.Context, cfg *tls.Config, serverName string, whose tlsParty) error {
	cfg = cfg.Clone()
	if cfg == nil {
		cfg = &tls.Config{}
	}
	cfg.ServerName = cmp.Or(cfg.ServerName, serverName)
	cfg.NextProtos = []string{"http/1.1"} // another version has no Upgrade, and another CONNECT
	d.watchCertificate(cfg, whose)
	t := tls.Client(d.nc, cfg)
	d.nc = t
	return t.HandshakeContext(ctx)
}

// A tlsParty is who is at the other end of TLS, and the option that is for it.
type tlsParty struct{ name, option string }

var (
	tlsServer = tlsParty{"server", "TLSConfig"}
	tlsProxy  = tlsParty{"proxy", "ProxyTLSConfig"}
)

// watchCertificate has cfg note what becomes of the wish for a client's certificate. In TLS 1.3 that is judged
// when the client's handshake is over, so that a refusal meets the request and may be lost in a reset.
func (d *dialer) watchCertificate(cfg *tls.Config, whose tlsParty) {
	d.certNote = ""
	choose := cfg.GetClientCertificate
	if choose == nil {
		choose = firstThatFits(cfg.Certificates)
	}
	cfg.GetClientCertificate = func(asked *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		cert, err := choose(asked)
		d.certNote = " (the " + whose.name + " asked for a client certificate and was shown one)"
		if err == nil && cert != nil && len(cert.Certificate) == 0 {
			d.certNote = " (the " + whose.name + " asked for a client certificate and " + whose.option +
				" has none that it would take)"
		}
		return cert, err
	}
}

// firstThatFits chooses as crypto/tls does by itself.
func firstThatFits(certificates []tls.Certificate) func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return func(asked *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		for i := range certificates {
			if asked.SupportsCertificate(&certificates[i]) == nil {
				return &certificates[i], nil
			}
		}
		return &tls.Certificate{}, nil // none
	}
}
