package websocket_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

// sends returns an answer that redirects.
func sends(status, location string) func(net.Conn, *http.Request) {
	return says("HTTP/1.1 " + status + "\r\nLocation: " + location + "\r\nContent-Length: 0\r\n\r\n")
}

func TestRedirectsAreFollowed(t *testing.T) {
	server, trusting := trusted("a.com", "b.com")
	for _, row := range []struct {
		name, from, status, location string
		host, uri, url               string // where it must end
	}{
		{"301", "ws://a.com/x", "301 Moved Permanently", "ws://b.com/y?z", "b.com", "/y?z", "ws://b.com/y?z"},
		{"302", "ws://a.com/x", "302 Found", "ws://b.com", "b.com", "/", "ws://b.com/"},
		{"303", "ws://a.com/x", "303 See Other", "ws://b.com/y", "b.com", "/y", "ws://b.com/y"},
		{"307", "ws://a.com/x", "307 Temporary Redirect", "ws://b.com/y", "b.com", "/y", "ws://b.com/y"},
		{"308", "ws://a.com/x", "308 Permanent Redirect", "ws://b.com/y", "b.com", "/y", "ws://b.com/y"},
		{"http", "ws://a.com/x", "302 Found", "http://b.com/y", "b.com", "/y", "ws://b.com/y"},
		{"https", "ws://a.com/x", "302 Found", "https://b.com/y", "b.com", "/y", "wss://b.com/y"},
		{"from ws to wss", "ws://a.com/x", "302 Found", "wss://a.com/x", "a.com", "/x", "wss://a.com/x"},
		{"a path", "ws://a.com/x/y", "302 Found", "../z", "a.com", "/z", "ws://a.com/z"},
		{"a query", "ws://a.com/x?y", "302 Found", "?z z", "a.com", "/x?z%20z", "ws://a.com/x?z%20z"},
		{"a host without a scheme", "ws://a.com/x", "302 Found", "//b.com/y", "b.com", "/y", "ws://b.com/y"},
		{"a fragment", "ws://a.com/x", "302 Found", "/y#z", "a.com", "/y", "ws://a.com/y"},
		{"an empty fragment", "ws://a.com/x", "302 Found", "/y#", "a.com", "/y", "ws://a.com/y"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w, requests := newWorld(), make(chan *http.Request, 1)
			first := true
			w.answers(t, "a.com:80", func(nc net.Conn, r *http.Request) {
				if first {
					first = false
					sends(row.status, row.location)(nc, r)
					return
				}
				requests <- r
				io.WriteString(nc, switching(r)+"\r\n")
			})
			w.echoes(t, "b.com:80", nil, requests)
			w.echoes(t, "a.com:443", server, requests)
			w.echoes(t, "b.com:443", server, requests)
			w.opts.Redirects, w.opts.TLSConfig = 1, trusting
			c, err := websocket.Dial(context.Background(), row.from, &w.opts)
			must(t, err)
			defer c.Terminate()
			r := <-requests
			equal(t, "Host", r.Host, row.host)
			equal(t, "request-target", r.RequestURI, row.uri)
			equal(t, "URL", c.URL(), row.url)
			equal(t, "open streams", w.open.Load(), 1)
		})
	}
}

