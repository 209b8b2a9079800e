package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/everwire/everwire/internal/testcert"
	"github.com/everwire/everwire/websocket"
)

// chat dials, has a message of n octets echoed and closes.
func chat(t *testing.T, url string, opts *websocket.DialOptions, n int) *websocket.Conn {
	t.Helper()
	ctx := context.Background()
	c, err := websocket.Dial(ctx, url, opts)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.Write(ctx, websocket.Text, []byte(strings.Repeat("hello ", n))); err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.Read(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(websocket.CloseNormal, "bye"); err != nil {
		t.Fatal(err)
	}
	return c
}

var chatted = []string{
	"client GET /?a=b HTTP/1.1", "server HTTP/1.1 101",
	"client text", "client message text 60000 of", "server text", "server message text 60000 of",
	"client text", "client message text 60000 of", "server text", "server message text 60000 of",
	`client close 5 "\x03\xe8bye"`, "server close",
}

var cert = testcert.New("localhost", "127.0.0.1")

func overTLS(change func(*tls.Config)) func(*httptest.Server) {
	return func(h *httptest.Server) {
		h.TLS = cert.Server()
		if change != nil {
			change(h.TLS)
		}
		h.StartTLS()
	}
}

func TestAClientsConnectionsAreTold(t *testing.T) {
	curves := func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.CurveP384} } // the client has to begin twice
	suite := func(id uint16) func(c *tls.Config) {
		return func(c *tls.Config) { c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{id} }
	}
	for _, row := range []struct {
		name   string
		secure func(*httptest.Server)
	}{
		{"ws", nil},
		{"wss", overTLS(nil)},
		{"wss after a HelloRetryRequest", overTLS(curves)},
		{"wss with TLS 1.2, AES-128", overTLS(suite(tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256))},
		{"wss with TLS 1.2, AES-256", overTLS(suite(tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384))},
	} {
		t.Run(row.name, func(t *testing.T) {
			url := echo(t, row.secure)
			opts := &websocket.DialOptions{TLSConfig: cert.Client(), Proxy: websocket.NoProxy}
			opts.TLSConfig.ClientSessionCache = tls.NewLRUClientSessionCache(1)
			opts.Compression = websocket.Compression{Threshold: -1}
			chat(t, url+"/", opts, 1) // leaves a TLS session that could be resumed
			j := newJournal()
			c := chat(t, url+"/?a=b", Options(opts, j.see), 10_000)
			if row.secure != nil && c.TLS() == nil {
				t.Error("the connection knows nothing of its TLS")
			}
			inOrder(t, j.done(t), chatted...)
			if opts.DialContext != nil || opts.TLSConfig.KeyLogWriter != nil {
				t.Error("the caller's options have changed")
			}
		})
	}
}

func TestASuiteThatCannotBeLookedIntoIsNamed(t *testing.T) {
	url := echo(t, overTLS(func(c *tls.Config) {
		c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256}
	}))
	j := newJournal()
	chat(t, url, Options(&websocket.DialOptions{TLSConfig: cert.Client()}, j.see), 1)
	inOrder(t, j.done(t), "client end 0 what passes cannot be shown: the cipher suite TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 is not one",
		"server end 0 what passes")
}

func TestACertificateIsStillJudged(t *testing.T) {
	url := echo(t, overTLS(nil))
	j := newJournal()
	_, err := websocket.Dial(context.Background(), url, Options(nil, j.see))
	var verification *tls.CertificateVerificationError
	if !errors.As(err, &verification) {
		t.Fatalf("got %v", err)
	}
	inOrder(t, j.done(t), "client end 0", "server end 0")
}

func TestTheCallersKeyLogIsKept(t *testing.T) {
	url := echo(t, overTLS(nil))
	var log syncBuffer
	opts := &websocket.DialOptions{TLSConfig: cert.Client()}
	opts.TLSConfig.KeyLogWriter = &log
	chat(t, url, Options(opts, newJournal().see), 1)
	if !strings.Contains(log.String(), "CLIENT_TRAFFIC_SECRET_0") {
		t.Errorf("the log has %q", log.String())
	}
}

func TestConnectionsThroughProxiesAreTold(t *testing.T) {
	for _, row := range []struct {
		name   string
		serve  func(net.Conn)
		secure bool
		scheme string
		first  []string
	}{
		{"http", connectProxy, false, "http", []string{"client CONNECT 127.0.0.1:", "server HTTP/1.1 200 OK"}},
		{"https", connectProxy, true, "https", []string{"client CONNECT 127.0.0.1:", "server HTTP/1.1 200 OK"}},
		{"socks", socksProxy, false, "socks5", nil},
	} {
		for _, target := range []string{"ws", "wss"} {
			t.Run(row.name+"/"+target, func(t *testing.T) {
				at := proxyAt(t, row.secure, row.serve)
				var secure func(*httptest.Server)
				if target == "wss" {
					secure = overTLS(nil)
				}
				j := newJournal()
				chat(t, echo(t, secure)+"/?a=b", Options(&websocket.DialOptions{
					Proxy:     http.ProxyURL(&url.URL{Scheme: row.scheme, Host: at}),
					TLSConfig: cert.Client(), ProxyTLSConfig: cert.Client(),
				}, j.see), 10_000)
				inOrder(t, j.done(t), append(row.first, chatted...)...)
			})
		}
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// proxyAt listens, and has serve carry each connection.
func proxyAt(t *testing.T, secure bool, serve func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if secure {
		ln = tls.NewListener(ln, cert.Server())
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer nc.Close()
				serve(nc)
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		all.Wait()
	})
	return ln.Addr().String()
}

// connectProxy answers CONNECT.
func connectProxy(nc net.Conn) {
	var head []byte
	for !strings.HasSuffix(string(head), "\r\n\r\n") {
		b := make([]byte, 1)
		if _, err := nc.Read(b); err != nil {
			return
		}
		head = append(head, b[0])
	}
	target := strings.Fields(string(head))[1]
	relay(nc, target, "HTTP/1.1 200 OK\r\n\r\n")
}

// socksProxy speaks SOCKS 5 to clients that name the target by its IPv4 address, without a password.
func socksProxy(nc net.Conn) {
	read := func(n int) []byte {
		b := make([]byte, n)
		io.ReadFull(nc, b)
		return b
	}
	read(int(read(2)[1]))
	nc.Write([]byte{5, 0})
	b := read(10)
	port := int(b[8])<<8 | int(b[9])
	relay(nc, net.JoinHostPort(net.IP(b[4:8]).String(), strconv.Itoa(port)), "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
}

func relay(nc net.Conn, target, answer string) {
	far, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer far.Close()
	io.WriteString(nc, answer)
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(far, nc)
		far.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(nc, far)
	nc.(interface{ CloseWrite() error }).CloseWrite()
	<-done
}
