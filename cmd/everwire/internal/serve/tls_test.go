package serve

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
)

func TestSelfSigned(t *testing.T) {
	r := run(t, Config{TLSSelfSigned: true})
	if !strings.HasPrefix(r.ws, "wss://127.0.0.1:") {
		t.Fatalf("it serves at %s", r.ws)
	}
	printed := regexp.MustCompile(`(?m)^  ((?:[0-9A-F]{2}:){31}[0-9A-F]{2})$`).FindStringSubmatch(r.screen)
	if printed == nil {
		t.Fatalf("there is no fingerprint in\n%s", r.screen)
	}

	// A client that knows nothing but the fingerprint.
	var leaf *x509.Certificate
	pinned := &tls.Config{
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			leaf = state.PeerCertificates[0]
			if fingerprint(leaf.Raw) != printed[1] {
				return errors.New("another certificate")
			}
			return nil
		},
	}
	c, err := websocket.Dial(t.Context(), r.ws+"/echo", &websocket.DialOptions{TLSConfig: pinned})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Write(t.Context(), websocket.Text, []byte("secret")); err != nil {
		t.Fatal(err)
	}
	if _, data, err := c.Read(t.Context()); err != nil || string(data) != "secret" {
		t.Errorf("read %q, %v", data, err)
	}
	if err := c.Close(websocket.CloseNormal, ""); err != nil {
		t.Error(err)
	}

	// And one that trusts it, under each of its names.
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: name})
		if err != nil {
			t.Errorf("as %s: %v", name, err)
		}
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "example.com"}); err == nil {
		t.Error("it is for example.com too")
	}
}

func TestCertificateNames(t *testing.T) {
	local := []string{"localhost", "127.0.0.1", "::1"}
	tests := []struct {
		name, addr string
		more       []string
	}{
		{"loopback", "127.0.0.1:8080", nil},
		{"loopback, IPv6", "[::1]:8080", nil},
		{"localhost", "localhost:8080", nil},
		{"a name", "demo.example.com:443", []string{"demo.example.com"}},
		{"an address", "192.0.2.1:443", []string{"192.0.2.1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, want := certificateNames(tt.addr), append(slices.Clone(local), tt.more...); !slices.Equal(got, want) {
				t.Errorf("names %q, want %q", got, want)
			}
		})
	}
	got := certificateNames(":443")
	if !slices.Equal(got[:3], local) || slices.Contains(got, "") || slices.Contains(got, "::") {
		t.Errorf("names for every address: %q", got)
	}
}

// writePEM writes a new certificate and its key, and returns the certificate's fingerprint.
func writePEM(t *testing.T, certFile, keyFile string) string {
	t.Helper()
	made, err := selfSigned([]string{"localhost"})
	if err != nil {
		t.Fatal(err)
	}
	pair, _ := made.get(nil)
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: pair.Certificate[0]},
		keyFile:  {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return made.fingerprint
}

func TestCertificateFromFilesIsReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // for its clock: the files are looked at once a second
		cfg := Config{TLSCert: filepath.Join(t.TempDir(), "cert.pem"), TLSKey: filepath.Join(t.TempDir(), "key.pem")}
		want := writePEM(t, cfg.TLSCert, cfg.TLSKey)
		c, err := cfg.certificate()
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			got, err := c.config().GetCertificate(nil)
			if err != nil {
				t.Fatal(err)
			}
			if fingerprint(got.Certificate[0]) != want {
				t.Error("another certificate")
			}
			want = writePEM(t, cfg.TLSCert, cfg.TLSKey)
			now := time.Now()
			if err := os.Chtimes(cfg.TLSCert, now, now); err != nil { // the file system's clock may be coarse
				t.Fatal(err)
			}
			time.Sleep(2 * time.Second)
		}
	})
}

func TestCertificateFilesThatDoNotLoad(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none.pem")
	err := Run(t.Context(), Config{Addr: "127.0.0.1:0", TLSCert: none, TLSKey: none}, io.Discard, newLogbook().logger())
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), none) {
		t.Errorf("error %v, want one that names %s", err, none)
	}
}
