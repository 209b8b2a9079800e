package serve

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"strings"
	"time"

	"github.com/everwire/everwire/websocket"
)

// certificate is what the server proves itself with; nil means no TLS.
type certificate struct {
	get func(*tls.ClientHelloInfo) (*tls.Certificate, error)

	// Of a certificate made on the spot, for its user to know it by.
	fingerprint string
	names       []string
}

// certificate returns the certificate that the Config asks for.
func (cfg *Config) certificate() (*certificate, error) {
	switch {
	case cfg.TLSSelfSigned:
		return selfSigned(certificateNames(cfg.Addr))
	case cfg.TLSCert != "":
		files, err := websocket.LoadCertificate(cfg.TLSCert, cfg.TLSKey)
		if err != nil {
			return nil, fmt.Errorf("cannot serve over TLS: %w", err)
		}
		return &certificate{get: files.Get}, nil
	}
	return nil, nil
}

func (c *certificate) config() *tls.Config {
	if c == nil {
		return nil
	}
	return &tls.Config{GetCertificate: c.get}
}

// certificateNames are the names that a certificate for addr must hold.
func certificateNames(addr string) []string {
	names := []string{"localhost", "127.0.0.1", "::1"}
	for _, host := range hosts(addr) {
		if host != "localhost" && host != "127.0.0.1" && host != "::1" {
			names = append(names, host)
		}
	}
	return names
}

// selfSigned makes a certificate for host names and IP addresses. Its key exists in memory only.
func selfSigned(names []string) (*certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("cannot make a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("cannot make a serial number: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "everwire serve"},
		NotBefore:             now.Add(-time.Hour), // for clients whose clock is slow
		NotAfter:              now.AddDate(1, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("cannot make a certificate: %w", err)
	}
	pair := &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	return &certificate{
		get:         func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return pair, nil },
		fingerprint: fingerprint(der),
		names:       names,
	}, nil
}

// fingerprint is the SHA-256 of a certificate, written as browsers and openssl do.
func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
}
