package websocket

import (
	"cmp"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// keepAlive is how long a connection may rest between two requests.
const keepAlive = time.Minute

// ListenAndServe listens on Addr and serves until Shutdown or Close; then it returns [ErrServerClosed].
// Options that cannot work are an error at once.
func (srv *Server) ListenAndServe() error {
	ln, err := srv.listen(":http")
	if err != nil {
		return err
	}
	return srv.Serve(ln)
}

// ListenAndServeTLS is ListenAndServe over TLS, with certificates as for ServeTLS.
func (srv *Server) ListenAndServeTLS(certFile, keyFile string) error {
	ln, err := srv.listen(":https")
	if err != nil {
		return err
	}
	return srv.ServeTLS(ln, certFile, keyFile)
}

func (srv *Server) listen(standard string) (net.Listener, error) {
	if srv.currentStage() != serving {
		return nil, ErrServerClosed
	}
	return net.Listen("tcp", cmp.Or(srv.Addr, standard))
}

// Serve serves connections from ln, which it closes, until Shutdown or Close; then it returns
// [ErrServerClosed]. Options that cannot work are an error at once.
//
// If somebody else closes ln, or accepting fails, Serve returns that error, within a second; connections that are open go on.
//
// On Linux, where ln is a *net.TCPListener or *net.UnixListener and neither ProxyProtocol nor [Goroutines] is chosen, plain handshakes are
// read on the event loops instead of by net/http; what the Server's functions are given is the same.
func (srv *Server) Serve(ln net.Listener) error {
	return srv.serve(ln, func(h *http.Server, ln net.Listener) error {
		if direct := srv.direct(h, ln); direct != nil {
			return direct.serve()
		}
		return h.Serve(ln)
	})
}

// ServeTLS is Serve over TLS. The certificate and key are read from PEM files, and read again for new
// connections when the files have changed; while what is there does not load, the last good ones stay.
// They take the place of certificates in TLSConfig; both names are empty to use those.
func (srv *Server) ServeTLS(ln net.Listener, certFile, keyFile string) error {
	cfg := srv.TLSConfig.Clone()
	if cfg == nil {
		cfg = &tls.Config{}
	}
	if certFile != "" || keyFile != "" {
		files, err := LoadCertificate(certFile, keyFile)
		if err != nil {
			ln.Close()
			return err
		}
		cfg.GetCertificate, cfg.Certificates = files.Get, nil
	}
	return srv.serve(ln, func(h *http.Server, ln net.Listener) error {
		h.TLSConfig = cfg
		return h.ServeTLS(NewListener(ln), "", "")
	})
}

func (srv *Server) serve(ln net.Listener, serve func(*http.Server, net.Listener) error) error {
	defer ln.Close() // net/http leaves it open if there is no certificate
	if _, err := srv.connectionSettings(); err != nil {
		return err
	}
	h := &http.Server{
		Handler:           srv,
		ReadHeaderTimeout: srv.handshakeTimeout(),
		IdleTimeout:       keepAlive,
		MaxHeaderBytes:    cmp.Or(srv.HeaderBytes, 16<<10),
		ErrorLog:          srv.ErrorLog,
	}
	if !srv.addListener(h) {
		return ErrServerClosed
	}
	srv.watchVisits(h)
	for _, f := range srv.onListening {
		f(ln.Addr())
	}
	if err := serve(h, srv.behindProxies(ln)); err != http.ErrServerClosed {
		return err
	}
	return ErrServerClosed
}

// handshakeTimeout returns HandshakeTimeout, or 0 for no limit.
func (srv *Server) handshakeTimeout() time.Duration {
	return max(orDefault(srv.HandshakeTimeout, 10*time.Second), 0)
}

// addListener has Shutdown and Close end h too, and reports false if they came before.
func (srv *Server) addListener(h *http.Server) bool {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.stage != serving {
		return false
	}
	srv.listeners = append(srv.listeners, h)
	return true
}
