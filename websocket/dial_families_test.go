package websocket_test

import (
	"context"
	"net"
	"net/http/httptest"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/everwire/everwire/websocket"
)

// listenOn listens at a loopback address, or skips the test.
func listenOn(t *testing.T, address string) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", address)
	if err != nil {
		t.Skipf("there is no %s here: %v", address, err)
	}
	return ln
}

// echoOn starts a WebSocket server, and returns its port.
func echoOn(t *testing.T, ln net.Listener) (port string) {
	hs := httptest.NewUnstartedServer(echoing(nil, nil))
	hs.Listener.Close()
	hs.Listener = ln
	hs.Start()
	t.Cleanup(hs.Close)
	_, port, _ = net.SplitHostPort(ln.Addr().String())
	return port
}

// twoAddresses has the name "both.test" mean ::1 and 127.0.0.1, for the default dialer, until the end of the test.
func twoAddresses(t *testing.T) {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	must(t, err)
	served := make(chan struct{})
	go func() {
		defer close(served)
		for buf := make([]byte, 1500); ; {
			n, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			if answer := bothLoopbacks(buf[:n]); answer != nil {
				server.WriteTo(answer, from)
			}
		}
	}()
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
	t.Cleanup(func() {
		net.DefaultResolver = before
		server.Close()
		<-served
	})
}

// bothLoopbacks answers a question to a name server.
func bothLoopbacks(question []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(question) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	m.Response, m.Authoritative, m.Additionals = true, true, nil
	h := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}
	switch q.Type {
	case dnsmessage.TypeA:
		m.Answers = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}}}}
	case dnsmessage.TypeAAAA:
		m.Answers = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.AAAAResource{AAAA: [16]byte{15: 1}}}}
	}
	answer, err := m.Pack()
	if err != nil {
		return nil
	}
	return answer
}

func TestTheServerIsFoundInEitherAddressFamily(t *testing.T) {
	for _, row := range []struct{ name, address string }{
		{"IPv4 alone", "127.0.0.1:0"},
		{"IPv6 alone", "[::1]:0"},
	} {
		t.Run(row.name, func(t *testing.T) {
			port := echoOn(t, listenOn(t, row.address))
			twoAddresses(t)
			c := dialAndEcho(t, "ws://both.test:"+port, &websocket.DialOptions{Proxy: websocket.NoProxy})
			host, _, _ := net.SplitHostPort(row.address)
			if got, _, _ := net.SplitHostPort(c.RemoteAddr().String()); got != host {
				t.Errorf("connected to %s", c.RemoteAddr())
			}
		})
	}
	t.Run("localhost", func(t *testing.T) {
		port := echoOn(t, listenOn(t, "127.0.0.1:0"))
		dialAndEcho(t, "ws://localhost:"+port, nil)
	})
}
