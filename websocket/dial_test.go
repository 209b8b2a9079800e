package websocket_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/handshake"
	"github.com/everwire/everwire/websocket/wstest"
)

// A scripted server is one in memory that answers a handshake as the test says. It works in a bubble.
type scripted struct {
	opts websocket.DialOptions // that dial it
	open atomic.Int32          // streams that were dialed and not closed
}

// script starts a server that calls answer with each connection, once the request is read, and then
// closes it. If answer is nil, nothing is read, and the connection is closed at the end of the test.
func script(t *testing.T, answer func(nc net.Conn, r *http.Request), opts ...wstest.Option) *scripted {
	ln := wstest.Listen(opts...)
	var serving sync.WaitGroup
	ended := make(chan struct{})
	serving.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer nc.Close()
				if answer == nil {
					<-ended
					return
				}
				if r, err := http.ReadRequest(bufio.NewReader(nc)); err == nil {
					answer(nc, r)
				}
			})
		}
	})
	t.Cleanup(func() {
		close(ended)
		ln.Close()
		serving.Wait()
	})
	s := &scripted{}
	s.opts.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		nc, err := ln.Dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		s.open.Add(1)
		return &counted{Conn: nc, open: &s.open}, nil
	}
	return s
}

// through makes the scripted server a proxy.
func (s *scripted) through(proxy string) *scripted {
	s.opts.Proxy = http.ProxyURL(mustURL(proxy))
	return s
}

// counted is a stream that is counted while it is open.
type counted struct {
	net.Conn
	once sync.Once
	open *atomic.Int32
}

func (c *counted) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}

// holdEnd has no attempt to dial end, and no stream be closed, before the channel that it returns is.
func (s *scripted) holdEnd() chan struct{} {
	until, dial := make(chan struct{}), s.opts.DialContext
	s.opts.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		nc, err := dial(ctx, network, address)
		if err != nil {
			<-until
			return nil, err
		}
		return &heldOpen{nc, until}, nil
	}
	return until
}

// heldOpen is a stream whose Close waits.
type heldOpen struct {
	net.Conn
	until <-chan struct{}
}

func (c *heldOpen) Close() error {
	<-c.until
	return c.Conn.Close()
}

// says returns an answer that is always the same.
func says(answer string) func(net.Conn, *http.Request) {
	return func(nc net.Conn, r *http.Request) { io.WriteString(nc, answer) }
}

// switching is the header of a good answer, but for its last line.
func switching(r *http.Request) string {
	return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: " + handshake.Accept(r.Header.Get("Sec-WebSocket-Key")) + "\r\n"
}

// untilClosed waits until the other end has closed.
func untilClosed(nc net.Conn) { io.Copy(io.Discard, nc) }

// wantRefused dials and checks that it fails with a HandshakeError and leaves nothing behind.
func (s *scripted) wantRefused(t *testing.T, ctx context.Context, url string) *websocket.HandshakeError {
	t.Helper()
	c, err := websocket.Dial(ctx, url, &s.opts)
	if err == nil {
		c.Terminate()
		t.Fatal("Dial succeeded")
	}
	if c != nil {
		t.Error("there is a Conn besides the error")
	}
	var refused *websocket.HandshakeError
	if !errors.As(err, &refused) {
		t.Fatalf("Dial returned %T: %v", err, err)
	}
	if n := s.open.Load(); n != 0 {
		t.Errorf("%d streams are left open after %v", n, err)
	}
	return refused
}

// dialAndEcho dials, sends a message and checks that it comes back.
func dialAndEcho(t *testing.T, url string, opts *websocket.DialOptions) *websocket.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c, err := websocket.Dial(ctx, url, opts)
	must(t, err)
	must(t, c.Write(ctx, websocket.Text, []byte("hello")))
	_, data, err := c.Read(ctx)
	must(t, err)
	equal(t, "echo", string(data), "hello")
	must(t, c.Close(websocket.CloseNormal, ""))
	return c
}

func TestDialSpeaksEveryScheme(t *testing.T) {
	requests := make(chan *http.Request, 1)
	echo := echoing(nil, nil)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests <- r
		echo.ServeHTTP(w, r)
	})
	plain := httptest.NewServer(h)
	t.Cleanup(plain.Close)
	secure := httptest.NewUnstartedServer(h)
	secure.EnableHTTP2 = true
	secure.StartTLS()
	t.Cleanup(secure.Close)
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	trusting := &websocket.DialOptions{TLSConfig: &tls.Config{RootCAs: roots, NextProtos: []string{"h2"}}}

	dir, err := os.MkdirTemp("", "ws") // t.TempDir may be too long for the name of a socket
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "a b:c")
	ln, err := net.Listen("unix", path)
	must(t, err)
	local := &http.Server{Handler: h}
	go local.Serve(ln)
	t.Cleanup(func() { local.Close() })
	local.Addr = strings.NewReplacer(" ", "%20", ":", "%3A").Replace(path)

	host := func(u string) string { _, h, _ := strings.Cut(u, "://"); return h }
	for _, row := range []struct {
		name, url string
		opts      *websocket.DialOptions
		shown     string
		host, uri string
	}{
		{"ws", "ws://" + host(plain.URL) + "/a?b", nil, "ws://" + host(plain.URL) + "/a?b", host(plain.URL), "/a?b"},
		{"http", plain.URL, nil, "ws://" + host(plain.URL) + "/", host(plain.URL), "/"},
		{"wss", "wss://" + host(secure.URL) + "/a", trusting, "wss://" + host(secure.URL) + "/a", host(secure.URL), "/a"},
		{"https", secure.URL + "?b", trusting, "wss://" + host(secure.URL) + "/?b", host(secure.URL), "/?b"},
		{"ws+unix", "ws+unix://" + local.Addr + ":/a/c?b", nil, "ws+unix://" + local.Addr + ":/a/c?b", "localhost", "/a/c?b"},
		{"ws+unix without a path", "ws+unix://" + local.Addr, nil, "ws+unix://" + local.Addr, "localhost", "/"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := dialAndEcho(t, row.url, row.opts)
			r := <-requests
			equal(t, "URL", c.URL(), row.shown)
			equal(t, "Host", r.Host, row.host)
			equal(t, "request-target", r.RequestURI, row.uri)
			equal(t, "TLS", c.TLS() != nil, strings.HasPrefix(row.shown, "wss"))
			if c.LocalAddr() == nil || c.RemoteAddr() == nil {
				t.Error("an address is missing")
			}
		})
	}
	equal(t, "NextProtos of the caller's TLSConfig", trusting.TLSConfig.NextProtos, []string{"h2"})
	equal(t, "ServerName of the caller's TLSConfig", trusting.TLSConfig.ServerName, "")
}

