package auth

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// hs256 signs by hand, for forgers.
func hs256(key []byte, header, claims any) string {
	unsigned := strings.TrimSuffix(forge(header, claims, nil), ".")
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(unsigned))
	return unsigned + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func TestEachAlgorithmLetsIn(t *testing.T) {
	edPublic := edKey().Public().(ed25519.PublicKey)
	all := jwks(
		jwkOf(&rsaKey().PublicKey, object{"kid": "r", "alg": "RS256", "use": "sig"}),
		jwkOf(&rsaKey2().PublicKey, object{"kid": "p", "alg": "PS512"}),
		jwkOf(&ecKey().PublicKey, object{"kid": "e", "key_ops": []string{"verify"}}),
		jwkOf(edPublic, object{"kid": "d", "alg": "Ed25519"}),
	)
	for _, c := range []struct {
		name      string
		opts      JWTOptions
		algorithm string
		with      any
		kid       string
	}{
		{"HS256", JWTOptions{SecretFile: file(t, []byte(secret))}, "HS256", []byte(secret), ""},
		{"HS256, a line break in the file", JWTOptions{SecretFile: file(t, []byte(secret+"\r\n"))}, "HS256", []byte(secret), ""},
		{"RS256", JWTOptions{PublicKeyFile: file(t, publicPEM(&rsaKey().PublicKey))}, "RS256", rsaKey(), ""},
		{"RS256, the second in the file", JWTOptions{
			PublicKeyFile: file(t, append(publicPEM(&rsaKey2().PublicKey), publicPEM(&rsaKey().PublicKey)...)),
		}, "RS256", rsaKey(), ""},
		{"RS256, PKCS #1, a kid that means nothing", JWTOptions{PublicKeyFile: file(t, pem.EncodeToMemory(&pem.Block{
			Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&rsaKey().PublicKey),
		}))}, "RS256", rsaKey(), "k1"},
		{"ES256", JWTOptions{PublicKeyFile: file(t, publicPEM(&ecKey().PublicKey))}, "ES256", ecKey(), ""},
		{"EdDSA", JWTOptions{PublicKeyFile: file(t, publicPEM(edPublic))}, "EdDSA", edKey(), ""},
		{"RS256 of a set", JWTOptions{KeySetFile: file(t, all)}, "RS256", rsaKey(), "r"},
		{"RS256 of a set, without a kid", JWTOptions{KeySetFile: file(t, all)}, "RS256", rsaKey(), ""},
		{"PS512 of a set", JWTOptions{KeySetFile: file(t, all)}, "PS512", rsaKey2(), "p"},
		{"ES256 of a set", JWTOptions{KeySetFile: file(t, all)}, "ES256", ecKey(), "e"},
		{"EdDSA of a set", JWTOptions{KeySetFile: file(t, all)}, "EdDSA", edKey(), "d"},
		{"a secret beside a set", JWTOptions{KeySetFile: file(t, all), SecretFile: file(t, []byte(secret))}, "HS256", []byte(secret), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, _ := newJWT(t, c.opts)
			header := object{}
			if c.kid != "" {
				header["kid"] = c.kid
			}
			claims := good(nil)
			g, err := authenticate(a, sign(t, c.algorithm, c.with, claims, header))
			if err != nil {
				t.Fatal(err)
			}
			want := &Grant{
				User: "u17", Name: "Ada", Join: []string{"team.*"}, Publish: []string{"team.blue"},
				Expires: time.Unix(claims["exp"].(int64), 0),
			}
			if !reflect.DeepEqual(g, want) {
				t.Errorf("the grant is %+v, want %+v", g, want)
			}
		})
	}
}

