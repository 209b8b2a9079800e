package websocket_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"strings"
	"testing"
)

// identified is a client's certificate, and a pool with nothing but it.
func identified(name string) (tls.Certificate, *x509.CertPool) {
	server, client := trusted(name)
	return server.Certificates[0], client.RootCAs
}

func TestClientCertificates(t *testing.T) {
	server, trusting := trusted("site.com", "proxy.com")
	mine, known := identified("me")
	other, _ := identified("other")
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		demanding := server.Clone()
		demanding.ClientAuth, demanding.ClientCAs, demanding.MaxVersion = tls.RequireAndVerifyClientCert, known, version
		for _, row := range []struct {
			name string
			set  func(*tls.Config)
			says string // "" if it is let in
		}{
			{"shown", func(c *tls.Config) { c.Certificates = []tls.Certificate{mine} }, ""},
			{"the one that fits", func(c *tls.Config) { c.Certificates = []tls.Certificate{other, mine} }, ""},
			{"by function", func(c *tls.Config) {
				c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &mine, nil }
			}, ""},
			{"none", func(*tls.Config) {}, " asked for a client certificate and TLSConfig has none that it would take)"},
			{"none that fits", func(c *tls.Config) { c.Certificates = []tls.Certificate{other} },
				" asked for a client certificate and TLSConfig has none that it would take)"},
			{"none, by function", func(c *tls.Config) {
				c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &tls.Certificate{}, nil }
			}, " asked for a client certificate and TLSConfig has none that it would take)"},
			{"a wrong one", func(c *tls.Config) {
				c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &other, nil }
			}, " asked for a client certificate and was shown one)"},
		} {
			name := row.name + "/" + tls.VersionName(version)
			t.Run("server/"+name, func(t *testing.T) {
				w, requests := newWorld(), make(chan *http.Request, 1)
				w.echoes(t, "site.com:443", demanding, requests)
				w.opts.TLSConfig = trusting.Clone()
				row.set(w.opts.TLSConfig)
				if row.says != "" {
					w.wantRefused(t, "wss://site.com", "(the server"+row.says)
					return
				}
				dialAndEcho(t, "wss://site.com", &w.opts)
				equal(t, "certificates that the server saw", len((<-requests).TLS.PeerCertificates), 1)
			})
			t.Run("proxy/"+name, func(t *testing.T) {
				w, requests := newWorld(), make(chan *http.Request, 1)
				w.echoes(t, "site.com:80", nil, requests)
				w.settle(t, "proxy.com:443", securely(demanding, w.httpProxy("")))
				w.opts.Proxy, w.opts.ProxyTLSConfig = http.ProxyURL(mustURL("https://proxy.com")), trusting.Clone()
				row.set(w.opts.ProxyTLSConfig)
				if row.says != "" {
					w.wantRefused(t, "ws://site.com", "(the proxy"+strings.Replace(row.says, "TLSConfig", "ProxyTLSConfig", 1))
					return
				}
				dialAndEcho(t, "ws://site.com", &w.opts)
			})
		}
	}
}