func TestDialDoesNotTrustAnyCertificate(t *testing.T) {
	hs := httptest.NewUnstartedServer(echoing(nil, nil))
	hs.Config.ErrorLog = quiet
	hs.StartTLS()
	t.Cleanup(hs.Close)
	var s scripted
	s.opts.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		nc, err := new(net.Dialer).DialContext(ctx, network, address)
		s.open.Add(1)
		return &counted{Conn: nc, open: &s.open}, err
	}
	refused := s.wantRefused(t, context.Background(), hs.URL)
	var unknown x509.UnknownAuthorityError
	if !errors.As(refused, &unknown) || refused.Response != nil || refused.Status != 0 {
		t.Errorf("Dial returned %v", refused)
	}
}

func TestDialSendsTheHeaderItIsGiven(t *testing.T) {
	for _, row := range []struct {
		name, url string
		header    http.Header
		host      string
		want      http.Header
	}{
		{"own fields", "ws://site.com", http.Header{"X-A": {"1", "2"}, "x-b": {" 3 "}, "Origin": {"https://o"}},
			"site.com", http.Header{"X-A": {"1", "2"}, "X-B": {"3"}, "Origin": {"https://o"}}},
		{"two spellings of a name", "ws://site.com", http.Header{"X-A": {"1"}, "x-a": {"1"}},
			"site.com", http.Header{"X-A": {"1", "1"}}},
		{"Host", "ws://site.com:81", http.Header{"host": {"other.com"}}, "other.com", nil},
		{"empty Host", "ws://site.com:81", http.Header{"Host": {""}}, "site.com:81", nil},
		{"user and password", "ws://me:p%40ss@site.com", nil,
			"site.com", http.Header{"Authorization": {"Basic bWU6cEBzcw=="}}},
		{"user alone", "ws://me@site.com", nil, "site.com", http.Header{"Authorization": {"Basic bWU6"}}},
		{"Authorization before user and password", "ws://me:pass@site.com",
			http.Header{"authorization": {"Bearer x"}}, "site.com", http.Header{"Authorization": {"Bearer x"}}},
		{"the handshake's own fields", "ws://site.com", http.Header{"Sec-WebSocket-Key": {"x"}, "upgrade": {"x"},
			"Connection": {"x"}, "SEC-WEBSOCKET-VERSION": {"8"}, "Sec-WebSocket-Extensions": {"x"},
			"Content-Length": {"5"}, "Transfer-Encoding": {"chunked"}}, "site.com", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			requests := make(chan *http.Request, 1)
			s := script(t, func(nc net.Conn, r *http.Request) {
				requests <- r
				io.WriteString(nc, switching(r)+"\r\n")
				untilClosed(nc)
			})
			s.opts.Header = row.header
			c, err := websocket.Dial(context.Background(), row.url, &s.opts)
			must(t, err)
			defer c.Terminate()
			r := <-requests
			equal(t, "Host", r.Host, row.host)
			equal(t, "length", r.ContentLength, 0)
			equal(t, "key's length", len(r.Header.Get("Sec-WebSocket-Key")), 24)
			r.Header.Del("Sec-WebSocket-Key")
			want := http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Version": {"13"},
				"Sec-Websocket-Extensions": {"permessage-deflate; client_max_window_bits"}}
			for name, values := range row.want {
				want[name] = values
			}
			equal(t, "header", r.Header, want)
		})
	}
}

func TestEachHandshakeHasItsOwnKey(t *testing.T) {
	keys := make(chan string, 2)
	s := script(t, func(nc net.Conn, r *http.Request) { keys <- r.Header.Get("Sec-WebSocket-Key") })
	s.wantRefused(t, context.Background(), "ws://site.com")
	s.wantRefused(t, context.Background(), "ws://site.com")
	if a, b := <-keys, <-keys; a == b {
		t.Errorf("both are %q", a)
	}
}

// secretly is a password that must not show in any error.
const secretly = "pa55word"

