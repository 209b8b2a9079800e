package websocket_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

func TestConnectionsThroughProxies(t *testing.T) {
	server, trusting := trusted("xn--bcher-kva.example")
	proxyServer, trustingProxy := trusted("proxy.com")
	for _, way := range []struct {
		name, proxy string
		address     string
		serve       func(*world) func(net.Conn)
	}{
		{"http", "http://proxy.com", "proxy.com:80", func(w *world) func(net.Conn) { return w.httpProxy("") }},
		{"no scheme", "//proxy.com:3128", "proxy.com:3128", func(w *world) func(net.Conn) { return w.httpProxy("") }},
		{"http with a password", "HTTP://me:" + secretly + "@proxy.com:3128", "proxy.com:3128",
			func(w *world) func(net.Conn) { return w.httpProxy("Basic " + secretlyBasic) }},
		{"http with a user alone", "http://me@proxy.com:3128", "proxy.com:3128",
			func(w *world) func(net.Conn) { return w.httpProxy("Basic bWU6") }},
		{"https", "https://proxy.com", "proxy.com:443",
			func(w *world) func(net.Conn) { return securely(proxyServer, w.httpProxy("")) }},
		{"https with a password", "https://me:" + secretly + "@proxy.com:8443", "proxy.com:8443",
			func(w *world) func(net.Conn) { return securely(proxyServer, w.httpProxy("Basic "+secretlyBasic)) }},
		{"socks5", "socks5://proxy.com", "proxy.com:1080", func(w *world) func(net.Conn) { return w.socksProxy("") }},
		{"socks5h with a password", "socks5h://me:" + secretly + "@proxy.com:9050", "proxy.com:9050",
			func(w *world) func(net.Conn) { return w.socksProxy("me:" + secretly) }},
		{"socks5 with a password that is not asked for", "socks5://me:" + secretly + "@proxy.com", "proxy.com:1080",
			func(w *world) func(net.Conn) { return w.socksProxy("") }},
		{"a host in other letters", "http://pröxy.com", "xn--prxy-6qa.com:80", func(w *world) func(net.Conn) { return w.httpProxy("") }},
	} {
		for _, scheme := range []string{"ws", "wss"} {
			t.Run(way.name+"/"+scheme, func(t *testing.T) {
				w, requests := newWorld(), make(chan *http.Request, 1)
				w.settle(t, way.address, way.serve(w))
				w.echoes(t, "xn--bcher-kva.example:80", nil, requests)
				w.echoes(t, "xn--bcher-kva.example:443", server, requests)
				w.opts.Proxy = http.ProxyURL(mustURL(way.proxy))
				w.opts.TLSConfig, w.opts.ProxyTLSConfig = trusting, trustingProxy
				url := scheme + "://bücher.example/chat"
				c := dialAndEcho(t, url, &w.opts)
				r := <-requests
				equal(t, "Host", r.Host, "xn--bcher-kva.example")
				equal(t, "Proxy-Authorization that the server sees", r.Header["Proxy-Authorization"], nil)
				equal(t, "TLS", c.TLS() != nil, scheme == "wss")

				j := newJournal()
				s, err := websocket.New(url, &w.opts, j.listen)
				must(t, err)
				j.waitFor(t, "open")
				<-requests
				equal(t, "TLS", s.TLS() != nil, scheme == "wss")
				must(t, s.SendText("hi"))
				j.waitFor(t, "message")
				must(t, s.Close(websocket.CloseNormal, ""))
				events := j.waitClose(t)
				equal(t, "the last event", events[len(events)-1], `close 1000 "" clean=true`)

				equal(t, "dialed", w.dialed, []string{way.address, way.address})
				equal(t, "open streams", w.open.Load(), 0)
			})
		}
	}
}

