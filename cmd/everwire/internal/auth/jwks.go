package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// jwk is what is read of a key in a set (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2).
type jwk struct {
	Type       string   `json:"kty"`
	ID         string   `json:"kid"`
	Use        string   `json:"use"`
	Operations []string `json:"key_ops"`
	Algorithm  string   `json:"alg"`
	Curve      string   `json:"crv"`
	N          string   `json:"n"`
	E          string   `json:"e"`
	X          string   `json:"x"`
	Y          string   `json:"y"`
	D          string   `json:"d"` // of a private key
}

// errOtherUse is for a key that is not there to verify signatures: sets of issuers have such.
var errOtherUse = errors.New("it is not for signatures")

// parseJWKS reads a set of public keys. Those that are for something else, or of a kind that is not known,
// are passed over (RFC 7517 §5); there must be one that can be used. A private key or a secret in the set is
// an error: who reads it could make tokens.
func parseJWKS(data []byte) ([]key, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, errors.New(`this is not a set of keys in JSON, {"keys": [...]}`)
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("there are %d keys, and may be %d", len(set.Keys), maxKeys)
	}
	var keys []key
	var why error
	for i, raw := range set.Keys {
		var j jwk
		if err := json.Unmarshal(raw, &j); err != nil {
			why = fmt.Errorf("key %d is not a key in JSON", i+1)
			continue
		}
		if j.D != "" || j.Type == "oct" {
			return nil, fmt.Errorf("key %d is a private one or a secret, which belongs to who makes tokens; leave only public keys in the set", i+1)
		}
		k, err := j.key()
		if err != nil {
			why = fmt.Errorf("key %d, %s: %w", i+1, quoted(j.ID), err)
			continue
		}
		keys = append(keys, k)
	}
	switch {
	case len(keys) > 0:
		return keys, nil
	case why != nil:
		return nil, fmt.Errorf("no key of the set can be used: %w", why)
	}
	return nil, errors.New(`there is no key in the set; it is {"keys": [...]}`)
}

func (j *jwk) key() (key, error) {
	if j.Use != "" && j.Use != "sig" || j.Operations != nil && !slices.Contains(j.Operations, "verify") {
		return key{}, errOtherUse
	}
	var public any
	var err error
	switch j.Type {
	case "RSA":
		public, err = j.rsa()
	case "EC":
		public, err = j.ec()
	case "OKP":
		public, err = j.okp()
	default:
		return key{}, fmt.Errorf("kty %s is not one of RSA, EC and OKP", quoted(j.Type))
	}
	if err != nil {
		return key{}, err
	}
	return publicKey(j.ID, j.Algorithm, public)
}

func (j *jwk) rsa() (*rsa.PublicKey, error) {
	n, err1 := base64.RawURLEncoding.DecodeString(j.N)
	e, err2 := base64.RawURLEncoding.DecodeString(j.E)
	if err1 != nil || err2 != nil || len(n) > maxRSA/8 || len(e) > 4 {
		return nil, errors.New("n or e of the RSA key is not base64url, or too large")
	}
	exponent := new(big.Int).SetBytes(e).Int64()
	if exponent < 3 || exponent > 1<<31-1 || exponent%2 == 0 {
		return nil, errors.New("e of the RSA key is not an odd number from 3 to 2147483647")
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent)}, nil
}

func (j *jwk) ec() (*ecdsa.PublicKey, error) {
	var curve elliptic.Curve
	switch j.Curve {
	case "P-256":
		curve = elliptic.P256()
	case "P-384":
		curve = elliptic.P384()
	case "P-521":
		curve = elliptic.P521()
	default:
		return nil, fmt.Errorf("crv %s is not one of P-256, P-384 and P-521", quoted(j.Curve))
	}
	x, err1 := base64.RawURLEncoding.DecodeString(j.X)
	y, err2 := base64.RawURLEncoding.DecodeString(j.Y)
	size := (curve.Params().BitSize + 7) / 8
	if err1 != nil || err2 != nil || len(x) != size || len(y) != size { // RFC 7518 §6.2.1.2
		return nil, fmt.Errorf("x or y is not base64url of %d octets", size)
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, x, y))
	if err != nil {
		return nil, errors.New("x and y are not a point of the curve")
	}
	return public, nil
}

func (j *jwk) okp() (ed25519.PublicKey, error) {
	if j.Curve != "Ed25519" {
		return nil, fmt.Errorf("crv %s is not Ed25519", quoted(j.Curve))
	}
	x, err := base64.RawURLEncoding.DecodeString(j.X)
	if err != nil || len(x) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("x is not base64url of %d octets", ed25519.PublicKeySize)
	}
	return x, nil
}