func TestDialRefusesOptionsAndURLsThatCannotWork(t *testing.T) {
	for _, row := range []struct {
		name, url string
		opts      *websocket.DialOptions
		says      string
	}{
		{"no scheme", "site.com/chat", nil, "scheme"},
		{"another scheme", "ftp://me:" + secretly + "@site.com", nil, `"ftp" is not ws, wss`},
		{"no host", "ws:///chat", nil, "no host"},
		{"no host but a port", "ws://:80/chat", nil, "no host"},
		{"a fragment", "ws://me:" + secretly + "@site.com/#there", nil, "no fragment"},
		{"an empty fragment", "ws://site.com/#", nil, "no fragment"},
		{"a port that is no number", "ws://me:" + secretly + "@site.com:x/", nil, "malformed URL"},
		{"a port that is too large", "ws://site.com:65536/", nil, "65536"},
		{"a password with a slash", "ws://me:" + secretly + "/x@site.com/", nil, "malformed URL"},
		{"a password with a bad escape", "ws://me:" + secretly + "%zz@site.com/", nil, "malformed URL"},
		{"a line break", "ws://site.com/\r\nX: y", nil, "control character"},
		{"a space in the host", "ws://a b/", nil, "malformed URL"},
		{"a host that is none", "ws://::/", nil, "Host"},
		{"a host with quotes", `ws://a"b/`, nil, "Host"},
		{"a host that is no domain name", "ws://bü_cher.example/", nil, "internationalized"},
		{"a zone that is not ASCII", "ws://[fe80::1%25ü]/", nil, "internationalized"},
		{"an empty URL", "", nil, "scheme"},
		{"ws+unix with a host", "ws+unix://site.com/run/ws", nil, "ws+unix:///"},
		{"ws+unix without a path", "ws+unix://", nil, "ws+unix:///"},
		{"a subprotocol that is no token", "ws://site.com", &websocket.DialOptions{Subprotocols: []string{"v 1"}}, "not a token"},
		{"a subprotocol twice", "ws://site.com", &websocket.DialOptions{Subprotocols: []string{"a", "a"}}, "twice"},
		{"a line break in a value", "ws://site.com", &websocket.DialOptions{Header: http.Header{"X-A": {secretly + "\r\nX: y"}}}, "X-A"},
		{"a line break in a name", "ws://site.com", &websocket.DialOptions{Header: http.Header{"X\r\nY": {"y"}}}, "not the name"},
		{"a space in a name", "ws://site.com", &websocket.DialOptions{Header: http.Header{"X Y": {"y"}}}, "not the name"},
		{"a line break in Host", "ws://site.com", &websocket.DialOptions{Header: http.Header{"Host": {"a\r\nX: y"}}}, "Host"},
		{"a space in Host", "ws://site.com", &websocket.DialOptions{Header: http.Header{"Host": {"a b"}}}, "Host"},
	} {
		t.Run(row.name, func(t *testing.T) {
			opts := websocket.DialOptions{}
			if row.opts != nil {
				opts = *row.opts
			}
			opts.DialContext = func(context.Context, string, string) (net.Conn, error) {
				t.Error("it connects all the same")
				return nil, io.EOF
			}
			_, err := websocket.Dial(context.Background(), row.url, &opts)
			var refused *websocket.HandshakeError
			if err == nil || errors.As(err, &refused) || !strings.Contains(err.Error(), row.says) || strings.Contains(err.Error(), secretly) {
				t.Errorf("Dial returned %v, want it to say %q", err, row.says)
			}
			called := false
			s, err := websocket.New(row.url, &opts, func(*websocket.Socket) { called = true })
			if err == nil || s != nil || called {
				t.Errorf("New returned %v, %v, and called setup: %v", s, err, called)
			}
		})
	}
}

func TestUserAndPasswordShowNowhere(t *testing.T) {
	s := script(t, says("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"))
	const url = "ws://me:" + secretly + "@site.com/chat"
	refused := s.wantRefused(t, context.Background(), url)
	equal(t, "status", refused.Status, 401)
	s.opts.DialContext = func(context.Context, string, string) (net.Conn, error) { return nil, io.EOF }
	failed := s.wantRefused(t, context.Background(), url)
	socket, err := websocket.New(url, &s.opts, nil)
	must(t, err)
	<-socket.Context().Done()
	for _, shown := range []string{fmt.Sprintf("%v %+v", refused, refused.Response), failed.Error(), socket.URL()} {
		if strings.Contains(shown, secretly) || strings.Contains(shown, "me:") || strings.Contains(shown, "bWU6") {
			t.Errorf("they show in %q", shown)
		}
	}
	equal(t, "URL", socket.URL(), "ws://site.com/chat")
}