func TestProxiesThatFail(t *testing.T) {
	answering := func(answer string) func(*world) func(net.Conn) {
		return func(*world) func(net.Conn) {
			return func(nc net.Conn) {
				nc.Read(make([]byte, 1000))
				io.WriteString(nc, answer)
				nc.(interface{ CloseWrite() error }).CloseWrite()
				untilClosed(nc)
			}
		}
	}
	withPassword := func(w *world) func(net.Conn) { return w.httpProxy("Basic other") }
	for _, row := range []struct {
		name, proxy string
		serve       func(*world) func(net.Conn)
		status      int
		says, body  string
	}{
		{"a wrong password", "http", withPassword, 407, "the proxy http://proxy.com:1 answered 407 Proxy Authentication Required to CONNECT site.com:80", "who?"},
		{"the target is not to be had", "http", func(w *world) func(net.Conn) { return w.httpProxy("Basic " + secretlyBasic) },
			502, "502 Bad Gateway to CONNECT site.com:80", ""},
		{"a redirect", "http", answering("HTTP/1.1 302 Found\r\nLocation: ws://site.com/\r\n\r\n"), 302, "302 Found to CONNECT", ""},
		{"101", "http", answering("HTTP/1.1 101 Switching Protocols\r\n\r\n"), 101, "101 Switching Protocols to CONNECT", ""},
		{"much of a body", "http", answering("HTTP/1.1 500 X\r\n\r\n" + strings.Repeat("x", 100_000)), 500, "500 Int", strings.Repeat("x", 1024)},
		{"no HTTP", "http", answering("SSH-2.0-OpenSSH_9.6\r\n\r\n"), 0, "the proxy http://proxy.com:1 did not connect to site.com:80: malformed HTTP", ""},
		{"nothing", "http", answering(""), 0, "EOF", ""},
		{"a header without end", "http", answering("HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 20_000)), 0, "HeaderBytes", ""},
		{"interim answers without end", "http", answering(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 100)), 0, "interim", ""},
		{"octets behind the answer", "http", answering("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n"), 0, "behind its answer", ""},
		{"no TLS", "https", answering("HTTP/1.1 400 Bad Request\r\n\r\n"), 0, "cannot connect to the proxy https://proxy.com:1: tls:", ""},
		{"a wrong password for SOCKS", "socks5", func(w *world) func(net.Conn) { return w.socksProxy("me:other") },
			0, "the proxy socks5://proxy.com:1 did not connect to site.com:80: username/password authentication failed", ""},
		{"the target is not to be had by SOCKS", "socks5h", func(w *world) func(net.Conn) { return w.socksProxy("") },
			0, "connection refused", ""},
		{"another version of SOCKS", "socks5", answering("\x04\x00"), 0, "version 4", ""},
		{"no way to authenticate", "socks5", answering("\x05\xff"), 0, "no acceptable authentication methods", ""},
		{"another way to authenticate", "socks5", answering("\x05\x01"), 0, "authentication method 1", ""},
		{"no SOCKS at all", "socks5", answering(""), 0, "EOF", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld()
			w.settle(t, "proxy.com:1", row.serve(w))
			w.opts.Proxy = http.ProxyURL(mustURL(row.proxy + "://me:" + secretly + "@proxy.com:1"))
			w.opts.Redirects = 5
			refused := w.wantRefused(t, "ws://you:"+secretly+"@site.com/chat", row.says)
			equal(t, "Status", refused.Status, row.status)
			if row.status != 0 {
				equal(t, "the Request's Method", refused.Response.Request.Method, "CONNECT")
				body, err := io.ReadAll(refused.Response.Body)
				must(t, err)
				equal(t, "body", string(body), row.body)
			} else if refused.Response != nil {
				t.Errorf("there is a Response: %+v", refused.Response)
			}
			equal(t, "dialed", w.dialed, []string{"proxy.com:1"})
		})
	}
}

func TestAProxyThatCannotBeConnectedTo(t *testing.T) {
	w := newWorld()
	for _, scheme := range []string{"http", "https", "socks5"} {
		w.opts.Proxy = http.ProxyURL(mustURL(scheme + "://me:" + secretly + "@proxy.com:1"))
		w.wantRefused(t, "ws://site.com", "cannot connect to the proxy "+scheme+"://proxy.com:1: nobody is at proxy.com:1")
	}
}

