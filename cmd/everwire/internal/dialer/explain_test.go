package dialer

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/everwire/everwire/internal/testcert"
	"github.com/everwire/everwire/websocket"
)

// explained dials as a command does, and returns what the user is told. Of the address only its place stays.
func explained(t *testing.T, raw string, args ...string) string {
	t.Helper()
	f, err := parse(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	u, err := URL(raw)
	if err != nil {
		t.Fatal(err)
	}
	o, err := f.Options()
	if err != nil {
		t.Fatal(err)
	}
	c, err := websocket.Dial(t.Context(), u, o)
	if err == nil {
		c.Terminate()
		t.Fatalf("%s let us in", raw)
	}
	line := Explain(err)
	if strings.ContainsAny(line, "\r\n\x1b") {
		t.Errorf("%q is not one line", line)
	}
	for _, secret := range []string{"secret", "websocket: "} {
		if strings.Contains(line, secret) {
			t.Errorf("%q has %q in it", line, secret)
		}
	}
	return line
}

// answering is the address of a server that answers every connection with these octets, once it has read a
// request, and ends it.
func answering(t *testing.T, answer string) string {
	t.Helper()
	return accepting(t, func(nc net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(nc)); err == nil {
			io.WriteString(nc, answer)
		}
	})
}

// accepting is the address of a server that gives every connection to f, and closes it then.
func accepting(t *testing.T, f func(nc net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serveOn(t, ln, f)
	return ln.Addr().String()
}

func serveOn(t *testing.T, ln net.Listener, f func(nc net.Conn)) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			f(nc)
			nc.Close()
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		<-done
	})
}

// status answers with a status, and fields if there are any.
func status(code int, fields ...string) string {
	return fmt.Sprintf("HTTP/1.1 %d %s\r\nConnection: close\r\n%s\r\n", code, http.StatusText(code),
		strings.Join(append(fields, ""), "\r\n"))
}

