package auth

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/everwire/everwire/internal/leak"
)

func TestMain(m *testing.M) { leak.VerifyTestMain(m) }

const secret = "correct horse battery staple, and then some"

// What follows is made once: making an RSA key takes a while.
var (
	rsaKey  = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	rsaKey2 = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	ecKey   = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
	edKey   = sync.OnceValue(func() ed25519.PrivateKey {
		_, k, err := ed25519.GenerateKey(rand.Reader)
		return must(k, err)
	})
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// object is JSON in the making.
type object = map[string]any

// good returns claims that are let in, with changes; nil takes one out.
func good(changes object) object {
	c := object{
		"sub": "u17", "name": "Ada", "exp": time.Now().Add(time.Hour).Unix(),
		"rooms": object{"join": []string{"team.*"}, "publish": []string{"team.blue"}},
	}
	maps.Copy(c, changes)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

// sign makes a token as an issuer does. Header fields are added to alg and typ.
func sign(tb testing.TB, algorithm string, with any, claims object, header object) string {
	tb.Helper()
	t := jwt.NewWithClaims(jwt.GetSigningMethod(algorithm), jwt.MapClaims(claims))
	maps.Copy(t.Header, header)
	token, err := t.SignedString(with)
	if err != nil {
		tb.Fatal(err)
	}
	return token
}

// forge puts a token together from its parts.
func forge(header, claims any, signature []byte) string {
	part := func(v any) string { return base64.RawURLEncoding.EncodeToString(must(json.Marshal(v))) }
	return part(header) + "." + part(claims) + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func publicPEM(public crypto.PublicKey) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(public))})
}

// jwkOf is a public key as an issuer publishes it, with further fields.
func jwkOf(public crypto.PublicKey, fields object) object {
	b64 := base64.RawURLEncoding.EncodeToString
	var j object
	switch k := public.(type) {
	case *rsa.PublicKey:
		j = object{"kty": "RSA", "n": b64(k.N.Bytes()), "e": b64([]byte{1, 0, 1})}
	case *ecdsa.PublicKey:
		point := must(k.Bytes())
		half := len(point) / 2
		j = object{"kty": "EC", "crv": k.Params().Name, "x": b64(point[1 : 1+half]), "y": b64(point[1+half:])}
	case ed25519.PublicKey:
		j = object{"kty": "OKP", "crv": "Ed25519", "x": b64(k)}
	}
	maps.Copy(j, fields)
	return j
}

func jwks(keys ...object) []byte { return must(json.Marshal(object{"keys": keys})) }

// file writes a file of keys.
func file(tb testing.TB, data []byte) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "keys")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// replace puts another file in the place of one, as programs do that must not be seen half way.
func replace(tb testing.TB, path string, data []byte) {
	tb.Helper()
	if err := os.Rename(file(tb, data), path); err != nil {
		tb.Fatal(err)
	}
}

// newJWT is JWT, with what it logs.
func newJWT(tb testing.TB, opts JWTOptions) (Authenticator, *logLines) {
	tb.Helper()
	lines := &logLines{}
	opts.Log = slog.New(slog.NewTextHandler(lines, nil))
	a, err := JWT(opts)
	if err != nil {
		tb.Fatal(err)
	}
	return a, lines
}

// logLines is a log in memory.
type logLines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logLines) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.FieldsFunc(l.text.String(), func(r rune) bool { return r == '\n' })
}

// authenticate asks with a token alone.
func authenticate(a Authenticator, token string) (*Grant, error) {
	return a.Authenticate(context.Background(), token, Visit{})
}

// fake is an Authenticator that is told what to say.
type fake func(token string, from Visit) (*Grant, error)

func (f fake) Authenticate(_ context.Context, token string, from Visit) (*Grant, error) {
	if err := checkToken(token); err != nil {
		return nil, err
	}
	return f(token, from)
}