func TestAServerBehindAProxyWhoseCertificateIsNotTrusted(t *testing.T) {
	server, _ := trusted("site.com")
	w := newWorld()
	w.settle(t, "proxy.com:80", w.httpProxy(""))
	w.echoes(t, "site.com:443", server, nil)
	w.opts.Proxy = http.ProxyURL(mustURL("http://proxy.com"))
	refused := w.wantRefused(t, "wss://site.com", "cannot connect to site.com:443 through the proxy http://proxy.com:80: tls:")
	var unknown *tls.CertificateVerificationError
	if !errors.As(refused, &unknown) {
		t.Errorf("Dial returned %v", refused)
	}
}

func TestAProxyDoesNotGetTheServersTLSConfig(t *testing.T) {
	server, trusting := trusted("proxy.com")
	w := newWorld()
	w.settle(t, "proxy.com:443", securely(server, w.httpProxy("")))
	w.opts.Proxy = http.ProxyURL(mustURL("https://proxy.com"))
	w.opts.TLSConfig = trusting
	w.wantRefused(t, "ws://site.com", "cannot connect to the proxy https://proxy.com:443: tls:")
}

func TestTheProxyFunction(t *testing.T) {
	parseError := func(raw string) error { _, err := url.Parse(raw); return err }
	for _, row := range []struct {
		name  string
		proxy *url.URL
		err   error
		says  string
	}{
		{"an error", nil, errors.New("no way"), "no proxy can be chosen for site.com:81: no way"},
		{"an error that shows a URL", nil, parseError("http://me:" + secretly + "/x@proxy.com"), "a URL is malformed"},
		{"another error about a URL", nil, &url.Error{Op: "Get", URL: "http://me:" + secretly + "@proxy.com", Err: io.EOF}, "EOF"},
		{"another scheme", mustURL("ftp://me:" + secretly + "@proxy.com"), nil, `"ftp" is not http`},
		{"no host", mustURL("http://me:" + secretly + "@:80"), nil, "no host"},
		{"a host that is no domain name", mustURL("http://me:" + secretly + "@pr_öxy.com"), nil, "internationalized"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld()
			w.opts.Proxy = func(*http.Request) (*url.URL, error) { return row.proxy, row.err }
			w.wantRefused(t, "ws://site.com:81", row.says)
			equal(t, "dialed", len(w.dialed), 0)
		})
	}
	t.Run("what it is told", func(t *testing.T) {
		w := newWorld()
		type key struct{}
		ctx := context.WithValue(context.Background(), key{}, "value")
		var got *http.Request
		w.opts.Header = http.Header{"x-a": {"1"}}
		w.opts.Proxy = func(r *http.Request) (*url.URL, error) {
			got = r
			r.Header.Set("X-A", "2") // changes nothing
			return nil, nil
		}
		w.answers(t, "site.com:81", func(nc net.Conn, r *http.Request) {
			equal(t, "X-A", r.Header.Get("X-A"), "1")
			io.WriteString(nc, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
		})
		_, err := websocket.Dial(ctx, "ws://me:"+secretly+"@site.com:81/chat?room", &w.opts)
		var refused *websocket.HandshakeError
		if !errors.As(err, &refused) || refused.Status != 404 {
			t.Fatalf("Dial returned %v", err)
		}
		equal(t, "URL", got.URL.String(), "http://site.com:81/chat?room")
		equal(t, "Host", got.Host, "site.com:81")
		equal(t, "the context's value", got.Context().Value(key{}), any("value"))
		if _, ok := got.Context().Deadline(); !ok {
			t.Error("the context has no deadline")
		}
	})
	t.Run("for wss the URL's scheme is https", func(t *testing.T) {
		w := newWorld()
		w.opts.Proxy = func(r *http.Request) (*url.URL, error) { return nil, errors.New(r.URL.String()) }
		w.wantRefused(t, "wss://site.com:81", "https://site.com:81/")
	})
	t.Run("it is not called for ws+unix", func(t *testing.T) {
		w := newWorld()
		w.opts.Proxy = func(r *http.Request) (*url.URL, error) { return nil, errors.New("called") }
		w.wantRefused(t, "ws+unix:///run/ws.sock", "nobody is at /run/ws.sock")
	})
}