func TestForgedTokensAreRefused(t *testing.T) {
	rsaPEM := publicPEM(&rsaKey().PublicKey)
	set := jwks(
		jwkOf(&rsaKey().PublicKey, object{"kid": "r"}),
		jwkOf(&rsaKey2().PublicKey, object{"kid": "q"}),
		jwkOf(&ecKey().PublicKey, object{"kid": "e"}),
	)
	withPEM := JWTOptions{PublicKeyFile: file(t, rsaPEM)}
	withSet := JWTOptions{KeySetFile: file(t, set)}
	withSecret := JWTOptions{SecretFile: file(t, []byte(secret))}
	withAll := JWTOptions{PublicKeyFile: withPEM.PublicKeyFile, SecretFile: withSecret.SecretFile}
	valid := sign(t, "RS256", rsaKey(), good(nil), object{"kid": "r"})
	parts := strings.Split(valid, ".")

	for _, c := range []struct {
		name   string
		opts   JWTOptions
		token  string
		reason string // for the log
	}{
		{"alg none", withPEM, forge(object{"alg": "none"}, good(nil), nil), `algorithm is not one that keys can have here: "none"`},
		{"alg none, a secret", withSecret, forge(object{"alg": "none"}, good(nil), nil), `"none"`},
		{"alg NoNe", withPEM, forge(object{"alg": "NoNe"}, good(nil), nil), `"NoNe"`},
		{"alg empty", withPEM, forge(object{"alg": ""}, good(nil), nil), `""`},
		{"no alg", withPEM, forge(object{}, good(nil), nil), "algorithm"},
		{"alg a number", withPEM, forge(object{"alg": 1}, good(nil), nil), "algorithm"},
		{"alg of another kind", withPEM, forge(object{"alg": "A128KW"}, good(nil), nil), `"A128KW"`},
		{"HS256 with the public key as the secret", withPEM, hs256(rsaPEM, object{"alg": "HS256"}, good(nil)), `no key is for the token's algorithm, "HS256"`},
		{"the same, trimmed", withPEM, hs256([]byte(strings.TrimSpace(string(rsaPEM))), object{"alg": "HS256"}, good(nil)), `"HS256"`},
		{"the same, in DER", withPEM, hs256(must(x509.MarshalPKIXPublicKey(&rsaKey().PublicKey)), object{"alg": "HS256"}, good(nil)), `"HS256"`},
		{"the same beside a secret", withAll, hs256(rsaPEM, object{"alg": "HS256"}, good(nil)), "signature"},
		{"HS256 of a set", withSet, hs256(set, object{"alg": "HS256", "kid": "r"}, good(nil)), `"HS256"`},
		{"RS512 with an RS256 key", withPEM, sign(t, "RS512", rsaKey(), good(nil), nil), `"RS512"`},
		{"PS256 with an RS256 key", withSet, sign(t, "PS256", rsaKey(), good(nil), object{"kid": "r"}), `"PS256"`},
		{"ES256 with an RSA key's kid", withSet, sign(t, "ES256", ecKey(), good(nil), object{"kid": "r"}), `"ES256"`},
		{"another key", withPEM, sign(t, "RS256", rsaKey2(), good(nil), nil), "signature is not by the key"},
		{"another secret", withSecret, sign(t, "HS256", []byte(secret+"!"), good(nil), nil), "signature"},
		{"another's kid", withSet, sign(t, "RS256", rsaKey(), good(nil), object{"kid": "q"}), "signature"},
		{"a kid that is not there", withSet, sign(t, "RS256", rsaKey(), good(nil), object{"kid": "x\ny"}), `no key has the token's kid, "x\ny"`},
		{"a kid that is a number", withSet, sign(t, "RS256", rsaKey2(), good(nil), object{"kid": 1}), "kid is not text"},
		{"its own key in the header", withPEM, sign(t, "RS256", rsaKey2(), good(nil), object{
			"jwk": jwkOf(&rsaKey2().PublicKey, nil), "jku": "https://evil.example/jwks.json",
		}), "signature"},
		{"an extension that must be known", withPEM, sign(t, "RS256", rsaKey(), good(nil), object{"crit": []string{"b64"}, "b64": false}), "crit"},
		{"claims changed", withSet, parts[0] + "." + base64.RawURLEncoding.EncodeToString(
			must(json.Marshal(good(object{"sub": "root"})))) + "." + parts[2], "signature"},
		{"no signature", withSet, parts[0] + "." + parts[1] + ".", "signature"},
		{"two parts", withSet, parts[0] + "." + parts[1], "malformed"},
		{"four parts", withSet, valid + ".x", "malformed"},
		{"five parts, as encrypted ones have", withSet, "a.b.c.d.e", "malformed"},
		{"padding", withSet, parts[0] + "=." + parts[1] + "." + parts[2], "malformed"},
		{"not base64", withSet, "%%%." + parts[1] + "." + parts[2], "malformed"},
		{"not JSON", withSet, "AAAA." + parts[1] + "." + parts[2], "malformed"},
		{"dots", withSet, "..", "malformed"},
		{"a word", withSet, "swordfish", "malformed"},
		{"octets", withSet, "\x00\xff.\x00.\x00", "malformed"},
		{"nothing", withSet, "", "there is no token"},
		{"64 KiB", withSet, strings.Repeat("x", 64<<10), "longer than 16384 octets"},
		{"64 KiB that are signed", withSecret, sign(t, "HS256", []byte(secret), good(object{"name": strings.Repeat("x", 48<<10)}), nil), "longer than"},
		{"deep JSON", withSecret, hs256([]byte(secret), object{"alg": "HS256"}, json.RawMessage(strings.Repeat("[", 5000)+strings.Repeat("]", 5000))), "malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, _ := newJWT(t, c.opts)
			refusedWith(t, a, c.token, ErrUnauthorized, c.reason)
		})
	}
}

