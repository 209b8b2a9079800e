package websocket_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/internal/testcert"
	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// writeCertificate writes a new certificate, whose name is a number, and its key. The files' time is that number of
// seconds, so that they differ from those before.
func writeCertificate(t *testing.T, certFile, keyFile string, number int64) {
	t.Helper()
	c := testcert.New(fmt.Sprint(number))
	writeFile(t, certFile, []byte(c.PEM), number)
	writeFile(t, keyFile, []byte(c.Key), number)
}

func writeFile(t *testing.T, name string, data []byte, seconds int64) {
	t.Helper()
	must(t, os.WriteFile(name, data, 0o600))
	must(t, os.Chtimes(name, time.Unix(seconds, 0), time.Unix(seconds, 0)))
}

// number returns the name of the certificate that c has now.
func number(t *testing.T, c *websocket.Certificate) string {
	t.Helper()
	cert, err := c.Get(nil)
	must(t, err)
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	must(t, err)
	return leaf.Subject.CommonName
}

// watchLog collects what is logged.
func watchLog(t *testing.T) *bytes.Buffer {
	log := slog.Default()
	t.Cleanup(func() { slog.SetDefault(log) })
	var b bytes.Buffer
	slog.SetDefault(slog.New(slog.NewTextHandler(&b, nil)))
	return &b
}

func TestCertificatesAreReadAgainWhenTheyChange(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert"), filepath.Join(dir, "key")
	log := watchLog(t)
	synctest.Test(t, func(t *testing.T) {
		writeCertificate(t, certFile, keyFile, 1)
		c, err := websocket.LoadCertificate(certFile, keyFile)
		must(t, err)
		equal(t, "at first", number(t, c), "1")

		writeCertificate(t, certFile, keyFile, 2)
		time.Sleep(time.Second - 1)
		equal(t, "within a second", number(t, c), "1")
		time.Sleep(time.Nanosecond)
		equal(t, "after a second", number(t, c), "2")

		good, err := os.ReadFile(certFile)
		must(t, err)
		for i, bad := range [][]byte{nil, []byte("no PEM"), good[:len(good)/2]} {
			writeFile(t, certFile, bad, int64(10+i))
			for range 3 {
				time.Sleep(time.Second)
				equal(t, "while the file is bad", number(t, c), "2")
			}
			equal(t, "warnings", strings.Count(log.String(), "keeping the previous certificate"), i+1)
		}
		must(t, os.Remove(certFile))
		time.Sleep(time.Second)
		equal(t, "while the file is missing", number(t, c), "2")

		writeFile(t, certFile, good, 20)
		must(t, os.Rename(keyFile, keyFile+"2"))
		time.Sleep(time.Second)
		equal(t, "while the other file is missing", number(t, c), "2")
		writeCertificate(t, certFile, keyFile, 30)
		time.Sleep(time.Second)
		equal(t, "when both are good again", number(t, c), "30")
	})
}

func TestACertificateThatBecomesReadableIsTaken(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert"), filepath.Join(dir, "key")
	watchLog(t)
	synctest.Test(t, func(t *testing.T) {
		writeCertificate(t, certFile, keyFile, 1)
		c, err := websocket.LoadCertificate(certFile, keyFile)
		must(t, err)
		writeCertificate(t, certFile, keyFile, 2)
		good, err := os.ReadFile(keyFile)
		must(t, err)
		writeFile(t, keyFile, bytes.Repeat([]byte("x"), len(good)), 2) // root reads everything, so permissions do not serve
		time.Sleep(time.Second)
		equal(t, "while it is not readable", number(t, c), "1")
		writeFile(t, keyFile, good, 2)
		time.Sleep(time.Second)
		equal(t, "with time and size as before", number(t, c), "2")
	})
}

func TestNewConnectionsGetTheNewCertificate(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert"), filepath.Join(dir, "key")
	synctest.Test(t, func(t *testing.T) {
		writeCertificate(t, certFile, keyFile, 1)
		var srv websocket.Server
		ln := wstest.Listen()
		served := inBackground(func() error { return srv.ServeTLS(ln, certFile, keyFile) })
		dial := func() *websocket.Conn {
			c, err := websocket.Dial(context.Background(), "wss://site.com", &websocket.DialOptions{
				DialContext: ln.Dial, TLSConfig: &tls.Config{InsecureSkipVerify: true},
			})
			must(t, err)
			t.Cleanup(c.Terminate)
			return c
		}
		number := func(c *websocket.Conn) string { return c.TLS().PeerCertificates[0].Subject.CommonName }
		before := dial()
		equal(t, "before", number(before), "1")
		writeCertificate(t, certFile, keyFile, 2)
		time.Sleep(time.Second)
		equal(t, "after", number(dial()), "2")
		must(t, before.Write(context.Background(), websocket.Text, []byte("still here")))
		must(t, srv.Close())
		wantError(t, "ServeTLS", <-served, websocket.ErrServerClosed)
	})
}

func TestLoadCertificateFails(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert"), filepath.Join(dir, "key")
	writeCertificate(t, certFile, keyFile, 1)
	otherCert, otherKey := filepath.Join(dir, "cert2"), filepath.Join(dir, "key2")
	writeCertificate(t, otherCert, otherKey, 2)
	for _, row := range []struct{ name, cert, key string }{
		{"without a certificate", filepath.Join(dir, "none"), keyFile},
		{"without a key", certFile, filepath.Join(dir, "none")},
		{"with the key of another", certFile, otherKey},
		{"with both in each other's place", keyFile, certFile},
	} {
		t.Run(row.name, func(t *testing.T) {
			if c, err := websocket.LoadCertificate(row.cert, row.key); err == nil || c != nil {
				t.Errorf("LoadCertificate returned %v, %v", c, err)
			}
		})
	}
}

func TestCertificatesAreSafeForConcurrentUse(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert"), filepath.Join(dir, "key")
	synctest.Test(t, func(t *testing.T) {
		writeCertificate(t, certFile, keyFile, 1)
		c, err := websocket.LoadCertificate(certFile, keyFile)
		must(t, err)
		writeCertificate(t, certFile, keyFile, 2)
		time.Sleep(time.Second)
		var getting sync.WaitGroup
		for range 8 {
			getting.Go(func() {
				for range 20 {
					if n := number(t, c); n != "1" && n != "2" {
						t.Errorf("number %s", n)
					}
				}
			})
		}
		getting.Wait()
		equal(t, "in the end", number(t, c), "2")
	})
}