func TestProxyFromEnvironment(t *testing.T) {
	for _, row := range []struct {
		name string
		env  string // NAME=value, separated by spaces
		url  string
		want string // "" for none, "!" and what the error says
	}{
		{"nothing is set", "", "http://site.com", ""},
		{"ws", "HTTP_PROXY=http://a HTTPS_PROXY=http://b ALL_PROXY=http://c", "http://site.com", "http://a"},
		{"wss", "HTTP_PROXY=http://a HTTPS_PROXY=http://b ALL_PROXY=http://c", "https://site.com", "http://b"},
		{"ws, for all", "HTTPS_PROXY=http://b ALL_PROXY=socks5h://c:9050", "http://site.com", "socks5h://c:9050"},
		{"wss, for all", "HTTP_PROXY=http://a all_proxy=socks5://c", "https://site.com", "socks5://c"},
		{"lower case first", "HTTP_PROXY=http://a http_proxy=http://b", "http://site.com", "http://b"},
		{"lower case for all first", "ALL_PROXY=http://a all_proxy=http://b", "http://site.com", "http://b"},
		{"not the other one's", "HTTP_PROXY=http://a", "https://site.com", ""},
		{"user and password", "HTTP_PROXY=https://me:pw@a:1", "http://site.com", "https://me:pw@a:1"},
		{"no scheme", "HTTP_PROXY=a:3128", "http://site.com", "http://a:3128"},
		{"no scheme, but a password", "HTTP_PROXY=me:pw@a:3128", "http://site.com", "http://me:pw@a:3128"},
		{"malformed", "HTTP_PROXY=http://me:" + secretly + "/@a", "http://site.com", "!HTTP_PROXY in the environment is malformed"},
		{"malformed, lower case", "all_proxy=:" + secretly, "http://site.com", "!all_proxy in the environment is malformed"},
		{"malformed, but not needed", "HTTP_PROXY=: NO_PROXY=site.com", "http://site.com", ""},
		{"localhost", "HTTP_PROXY=http://a", "http://localhost:80", ""},
		{"IPv4 loopback", "HTTP_PROXY=http://a", "http://127.0.0.9:80", ""},
		{"IPv6 loopback", "HTTP_PROXY=http://a", "http://[::1]:80", ""},
		{"the host", "HTTP_PROXY=http://a NO_PROXY=x.com,site.com", "http://site.com", ""},
		{"a subdomain", "HTTP_PROXY=http://a no_proxy=site.com", "http://www.site.com", ""},
		{"only subdomains", "HTTP_PROXY=http://a NO_PROXY=.site.com", "http://site.com", "http://a"},
		{"the host and port", "HTTP_PROXY=http://a NO_PROXY=site.com:81", "http://site.com:81", ""},
		{"another port", "HTTP_PROXY=http://a NO_PROXY=site.com:81", "http://site.com", "http://a"},
		{"the standard port", "HTTPS_PROXY=http://a NO_PROXY=site.com:443", "https://site.com", ""},
		{"addresses", "HTTP_PROXY=http://a NO_PROXY=10.0.0.0/8", "http://10.1.2.3", ""},
		{"everybody", "ALL_PROXY=http://a NO_PROXY=*", "https://site.com", ""},
		{"CGI", "REQUEST_METHOD=GET HTTP_PROXY=http://a", "http://site.com", "!CGI"},
		{"CGI and wss", "REQUEST_METHOD=GET HTTPS_PROXY=http://a", "https://site.com", "http://a"},
		{"CGI and all", "REQUEST_METHOD=GET ALL_PROXY=http://a", "http://site.com", "http://a"},
	} {
		t.Run(row.name, func(t *testing.T) {
			noProxies(t)
			for _, setting := range strings.Fields(row.env) {
				name, value, _ := strings.Cut(setting, "=")
				t.Setenv(name, value)
			}
			u, err := websocket.ProxyFromEnvironment(&http.Request{URL: mustURL(row.url)})
			if says, wrong := strings.CutPrefix(row.want, "!"); wrong {
				if err == nil || u != nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), secretly) {
					t.Errorf("got %v, %v", u, err)
				}
				return
			}
			must(t, err)
			got := ""
			if u != nil {
				got = u.String()
			}
			equal(t, "proxy", got, row.want)
		})
	}
}