func TestRedirectsThatAreNotFollowed(t *testing.T) {
	server, trusting := trusted("a.com")
	for _, row := range []struct{ name, from, status, location, says string }{
		{"from wss to ws", "wss://a.com", "302 Found", "ws://b.com/?" + secretly, "from wss to ws"},
		{"from wss to http", "https://a.com", "302 Found", "http://a.com/?" + secretly, "from wss to ws"},
		{"no Location", "ws://a.com", "302 Found", "", "no Location"},
		{"a malformed one", "ws://a.com", "302 Found", "ws://me:" + secretly + "/@b.com", "malformed"},
		{"another scheme", "ws://a.com", "302 Found", "ftp://me:" + secretly + "@b.com", `scheme "ftp"`},
		{"no URL with a host", "ws://a.com", "302 Found", "mailto:" + secretly, `scheme "mailto"`},
		{"a Unix domain socket", "ws://a.com", "302 Found", "ws+unix:///run/" + secretly, "leads to ws+unix"},
		{"from a Unix domain socket", "ws+unix:///run/ws", "302 Found", "/there", "from a Unix domain socket"},
		{"300", "ws://a.com", "300 Multiple Choices", "ws://b.com", "300 Multiple Choices"},
		{"304", "ws://a.com", "304 Not Modified", "ws://b.com", "304 Not Modified"},
		{"305", "ws://a.com", "305 Use Proxy", "ws://b.com", "305 Use Proxy"},
		{"200", "ws://a.com", "200 OK", "ws://b.com", "200 OK"},
		{"101 without the rest", "ws://a.com", "101 Switching Protocols", "ws://b.com", "Upgrade"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w, once := newWorld(), sends(row.status, row.location)
			w.answers(t, "a.com:80", once)
			w.answers(t, "/run/ws", once)
			w.settle(t, "a.com:443", securely(server, func(nc net.Conn) {
				nc.Read(make([]byte, 1000))
				once(nc, nil)
				untilClosed(nc)
			}))
			w.opts.Redirects, w.opts.TLSConfig = 10, trusting
			_, err := websocket.Dial(context.Background(), row.from, &w.opts)
			var refused *websocket.HandshakeError
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), row.says) || strings.Contains(err.Error(), secretly) {
				t.Fatalf("Dial returned %v, want it to say %q", err, row.says)
			}
			if refused.Response == nil || refused.Status != refused.Response.StatusCode || !strings.HasPrefix(row.status, refused.Response.Status[:3]) {
				t.Errorf("the response is %+v", refused.Response)
			}
			equal(t, "connections", len(w.dialed), 1)
			equal(t, "open streams", w.open.Load(), 0)
		})
	}
}

func TestRedirectsBoundsHowManyAreFollowed(t *testing.T) {
	for _, allowed := range []int{-1, 0, 1, 7} {
		w, asked := newWorld(), 0
		w.answers(t, "a.com:80", func(nc net.Conn, r *http.Request) {
			asked++
			sends("302 Found", "/again")(nc, r)
		})
		w.opts.Redirects = allowed
		says := "302 Found"
		if allowed > 0 {
			says = "one more than"
		}
		refused := w.wantRefused(t, "ws://a.com", says)
		equal(t, "status", refused.Status, 302)
		equal(t, "requests", asked, max(allowed, 0)+1)
		there, err := refused.Response.Location()
		must(t, err)
		equal(t, "Location", there.String(), "http://a.com/again")
	}
}