func TestClaimsThatDoNotLetIn(t *testing.T) {
	hour := time.Hour
	at := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	withIssuer := JWTOptions{Issuer: "https://id.example", Audience: "chat"}
	for _, c := range []struct {
		name   string
		opts   JWTOptions
		change object
		kind   error // nil: let in
		reason string
	}{
		{"expired", JWTOptions{}, object{"exp": at(-hour)}, ErrExpired, "exp was "},
		{"no exp", JWTOptions{}, object{"exp": nil}, ErrUnauthorized, "no exp"},
		{"no exp where that is allowed", JWTOptions{NoExpiry: true}, object{"exp": nil}, nil, ""},
		{"expired where none is needed", JWTOptions{NoExpiry: true}, object{"exp": at(-hour)}, ErrExpired, "exp was"},
		{"exp in words", JWTOptions{}, object{"exp": "tomorrow"}, ErrUnauthorized, "not of its type"},
		{"exp a fraction", JWTOptions{}, object{"exp": float64(at(hour)) + 0.5}, nil, ""},
		{"exp in the year 9999", JWTOptions{}, object{"exp": int64(253402300799)}, nil, ""},
		{"exp in milliseconds", JWTOptions{}, object{"exp": time.Now().UnixMilli()}, ErrUnauthorized, "after the year 9999"},
		{"not yet", JWTOptions{}, object{"nbf": at(hour)}, ErrUnauthorized, "nbf"},
		{"issued in the future", JWTOptions{}, object{"iat": at(hour)}, ErrUnauthorized, "iat"},
		{"issued before", JWTOptions{}, object{"iat": at(-hour), "nbf": at(-hour)}, nil, ""},
		{"iss and aud", withIssuer, object{"iss": "https://id.example", "aud": "chat"}, nil, ""},
		{"one aud of several", withIssuer, object{"iss": "https://id.example", "aud": []string{"mail", "chat"}}, nil, ""},
		{"wrong iss", withIssuer, object{"iss": "https://evil.example", "aud": "chat"}, ErrUnauthorized, `iss is not "https://id.example" but "https://evil.example"`},
		{"no iss", withIssuer, object{"aud": "chat"}, ErrUnauthorized, "iss is not"},
		{"wrong aud", withIssuer, object{"iss": "https://id.example", "aud": "mail"}, ErrUnauthorized, `aud has no "chat"`},
		{"no aud", withIssuer, object{"iss": "https://id.example"}, ErrUnauthorized, `aud has no "chat"`},
		{"an empty aud", withIssuer, object{"iss": "https://id.example", "aud": []string{}}, ErrUnauthorized, "aud"},
		{"iss where none is asked for", JWTOptions{}, object{"iss": "x", "aud": "y"}, nil, ""},
		{"no sub", JWTOptions{}, object{"sub": nil}, ErrUnauthorized, "no sub"},
		{"an empty sub", JWTOptions{}, object{"sub": ""}, ErrUnauthorized, "no sub"},
		{"sub a number", JWTOptions{}, object{"sub": 17}, ErrUnauthorized, "not of its type"},
		{"a long sub", JWTOptions{}, object{"sub": strings.Repeat("x", 201)}, ErrUnauthorized, "longer than 200"},
		{"rooms a list", JWTOptions{}, object{"rooms": []string{"a"}}, ErrUnauthorized, "not of its type"},
		{"rooms twice", JWTOptions{}, object{"join": []string{"a"}}, ErrUnauthorized, "both in the claim rooms"},
		{"a bad pattern", JWTOptions{}, object{"rooms": object{"join": []string{"a.>.b"}}}, ErrUnauthorized, `"a.>.b" has > before its end`},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.opts.SecretFile = file(t, []byte(secret))
			a, _ := newJWT(t, c.opts)
			token := sign(t, "HS256", []byte(secret), good(c.change), nil)
			if c.kind != nil {
				refusedWith(t, a, token, c.kind, c.reason)
				return
			}
			if _, err := authenticate(a, token); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAForgedTokenIsNotCalledExpired(t *testing.T) {
	a, _ := newJWT(t, JWTOptions{SecretFile: file(t, []byte(secret))})
	token := sign(t, "HS256", []byte(strings.ToUpper(secret)), good(object{"exp": 1}), nil)
	refusedWith(t, a, token, ErrUnauthorized, "signature")
}

func TestLeewayIs30Seconds(t *testing.T) {
	path := file(t, []byte(secret))
	for _, c := range []struct {
		name  string
		claim string
		shift time.Duration
		kind  error
	}{
		{"exp 29 s ago", "exp", -29 * time.Second, nil},
		{"exp 31 s ago", "exp", -31 * time.Second, ErrExpired},
		{"nbf in 29 s", "nbf", 29 * time.Second, nil},
		{"nbf in 31 s", "nbf", 31 * time.Second, ErrUnauthorized},
		{"iat in 29 s", "iat", 29 * time.Second, nil},
		{"iat in 31 s", "iat", 31 * time.Second, ErrUnauthorized},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, _ := newJWT(t, JWTOptions{SecretFile: path})
				token := sign(t, "HS256", []byte(secret), good(object{c.claim: time.Now().Add(c.shift).Unix()}), nil)
				if _, err := authenticate(a, token); !errors.Is(err, c.kind) || (err == nil) != (c.kind == nil) {
					t.Errorf("the error is %v, want %v", err, c.kind)
				}
			})
		})
	}
}