func TestAnswersThatRefuse(t *testing.T) {
	const good = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
	accepted := func(more string) func(net.Conn, *http.Request) {
		return func(nc net.Conn, r *http.Request) { io.WriteString(nc, switching(r)+more+"\r\n") }
	}
	for _, row := range []struct {
		name   string
		answer func(net.Conn, *http.Request)
		status int // 0 if there is no Response
		says   string
		body   string
	}{
		{"404 with a body", says("HTTP/1.1 404 Not Found\r\nX-A: 1\r\nContent-Length: 7\r\n\r\nnothing"), 404, "404 Not Found", "nothing"},
		{"404 until the end of the stream", says("HTTP/1.1 404 Not Found\r\nX-A: 1\r\n\r\nnothing"), 404, "404 Not Found", "nothing"},
		{"200 in chunks", says("HTTP/1.1 200 OK\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), 200, "200 OK", "abcde"},
		{"more than 1 KiB", says("HTTP/1.1 500 X\r\nX-A: 1\r\nContent-Length: 5000\r\n\r\n" + strings.Repeat("x", 5000)), 500, "500", strings.Repeat("x", 1024)},
		{"more than 1 KiB in chunks of an octet", says("HTTP/1.1 500 X\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n" +
			strings.Repeat("1\r\nx\r\n", 2000)), 500, "500", strings.Repeat("x", 1024)},
		{"a body that breaks off", says("HTTP/1.1 500 X\r\nX-A: 1\r\nContent-Length: 50\r\n\r\nabc"), 500, "500", "abc"},
		{"a redirect", says("HTTP/1.1 302 Found\r\nX-A: 1\r\nLocation: ws://other.com/\r\nContent-Length: 0\r\n\r\n"), 302, "302 Found", ""},
		{"another version", says("HTTP/1.1 426 X\r\nX-A: 1\r\nSec-WebSocket-Version: 8, 7\r\nContent-Length: 0\r\n\r\n"), 426, `"8, 7"`, ""},
		{"a wrong Accept", says(good + "hsBlbuDTkk24srzEOTBUlZAlC2g=\r\nX-A: 1\r\n\r\n"), 101, "does not answer this client's key", ""},
		{"no Accept", says("HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-A: 1\r\n\r\n"), 101, "no Sec-WebSocket-Accept", ""},
		{"no Upgrade", func(nc net.Conn, r *http.Request) {
			io.WriteString(nc, strings.Replace(switching(r), "Upgrade: websocket\r\n", "X-A: 1\r\n", 1)+"\r\n")
		}, 101, "Upgrade", ""},
		{"another Upgrade", func(nc net.Conn, r *http.Request) {
			io.WriteString(nc, strings.Replace(switching(r), "websocket\r\n", "h2c\r\nX-A: 1\r\n", 1)+"\r\n")
		}, 101, `"h2c"`, ""},
		{"no Connection", func(nc net.Conn, r *http.Request) {
			io.WriteString(nc, strings.Replace(switching(r), "Connection: Upgrade\r\n", "X-A: 1\r\n", 1)+"\r\n")
		}, 101, "Connection", ""},
		{"a subprotocol that was not offered", accepted("Sec-WebSocket-Protocol: soap\r\nX-A: 1\r\n"), 101, `"soap", which was not offered`, ""},
		{"two subprotocols", accepted("Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\nX-A: 1\r\n"), 101, "more than once", ""},
		{"an extension that was not offered", accepted("Sec-WebSocket-Extensions: x-mine\r\nX-A: 1\r\n"), 101, `"x-mine", which was not offered`, ""},
		{"no HTTP", says("SSH-2.0-OpenSSH_9.6\r\n\r\n"), 0, "malformed HTTP", ""},
		{"nothing", says(""), 0, "EOF", ""},
		{"half a header", says("HTTP/1.1 101 Switching Protocols\r\nUpgr"), 0, "malformed MIME header", ""},
		{"interim answers without end", says(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 100)), 0, "interim", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := script(t, row.answer)
			s.opts.Subprotocols = []string{"a", "b"}
			refused := s.wantRefused(t, context.Background(), "ws://site.com/chat")
			if !strings.Contains(refused.Error(), row.says) {
				t.Errorf("the error %q does not say %q", refused, row.says)
			}
			equal(t, "Status", refused.Status, row.status)
			if row.status == 0 {
				if refused.Response != nil {
					t.Errorf("there is a Response %v", refused.Response)
				}
				return
			}
			equal(t, "StatusCode", refused.Response.StatusCode, row.status)
			equal(t, "X-A", refused.Response.Header.Get("X-A"), "1")
			body, err := io.ReadAll(refused.Response.Body)
			must(t, err)
			equal(t, "body", string(body), row.body)
			must(t, refused.Response.Body.Close())
		})
	}
}