func TestExplainAnswers(t *testing.T) {
	tests := []struct {
		name, answer string
		args         []string
		want         string // HOST stands for the address
	}{
		{"200", status(200, "Content-Type: text/html; charset=utf-8") + "<html>", nil,
			"no WebSocket server: it answered 200 OK with text/html, as to a browser that wants a page; check the URL's path (many have /ws)"},
		{"301", status(301, "Location: https://example.com/ws?a=b"), nil,
			"the server says to go to https://example.com/ws?a=b (301 Moved Permanently): use that URL, or follow it with --max-redirects 5"},
		{"302, to another path", status(302, "Location: /login"), nil,
			"the server says to go to http://HOST/login (302 Found): use that URL, or follow it with --max-redirects 5"},
		{"308, again and again", status(308, "Location: /"), []string{"--max-redirects", "2"},
			"the server says to go to http://HOST/ (308 Permanent Redirect), which is not done: it is one more than the 2 allowed; " +
				"use that URL if it is right, or raise --max-redirects"},
		{"301, with control characters", status(301, "Location: /\u009b2J"), nil,
			"the server says to go to http://HOST/%C2%9B2J (301 Moved Permanently): use that URL, or follow it with --max-redirects 5"},
		{"400", status(400, "Content-Type: text/plain") + "Bad origin.\nReally", nil,
			"the server finds the request faulty (400 Bad Request, Bad origin): check the URL's query, the headers and --subprotocol; " +
				"or it does not speak WebSocket there"},
		{"400, as nginx wants TLS", status(400, "Content-Type: text/html") +
			"<html><head><title>400 The plain HTTP request was sent to HTTPS port</title>", nil,
			"the server wants TLS at this port (400 Bad Request): use wss:// instead of ws://"},
		{"401", status(401, `WWW-Authenticate: Basic realm="x"`), []string{"--user", "me:secret"},
			`the server wants to know who you are (401 Unauthorized, by Basic realm="x"): give --user NAME:PASSWORD or --bearer TOKEN, ` +
				"or check the one given"},
		{"403", status(403, "Content-Type: text/plain") + "origin not allowed", nil,
			"the server refuses this client (403 Forbidden, origin not allowed): it may want an --origin it knows, a --cookie, or a login"},
		{"404", status(404), nil, "there is nothing at /path (404 Not Found): check the URL's path"},
		{"405", status(405), nil, "no WebSocket server at /path: it does not take GET there (405 Method Not Allowed); check the URL's path"},
		{"408", status(408), nil, "the server got the request too late (408 Request Timeout): try again"},
		{"426", status(426), nil, "the server did not see that WebSocket was asked for (426 Upgrade Required): a proxy in front of it " +
			"may drop the fields Upgrade and Connection; or check the URL's path"},
		{"426, another version", status(426, "Sec-WebSocket-Version: 8"), nil,
			"the server speaks another version of WebSocket (426 Upgrade Required, version 8): this one speaks 13 (RFC 6455)"},
		{"429", status(429, "Retry-After: 7"), nil,
			"the server has had too many requests from here (429 Too Many Requests, retry after 7 s): try again later"},
		{"500", status(500), nil, "the server failed (500 Internal Server Error): its log may tell why"},
		{"502", status(502), nil, "a gateway answers, but it does not reach the server behind it (502 Bad Gateway): is that running?"},
		{"503", status(503), nil, "the server has no room or is down (503 Service Unavailable): try again later"},
		{"a status nobody knows", status(299), nil, "no WebSocket server: it answered 299, as to a browser that wants a page; " +
			"check the URL's path (many have /ws)"},
		{"418", status(418), nil, "the server refused the connection (418 I'm a teapot)"},
		{"101, and no more", "HTTP/1.1 101 Switching Protocols\r\n\r\n", nil,
			"the server's answer is no good, though it is 101 Switching Protocols: "},
		{"garbage", "220 mail.example.com ESMTP\x07\r\n", nil,
			`HOST does not answer in HTTP but "mail.example.com": it is no WebSocket server; is this the right port?`},
		{"a bad version", "HTTP/x 200 OK\r\n\r\n", nil,
			`HOST does not answer in HTTP but "HTTP/x": it is no WebSocket server; is this the right port?`},
		{"a bad status", "HTTP/1.1 abc\r\n\r\n", nil,
			`HOST does not answer in HTTP but "abc": it is no WebSocket server; is this the right port?`},
		{"a bad field", "HTTP/1.1 101 x\r\nno colon\r\n\r\n", nil,
			`HOST does not answer in HTTP`},
		{"a header without end", "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("x", 70<<10), nil,
			"HOST answered with a header that has no end: it is no WebSocket server"},
		{"interim answers without end", strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 20), nil,
			"HOST answered, but never came to the point: it sent too many 1xx answers"},
		{"TLS", "\x15\x03\x01\x00\x02\x02\x0a", nil, "HOST answered in TLS: use wss:// instead of ws://"},
		{"nothing", "", nil, "HOST ended the connection without an answer: it may want TLS (wss://), or does not speak HTTP"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			host := answering(t, tt.answer)
			got := strings.ReplaceAll(explained(t, "ws://me:secret@"+host+"/path?key=secret", tt.args...), host, "HOST")
			if got != tt.want && !(strings.HasSuffix(tt.want, ": ") || tt.name == "a bad field") || !strings.HasPrefix(got, tt.want) {
				t.Errorf("\n%s, want\n%s", got, tt.want)
			}
		})
	}
}

