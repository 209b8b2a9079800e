package websocket_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/everwire/everwire/websocket"
)

const headerOfAClient = "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n"

// headerOfAClient2 is the same in version 2.
func headerOfAClient2() string {
	b := append([]byte("\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c"), 192, 0, 2, 7, 198, 51, 100, 1)
	return string(binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, 56324), 443))
}

// addresses says what a Server knows of a connection: whom a Socket and the request are from, and to.
func addresses(srv *websocket.Server) <-chan string {
	said := make(chan string, 1)
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		said <- fmt.Sprint(s.RemoteAddr(), " ", s.LocalAddr(), " ", s.ClientAddr(), " ", r.RemoteAddr, " ", srv.ClientAddr(r))
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			if m.Text() == "terminate" {
				s.Terminate()
				return
			}
			s.SendMessage(m)
		})
	})
	return said
}

// prefixed dials, and says something before all else.
func prefixed(header string) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		nc, err := new(net.Dialer).DialContext(ctx, network, address)
		if err == nil {
			_, err = io.WriteString(nc, header)
		}
		return nc, err
	}
}

// proxied are the ways to serve behind a proxy that speaks the PROXY protocol.
func proxied(t *testing.T, trusted []netip.Prefix, test func(t *testing.T, serve func(*websocket.Server) (url string))) {
	for _, scheme := range []string{"ws", "wss"} {
		cfg := &tls.Config{Certificates: []tls.Certificate{certificate()}}
		t.Run("Server/"+scheme, func(t *testing.T) {
			test(t, func(srv *websocket.Server) string {
				srv.ProxyProtocol, srv.TrustedProxies, srv.TLSConfig = true, trusted, cfg
				ln, err := net.Listen("tcp", "127.0.0.1:0")
				must(t, err)
				served := inBackground(func() error {
					if scheme == "wss" {
						return srv.ServeTLS(ln, "", "")
					}
					return srv.Serve(ln)
				})
				t.Cleanup(func() {
					srv.Close()
					<-served
				})
				return scheme + "://" + ln.Addr().String()
			})
		})
		t.Run("ProxyListener/"+scheme, func(t *testing.T) {
			test(t, func(srv *websocket.Server) string {
				srv.TrustedProxies = trusted
				ln, err := net.Listen("tcp", "127.0.0.1:0")
				must(t, err)
				h := &http.Server{Handler: srv, TLSConfig: cfg, ErrorLog: srv.ErrorLog}
				served := inBackground(func() error {
					if pl := websocket.ProxyListener(ln, trusted...); scheme == "wss" {
						return h.ServeTLS(pl, "", "")
					} else {
						return h.Serve(pl)
					}
				})
				t.Cleanup(func() {
					srv.Close()
					h.Close()
					<-served
				})
				return scheme + "://" + ln.Addr().String()
			})
		})
	}
}

func TestProxyProtocol(t *testing.T) {
	for _, row := range []struct{ name, header string }{
		{"version 1", headerOfAClient}, {"version 2", headerOfAClient2()},
	} {
		t.Run(row.name, func(t *testing.T) {
			proxied(t, prefixes("127.0.0.0/8"), func(t *testing.T, serve func(*websocket.Server) string) {
				srv := websocket.Server{MaxPerAddress: 1}
				said := addresses(&srv)
				url := serve(&srv)
				opts := &websocket.DialOptions{
					TLSConfig: &tls.Config{InsecureSkipVerify: true}, DialContext: prefixed(row.header),
					Header: http.Header{"X-Forwarded-For": {"203.0.113.9"}}, // of the client, who is not trusted
				}
				c, err := websocket.Dial(context.Background(), url, opts)
				must(t, err)
				defer c.Terminate()
				equal(t, "addresses", <-said, "192.0.2.7:56324 198.51.100.1:443 192.0.2.7 192.0.2.7:56324 192.0.2.7")
				send(t, c, websocket.Text, "hello")
				wantMessage(t, c, websocket.Text, "hello")
				var refused *websocket.HandshakeError
				_, err = websocket.Dial(context.Background(), url, opts)
				if !errors.As(err, &refused) || refused.Response == nil || refused.Response.StatusCode != 429 {
					t.Errorf("a second one of that address: %v", err)
				}
				must(t, c.Close(websocket.CloseNormal, "")) // with both halves of the stream
			})
		})
	}
}

func TestTerminateResetsBelowTheProxyProtocol(t *testing.T) {
	proxied(t, prefixes("127.0.0.0/8"), func(t *testing.T, serve func(*websocket.Server) string) {
		var srv websocket.Server
		addresses(&srv)
		var raw net.Conn
		c, err := websocket.Dial(context.Background(), serve(&srv), &websocket.DialOptions{
			TLSConfig: &tls.Config{InsecureSkipVerify: true},
			DialContext: func(ctx context.Context, network, address string) (nc net.Conn, err error) {
				raw, err = prefixed(headerOfAClient)(ctx, network, address)
				return raw, err
			},
		})
		must(t, err)
		defer c.Terminate()
		send(t, c, websocket.Text, "terminate")
		if _, err := raw.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the stream ended with %v", err)
		}
	})
}