func TestInterimAnswersArePassedOver(t *testing.T) {
	s := script(t, func(nc net.Conn, r *http.Request) {
		io.WriteString(nc, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"+switching(r)+"\r\n\x81\x02hi")
		untilClosed(nc)
	})
	c, err := websocket.Dial(context.Background(), "ws://site.com", &s.opts)
	must(t, err)
	defer c.Terminate()
	wantMessage(t, c, websocket.Text, "hi")
}

func TestWhatComesRightBehindTheAnswerIsDeliveredFirst(t *testing.T) {
	var pipelined strings.Builder
	const n = 100 // more than is read at once
	for i := range n {
		fmt.Fprintf(&pipelined, "\x81\x67%03d%s", i, strings.Repeat(".", 100))
	}
	s := script(t, func(nc net.Conn, r *http.Request) {
		io.WriteString(nc, switching(r)+"\r\n"+pipelined.String())
		untilClosed(nc)
	})
	t.Run("Dial", func(t *testing.T) {
		c, err := websocket.Dial(context.Background(), "ws://site.com", &s.opts)
		must(t, err)
		defer c.Terminate()
		for i := range n {
			wantMessage(t, c, websocket.Text, fmt.Sprintf("%03d%s", i, strings.Repeat(".", 100)))
		}
	})
	t.Run("New", func(t *testing.T) {
		got := make(chan string, n)
		socket, err := websocket.New("ws://site.com", &s.opts, func(s *websocket.Socket) {
			s.OnMessage(func(_ *websocket.Socket, m websocket.Message) { got <- m.Text()[:3] })
		})
		must(t, err)
		defer socket.Terminate()
		for i := range n {
			equal(t, "message", <-got, fmt.Sprintf("%03d", i))
		}
	})
}

func TestHeaderBytesBoundTheAnswer(t *testing.T) {
	for _, row := range []struct {
		name     string
		bytes, n int
		ok       bool
	}{
		{"the default is enough for 60 KiB", 0, 60 << 10, true},
		{"and not for 64", 0, 64 << 10, false},
		{"less", 500, 500, false},
		{"more", 200 << 10, 100 << 10, true},
		{"no limit", -1, 1 << 20, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := script(t, func(nc net.Conn, r *http.Request) {
				io.WriteString(nc, switching(r)+"X-Padding: "+strings.Repeat("x", row.n)+"\r\n\r\n")
				untilClosed(nc)
			})
			s.opts.HeaderBytes = row.bytes
			if row.ok {
				c, err := websocket.Dial(context.Background(), "ws://site.com", &s.opts)
				must(t, err)
				c.Terminate()
				return
			}
			if refused := s.wantRefused(t, context.Background(), "ws://site.com"); !strings.Contains(refused.Error(), "HeaderBytes") {
				t.Errorf("Dial returned %v", refused)
			}
		})
	}
}

// phases are where a handshake can hang, each with a server that does so, and the scheme to see it with.
var phases = []struct {
	name, scheme string
	server       func(t *testing.T) *scripted
}{
	{"connecting", "ws", func(t *testing.T) *scripted {
		s := script(t, nil)
		s.opts.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return s
	}},
	{"TLS", "wss", func(t *testing.T) *scripted { return script(t, nil) }},
	{"the proxy's answer", "ws", func(t *testing.T) *scripted { return script(t, nil).through("http://proxy.com") }},
	{"TLS with the proxy", "ws", func(t *testing.T) *scripted { return script(t, nil).through("https://proxy.com") }},
	{"the SOCKS proxy's answer", "wss", func(t *testing.T) *scripted { return script(t, nil).through("socks5://proxy.com") }},
	{"behind a proxy", "wss", func(t *testing.T) *scripted {
		return script(t, func(nc net.Conn, r *http.Request) {
			io.WriteString(nc, "HTTP/1.1 200 OK\r\n\r\n")
			untilClosed(nc)
		}).through("http://proxy.com")
	}},
	{"the request", "ws", func(t *testing.T) *scripted { return script(t, nil, wstest.PipeSize(16)) }},
	{"the answer", "ws", func(t *testing.T) *scripted { return script(t, nil) }},
	{"within the answer", "ws", func(t *testing.T) *scripted {
		return script(t, func(nc net.Conn, r *http.Request) {
			for _, octet := range []byte("HTTP/1.1 200 OK\r\nX-Padding: " + strings.Repeat("x", 1000)) {
				time.Sleep(time.Second)
				if _, err := nc.Write([]byte{octet}); err != nil {
					return
				}
			}
			t.Error("nobody minded")
		})
	}},
}

func TestHandshakeTimeoutBoundsEachPhase(t *testing.T) {
	for _, phase := range phases {
		for _, limit := range []struct {
			name    string
			timeout time.Duration // the option
			context time.Duration // 0 for none
			want    time.Duration
		}{
			{"default", 0, 0, 30 * time.Second},
			{"set", 7 * time.Second, 0, 7 * time.Second},
			{"by the context", 0, 3 * time.Second, 3 * time.Second},
			{"by the context alone", -1, 45 * time.Second, 45 * time.Second},
		} {
			bubbles(t, phase.name+"/"+limit.name, func(t *testing.T) {
				s := phase.server(t)
				s.opts.HandshakeTimeout = limit.timeout
				ctx := context.Background()
				if limit.context > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, limit.context)
					defer cancel()
				}
				began := time.Now()
				refused := s.wantRefused(t, ctx, phase.scheme+"://site.com")
				equal(t, "time", time.Since(began), limit.want)
				if !errors.Is(refused, context.DeadlineExceeded) || strings.Count(refused.Error(), "websocket:") != 1 {
					t.Errorf("Dial returned %v", refused)
				}
			})
		}
	}
}

// To connect has a timer of its own for the context's deadline, which may be sooner than the context's.
func TestADeadlineThatConnectingSeesFirstIsTheContexts(t *testing.T) {
	for range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		_, err := websocket.Dial(ctx, "ws://example.com/", &websocket.DialOptions{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				for at, _ := ctx.Deadline(); time.Now().Before(at); {
				}
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
			},
		})
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("error %v, want the context's", err)
		}
	}
}

func TestDialIsCanceledInEachPhase(t *testing.T) {
	for _, phase := range phases {
		bubbles(t, phase.name, func(t *testing.T) {
			s := phase.server(t)
			ctx, cancel := context.WithCancel(context.Background())
			time.AfterFunc(time.Second/2, cancel)
			began := time.Now()
			refused := s.wantRefused(t, ctx, phase.scheme+"://site.com")
			equal(t, "time", time.Since(began), time.Second/2)
			wantError(t, "Dial", refused, context.Canceled)
		})
	}
	t.Run("before", func(t *testing.T) {
		s := script(t, nil)
		wantError(t, "Dial", s.wantRefused(t, canceledContext(), "ws://site.com"), context.Canceled)
	})
}

func TestTheContextHasNoEffectAfterTheHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := script(t, func(nc net.Conn, r *http.Request) {
			io.WriteString(nc, switching(r)+"\r\n")
			time.Sleep(2 * time.Minute) // past the timeout, too
			io.WriteString(nc, "\x81\x04late")
			untilClosed(nc)
		})
		s.opts.Heartbeat.Interval = -1
		ctx, cancel := context.WithCancel(context.Background())
		c, err := websocket.Dial(ctx, "ws://site.com", &s.opts)
		must(t, err)
		defer c.Terminate()
		cancel()
		wantMessage(t, c, websocket.Text, "late")
	})
}

func TestARefusalWhoseBodyStallsIsReportedSoon(t *testing.T) {
	for _, row := range []struct{ name, body, want string }{
		{"within the first KiB", "some", "some"},
		{"after it", strings.Repeat("x", 1500), strings.Repeat("x", 1024)},
	} {
		bubbles(t, row.name, func(t *testing.T) {
			s := script(t, func(nc net.Conn, r *http.Request) {
				io.WriteString(nc, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"+row.body)
				untilClosed(nc)
			})
			began := time.Now()
			refused := s.wantRefused(t, context.Background(), "ws://site.com")
			if d := time.Since(began); d > time.Second {
				t.Errorf("it took %v", d)
			}
			equal(t, "status", refused.Status, 200)
			body, _ := io.ReadAll(refused.Response.Body)
			equal(t, "body", string(body), row.want)
		})
	}
	t.Run("the context still counts", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := script(t, func(nc net.Conn, r *http.Request) {
				io.WriteString(nc, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nsome")
				untilClosed(nc)
			})
			s.opts.HandshakeTimeout = time.Second / 2
			began := time.Now()
			refused := s.wantRefused(t, context.Background(), "ws://site.com")
			equal(t, "time", time.Since(began), time.Second/2)
			equal(t, "status", refused.Status, 200)
		})
	})
}

// lateHeader is a stream on which the context ends while the header of the answer is being read.
type lateHeader struct {
	net.Conn
	end   context.CancelFunc
	ended chan struct{}
	once  sync.Once
}

func (c *lateHeader) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.once.Do(func() {
		c.end()
		<-c.ended
	})
	return n, err
}

func (c *lateHeader) SetDeadline(t time.Time) error {
	close(c.ended)
	return c.Conn.SetDeadline(t)
}

func TestARefusalsBodyIsNotWaitedForOnceTheContextHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := script(t, func(nc net.Conn, r *http.Request) {
			io.WriteString(nc, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nsome")
			untilClosed(nc)
		})
		ctx, cancel := context.WithCancel(context.Background())
		dial := s.opts.DialContext
		s.opts.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			nc, err := dial(ctx, network, address)
			return &lateHeader{Conn: nc, end: cancel, ended: make(chan struct{})}, err
		}
		began := time.Now()
		refused := s.wantRefused(t, ctx, "ws://site.com")
		equal(t, "time", time.Since(began), 0)
		equal(t, "status", refused.Status, 200)
	})
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	asked := 0
	s := script(t, func(nc net.Conn, r *http.Request) {
		asked++
		io.WriteString(nc, "HTTP/1.1 307 Temporary Redirect\r\nLocation: ws://other.com/there\r\nContent-Length: 0\r\n\r\n")
	})
	refused := s.wantRefused(t, context.Background(), "ws://site.com/here")
	equal(t, "requests", asked, 1)
	there, err := refused.Response.Location()
	must(t, err)
	equal(t, "Location", there.String(), "ws://other.com/there")
}

func TestOptionsMayChangeWhileNewConnects(t *testing.T) {
	requests, changed := make(chan *http.Request, 1), make(chan struct{})
	s := script(t, func(nc net.Conn, r *http.Request) {
		requests <- r
		<-changed
		io.WriteString(nc, switching(r)+"Sec-WebSocket-Protocol: v1\r\n\r\n")
		untilClosed(nc)
	})
	opts := s.opts
	opts.Subprotocols, opts.Header = []string{"v1"}, http.Header{"X-A": {"1"}}
	opts.TLSConfig = &tls.Config{ServerName: "one"}
	opened := make(chan struct{})
	socket, err := websocket.New("ws://site.com", &opts, func(s *websocket.Socket) {
		s.OnOpen(func(*websocket.Socket) { close(opened) })
	})
	must(t, err)
	defer socket.Terminate()
	opts.Subprotocols[0], opts.Header["X-A"][0] = "v2", "2"
	opts.Header.Set("X-B", "3")
	opts.TLSConfig.ServerName = "two"
	opts.DialContext, opts.Subprotocols = nil, nil
	close(changed)
	r := <-requests
	equal(t, "subprotocol offered", r.Header.Get("Sec-WebSocket-Protocol"), "v1")
	equal(t, "X-A", r.Header.Get("X-A"), "1")
	equal(t, "X-B", r.Header.Get("X-B"), "")
	within(t, "the open event", opened)
	equal(t, "subprotocol chosen", socket.Subprotocol(), "v1")
}

