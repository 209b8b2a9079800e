package deploy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"sync"
	"testing"
	"time"
)

// identity is a certificate for the names in the configurations, signed by itself, in the forms that it is needed in.
type identity struct {
	trusted  *x509.CertPool // has nothing but it
	pem, key string
}

// self is made once: every proxy shows it.
var self = sync.OnceValues(func() (*identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		DNSNames:     []string{"ws.example.com", "www.example.com"},
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
