package auth

import (
	"encoding/json"
	"testing"
	"time"
)

// FuzzClaims has an issuer sign anything at all.
func FuzzClaims(f *testing.F) {
	a, _ := newJWT(f, JWTOptions{SecretFile: file(f, []byte(secret)), Join: []string{"lobby"}})
	for _, claims := range []any{
		good(nil),
		object{"sub": "u", "exp": 1e18, "join": []string{">"}},
		object{"sub": "u", "exp": 99999999999.5, "rooms": nil, "aud": []string{}},
		object{"sub": "u", "exp": -1},
		[]int{1}, "text", nil,
	} {
		f.Add(must(json.Marshal(claims)))
	}
	f.Add([]byte(`{"sub":"u","exp":1e400}`))
	f.Add([]byte(`{"sub":"u","SUB":"v","exp":99999999999}`))
	f.Fuzz(func(t *testing.T, claims []byte) {
		if !json.Valid(claims) {
			return // FuzzToken has those
		}
		g, err := authenticate(a, hs256([]byte(secret), object{"alg": "HS256"}, json.RawMessage(claims)))
		if err != nil {
			if word := Word(err); word != "unauthorized" && word != "expired" {
				t.Fatalf("the peer is told %q", word)
			}
			return
		}
		if err := g.check(); err != nil {
			t.Fatalf("a grant that cannot be used: %v", err)
		}
		if g.Expires.IsZero() || g.Expired(time.Now().Add(-leeway-time.Second)) {
			t.Fatalf("a grant that expires at %v", g.Expires)
		}
	})
}