func TestExplainNoSubprotocol(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := websocket.Accept(w, r, nil); err == nil {
			c.Read(context.Background()) // until the client has gone
			c.Terminate()
		}
	}))
	defer srv.Close()
	told := make(chan error, 1)
	_, err := websocket.New(srv.URL, &websocket.DialOptions{Subprotocols: []string{"a"}}, func(s *websocket.Socket) {
		s.OnError(func(_ *websocket.Socket, err error) { told <- err })
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = "the server speaks none of the subprotocols offered: check --subprotocol, or leave it out"
	if got := Explain(<-told); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestExplainTLS(t *testing.T) {
	mine := testcert.New("127.0.0.1")
	other := testcert.New("example.org", "example.net")
	trusted := file(t, mine.PEM)
	quiet := log.New(io.Discard, "", 0)
	serverWith := func(t *testing.T, config *tls.Config) string {
		srv := httptest.NewUnstartedServer(http.NotFoundHandler())
		srv.TLS, srv.Config.ErrorLog = config, quiet
		srv.StartTLS()
		t.Cleanup(srv.Close)
		return srv.Listener.Addr().String()
	}
	wantsCert := mine.Server()
	wantsCert.ClientAuth = tls.RequireAnyClientCert
	wantsOld := mine.Server()
	wantsOld.MaxVersion = tls.VersionTLS10
	wantsOld.MinVersion = tls.VersionTLS10
	tests := []struct {
		name   string
		server func(t *testing.T) string
		scheme string
		args   []string
		want   string
	}{
		{"signed by itself", func(t *testing.T) string { return serverWith(t, mine.Server()) }, "wss", nil,
			"the certificate of HOST is not trusted: it is signed by itself; give --cacert FILE with its issuer, or -k to connect all the same"},
		{"another name", func(t *testing.T) string { return serverWith(t, other.Server()) }, "wss", []string{"--cacert", file(t, other.PEM)},
			"the certificate of HOST is for example.org, example.net, not for 127.0.0.1: use the right name, or say whose to expect with --servername"},
		{"a client's certificate", func(t *testing.T) string { return serverWith(t, wantsCert) }, "wss", []string{"--cacert", trusted},
			"HOST wants a client's certificate that it trusts (certificate required): give --cert FILE and --key FILE"},
		{"an old version", func(t *testing.T) string { return serverWith(t, wantsOld) }, "wss", []string{"--cacert", trusted},
			"HOST refused the TLS handshake (protocol version not supported): it may want another TLS version, --servername or --cert"},
		{"no TLS", func(t *testing.T) string {
			return accepting(t, func(nc net.Conn) {
				nc.Read(make([]byte, 1000))
				io.WriteString(nc, "HTTP/1.1 400 Bad Request\r\n\r\n")
			})
		}, "wss", nil, "HOST does not speak TLS at this port: use ws:// instead of wss://"},
		{"TLS wanted", func(t *testing.T) string { return serverWith(t, mine.Server()) }, "ws", nil,
			"the server wants TLS at this port (400 Bad Request, Client sent an HTTP request to an HTTPS server): use wss:// instead of ws://"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			host := tt.server(t)
			if got := strings.ReplaceAll(explained(t, tt.scheme+"://"+host+"/", tt.args...), host, "HOST"); got != tt.want {
				t.Errorf("\n%s, want\n%s", got, tt.want)
			}
		})
	}
}

func TestExplainTheNetwork(t *testing.T) {
	const nobody = "127.0.0.1:1" // of a port that was just given back another program may make its own
	folder := t.TempDir()
	silent := make(chan struct{})
	t.Cleanup(func() { close(silent) })
	dead := filepath.Join(folder, "dead")
	unix, err := net.ListenUnix("unix", &net.UnixAddr{Name: dead})
	if err != nil {
		t.Fatal(err)
	}
	unix.SetUnlinkOnClose(false)
	unix.Close()

	tests := []struct {
		name, url string
		args      []string
		want      string
	}{
		{"refused", "ws://" + nobody, nil,
			nobody + " refused the connection: nothing listens there; is the server running, and on this port?"},
		{"refused, http", "http://" + nobody, nil,
			nobody + " refused the connection: nothing listens there; is the server running, and on this port?"},
		{"no such host", "ws://no-such-host.invalid/", nil, "there is no host no-such-host.invalid: check the spelling"},
		{"a proxy that is not there", "ws://example.com", []string{"--proxy", "http://me:secret@" + nobody},
			"the proxy cannot be reached: " + nobody + " refused the connection: nothing listens there; is the server running, and on this port?" +
				"; or go without, with --no-proxy"},
		{"no such socket", "ws://localhost/", []string{"--unix-socket", filepath.Join(folder, "none")},
			"there is no Unix domain socket " + filepath.Join(folder, "none") + ": is the server running?"},
		{"a socket of nobody's", "ws://localhost/", []string{"--unix-socket", dead},
			dead + " refused the connection: nothing listens there; is the server running, and on this port?"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := explained(t, tt.url, tt.args...)
			if strings.Contains(got, "could not be looked up") { // TestExplainLookup needs none
				t.Skip("there is no name server")
			}
			if got != tt.want {
				t.Errorf("\n%s, want\n%s", got, tt.want)
			}
		})
	}
}

