package servers

import (
	"crypto/tls"
	"net"
)

// A secureListener is one for wss. Its Accept returns TLS connections, for libraries that leave TLS to the listener; who does
// TLS itself takes the Listener in it.
type secureListener struct {
	net.Listener
	certificate tls.Certificate
}

func (l *secureListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return tls.Server(nc, &tls.Config{Certificates: []tls.Certificate{l.certificate}}), nil
}
