package websocket_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

func TestListenAndServe(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert"), filepath.Join(dir, "key")
	writeCertificate(t, certFile, keyFile, 1)
	for _, row := range []struct {
		name, scheme string
		listen       func(*websocket.Server) error
	}{
		{"plain", "ws", (*websocket.Server).ListenAndServe},
		{"TLS", "wss", func(srv *websocket.Server) error { return srv.ListenAndServeTLS(certFile, keyFile) }},
		{"TLS with a certificate of TLSConfig", "wss", func(srv *websocket.Server) error {
			srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate()}}
			return srv.ListenAndServeTLS("", "")
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			srv := websocket.Server{Addr: "127.0.0.1:0"}
			srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
				s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
			})
			addrs := make(chan net.Addr, 2)
			srv.OnListening(func(a net.Addr) { addrs <- a })
			srv.OnListening(func(a net.Addr) { addrs <- a })
			served := inBackground(func() error { return row.listen(&srv) })
			t.Cleanup(func() { srv.Close() })
			addr := <-addrs
			equal(t, "the other function's address", <-addrs, addr)
			dialAndEcho(t, row.scheme+"://"+addr.String(), &websocket.DialOptions{TLSConfig: &tls.Config{InsecureSkipVerify: true}})
			must(t, srv.Shutdown(context.Background()))
			wantError(t, "the serving method", <-served, websocket.ErrServerClosed)
			if _, err := net.Dial("tcp", addr.String()); err == nil {
				t.Error("it still listens")
			}
			srv.Addr = "nowhere" // is not even looked at
			wantError(t, "the serving method, again", row.listen(&srv), websocket.ErrServerClosed)
		})
	}
}

func TestServingThatCannotBegin(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer taken.Close()
	for _, row := range []struct {
		name  string
		serve func(*websocket.Server, net.Listener) error
	}{
		{"no certificate", func(srv *websocket.Server, ln net.Listener) error { return srv.ServeTLS(ln, "", "") }},
		{"no such files", func(srv *websocket.Server, ln net.Listener) error { return srv.ServeTLS(ln, missing, missing) }},
		{"one file", func(srv *websocket.Server, ln net.Listener) error { return srv.ServeTLS(ln, missing, "") }},
		{"a listener that fails", func(srv *websocket.Server, ln net.Listener) error {
			ln.Close()
			return srv.Serve(ln)
		}},
		{"an address that is taken", func(srv *websocket.Server, ln net.Listener) error {
			ln.Close()
			srv.Addr = taken.Addr().String()
			return srv.ListenAndServe()
		}},
		{"an address that is taken, TLS", func(srv *websocket.Server, ln net.Listener) error {
			ln.Close()
			srv.Addr = taken.Addr().String()
			return srv.ListenAndServeTLS(missing, missing)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var srv websocket.Server
			t.Cleanup(func() { srv.Close() })
			ln := wstest.Listen()
			if err := row.serve(&srv, ln); err == nil || errors.Is(err, websocket.ErrServerClosed) {
				t.Errorf("it returned %v", err)
			}
			wantError(t, "Close of the listener", ln.Close(), net.ErrClosed)
		})
	}
}

func TestServeTLSPrefersTheFilesToTLSConfig(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert"), filepath.Join(dir, "key")
	writeCertificate(t, certFile, keyFile, 7)
	srv := websocket.Server{TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate()}}}
	ln := wstest.Listen()
	served := inBackground(func() error { return srv.ServeTLS(ln, certFile, keyFile) })
	for _, name := range []string{"", "site.com"} {
		nc, err := ln.Dial(context.Background(), "", "")
		must(t, err)
		c := tls.Client(nc, &tls.Config{InsecureSkipVerify: true, ServerName: name})
		must(t, c.Handshake())
		equal(t, "certificate", c.ConnectionState().PeerCertificates[0].Subject.CommonName, "7")
		c.Close()
	}
	must(t, srv.Close())
	wantError(t, "ServeTLS", <-served, websocket.ErrServerClosed)
}

func TestServerHandshakeTimeout(t *testing.T) {
	for _, row := range []struct {
		name   string
		option time.Duration
		says   string // by the client, before it falls silent
		want   time.Duration
	}{
		{"default", 0, "GET / HTTP/1.1\r\n", 10 * time.Second},
		{"set", 3 * time.Second, "GET / HTTP/1.1\r\n", 3 * time.Second},
		{"of a client that says nothing", 3 * time.Second, "", 3 * time.Second},
		{"between two requests", 3 * time.Second, "GET / HTTP/1.1\r\nHost: site.com\r\n\r\n", time.Minute},
		{"of one that waited for an answer", -1, "GET / HTTP/1.1\r\nHost: site.com\r\n\r\n", time.Minute},
	} {
		bubbles(t, row.name, func(t *testing.T) {
			srv := websocket.Server{HandshakeTimeout: row.option}
			nc, err := serveInMemory(t, &srv).DialContext(context.Background(), "", "")
			must(t, err)
			defer nc.Close()
			io.WriteString(nc, row.says)
			began := time.Now()
			io.Copy(io.Discard, nc)
			equal(t, "time", time.Since(began), row.want)
		})
	}
	bubbles(t, "negative", func(t *testing.T) {
		srv := websocket.Server{HandshakeTimeout: -1}
		nc, err := serveInMemory(t, &srv).DialContext(context.Background(), "", "")
		must(t, err)
		c := rawOver(t, nc)
		nc.SetDeadline(time.Time{})
		io.WriteString(nc, exampleRequest)
		time.Sleep(time.Hour)
		resp, _ := c.ask("\r\n")
		equal(t, "status", resp.StatusCode, 101)
	})
	bubbles(t, "of TLS", func(t *testing.T) {
		srv := websocket.Server{HandshakeTimeout: 3 * time.Second, TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate()}}}
		ln := wstest.Listen()
		go srv.ServeTLS(ln, "", "")
		defer srv.Close()
		nc, err := ln.Dial(context.Background(), "", "")
		must(t, err)
		defer nc.Close()
		began := time.Now()
		io.Copy(io.Discard, nc)
		equal(t, "time", time.Since(began), 3*time.Second)
	})
}

func TestServerHeaderBytes(t *testing.T) {
	const slack = 4 << 10 // of net/http
	for _, row := range []struct {
		name   string
		option int
		size   int
		status int
	}{
		{"default", 0, 15 << 10, 101},
		{"more than the default", 0, 16<<10 + slack, 431},
		{"set", 1 << 10, 1 << 10, 101},
		{"more than set", 1 << 10, 1<<10 + slack, 431},
		{"negative", -1, 900 << 10, 101},
	} {
		bubbles(t, row.name, func(t *testing.T) {
			srv := websocket.Server{HeaderBytes: row.option}
			nc, err := serveInMemory(t, &srv, wstest.PipeSize(2<<20)).DialContext(context.Background(), "", "")
			must(t, err)
			defer nc.Close()
			io.WriteString(nc, exampleRequest+"X-Padding: "+strings.Repeat("x", row.size-len(exampleRequest))+"\r\n\r\n")
			resp, err := http.ReadResponse(bufio.NewReader(nc), nil)
			must(t, err)
			equal(t, "status", resp.StatusCode, row.status)
			time.Sleep(time.Second) // of the bubble: net/http lingers after a 431
		})
	}
}

func TestAServerMayServeSeveralListeners(t *testing.T) {
	var srv websocket.Server
	a, b := serveInMemory(t, &srv), serveInMemory(t, &srv)
	members(t, &srv, a, 1)
	members(t, &srv, b, 1)
	equal(t, "clients", srv.Clients().Len(), 2)
}