func TestExplainSilence(t *testing.T) {
	over := make(chan struct{})
	host := accepting(t, func(net.Conn) { <-over })
	defer close(over)
	want := host + " did not answer in time: check host and port, or a firewall drops it; --connect-timeout says how long to wait"
	if got := explained(t, "ws://"+host, "--connect-timeout", "50ms"); got != want {
		t.Errorf("\n%s, want\n%s", got, want)
	}
}

func TestExplainReset(t *testing.T) {
	host := accepting(t, func(nc net.Conn) {
		nc.Read(make([]byte, 10)) // the rest stays unread
		nc.(*net.TCPConn).SetLinger(0)
	})
	want := host + " broke the connection off (connection reset): it may want TLS (wss://), or crashed"
	if got := explained(t, "ws://"+host); got != want {
		t.Errorf("\n%s, want\n%s", got, want)
	}
}

func TestExplainProxies(t *testing.T) {
	tests := []struct {
		name, answer, want string
	}{
		{"407", status(407), "the proxy wants to know who you are (407 Proxy Authentication Required): give " +
			"--proxy http://NAME:PASSWORD@HOST:PORT, or check the ones given"},
		{"403", status(403), "the proxy does not allow connecting to example.com:80 (403 Forbidden): give another --proxy, or --no-proxy"},
		{"502", status(502), "the proxy cannot reach example.com:80 (502 Bad Gateway): check host and port, or give --no-proxy"},
		{"404", status(404), "the proxy refused to connect to example.com:80 (404 Not Found): it may be no proxy at all; check --proxy, or give --no-proxy"},
		{"garbage", "SSH-2.0\r\n", `the proxy http://HOST did not connect to example.com:80 (malformed HTTP response "SSH-2.0"): ` +
			"check that the proxy allows it, or give --no-proxy"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			host := answering(t, tt.answer)
			got := explained(t, "ws://example.com/x", "--proxy", "http://me:secret@"+host)
			if got = strings.ReplaceAll(got, host, "HOST"); got != tt.want {
				t.Errorf("\n%s, want\n%s", got, tt.want)
			}
		})
	}
	t.Run("SOCKS", func(t *testing.T) {
		host := accepting(t, func(nc net.Conn) {
			nc.Read(make([]byte, 100))
			nc.Write([]byte{5, 0})
			nc.Read(make([]byte, 100))
			nc.Write([]byte{5, 2, 0, 1, 0, 0, 0, 0, 0, 0}) // not allowed by ruleset (RFC 1928 §6)
		})
		got := strings.ReplaceAll(explained(t, "ws://example.com/x", "--proxy", "socks5://"+host), host, "HOST")
		if want := "the proxy socks5://HOST did not connect to example.com:80 ("; !strings.HasPrefix(got, want) {
			t.Errorf("\n%s, want\n%s", got, want)
		}
	})
	t.Run("of the environment", func(t *testing.T) {
		t.Setenv("http_proxy", "ftp://secret@x")
		want := `the environment's proxy cannot be used (the proxy's URL scheme "ftp" is not http, https, socks5 or socks5h): ` +
			"set it right, or give --proxy URL or --no-proxy"
		if got := explained(t, "ws://example.com/x"); got != want {
			t.Errorf("\n%s, want\n%s", got, want)
		}
	})
}

