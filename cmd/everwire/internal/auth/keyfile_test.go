package auth

import (
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
)

func TestKeysAreReadAgainWhenTheFileChanges(t *testing.T) {
	old := jwks(jwkOf(&ecKey().PublicKey, object{"kid": "old"}))
	path := file(t, old)
	a, log := newJWT(t, JWTOptions{KeySetFile: path})
	byOld := sign(t, "ES256", ecKey(), good(nil), object{"kid": "old"})
	byNew := sign(t, "EdDSA", edKey(), good(nil), object{"kid": "new"})
	both := func(oldIn, newIn bool) {
		t.Helper()
		for token, in := range map[string]bool{byOld: oldIn, byNew: newIn} {
			if _, err := authenticate(a, token); (err == nil) != in {
				t.Errorf("by %s: %v", map[bool]string{true: "old", false: "new"}[token == byOld], err)
			}
		}
	}
	said := func(n int, text string) {
		t.Helper()
		lines := log.lines()
		if len(lines) != n || !strings.Contains(lines[n-1], text) {
			t.Errorf("the log is %q, want %d lines, the last with %q", lines, n, text)
		}
	}
	both(true, false)

	replace(t, path, jwks(jwkOf(&ecKey().PublicKey, object{"kid": "old"}), jwkOf(edKey().Public(), object{"kid": "new"})))
	both(true, true)
	said(1, "keys=2")

	replace(t, path, old[:len(old)/2]) // half written
	both(true, true)
	said(2, "not a set of keys")

	replace(t, path, []byte(strings.Repeat(" ", maxKeyFile+1)))
	both(true, true)
	said(3, "more than 262144 octets")

	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	both(true, true)
	said(4, "no such file")

	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	both(true, true)
	said(5, "not a file")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}

	replace(t, path, jwks(jwkOf(edKey().Public(), object{"kid": "new"})))
	both(false, true)
	said(6, "keys=1")

	// The same file, another content in it.
	if err := os.WriteFile(path, jwks(jwkOf(&ecKey().PublicKey, object{"kid": "old"})), 0o600); err != nil {
		t.Fatal(err)
	}
	both(true, false)
	said(7, "keys=1")
}

// A file that was put in place and cannot be read, because its owner is another one or too many files are open,
// is read as soon as it can be, though nothing of it changes then.
func TestKeysAreReadWhenTheyCanBe(t *testing.T) {
	path := file(t, []byte("old"))
	var lines logLines
	var fail error
	f, err := openKeyFile(path, func(data []byte) ([]key, error) { // what reading fails with comes from here
		return []key{{id: string(data)}}, fail
	}, slog.New(slog.NewTextHandler(&lines, nil)))
	if err != nil {
		t.Fatal(err)
	}
	replace(t, path, []byte("new"))
	fail = &fs.PathError{Op: "open", Path: path, Err: fs.ErrPermission}
	for range 3 {
		if got := f.current(); got[0].id != "old" {
			t.Errorf("the key is %q", got[0].id)
		}
	}
	if got := lines.lines(); len(got) != 1 || !strings.Contains(got[0], "permission denied") {
		t.Errorf("the log is %q", got)
	}
	fail = nil
	if got := f.current(); got[0].id != "new" {
		t.Errorf("when it can be read the key is %q", got[0].id)
	}
}

func TestSecretsAndPEMAreReadAgainToo(t *testing.T) {
	path := file(t, []byte(secret))
	a, _ := newJWT(t, JWTOptions{SecretFile: path})
	replace(t, path, []byte(strings.ToUpper(secret)))
	if _, err := authenticate(a, sign(t, "HS256", []byte(strings.ToUpper(secret)), good(nil), nil)); err != nil {
		t.Error(err)
	}
	path = file(t, publicPEM(edKey().Public()))
	a, _ = newJWT(t, JWTOptions{PublicKeyFile: path})
	replace(t, path, publicPEM(&ecKey().PublicKey))
	if _, err := authenticate(a, sign(t, "ES256", ecKey(), good(nil), nil)); err != nil {
		t.Error(err)
	}
}

func TestKeysMayChangeWhileTokensAreJudged(t *testing.T) {
	set := jwks(jwkOf(edKey().Public(), object{"kid": "k"}))
	path := file(t, set)
	a, _ := newJWT(t, JWTOptions{KeySetFile: path})
	token := sign(t, "EdDSA", edKey(), good(nil), object{"kid": "k"})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				if _, err := authenticate(a, token); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 20 {
		replace(t, path, set)
	}
	wg.Wait()
}