func TestWhatIsForOneServerIsNotForAnother(t *testing.T) {
	server, trusting := trusted("a.com")
	for _, row := range []struct {
		name, from, location string
		address              string // to which it leads
		kept                 bool
		basic                string // the Authorization in place of the header's, if that has none
	}{
		{"the same", "ws://me:pw@a.com/x", "/y", "a.com:80", true, "Basic bWU6cHc="},
		{"the same, in full", "ws://me:pw@a.com/x", "http://A.com:80/y", "a.com:80", true, "Basic bWU6cHc="},
		{"the same, another user", "ws://me:pw@a.com/x", "ws://you:pw@a.com/y", "a.com:80", true, "Basic eW91OnB3"},
		{"another host", "ws://me:pw@a.com/x", "ws://b.com/y", "b.com:80", false, ""},
		{"another host and user", "ws://me:pw@a.com/x", "ws://you:pw@b.com/y", "b.com:80", false, "Basic eW91OnB3"},
		{"a subdomain", "ws://me:pw@a.com/x", "ws://www.a.com/y", "www.a.com:80", false, ""},
		{"another port", "ws://me:pw@a.com/x", "ws://a.com:81/y", "a.com:81", false, ""},
		{"another scheme", "ws://me:pw@a.com/x", "wss://a.com/y", "a.com:443", false, ""},
	} {
		for _, given := range []bool{true, false} {
			t.Run(row.name+"/"+map[bool]string{true: "Authorization", false: "user and password"}[given], func(t *testing.T) {
				w := newWorld()
				second := make(chan *http.Request, 1)
				redirected := false
				answer := func(nc net.Conn, r *http.Request) {
					if !redirected {
						redirected = true
						sends("307 X", row.location)(nc, r)
						return
					}
					second <- r
					io.WriteString(nc, switching(r)+"\r\n")
				}
				w.answers(t, "a.com:80", answer)
				for _, address := range []string{"b.com:80", "www.a.com:80", "a.com:81"} {
					w.answers(t, address, answer)
				}
				w.echoes(t, "a.com:443", server, second)
				w.opts.Redirects, w.opts.TLSConfig = 1, trusting
				w.opts.Header = http.Header{"X-A": {"1"}, "Cookie": {"a=1"}, "host": {"virtual.com"}, "Proxy-Authorization": {"x"}}
				if given {
					w.opts.Header["authorization"] = []string{"Bearer x"}
				}
				c, err := websocket.Dial(context.Background(), row.from, &w.opts)
				must(t, err)
				defer c.Terminate()
				r := <-second
				equal(t, "dialed last", strings.ToLower(w.dialed[1]), row.address)
				equal(t, "X-A", r.Header.Get("X-A"), "1")
				want := map[bool]string{true: "virtual.com a=1 x ", false: strings.TrimSuffix(strings.TrimSuffix(row.address, ":80"), ":443") + "   "}[row.kept]
				if given && row.kept {
					want += "Bearer x"
				} else {
					want += row.basic
				}
				equal(t, "Host, Cookie, Proxy-Authorization and Authorization", strings.Join([]string{r.Host, r.Header.Get("Cookie"),
					r.Header.Get("Proxy-Authorization"), r.Header.Get("Authorization")}, " "), want)
			})
		}
	}
	t.Run("nor when it leads back", func(t *testing.T) {
		w, asked := newWorld(), 0
		w.answers(t, "a.com:80", func(nc net.Conn, r *http.Request) {
			if asked++; asked == 1 {
				equal(t, "Authorization at first", r.Header.Get("Authorization"), "Bearer x")
				sends("302 Found", "ws://b.com")(nc, r)
				return
			}
			equal(t, "Authorization at last", r.Header.Get("Authorization"), "")
			io.WriteString(nc, switching(r)+"\r\n")
		})
		w.answers(t, "b.com:80", sends("302 Found", "ws://a.com"))
		w.opts.Redirects, w.opts.Header = 2, http.Header{"Authorization": {"Bearer x"}}
		c, err := websocket.Dial(context.Background(), "ws://me:pw@a.com", &w.opts)
		must(t, err)
		c.Terminate()
	})
}

func TestTheSchemeMakesAnotherServer(t *testing.T) {
	server, trusting := trusted("a.com")
	w, second := newWorld(), make(chan *http.Request, 1)
	secure := false
	w.settle(t, "a.com:443", func(nc net.Conn) {
		answer := func(nc net.Conn) {
			r, err := http.ReadRequest(bufio.NewReader(nc))
			if err != nil {
				return
			}
			if secure {
				second <- r
				io.WriteString(nc, switching(r)+"\r\n")
			} else {
				secure = true
				sends("307 X", "wss://a.com")(nc, r)
			}
			untilClosed(nc)
		}
		if secure {
			answer = securely(server, answer)
		}
		answer(nc)
	})
	w.opts.Redirects, w.opts.TLSConfig = 1, trusting
	w.opts.Header = http.Header{"Cookie": {"a=1"}}
	c, err := websocket.Dial(context.Background(), "ws://me:pw@a.com:443", &w.opts)
	must(t, err)
	defer c.Terminate()
	r := <-second
	equal(t, "Cookie and Authorization", r.Header.Get("Cookie")+r.Header.Get("Authorization"), "")
}

