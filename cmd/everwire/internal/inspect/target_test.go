package inspect

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/everwire/everwire/cmd/everwire/internal/dialer"
	"github.com/everwire/everwire/websocket"
)

// between serves a proxy's side of one connection: speak makes the connection, and returns its target's address and
// what to answer then; "" refuses.
func between(t *testing.T, secure bool, speak func(nc net.Conn, br *bufio.Reader) (target, answer string)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := ln.Addr().String()
	if secure {
		ln = tls.NewListener(ln, cert.Server())
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		near, err := ln.Accept()
		if err != nil {
			return
		}
		defer near.Close()
		br := bufio.NewReader(near)
		target, answer := speak(near, br)
		if io.WriteString(near, answer); target == "" {
			return
		}
		far, err := net.Dial("tcp", target)
		if err != nil {
			return
		}
		defer far.Close()
		var both sync.WaitGroup
		both.Go(func() {
			io.Copy(far, br)
			far.(*net.TCPConn).CloseWrite()
		})
		io.Copy(near, far)
		endWrites(near)
		both.Wait()
	}()
	t.Cleanup(func() {
		ln.Close()
		<-done
	})
	return address
}

func byConnect(_ net.Conn, br *bufio.Reader) (target, answer string) {
	head := requestOf(br)
	if !strings.Contains(head, "Proxy-Authorization: Basic bWU6cHc=\r\n") {
		return "", "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
	}
	return strings.Fields(head)[1], "HTTP/1.1 200 OK\r\n\r\n"
}

// bySOCKS takes IPv4 addresses, and the user me with the password pw.
func bySOCKS(nc net.Conn, br *bufio.Reader) (target, answer string) {
	take := func(n int) []byte {
		b := make([]byte, n)
		io.ReadFull(br, b)
		return b
	}
	take(int(take(2)[1]))
	nc.Write([]byte{5, 2})
	user := take(int(take(2)[1]))
	if password := take(int(take(1)[0])); string(user) != "me" || string(password) != "pw" {
		return "", "\x01\x01"
	}
	nc.Write([]byte{1, 0})
	b := take(10)
	port := int(b[8])<<8 | int(b[9])
	return net.JoinHostPort(net.IP(b[4:8]).String(), strconv.Itoa(port)), "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"
}

func TestTheTargetIsReachedThroughProxies(t *testing.T) {
	for _, row := range []struct {
		scheme string
		speak  func(net.Conn, *bufio.Reader) (string, string)
	}{{"http", byConnect}, {"https", byConnect}, {"socks5", bySOCKS}} {
		for _, secure := range []bool{false, true} {
			for _, password := range []string{"pw", "wrong"} {
				t.Run(row.scheme+"/"+map[bool]string{false: "ws", true: "wss"}[secure]+"/"+password, func(t *testing.T) {
					at := between(t, row.scheme == "https", row.speak)
					through := &url.URL{Scheme: row.scheme, Host: at, User: url.UserPassword("me", password)}
					r := start(t, echo(t, secure, websocket.AcceptOptions{}), func(p *Proxy) {
						p.Dial.Proxy, p.Dial.ProxyTLSConfig = http.ProxyURL(through), cert.Client()
						p.Journal.Explain = dialer.Explain
					})
					c, err := websocket.Dial(t.Context(), r.url, dialing())
					if password == "wrong" {
						r.stop()
						if err == nil || !strings.Contains(err.Error(), "502") || !strings.Contains(r.journal.String(), at) {
							t.Errorf("got %v\n%s", err, r.journal.String())
						}
						return
					}
					if err != nil {
						t.Fatal(err)
					}
					echoes(t, c, websocket.Text, []byte("hi"))
					c.Close(websocket.CloseNormal, "")
				})
			}
		}
	}
}

func TestTargets(t *testing.T) {
	for _, row := range []struct{ url, address, host, name string }{
		{"ws://a", "a:80", "a", "ws://a"},
		{"wss://me:pw@a/b?c", "a:443", "a", "wss://a/b"},
		{"ws://[::1]:9", "[::1]:9", "::1", "ws://[::1]:9"},
		{"wss://bücher.example:9/ü", "xn--bcher-kva.example:9", "xn--bcher-kva.example", "wss://xn--bcher-kva.example:9/%C3%BC"},
	} {
		target, err := newTarget(row.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if target.address != row.address || target.host != row.host || target.name() != row.name {
			t.Errorf("%s: address %s, host %s, name %s", row.url, target.address, target.host, target.name())
		}
	}
	if _, err := newTarget("ws+unix:///a:/b", nil); err == nil {
		t.Error("a Unix domain socket's URL is taken")
	}
}
