package websocket_test

import (
	"crypto/tls"
	"net"
	"testing"
)

func TestStreamIsTheConnectionBelow(t *testing.T) {
	s, c := tcpConns(t, nil)
	for _, nc := range []net.Conn{s.Stream(), c.Stream()} {
		if _, ok := nc.(*net.TCPConn); !ok {
			t.Errorf("over TCP it is a %T", nc)
		}
	}
	s, c = tlsConns(t, nil)
	for _, nc := range []net.Conn{s.Stream(), c.Stream()} {
		if _, ok := nc.(*tls.Conn); !ok {
			t.Errorf("over TLS it is a %T", nc)
		}
	}
}