func TestAHeaderOfAStrangerIsNotAccepted(t *testing.T) {
	proxied(t, prefixes("192.0.2.0/24"), func(t *testing.T, serve func(*websocket.Server) string) {
		srv := websocket.Server{ErrorLog: log.New(io.Discard, "", 0)}
		said := addresses(&srv)
		url := serve(&srv)
		opts := &websocket.DialOptions{TLSConfig: &tls.Config{InsecureSkipVerify: true}}
		opts.DialContext = prefixed(headerOfAClient)
		if c, err := websocket.Dial(context.Background(), url, opts); err == nil {
			c.Terminate()
			t.Fatal("it was accepted")
		}
		opts.DialContext = nil
		dialAndEcho(t, url, opts)
		if got := <-said; !strings.HasPrefix(got, "127.0.0.1:") {
			t.Errorf("a plain connection is %s", got)
		}
	})
}

func TestATrustedProxyMustSendTheHeader(t *testing.T) {
	lines := make(loggedLine, 10)
	srv := websocket.Server{
		ProxyProtocol: true, TrustedProxies: prefixes("127.0.0.0/8"),
		ErrorLog: log.New(lines, "", 0),
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	served := inBackground(func() error { return srv.Serve(ln) })
	silent, err := net.Dial("tcp", ln.Addr().String()) // holds up nobody
	must(t, err)
	defer silent.Close()
	if c, err := websocket.Dial(context.Background(), "ws://"+ln.Addr().String(), nil); err == nil {
		c.Terminate()
		t.Fatal("it was accepted")
	}
	if line := <-lines; !strings.HasPrefix(line, "websocket: 127.0.0.1:") || !strings.Contains(line, "PROXY protocol: no header") {
		t.Errorf("logged %q", line)
	}
	must(t, srv.Close())
	<-served
}

// TestHAProxy has HAProxy stand in front, in each of the ways in which it can say whose connection it passes on.
func TestHAProxy(t *testing.T) {
	program := haproxy(t)
	for _, row := range []struct {
		name, mode, option, server string
		protocol, tls              bool
	}{
		{"PROXY protocol, version 1", "tcp", "", "send-proxy", true, false},
		{"PROXY protocol, version 2", "tcp", "", "send-proxy-v2", true, false},
		{"PROXY protocol, with extensions", "tcp", "", "send-proxy-v2 proxy-v2-options crc32c,unique-id,authority", true, false},
		{"PROXY protocol below TLS", "tcp", "", "send-proxy-v2", true, true},
		{"X-Forwarded-For", "http", "option forwardfor", "", false, false},
		{"both", "http", "option forwardfor", "send-proxy", true, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			srv := websocket.Server{
				ProxyProtocol: row.protocol, TrustedProxies: prefixes("127.0.0.1/32"),
				TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate()}},
			}
			said := make(chan string, 2)
			srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
				said <- s.RemoteAddr().String()
				said <- s.ClientAddr().String()
				s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
			})
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			must(t, err)
			served := inBackground(func() error {
				if row.tls {
					return srv.ServeTLS(ln, "", "")
				}
				return srv.Serve(ln)
			})
			t.Cleanup(func() {
				srv.Close()
				<-served
			})
			front := startHAProxy(t, program, fmt.Sprintf(`
defaults
	mode %s
	%s
	timeout connect 10s
	timeout client 30s
	timeout server 30s
	timeout tunnel 30s
listen front
	bind fd@3
	server back %s %s
`, row.mode, row.option, ln.Addr(), row.server))

			var local string // the client's, which differs from HAProxy's
			opts := &websocket.DialOptions{
				TLSConfig: &tls.Config{InsecureSkipVerify: true},
				Header:    http.Header{"X-Forwarded-For": {"203.0.113.9"}}, // made up
				DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
					d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
					nc, err := d.DialContext(ctx, network, address)
					if err == nil {
						local = nc.LocalAddr().String()
					}
					return nc, err
				},
			}
			scheme := "ws://"
			if row.tls {
				scheme = "wss://"
			}
			c, err := websocket.Dial(context.Background(), scheme+front, opts)
			must(t, err)
			defer c.Terminate()
			send(t, c, websocket.Text, "hello")
			wantMessage(t, c, websocket.Text, "hello")
			remote := <-said
			if row.protocol {
				equal(t, "RemoteAddr", remote, local)
			} else if !strings.HasPrefix(remote, "127.0.0.1:") {
				t.Errorf("RemoteAddr is %s, not HAProxy's", remote)
			}
			equal(t, "ClientAddr", <-said, "127.0.0.2")
			must(t, c.Close(websocket.CloseNormal, "done"))
		})
	}
}

// haproxy finds HAProxy, or skips the test.
func haproxy(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"haproxy", "/usr/sbin/haproxy"} { // which is not in everybody's PATH
		if program, err := exec.LookPath(name); err == nil {
			return program
		}
	}
	const missing = `there is no haproxy; "make tools" installs it`
	if os.Getenv("EVERWIRE_TEST_ALL") != "" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

// startHAProxy runs HAProxy until the end of the test, on a listener that it inherits as descriptor 3, and returns
// its address.
func startHAProxy(t *testing.T, program, configuration string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer ln.Close()
	inherited, err := ln.(*net.TCPListener).File()
	must(t, err)
	defer inherited.Close()
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	must(t, os.WriteFile(file, []byte(configuration), 0o600))
	var said strings.Builder
	cmd := exec.Command(program, "-db", "-f", file)
	cmd.ExtraFiles = []*os.File{inherited}
	cmd.Stdout, cmd.Stderr = &said, &said
	must(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Log(said.String())
		}
	})
	return ln.Addr().String()
}
