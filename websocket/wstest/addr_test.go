package wstest

import (
	"net"
	"net/url"
	"testing"
)

func TestAddrFitsWhereHostAndPortAreExpected(t *testing.T) {
	a, b := Pipe()
	defer a.Close()
	defer b.Close()
	l := Listen()
	defer l.Close()
	seen := map[string]bool{}
	for _, addr := range []net.Addr{a.LocalAddr(), b.LocalAddr(), l.Addr()} {
		if addr.Network() != "pipe" {
			t.Errorf("%v: network %q", addr, addr.Network())
		}
		host, port, err := net.SplitHostPort(addr.String())
		if host != "pipe" || port == "" || err != nil {
			t.Errorf("%v splits into %q, %q, %v", addr, host, port, err)
		}
		if u, err := url.Parse("ws://" + addr.String() + "/"); err != nil || u.Host != addr.String() {
			t.Errorf("%v in a URL: %v, %v", addr, u, err)
		}
		if seen[addr.String()] {
			t.Errorf("%v was given twice", addr)
		}
		seen[addr.String()] = true
	}
}