func TestExplainEnds(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"nothing", nil, ""},
		{"closed", &websocket.CloseError{Code: 1008, Reason: "no\n\x1b"}, `the peer closed the connection: 1008 policy violation "no\n\x1b"`},
		{"closed for a while", &websocket.CloseError{Code: 1013},
			"the peer closed the connection: 1013 try again later; try again in a while"},
		{"too big for the peer", &websocket.CloseError{Code: 1009}, "the peer closed the connection: 1009 message too big; it accepts smaller messages only"},
		{"too big", &websocket.ProtocolError{Code: 1009}, "the peer sent a message larger than is accepted: raise --max-message-size"},
		{"protocol", &websocket.ProtocolError{Code: 1002, Section: "RFC 6455 §5.1", Detail: "a masked frame"},
			"the peer broke the protocol: a masked frame (RFC 6455 §5.1); this end closed with 1002"},
		{"silence", websocket.ErrHeartbeat,
			"the connection is lost: nothing came after a Ping, not even the Pong; --ping-timeout says how long to wait"},
		{"no answer to Close", websocket.ErrCloseTimeout, "the peer did not answer the Close frame in time, and the connection was cut"},
		{"cut", fmt.Errorf("websocket: connection lost: %w", io.ErrUnexpectedEOF),
			"the connection broke off: the peer ended it without a Close frame (1006)"},
		{"reset", &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)},
			"the connection broke off: connection reset by peer (1006)"},
		{"another", errors.New("websocket: the URL has no host"), "the URL has no host"},
		{"several lines", errors.New("a\nb\x1b"), "a b�"},
		{"time", &websocket.HandshakeError{Reason: "cannot connect to a:1: x", Err: os.ErrDeadlineExceeded},
			"a:1 did not answer in time: check host and port, or a firewall drops it; --connect-timeout says how long to wait"},
		{"given up", &websocket.HandshakeError{Reason: "cannot connect to a:1: x", Err: context.Canceled}, "connecting to a:1 was given up"},
		{"queue", websocket.ErrQueueFull, "the peer takes messages more slowly than they are sent, and too many wait"},
		{"UTF-8", websocket.ErrInvalidUTF8, "the text is not UTF-8: send it as binary"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Explain(tt.err); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// Whether there is a name server or not.
func TestExplainLookup(t *testing.T) {
	for _, tt := range []struct {
		name  string
		cause *net.DNSError
		want  string
	}{
		{"no such host", &net.DNSError{Name: "a.example", IsNotFound: true}, "there is no host a.example: check the spelling"},
		{"no name server", &net.DNSError{Name: "a.example", IsTimeout: true},
			"the name a.example could not be looked up: is this machine online, and its name server up?"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := &websocket.HandshakeError{Reason: "cannot connect to a.example:80: lookup failed",
				Err: &net.OpError{Op: "dial", Net: "tcp", Err: tt.cause}}
			if got := Explain(err); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

// FuzzExplain sees that whatever a server answers makes one line without control characters.
func FuzzExplain(f *testing.F) {
	for _, seed := range []string{status(401, "WWW-Authenticate: \x1b"), "HTTP/1.1 101 x\r\n\r\n", "\x15\x03\x01", "SSH-2.0", status(400) + "\x1b]0;"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		dial := func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() {
				theirs.SetDeadline(time.Now().Add(time.Second))
				if _, err := http.ReadRequest(bufio.NewReader(theirs)); err == nil {
					io.Copy(theirs, bytes.NewReader(answer))
				}
				theirs.Close()
			}()
			return ours, nil
		}
		c, err := websocket.Dial(context.Background(), "ws://a/", &websocket.DialOptions{DialContext: dial})
		if err == nil {
			c.Terminate()
			return
		}
		if line := Explain(err); line == "" || strings.ContainsAny(line, "\r\n\x1b\x07") {
			t.Errorf("%q", line)
		}
	})
}

func TestExplainExpired(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name     string
		from, to time.Time
		want     string
	}{
		{"expired", time.Unix(0, 0), time.Date(2020, 2, 3, 0, 0, 0, 0, time.UTC),
			"the certificate of HOST expired on 2020-02-03: it must be renewed; give -k to connect all the same"},
		{"not yet", time.Date(2100, 2, 3, 0, 0, 0, 0, time.UTC), time.Date(2101, 2, 3, 0, 0, 0, 0, time.UTC),
			"the certificate of HOST is not valid before 2100-02-03 00:00:00: is this machine's clock right?"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			template := &x509.Certificate{
				SerialNumber: big.NewInt(1), NotBefore: tt.from, NotAfter: tt.to, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
			}
			der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
			if err != nil {
				t.Fatal(err)
			}
			srv := httptest.NewUnstartedServer(http.NotFoundHandler())
			srv.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
			srv.Config.ErrorLog = log.New(io.Discard, "", 0)
			srv.StartTLS()
			defer srv.Close()
			host := srv.Listener.Addr().String()
			root := file(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
			got := strings.ReplaceAll(explained(t, "wss://"+host, "--cacert", root), host, "HOST")
			if got != tt.want {
				t.Errorf("\n%s, want\n%s", got, tt.want)
			}
		})
	}
}
