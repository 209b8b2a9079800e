package auth

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// key is a key and the one algorithm that it is good for. That is said by who configured the key, never by a
// token: else a token could have the octets of a public key taken for a secret (RFC 8725 §2.1).
type key struct {
	id        string // "" fits every token
	algorithm string // RFC 7518 §3.1, RFC 8037 §3.1
	material  any    // []byte, *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
}

// algorithms are all that a key can have. "none" is not among them.
var algorithms = []string{
	"HS256",
	"RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
	"ES256", "ES384", "ES512",
	"EdDSA",
}

const (
	minSecret = 32 // octets: RFC 7518 §3.2 asks for as much as the hash has
	maxSecret = 4 << 10

	minRSA = 2048 // bits: RFC 7518 §3.3
	maxRSA = 8192 // beyond, verifying is work that strangers could ask for

	maxKeys = 100 // in one file
)

// parseSecret reads a secret for HS256: all octets of the file but the line break at its end, which editors
// add.
func parseSecret(data []byte) ([]key, error) {
	secret := bytes.TrimRight(data, "\r\n")
	switch {
	case len(secret) < minSecret:
		return nil, fmt.Errorf("the secret has %d octets, and needs %d at least; make one with: openssl rand -base64 48", len(secret), minSecret)
	case len(secret) > maxSecret:
		return nil, fmt.Errorf("the secret has %d octets, and may have %d", len(secret), maxSecret)
	case bytes.HasPrefix(secret, []byte("-----BEGIN ")):
		return nil, errors.New("a secret was expected, and this is PEM; is it a public key?")
	}
	return []key{{algorithm: "HS256", material: bytes.Clone(secret)}}, nil
}

// parsePEM reads public keys and certificates.
func parsePEM(data []byte) ([]key, error) {
	var keys []key
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		if len(keys) == maxKeys {
			return nil, fmt.Errorf("there are more than %d keys", maxKeys)
		}
		k, err := parseBlock(block)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, errors.New("there is no public key in it; one begins with -----BEGIN PUBLIC KEY-----")
	}
	return keys, nil
}

func parseBlock(block *pem.Block) (key, error) {
	if strings.HasSuffix(block.Type, "PRIVATE KEY") {
		return key{}, errors.New("this is a private key, which belongs to who makes tokens; give its public half: openssl pkey -pubout")
	}
	var public any
	var err error
	switch block.Type {
	case "PUBLIC KEY":
		public, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		public, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		var cert *x509.Certificate
		if cert, err = x509.ParseCertificate(block.Bytes); err == nil {
			public = cert.PublicKey
		}
	default:
		return key{}, fmt.Errorf("a block of PEM is %s, and not a public key", quoted(block.Type))
	}
	if err != nil {
		return key{}, fmt.Errorf("the public key cannot be read: %w", err)
	}
	return publicKey("", "", public)
}

// publicKey makes a key of a public one. If no algorithm is named, it is the one that most issuers use with
// such a key.
func publicKey(id, algorithm string, public any) (key, error) {
	var fitting []string // what is used unless said is first
	switch k := public.(type) {
	case *rsa.PublicKey:
		if n := k.N.BitLen(); n < minRSA || n > maxRSA {
			return key{}, fmt.Errorf("the RSA key has %d bits, and must have %d to %d", n, minRSA, maxRSA)
		}
		fitting = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	case *ecdsa.PublicKey:
		switch k.Curve.Params().BitSize {
		case 256:
			fitting = []string{"ES256"}
		case 384:
			fitting = []string{"ES384"}
		case 521:
			fitting = []string{"ES512"}
		default:
			return key{}, fmt.Errorf("the curve %s is not one of P-256, P-384 and P-521", k.Curve.Params().Name)
		}
	case ed25519.PublicKey:
		fitting = []string{"EdDSA"}
	default:
		return key{}, fmt.Errorf("a key is neither RSA nor ECDSA nor Ed25519 but %T", public)
	}
	switch {
	case algorithm == "":
		algorithm = fitting[0]
	case algorithm == "Ed25519" && fitting[0] == "EdDSA": // its other name, RFC 9864
		algorithm = "EdDSA"
	case !slices.Contains(fitting, algorithm):
		return key{}, fmt.Errorf("the algorithm %s does not fit a key that is good for %s", quoted(algorithm), strings.Join(fitting, ", "))
	}
	return key{id, algorithm, public}, nil
}