func TestTheProxysTLSConfigMayChangeWhileNewConnects(t *testing.T) {
	server, trusting := trusted("proxy.com")
	w, requests := newWorld(), make(chan *http.Request, 1)
	w.settle(t, "proxy.com:443", securely(server, w.httpProxy("")))
	w.echoes(t, "site.com:80", nil, requests)
	changed, dial := make(chan struct{}), w.opts.DialContext
	w.opts.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		<-changed
		return dial(ctx, network, address)
	}
	w.opts.Proxy, w.opts.ProxyTLSConfig = http.ProxyURL(mustURL("https://proxy.com")), trusting
	j := newJournal()
	s, err := websocket.New("ws://site.com", &w.opts, j.listen)
	must(t, err)
	trusting.ServerName = "other.com"
	close(changed)
	j.waitFor(t, "open")
	s.Terminate()
	<-s.Context().Done()
}

func TestAContextThatEndsWhenTheHandshakeIsJustDoneStillCounts(t *testing.T) {
	w, requests := newWorld(), make(chan *http.Request, 1)
	w.echoes(t, "site.com:80", nil, requests)
	ctx, cancel := context.WithCancel(context.Background())
	w.opts.OnResponse = func(*http.Response) { cancel() }
	_, err := websocket.Dial(ctx, "ws://site.com", &w.opts)
	wantError(t, "Dial", err, context.Canceled)
	equal(t, "open streams", w.open.Load(), 0)
}

func TestASubprotocolThatIsNotChosenFailsNewButNotDial(t *testing.T) {
	s := script(t, func(nc net.Conn, r *http.Request) {
		io.WriteString(nc, switching(r)+"\r\n")
		untilClosed(nc)
	})
	s.opts.Subprotocols = []string{"v1"}
	c, err := websocket.Dial(context.Background(), "ws://site.com", &s.opts)
	must(t, err)
	equal(t, "Subprotocol", c.Subprotocol(), "")
	c.Terminate()

	j, failure := newJournal(), make(chan error, 1)
	socket, err := websocket.New("ws://site.com", &s.opts, func(s *websocket.Socket) {
		j.listen(s)
		s.OnError(func(_ *websocket.Socket, err error) { failure <- err })
	})
	must(t, err)
	equal(t, "events", j.waitClose(t), []string{"error", `close 1006 "" clean=false`})
	if err := <-failure; !strings.Contains(err.Error(), "none of the subprotocols") {
		t.Errorf("the error event has %v", err)
	}
	equal(t, "Subprotocol", socket.Subprotocol(), "")
	equal(t, "open streams", s.open.Load(), 0)
}

func TestNewWithASubprotocolThatIsChosen(t *testing.T) {
	s := script(t, func(nc net.Conn, r *http.Request) {
		io.WriteString(nc, switching(r)+"Sec-WebSocket-Protocol: v1\r\n\r\n")
		untilClosed(nc)
	})
	s.opts.Subprotocols = []string{"v2", "v1"}
	opened := make(chan struct{})
	socket, err := websocket.New("ws://site.com", &s.opts, func(s *websocket.Socket) {
		equal(t, "Subprotocol in setup", s.Subprotocol(), "")
		equal(t, "ReadyState in setup", s.ReadyState(), websocket.Connecting)
		equal(t, "URL in setup", s.URL(), "ws://site.com/")
		s.OnOpen(func(*websocket.Socket) { close(opened) })
	})
	must(t, err)
	defer socket.Terminate()
	within(t, "the open event", opened)
	equal(t, "Subprotocol", socket.Subprotocol(), "v1")
}

func TestNewTellsOfAConnectionThatCannotBeMade(t *testing.T) {
	for _, row := range []struct {
		name   string
		answer func(net.Conn, *http.Request)
		status int
	}{
		{"refused", says("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"), 403},
		{"broken off", says(""), 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := script(t, row.answer)
			j, failure := newJournal(), make(chan error, 1)
			socket, err := websocket.New("ws://site.com", &s.opts, func(s *websocket.Socket) {
				j.listen(s)
				s.OnError(func(s *websocket.Socket, err error) {
					equal(t, "ReadyState in the error event", s.ReadyState(), websocket.Closed)
					failure <- err
				})
			})
			must(t, err)
			equal(t, "events", j.waitClose(t), []string{"error", `close 1006 "" clean=false`})
			var refused *websocket.HandshakeError
			if err := <-failure; !errors.As(err, &refused) || refused.Status != row.status {
				t.Errorf("the error event has %v", err)
			}
			equal(t, "open streams", s.open.Load(), 0)
			wantError(t, "Send", socket.Send(nil), websocket.ErrClosed)
			wantError(t, "Ping", socket.Ping(nil), websocket.ErrClosed)
			wantError(t, "Close", socket.Close(0, ""), nil)
			socket.Terminate()
			socket.Resume()
			if socket.RemoteAddr() != nil || socket.TLS() != nil || socket.Context().Err() == nil {
				t.Error("there is something of a connection")
			}
		})
	}
}

