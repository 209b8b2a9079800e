package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"
)

func TestSecrets(t *testing.T) {
	for _, c := range []struct {
		name string
		data string
		want string // the error; "" for none
	}{
		{"32 octets", strings.Repeat("s", 32), ""},
		{"31 octets and a line break", strings.Repeat("s", 31) + "\n", "31 octets, and needs 32"},
		{"nothing", "", "0 octets"},
		{"4 KiB", strings.Repeat("s", 4<<10), ""},
		{"more", strings.Repeat("s", 4<<10+1), "may have 4096"},
		{"PEM", string(publicPEM(&ecKey().PublicKey)), "is it a public key?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			keys, err := parseSecret([]byte(c.data))
			checkKeys(t, keys, err, c.want, "HS256")
		})
	}
}

func TestPEM(t *testing.T) {
	block := func(name string, data []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: name, Bytes: data}) }
	small := &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 1023, 1), E: 65537}
	huge := &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 8192, 1), E: 65537}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	cert := must(x509.CreateCertificate(rand.Reader, template, template, &ecKey().PublicKey, ecKey()))
	p384 := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	p224 := must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))
	for _, c := range []struct {
		name      string
		data      []byte
		want      string
		algorithm string
	}{
		{"RSA", publicPEM(&rsaKey().PublicKey), "", "RS256"},
		{"ECDSA", publicPEM(&ecKey().PublicKey), "", "ES256"},
		{"P-384", publicPEM(&p384.PublicKey), "", "ES384"},
		{"Ed25519", publicPEM(edKey().Public()), "", "EdDSA"},
		{"a certificate", block("CERTIFICATE", cert), "", "ES256"},
		{"words before it", append([]byte("my key:\n"), publicPEM(edKey().Public())...), "", "EdDSA"},
		{"P-224", publicPEM(&p224.PublicKey), "not one of P-256", ""},
		{"RSA of 1024 bits", publicPEM(small), "1024 bits", ""},
		{"RSA of 8193 bits", publicPEM(huge), "8193 bits", ""},
		{"a private key", block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(edKey()))), "give its public half", ""},
		{"an old private key", block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey())), "give its public half", ""},
		{"something else", block("DH PARAMETERS", nil), `"DH PARAMETERS"`, ""},
		{"broken", block("PUBLIC KEY", []byte("x")), "cannot be read", ""},
		{"not PEM", []byte(secret), "there is no public key in it", ""},
		{"too many", []byte(strings.Repeat(string(publicPEM(edKey().Public())), maxKeys+1)), "more than 100", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			keys, err := parsePEM(c.data)
			checkKeys(t, keys, err, c.want, c.algorithm)
		})
	}
}

// checkKeys checks that there is one key for an algorithm, or an error with a text.
func checkKeys(t *testing.T, keys []key, err error, want, algorithm string) {
	t.Helper()
	switch {
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("the error is %v, want one with %q", err, want)
	case want == "" && err != nil:
		t.Error(err)
	case want == "" && (len(keys) != 1 || keys[0].algorithm != algorithm):
		t.Errorf("the keys are %v, want one for %s", keys, algorithm)
	}
}
