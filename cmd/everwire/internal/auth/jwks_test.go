package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"slices"
	"strings"
	"testing"
)

func TestKeySets(t *testing.T) {
	rsa1 := jwkOf(&rsaKey().PublicKey, nil)
	ec, ed := jwkOf(&ecKey().PublicKey, nil), jwkOf(edKey().Public(), nil)
	with := func(j object, fields object) object {
		changed := object{}
		for _, o := range []object{j, fields} {
			for k, v := range o {
				changed[k] = v
			}
		}
		return changed
	}
	for _, c := range []struct {
		name      string
		data      []byte
		want      string
		algorithm string
	}{
		{"RSA", jwks(rsa1), "", "RS256"},
		{"RSA for PS256", jwks(with(rsa1, object{"alg": "PS256"})), "", "PS256"},
		{"ECDSA", jwks(ec), "", "ES256"},
		{"Ed25519", jwks(ed), "", "EdDSA"},
		{"what encrypts is passed over", jwks(with(rsa1, object{"use": "enc"}), ed), "", "EdDSA"},
		{"what signs is passed over", jwks(with(rsa1, object{"key_ops": []string{"sign"}}), ed), "", "EdDSA"},
		{"what is not known is passed over", jwks(object{"kty": "AKP", "alg": "ML-DSA-44"}, ed), "", "EdDSA"},
		{"what is not a key is passed over", []byte(`{"keys":[1,{"kty":5},` + string(jwks(ed)[9:])), "", "EdDSA"},
		{"only what encrypts", jwks(with(rsa1, object{"use": "enc"})), "not for signatures", ""},
		{"RSA for HS256", jwks(with(rsa1, object{"alg": "HS256"})), `"HS256" does not fit`, ""},
		{"RSA for none", jwks(with(rsa1, object{"alg": "none"})), `"none" does not fit`, ""},
		{"ECDSA for RS256", jwks(with(ec, object{"alg": "RS256"})), "does not fit", ""},
		{"P-256 for ES384", jwks(with(ec, object{"alg": "ES384"})), "does not fit", ""},
		{"a secret", jwks(ed, object{"kty": "oct", "k": "c2VjcmV0"}), "a private one or a secret", ""},
		{"a private key", jwks(ed, with(rsa1, object{"d": "AQAB"})), "a private one or a secret", ""},
		{"RSA of 1024 bits", jwks(with(rsa1, object{"n": rsa1["n"].(string)[:171]})), "bits, and must have 2048", ""},
		{"RSA of 16384 bits", jwks(with(rsa1, object{"n": strings.Repeat("_", 2731)})), "too large", ""},
		{"RSA with e = 1", jwks(with(rsa1, object{"e": "AQ"})), "odd number", ""},
		{"RSA with e = 2", jwks(with(rsa1, object{"e": "Ag"})), "odd number", ""},
		{"RSA with e = 2^32-1", jwks(with(rsa1, object{"e": "_____w"})), "odd number", ""},
		{"RSA with padding", jwks(with(rsa1, object{"e": "AQAB=="})), "base64url", ""},
		{"a point off the curve", jwks(with(ec, object{"y": ec["x"]})), "not a point of the curve", ""},
		{"a short x", jwks(with(ec, object{"x": "AQAB"})), "base64url of 32 octets", ""},
		{"secp256k1", jwks(with(ec, object{"crv": "secp256k1"})), "not one of P-256", ""},
		{"X25519", jwks(with(ed, object{"crv": "X25519"})), "not Ed25519", ""},
		{"a short Ed25519", jwks(with(ed, object{"x": "AQAB"})), "base64url of 32", ""},
		{"no keys", []byte(`{"keys":[]}`), "no key in the set", ""},
		{"one key, not a set", []byte(`{"kty":"OKP"}`), "no key in the set", ""},
		{"not JSON", []byte("-----BEGIN PUBLIC KEY-----"), "not a set of keys in JSON", ""},
		{"too many", jwks(slices.Repeat([]object{ed}, maxKeys+1)...), "101 keys", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			keys, err := parseJWKS(c.data)
			checkKeys(t, keys, err, c.want, c.algorithm)
		})
	}
}

func FuzzParseJWKS(f *testing.F) {
	f.Add(jwks(
		jwkOf(&ecKey().PublicKey, object{"kid": "e"}),
		jwkOf(edKey().Public(), object{"alg": "EdDSA"}),
	))
	f.Add(jwks(object{"kty": "RSA", "n": strings.Repeat("_", 342), "e": "AQAB", "use": "sig"}))
	f.Add([]byte(`{"keys":[{"kty":"oct"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := parseJWKS(data)
		if (err == nil) != (len(keys) > 0) {
			t.Fatalf("%d keys and the error %v", len(keys), err)
		}
		for _, k := range keys {
			fits := false
			switch p := k.material.(type) {
			case *rsa.PublicKey:
				fits = k.algorithm[1:2] == "S" && strings.Contains("RP", k.algorithm[:1]) && p.N.BitLen() >= minRSA
			case *ecdsa.PublicKey:
				fits = strings.HasPrefix(k.algorithm, "ES")
			case ed25519.PublicKey:
				fits = k.algorithm == "EdDSA" && len(p) == ed25519.PublicKeySize
			}
			if !fits {
				t.Fatalf("%T is for %s", k.material, k.algorithm)
			}
		}
	})
}
