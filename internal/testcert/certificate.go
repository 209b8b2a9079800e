package testcert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// A Certificate is one with its private key, in the forms that libraries and programs need it in. It serves a server
// as it serves a client that must show one.
type Certificate struct {
	TLS      tls.Certificate
	PEM, Key string // both as PEM; the key as PKCS #8
	roots    *x509.CertPool
}

// New makes a certificate for names: hosts and IP addresses. The first is its common name as well. With none, it
// is one that no client trusts that looks at names. It is valid from 1970 to 2106, also by the clock of a
// testing/synctest bubble. New panics where a name cannot be in a certificate.
func New(names ...string) *Certificate {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Unix(1<<32-1, 0),
	}
	for i, name := range names {
		if i == 0 {
			template.Subject = pkix.Name{CommonName: name}
		}
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	c := &Certificate{
		TLS:   tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		PEM:   string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		Key:   string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})),
		roots: x509.NewCertPool(),
	}
	c.roots.AppendCertsFromPEM([]byte(c.PEM))
	return c
}

// Server returns a new configuration of a server that shows c.
func (c *Certificate) Server() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{c.TLS}}
}

// Client returns a new configuration of a client that trusts c and nothing else.
func (c *Certificate) Client() *tls.Config { return &tls.Config{RootCAs: c.roots} }