func TestRoomsOfAToken(t *testing.T) {
	for _, c := range []struct {
		name          string
		change        object
		join, publish []string
	}{
		{"none said", object{"rooms": nil}, []string{"lobby"}, []string{"lobby.*"}},
		{"rooms with nothing in it", object{"rooms": object{}}, nil, nil},
		{"rooms with join alone", object{"rooms": object{"join": []string{"a"}}}, []string{"a"}, nil},
		{"flat", object{"rooms": nil, "join": []string{"a"}, "publish": []string{"b"}}, []string{"a"}, []string{"b"}},
		{"flat, join alone", object{"rooms": nil, "join": []string{"a"}}, []string{"a"}, nil},
		{"flat and empty", object{"rooms": nil, "join": []string{}}, []string{}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, _ := newJWT(t, JWTOptions{
				SecretFile: file(t, []byte(secret)), Join: []string{"lobby"}, Publish: []string{"lobby.*"},
			})
			g, err := authenticate(a, sign(t, "HS256", []byte(secret), good(c.change), nil))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(g.Join, c.join) || !reflect.DeepEqual(g.Publish, c.publish) {
				t.Errorf("join %q publish %q, want %q %q", g.Join, g.Publish, c.join, c.publish)
			}
		})
	}
}

func TestJWTOptionsThatCannotWork(t *testing.T) {
	missing := t.TempDir() + "/missing"
	for _, c := range []struct {
		name string
		opts JWTOptions
		want string
	}{
		{"no keys", JWTOptions{}, "there are no keys"},
		{"no such file", JWTOptions{SecretFile: missing}, missing},
		{"a folder", JWTOptions{KeySetFile: t.TempDir()}, "not a file"},
		{"a short secret", JWTOptions{SecretFile: file(t, []byte("swordfish"))}, "9 octets, and needs 32"},
		{"a bad pattern", JWTOptions{SecretFile: file(t, []byte(secret)), Join: []string{">.a"}}, "before its end"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := JWT(c.opts)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("the error is %v, want one with %q", err, c.want)
			}
			if strings.Contains(err.Error(), "swordfish") || strings.Contains(err.Error(), "\n") {
				t.Errorf("the error is not for a log: %v", err)
			}
		})
	}
}

