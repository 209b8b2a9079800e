package testcert_test

import (
	"crypto/tls"
	"net"
	"testing"
	"testing/synctest"

	"github.com/everwire/everwire/internal/testcert"
)

func TestClientsTrustTheNamesAndNoOther(t *testing.T) {
	mine, another := testcert.New("site.com", "127.0.0.1", "b.com"), testcert.New("site.com")
	for _, row := range []struct {
		name    string
		shown   *testcert.Certificate
		asked   string
		trusted bool
	}{
		{"the first name", mine, "site.com", true},
		{"the last name", mine, "b.com", true},
		{"an address", mine, "127.0.0.1", true},
		{"another name", mine, "c.com", false},
		{"another address", mine, "127.0.0.2", false},
		{"another certificate", another, "site.com", false},
		{"one without names", testcert.New(), "site.com", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if err := shake(row.shown.Server(), mine.Client(), row.asked); (err == nil) != row.trusted {
				t.Errorf("the handshake's error is %v", err)
			}
		})
	}
}

func TestPEMIsTheSameCertificate(t *testing.T) {
	c := testcert.New("site.com")
	pair, err := tls.X509KeyPair([]byte(c.PEM), []byte(c.Key))
	if err != nil {
		t.Fatal(err)
	}
	if err := shake(&tls.Config{Certificates: []tls.Certificate{pair}}, c.Client(), "site.com"); err != nil {
		t.Error(err)
	}
}

func TestCertificatesAreValidInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := testcert.New("site.com")
		if err := shake(c.Server(), c.Client(), "site.com"); err != nil {
			t.Error(err)
		}
	})
}

// shake returns the client's error of a handshake in which it asks for a name.
func shake(server, client *tls.Config, name string) error {
	ours, theirs := net.Pipe()
	client.ServerName = name
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer ours.Close()
		tls.Server(ours, server).Handshake()
	}()
	err := tls.Client(theirs, client).Handshake()
	theirs.Close()
	<-done
	return err
}