// noProxies takes the proxies out of the environment, for a test.
func noProxies(t *testing.T) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD"} {
		t.Setenv(name, "")
		t.Setenv(strings.ToLower(name), "")
	}
}

func TestTheEnvironmentsProxyIsTheDefault(t *testing.T) {
	noProxies(t)
	var asked atomic.Value
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.Method + " " + r.RequestURI)
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(proxy.Close)
	t.Setenv("ALL_PROXY", proxy.URL)

	_, err := websocket.Dial(context.Background(), "wss://site.invalid", nil)
	var refused *websocket.HandshakeError
	if !errors.As(err, &refused) || refused.Status != 403 {
		t.Errorf("Dial returned %v", err)
	}
	equal(t, "asked", asked.Load(), any("CONNECT site.invalid:443"))

	asked.Store("")
	_, err = websocket.Dial(context.Background(), "wss://site.invalid", &websocket.DialOptions{Proxy: websocket.NoProxy})
	if !errors.As(err, &refused) || refused.Status != 0 {
		t.Errorf("Dial returned %v", err)
	}
	equal(t, "asked with NoProxy", asked.Load(), any(""))

	w := newWorld()
	w.wantRefused(t, "wss://site.invalid", "nobody is at site.invalid:443") // its DialContext is not the network's
	w.opts.Proxy = websocket.ProxyFromEnvironment
	w.wantRefused(t, "wss://site.invalid", "nobody is at "+strings.TrimPrefix(proxy.URL, "http://"))
}

func TestAnIPv6ZoneIsNotForTheProxy(t *testing.T) {
	w := newWorld()
	w.settle(t, "proxy.com:80", w.httpProxy(""))
	w.opts.Proxy = http.ProxyURL(mustURL("http://proxy.com"))
	w.wantRefused(t, "ws://[fe80::1%25eth0]/", "to CONNECT [fe80::1]:80")
}

// FuzzProxyAnswer feeds a client whatever a proxy may say, of either kind.
func FuzzProxyAnswer(f *testing.F) {
	f.Add(false, []byte("HTTP/1.1 407 X\r\nProxy-Authenticate: Basic\r\nContent-Length: 3\r\n\r\nabc"))
	f.Add(false, []byte("HTTP/1.0 200 Connection established\r\n\r\n"))
	f.Add(false, []byte("HTTP/1.1 200 OK\r\n\r\nmore"))
	f.Add(true, []byte("\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"))
	f.Add(true, []byte("\x05\x02\x01\x00\x05\x00\x00\x03\xff"))
	f.Fuzz(func(t *testing.T, socks bool, answer []byte) {
		client, proxy := wstest.Pipe(wstest.PipeSize(1 << 20))
		proxy.Write(answer)
		proxy.(interface{ CloseWrite() error }).CloseWrite()
		defer proxy.Close()
		opts := &websocket.DialOptions{
			DialContext: func(context.Context, string, string) (net.Conn, error) { return client, nil },
			Proxy:       http.ProxyURL(mustURL("http://me:" + secretly + "@proxy.com")),
		}
		if socks {
			opts.Proxy = http.ProxyURL(mustURL("socks5://me:" + secretly + "@proxy.com"))
		}
		_, err := websocket.Dial(context.Background(), "ws://site.com", opts)
		var refused *websocket.HandshakeError
		if !errors.As(err, &refused) || strings.Contains(err.Error(), secretly) && !strings.Contains(string(answer), secretly) {
			t.Fatalf("Dial returned %v", err)
		}
	})
}