func TestARedirectsErrorSaysNothingOfTheCertificateForAnother(t *testing.T) {
	server, trusting := trusted("a.com")
	server.ClientAuth = tls.RequestClientCert
	w := newWorld()
	w.serve(t, "a.com:443", server, http.RedirectHandler("wss://b.com", http.StatusFound))
	w.opts.Redirects, w.opts.TLSConfig = 1, trusting
	w.wantRefused(t, "wss://a.com", "cannot connect to b.com:443: nobody")
}

func TestEachRequestOfARedirectHasItsOwnKey(t *testing.T) {
	w, keys := newWorld(), make(chan string, 2)
	w.answers(t, "a.com:80", func(nc net.Conn, r *http.Request) {
		keys <- r.Header.Get("Sec-WebSocket-Key")
		sends("302 Found", "/")(nc, r)
	})
	w.opts.Redirects = 1
	w.wantRefused(t, "ws://a.com", "one more")
	if a, b := <-keys, <-keys; a == b {
		t.Errorf("both are %q", a)
	}
}

func TestHandshakeTimeoutBoundsAllRedirectsTogether(t *testing.T) {
	bubbles(t, "in all", func(t *testing.T) {
		w := newWorld()
		w.answers(t, "a.com:80", func(nc net.Conn, r *http.Request) {
			time.Sleep(4 * time.Second)
			sends("302 Found", "/")(nc, r)
		})
		w.opts.Redirects = 100
		w.opts.HandshakeTimeout = 10 * time.Second
		began := time.Now()
		refused := w.wantRefused(t, "ws://a.com", "deadline exceeded")
		equal(t, "time", time.Since(began), 10*time.Second)
		wantError(t, "Dial", refused, context.DeadlineExceeded)
	})
}

func TestNewFollowsRedirectsAndTellsTheURLInTheEnd(t *testing.T) {
	w := newWorld()
	requests := make(chan *http.Request, 1)
	w.answers(t, "a.com:80", sends("308 X", "ws://b.com/there"))
	w.echoes(t, "b.com:80", nil, requests)
	w.opts.Redirects = 1
	opened := make(chan struct{})
	s, err := websocket.New("ws://a.com/here", &w.opts, func(s *websocket.Socket) {
		equal(t, "URL at first", s.URL(), "ws://a.com/here")
		s.OnOpen(func(*websocket.Socket) { close(opened) })
	})
	must(t, err)
	within(t, "the open event", opened)
	equal(t, "URL", s.URL(), "ws://b.com/there")
	s.Terminate()
	<-s.Context().Done()
}

func TestARedirectMayLeadThroughAnotherProxy(t *testing.T) {
	w, requests := newWorld(), make(chan *http.Request, 1)
	w.settle(t, "proxy.com:80", w.httpProxy(""))
	w.settle(t, "proxy.com:1080", w.socksProxy(""))
	w.answers(t, "a.com:80", sends("302 Found", "ws://b.com"))
	w.echoes(t, "b.com:80", nil, requests)
	w.opts.Redirects = 1
	proxies := map[string]string{"a.com": "http://proxy.com", "b.com": "socks5://proxy.com"}
	w.opts.Header = http.Header{"X-A": {"1"}}
	w.opts.Proxy = func(r *http.Request) (*url.URL, error) {
		r.Header.Set("X-A", "2") // changes nothing
		return mustURL(proxies[r.URL.Host]), nil
	}
	c := dialAndEcho(t, "ws://a.com", &w.opts)
	equal(t, "X-A", (<-requests).Header.Get("X-A"), "1")
	equal(t, "URL", c.URL(), "ws://b.com/")
	equal(t, "dialed", w.dialed, []string{"proxy.com:80", "proxy.com:1080"})
}
