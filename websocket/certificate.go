package websocket

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A Certificate is a certificate and key in PEM files, read again when the files change, so that
// renewing them needs no restart. Make one with [LoadCertificate]; it is safe for concurrent use.
type Certificate struct {
	certFile, keyFile string
	current           atomic.Pointer[tls.Certificate]

	checking sync.Mutex // held by who looks at the files; guards what follows
	looked   time.Time
	version  [2]fileVersion // of what was last loaded, or tried
	bad      bool           // it did not load
}

// fileVersion tells whether a file changed.
type fileVersion struct {
	modified time.Time
	size     int64
}

// certificateCheck is how often the files are looked at, at most.
const certificateCheck = time.Second

// LoadCertificate reads a certificate and its key from PEM files.
func LoadCertificate(certFile, keyFile string) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, looked: time.Now()}
	c.version = c.versions() // before the files: what changes while they are read is seen next time
	if err := c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

// Get returns the certificate as the files had it within the last second, or when they last were good;
// that they are not is logged once for each change. It is a [tls.Config.GetCertificate].
func (c *Certificate) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if c.checking.TryLock() { // who comes while another looks does not wait for the disk
		c.check()
		c.checking.Unlock()
	}
	return c.current.Load(), nil
}

// check loads the files if they have changed. Those that did not load are tried again also if they have
// not, because permissions may have. Call with checking held.
func (c *Certificate) check() {
	now := time.Now()
	if now.Sub(c.looked) < certificateCheck {
		return
	}
	c.looked = now
	v := c.versions()
	changed := v != c.version
	if !changed && !c.bad {
		return
	}
	c.version = v
	err := c.load()
	c.bad = err != nil
	if c.bad && changed {
		slog.Warn("websocket: keeping the previous certificate", "error", err)
	}
}

func (c *Certificate) load() error {
	cert, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("websocket: cannot load the certificate: %w", err)
	}
	c.current.Store(&cert)
	return nil
}

func (c *Certificate) versions() (v [2]fileVersion) {
	for i, name := range []string{c.certFile, c.keyFile} {
		if info, err := os.Stat(name); err == nil {
			v[i] = fileVersion{info.ModTime(), info.Size()}
		}
	}
	return v
}
