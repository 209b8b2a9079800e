package dialer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/everwire/everwire/websocket"
)

func (f *Flags) tls(o *websocket.DialOptions) error {
	config := &tls.Config{InsecureSkipVerify: f.insecure, ServerName: f.serverName}
	var err error
	if config.RootCAs, err = roots("--cacert", f.caCert); err != nil {
		return err
	}
	if f.cert == "" && f.key != "" {
		return errors.New("--key is for a certificate; give --cert as well")
	}
	if f.cert != "" {
		key := f.key
		if key == "" {
			key = f.cert
		}
		pair, err := tls.LoadX509KeyPair(f.cert, key)
		if err != nil {
			if f.key == "" {
				return fmt.Errorf("--cert: %w; if the key is in a file of its own, give --key", err)
			}
			return fmt.Errorf("--cert and --key: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	o.TLSConfig = config
	if f.proxyCACert != "" {
		pool, err := roots("--proxy-cacert", f.proxyCACert)
		if err != nil {
			return err
		}
		o.ProxyTLSConfig = &tls.Config{RootCAs: pool}
	}
	return nil
}

// roots are the certificates in a file, nil for those of the system.
func roots(flag, file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: there is no PEM certificate in %s", flag, file)
	}
	return pool, nil
}
