package interop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"
)

// identity is a certificate for 127.0.0.1, signed by itself, in the forms that it is needed in.
type identity struct {
	certificate tls.Certificate
	trusted     *x509.CertPool // has nothing but it
	pem, key    string
}

// self is made once: every scenario's server shows it.
var self = sync.OnceValues(func() (*identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	id := &identity{
		pem:     string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		key:     string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})),
		trusted: x509.NewCertPool(),
	}
	id.trusted.AppendCertsFromPEM([]byte(id.pem))
	id.certificate, err = tls.X509KeyPair([]byte(id.pem), []byte(id.key))
	return id, err
})

func selfSigned(t *testing.T) *identity {
	t.Helper()
	id, err := self()
	if err != nil {
		t.Fatal(err)
	}
	return id
}