func TestATokenWithoutKidIsTriedWithFewKeys(t *testing.T) {
	var set []object
	for i := range maxTried {
		set = append(set, jwkOf(&rsaKey2().PublicKey, object{"kid": fmt.Sprint(i)}))
	}
	set = append(set, jwkOf(&rsaKey().PublicKey, object{"kid": "last"}))
	a, _ := newJWT(t, JWTOptions{KeySetFile: file(t, jwks(set...))})
	if _, err := authenticate(a, sign(t, "RS256", rsaKey(), good(nil), object{"kid": "last"})); err != nil {
		t.Errorf("with its kid: %v", err)
	}
	refusedWith(t, a, sign(t, "RS256", rsaKey(), good(nil), nil), ErrUnauthorized, "signature")
}

// refusedWith checks a refusal, and that it gives nothing of the token away.
func refusedWith(t *testing.T, a Authenticator, token string, kind error, reason string) {
	t.Helper()
	g, err := authenticate(a, token)
	if g != nil || !errors.Is(err, kind) {
		t.Fatalf("the grant is %v, the error %v; want %v", g, err, kind)
	}
	text := err.Error()
	if !strings.Contains(text, reason) {
		t.Errorf("the error is %q, want one with %q", text, reason)
	}
	if len(text) > 300 || strings.ContainsAny(text, "\r\n\x00") {
		t.Errorf("the error is not one short line: %q", text)
	}
	for part := range strings.SplitSeq(token, ".") {
		if len(part) > 4 && strings.Contains(text, part) {
			t.Errorf("the error has a part of the token: %q", text)
		}
	}
}

// FuzzToken has strangers send anything at all.
func FuzzToken(f *testing.F) {
	dir := f.TempDir()
	path := dir + "/secret"
	if err := os.WriteFile(path, []byte(secret), 0o600); err != nil {
		f.Fatal(err)
	}
	a, _ := newJWT(f, JWTOptions{SecretFile: path, PublicKeyFile: file(f, publicPEM(edKey().Public()))})
	f.Add("a.b.c")
	f.Add(forge(object{"alg": "none"}, object{"sub": "u"}, nil))
	f.Add(forge(object{"alg": "EdDSA", "kid": 1, "crit": nil}, object{"sub": "u"}, make([]byte, 64)))
	f.Add(hs256([]byte("x"), object{"alg": "HS256"}, object{"sub": "u", "exp": 1e300}))
	f.Fuzz(func(t *testing.T, token string) {
		if g, err := authenticate(a, token); err == nil {
			t.Fatalf("a stranger got %+v", g)
		} else if Word(err) != "unauthorized" {
			t.Fatalf("a stranger is told %q", Word(err))
		}
	})
}