func TestClosingWhileConnecting(t *testing.T) {
	closing := map[string]func(*websocket.Socket){
		"Close":     func(s *websocket.Socket) { s.Close(websocket.CloseNormal, "") },
		"Terminate": func(s *websocket.Socket) { s.Terminate() },
	}
	want := map[string][]string{
		"Close":     {"error", `close 1006 "" clean=false`},
		"Terminate": {`close 1006 "" clean=false`},
	}
	for name, end := range closing {
		for _, phase := range phases {
			bubbles(t, name+"/"+phase.name, func(t *testing.T) {
				s, j := phase.server(t), newJournal()
				looked := s.holdEnd() // so that it does not come before we look
				socket, err := websocket.New(phase.scheme+"://site.com", &s.opts, j.listen)
				must(t, err)
				time.Sleep(time.Second / 2)
				end(socket)
				equal(t, "ReadyState", socket.ReadyState(), websocket.Closing)
				end(socket)
				close(looked)
				synctest.Wait()
				equal(t, "events", j.now(), want[name])
				equal(t, "ReadyState", socket.ReadyState(), websocket.Closed)
				equal(t, "open streams", s.open.Load(), 0)
			})
		}
		t.Run(name+"/in setup", func(t *testing.T) {
			s, j := script(t, says("")), newJournal()
			_, err := websocket.New("ws://site.com", &s.opts, func(s *websocket.Socket) {
				j.listen(s)
				end(s)
			})
			must(t, err)
			equal(t, "events", j.waitClose(t), want[name])
			equal(t, "open streams", s.open.Load(), 0)
		})
	}
}

// TestClosingAtAnyMomentOfConnecting lets the end of the handshake, good or bad, race with calls of every kind.
func TestClosingAtAnyMomentOfConnecting(t *testing.T) {
	good := func(nc net.Conn, r *http.Request) {
		io.WriteString(nc, switching(r)+"\r\n")
		untilClosed(nc)
	}
	for name, answer := range map[string]func(net.Conn, *http.Request){"good": good, "bad": says("")} {
		t.Run(name, func(t *testing.T) {
			s := script(t, answer)
			for i := range 100 {
				j := newJournal()
				socket, err := websocket.New("ws://site.com", &s.opts, j.listen)
				must(t, err)
				var calls sync.WaitGroup
				calls.Go(func() {
					for socket.ReadyState() == websocket.Connecting {
						socket.Send([]byte("x"))
						socket.URL()
						socket.Subprotocol()
						socket.RemoteAddr()
						runtime.Gosched()
					}
					socket.Send([]byte("x"))
				})
				calls.Go(func() {
					for range i * 20 {
						socket.ReadyState()
						runtime.Gosched()
					}
					if i%2 == 0 {
						socket.Close(0, "")
					}
					socket.Terminate()
				})
				calls.Wait()
				events := j.waitClose(t)
				if last := events[len(events)-1]; last != `close 1006 "" clean=false` && !strings.HasPrefix(last, "drain") {
					t.Fatalf("events %q", events)
				}
			}
			equal(t, "open streams", s.open.Load(), 0)
		})
	}
}

func TestASetupOfNewThatPanicsMakesNoConnection(t *testing.T) {
	s, j := script(t, says("")), newJournal()
	failure := make(chan error, 1)
	func() {
		defer func() { equal(t, "the panic", recover(), any("oops")) }()
		websocket.New("ws://site.com", &s.opts, func(s *websocket.Socket) {
			j.listen(s)
			s.OnError(func(_ *websocket.Socket, err error) { failure <- err })
			panic("oops")
		})
	}()
	equal(t, "events", j.waitClose(t), []string{"error", `close 1006 "" clean=false`})
	var p *websocket.PanicError
	if err := <-failure; !errors.As(err, &p) || p.Value != "oops" {
		t.Errorf("the error event has %v", err)
	}
	equal(t, "open streams", s.open.Load(), 0)
}

func TestListenersOfASocketThatNeverConnectedMayPanicOrExit(t *testing.T) {
	s, closed := script(t, says("")), make(chan websocket.CloseEvent, 1)
	_, err := websocket.New("ws://site.com", &s.opts, func(s *websocket.Socket) {
		s.OnError(func(*websocket.Socket, error) { panic("oops") })
		s.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) { closed <- e })
	})
	must(t, err)
	equal(t, "close event", <-closed, websocket.CloseEvent{Code: websocket.CloseAbnormal})
}

// FuzzAnswer feeds a client whatever a server may say.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(exampleAnswer + "\r\n\x81\x05hello"))
	f.Add([]byte("HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n"))
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 302 Found\r\nLocation: :\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 101 \r\nContent-Length: 99999999999999999999\r\n\r\n"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		client, server := wstest.Pipe(wstest.PipeSize(1 << 20))
		server.Write(answer)
		server.(interface{ CloseWrite() error }).CloseWrite()
		defer server.Close()
		c, err := websocket.Dial(context.Background(), "ws://site.com", &websocket.DialOptions{
			DialContext: func(context.Context, string, string) (net.Conn, error) { return client, nil },
		})
		if err == nil { // it would have to know the key
			c.Terminate()
			t.Fatalf("%q is taken for an answer", answer)
		}
		var refused *websocket.HandshakeError
		if !errors.As(err, &refused) {
			t.Fatalf("Dial returned %T", err)
		}
		if refused.Response != nil {
			body, err := io.ReadAll(refused.Response.Body)
			if err != nil || len(body) > 1024 || !bytes.Contains(answer, []byte("HTTP/")) {
				t.Fatalf("a body of %d octets, %v", len(body), err)
			}
		}
	})
}
