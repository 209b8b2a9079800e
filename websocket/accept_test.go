package websocket_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// The opening handshake as RFC 6455 §1.3 and its many retellings show it.
const (
	exampleKey     = "Iv8io/9s+lYFgZWcXczP8Q=="
	exampleRequest = "GET /chat HTTP/1.1\r\n" +
		"Host: javascript.info\r\n" +
		"Origin: https://javascript.info\r\n" +
		"Connection: Upgrade\r\n" +
		"Upgrade: websocket\r\n" +
		"Sec-WebSocket-Key: " + exampleKey + "\r\n" +
		"Sec-WebSocket-Version: 13\r\n"
	exampleAnswer = "HTTP/1.1 101 Switching Protocols\r\n" +
		"Upgrade: websocket\r\n" +
		"Connection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: hsBlbuDTkk24srzEOTBUlZAlC2g=\r\n"
)

// rawHTTP is a client that says what the test wrote by hand.
type rawHTTP struct {
	t  *testing.T
	nc net.Conn
	br *bufio.Reader
}

// callHTTP starts an http.Server and connects to it.
func callHTTP(t *testing.T, h http.Handler) *rawHTTP {
	t.Helper()
	hs := httptest.NewServer(h)
	t.Cleanup(hs.Close)
	nc, err := net.Dial("tcp", hs.Listener.Addr().String())
	must(t, err)
	return rawOver(t, nc)
}

func rawOver(t *testing.T, nc net.Conn) *rawHTTP {
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(30 * time.Second))
	return &rawHTTP{t, nc, bufio.NewReader(nc)}
}

// ask sends a request and returns the answer; the body of a 101 is not read.
func (c *rawHTTP) ask(request string) (resp *http.Response, body string) {
	c.t.Helper()
	if _, err := io.WriteString(c.nc, request); err != nil {
		c.t.Fatal(err)
	}
	resp, err := http.ReadResponse(c.br, nil)
	if err != nil {
		c.t.Fatalf("no answer: %v", err)
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return resp, ""
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp, string(all)
}

// header reads the answer's header as it is on the wire.
func (c *rawHTTP) header() string {
	c.t.Helper()
	var b strings.Builder
	for !strings.HasSuffix(b.String(), "\r\n\r\n") {
		line, err := c.br.ReadString('\n')
		if b.WriteString(line); err != nil {
			c.t.Fatalf("after %q: %v", b.String(), err)
		}
	}
	return b.String()
}

// maskedText is a small text frame of a client, masked with 0.
func maskedText(payload string) string {
	return string([]byte{0x81, 0x80 | byte(len(payload)), 0, 0, 0, 0}) + payload
}

// frames reads what the server sends, up to n octets.
func (c *rawHTTP) frames(n int) string {
	c.t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(c.br, b); err != nil {
		c.t.Fatal(err)
	}
	return string(b)
}

// echoing upgrades each request to a Socket that echoes. What Upgrade returns is sent to failed, if there is one.
func echoing(opts *websocket.AcceptOptions, failed chan<- error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := websocket.Upgrade(w, r, opts, func(s *websocket.Socket) {
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
		})
		if (s == nil) != (err != nil) {
			panic("both or neither of a Socket and an error")
		}
		if err != nil && failed != nil {
			failed <- err
		}
	})
}

// A requestRow is a request, but for its empty line, and what is to be answered.
type requestRow struct {
	name    string
	request string
	status  int
	says    string      // in the body
	header  http.Header // of the answer, among others
}

// whole is the request with its empty line, and what is said behind it.
func (row *requestRow) whole() string {
	request := row.request + "\r\n"
	switch row.name {
	case "a body":
		request += maskedText("") // would be a frame
	case "a body in chunks":
		request += "0\r\n\r\n"
	}
	return request
}

func requestRows() []requestRow {
	without := func(field string) string {
		var kept []string
		for _, line := range strings.SplitAfter(exampleRequest, "\r\n") {
			if !strings.HasPrefix(line, field) {
				kept = append(kept, line)
			}
		}
		return strings.Join(kept, "")
	}
	instead := func(field, value string) string { return without(field+":") + field + ": " + value + "\r\n" }
	startLine := func(line string) string {
		return strings.Replace(exampleRequest, "GET /chat HTTP/1.1", line, 1)
	}
	return []requestRow{
		{"the example", exampleRequest, 101, "", http.Header{"Sec-Websocket-Accept": {"hsBlbuDTkk24srzEOTBUlZAlC2g="}}},
		{"POST", startLine("POST /chat HTTP/1.1"), 405, `"POST"`, http.Header{"Allow": {"GET"}}},
		{"a method of other case", startLine("get /chat HTTP/1.1"), 405, `"get"`, http.Header{"Allow": {"GET"}}},
		{"HTTP/1.0", startLine("GET /chat HTTP/1.0"), 400, "HTTP/1.0 cannot upgrade", nil},
		{"absolute-form", startLine("GET http://javascript.info/chat HTTP/1.1"), 101, "", nil},
		{"absolute-form with scheme ws", startLine("GET ws://javascript.info/chat HTTP/1.1"), 101, "", nil},
		{"absolute-form without a path", startLine("GET ws://javascript.info HTTP/1.1"), 101, "", nil},
		{"absolute-form with another scheme", startLine("GET ftp://javascript.info/chat HTTP/1.1"), 400, "request-target", nil},
		{"a fragment", startLine("GET /chat#there HTTP/1.1"), 400, "fragment", nil},
		{"no Host", without("Host"), 400, "Host", nil},
		{"no Upgrade", without("Upgrade"), 426, "no Upgrade header field",
			http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}}},
		{"another Upgrade", instead("Upgrade", "h2c"), 426, `"h2c" does not ask for "websocket"`,
			http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}}},
		{"Upgrade in a list", instead("Upgrade", "h2c, websocket"), 101, "", nil},
		{"Upgrade in other case", instead("Upgrade", "WebSocket"), 101, "", nil},
		{"no Connection", without("Connection"), 400, "Connection header field is missing", nil},
		{"another Connection", instead("Connection", "keep-alive"), 400, `"keep-alive" does not have the option "Upgrade"`, nil},
		{"Connection in a list", instead("Connection", "keep-alive, Upgrade"), 101, "", nil},
		{"Connection in lower case", instead("Connection", "upgrade"), 101, "", nil},
		{"Connection over two lines", exampleRequest + "Connection: keep-alive\r\n", 101, "", nil},
		{"no version", without("Sec-WebSocket-Version"), 400, "Sec-WebSocket-Version header field is missing", nil},
		{"an old version", instead("Sec-WebSocket-Version", "8"), 426, `Sec-WebSocket-Version is "8"`,
			http.Header{"Sec-Websocket-Version": {"13"}}},
		{"two versions", exampleRequest + "Sec-WebSocket-Version: 8\r\n", 400, "more than once", nil},
		{"no key", without("Sec-WebSocket-Key"), 400, "Sec-WebSocket-Key header field is missing", nil},
		{"two keys", exampleRequest + "Sec-WebSocket-Key: " + exampleKey + "\r\n", 400, "more than once", nil},
		{"a short key", instead("Sec-WebSocket-Key", "c2hvcnQ="), 400, `"c2hvcnQ=" is not 16 bytes in base64`, nil},
		{"a key that is not base64", instead("Sec-WebSocket-Key", "!!!!!!!!!!!!!!!!!!!!!!=="), 400, "is not 16 bytes", nil},
		{"field names in other case", strings.NewReplacer("Sec-WebSocket", "SEC-websocket", "Upgrade:", "uPGRADE:").
			Replace(exampleRequest), 101, "", nil},
		{"a subprotocol that is no token", exampleRequest + "Sec-WebSocket-Protocol: my chat\r\n", 400, "subprotocol 1 of those offered is not a token", nil},
		{"a subprotocol twice", exampleRequest + "Sec-WebSocket-Protocol: a, a\r\n", 400, "is offered before", nil},
		{"a body", exampleRequest + "Content-Length: 6\r\n", 400, "has a body", nil},
		{"a body in chunks", exampleRequest + "Transfer-Encoding: chunked\r\n", 400, "has a body", nil},
		{"a body of no length", exampleRequest + "Content-Length: 0\r\n", 101, "", nil},
		{"extensions nobody knows", exampleRequest + "Sec-WebSocket-Extensions: x-nobody; a=1, y\r\n", 101, "", nil},
		{"extensions that are none", exampleRequest + "Sec-WebSocket-Extensions: x; =\r\n", 400, "Sec-WebSocket-Extensions", nil},
	}
}

func TestEveryRequestGetsTheAnswerItDeserves(t *testing.T) {
	for _, row := range requestRows() {
		t.Run(row.name, func(t *testing.T) {
			failed := make(chan error, 1)
			c := callHTTP(t, echoing(nil, failed))
			resp, body := c.ask(row.whole())
			if resp.StatusCode != row.status || !strings.Contains(body, row.says) {
				t.Fatalf("answered %d %q, want %d %q", resp.StatusCode, body, row.status, row.says)
			}
			for name, values := range row.header {
				equal(t, name, resp.Header[name], values)
			}
			if row.status == 101 {
				io.WriteString(c.nc, maskedText("hello"))
				equal(t, "echo", c.frames(7), "\x81\x05hello")
				return
			}
			if row.name == "no Host" {
				return // net/http has answered that by itself
			}
			err := <-failed
			var refused *websocket.HandshakeError
			if !errors.As(err, &refused) || refused.Status != row.status || refused.Response != nil ||
				!strings.Contains(err.Error(), row.says) {
				t.Errorf("Upgrade returned %v", err)
			}
		})
	}
}

func TestTheExampleHandshake(t *testing.T) {
	for _, row := range []struct {
		name         string
		subprotocols []string
		more, answer string
	}{
		{"plain", nil, "", exampleAnswer},
		{"with subprotocols", []string{"soap"}, "Sec-WebSocket-Protocol: soap, wamp\r\n",
			exampleAnswer + "Sec-WebSocket-Protocol: soap\r\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := callHTTP(t, echoing(&websocket.AcceptOptions{Subprotocols: row.subprotocols}, nil))
			io.WriteString(c.nc, exampleRequest+row.more+"\r\n")
			equal(t, "answer", fmt.Sprintf("%q", c.header()), fmt.Sprintf("%q", row.answer+"\r\n"))
		})
	}
}

func TestARefusedClientMayTryAgainOnItsConnection(t *testing.T) {
	c := callHTTP(t, echoing(nil, nil))
	resp, _ := c.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	equal(t, "status", resp.StatusCode, 426)
	resp, _ = c.ask(exampleRequest + "\r\n")
	equal(t, "status", resp.StatusCode, 101)
}

func TestWhatComesRightBehindTheRequestIsDeliveredFirst(t *testing.T) {
	var pipelined, want strings.Builder
	for i := range 100 { // more than net/http reads at once
		m := fmt.Sprintf("%03d%s", i, strings.Repeat(".", 100))
		pipelined.WriteString(maskedText(m))
		want.WriteString("\x81\x67" + m)
	}
	for _, row := range []struct {
		name   string
		handle func(w http.ResponseWriter, r *http.Request) error
	}{
		{"Upgrade", func(w http.ResponseWriter, r *http.Request) error {
			_, err := websocket.Upgrade(w, r, nil, func(s *websocket.Socket) {
				s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
			})
			return err
		}},
		{"Accept", func(w http.ResponseWriter, r *http.Request) error {
			c, err := websocket.Accept(w, r, nil)
			if err != nil {
				return err
			}
			defer c.Terminate()
			for {
				typ, data, err := c.Read(context.Background())
				if err != nil {
					return nil
				}
				if err := c.Write(context.Background(), typ, data); err != nil {
					return err
				}
			}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := callHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if err := row.handle(w, r); err != nil {
					t.Error(err)
				}
			}))
			c.ask(exampleRequest + "\r\n" + pipelined.String())
			io.WriteString(c.nc, maskedText("last"))
			equal(t, "echo", c.frames(want.Len()+6), want.String()+"\x81\x04last")
			c.nc.Close()
		})
	}
}

func TestOrigins(t *testing.T) {
	for _, row := range []struct {
		name     string
		patterns []string
		origin   string // "" for none
		status   int
	}{
		{"no Origin", nil, "", 101},
		{"the same host", nil, "https://site.com", 101},
		{"the same host in other case", nil, "https://SITE.com", 101},
		{"another host", nil, "https://evil.com", 403},
		{"a host that ends alike", nil, "https://evilsite.com", 403},
		{"a subdomain", nil, "https://www.site.com", 403},
		{"a pattern", []string{"*.other.com", "friend.com"}, "https://friend.com", 101},
		{"a pattern of subdomains", []string{"*.other.com"}, "https://a.b.other.com", 101},
		{"beside all patterns", []string{"*.other.com", "friend.com"}, "https://friend.com.evil.com", 403},
		{"every origin", []string{"*"}, "https://evil.com", 101},
		{"null", nil, "null", 403},
		{"null allowed", []string{"null"}, "null", 101},
		{"no origin at all", []string{"*"}, "evil", 403},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := callHTTP(t, echoing(&websocket.AcceptOptions{Origins: row.patterns}, nil))
			request := strings.Replace(exampleRequest, "Host: javascript.info", "Host: site.com", 1)
			origin := ""
			if row.origin != "" {
				origin = "Origin: " + row.origin + "\r\n"
			}
			resp, body := c.ask(strings.Replace(request, "Origin: https://javascript.info\r\n", origin, 1) + "\r\n")
			equal(t, "status", resp.StatusCode, row.status)
			if row.status == 403 && !strings.Contains(body, "origin") {
				t.Errorf("the answer %q does not say that it is for the origin", body)
			}
		})
	}
}

func TestTheServerChoosesASubprotocolByTheClientsPreference(t *testing.T) {
	for _, row := range []struct {
		name, offered string
		spoken        []string
		want          string
	}{
		{"the first that both speak", "v3, v2, v1", []string{"v1", "v2"}, "v2"},
		{"over two lines", "v3\r\nSec-WebSocket-Protocol: v1", []string{"v1"}, "v1"},
		{"none in common", "v3", []string{"v1"}, ""},
		{"none spoken", "v3", nil, ""},
		{"case matters", "V1", []string{"v1"}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			chosen := make(chan string, 1)
			c := callHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				websocket.Upgrade(w, r, &websocket.AcceptOptions{Subprotocols: row.spoken}, func(s *websocket.Socket) {
					chosen <- s.Subprotocol()
				})
			}))
			resp, _ := c.ask(exampleRequest + "Sec-WebSocket-Protocol: " + row.offered + "\r\n\r\n")
			equal(t, "answered subprotocol", resp.Header.Get("Sec-WebSocket-Protocol"), row.want)
			_, present := resp.Header["Sec-Websocket-Protocol"]
			equal(t, "field present", present, row.want != "")
			equal(t, "Subprotocol", <-chosen, row.want)
		})
	}
}

func TestOnRequest(t *testing.T) {
	secret := errors.New("the database is at 10.0.0.7")
	for _, row := range []struct {
		name   string
		hook   func(r *http.Request, answer http.Header) error
		status int
		body   string
		beyond error // what Upgrade's error wraps
	}{
		{"accepts", func(r *http.Request, answer http.Header) error { return nil }, 101, "", nil},
		{"looks at the request", func(r *http.Request, answer http.Header) error {
			if r.URL.Path != "/chat" || r.Header.Get("Origin") != "https://javascript.info" {
				return secret
			}
			return nil
		}, 101, "", nil},
		{"refuses with its own status", func(*http.Request, http.Header) error {
			return websocket.Refuse(http.StatusUnauthorized, "who are you?")
		}, 401, "who are you?\n", nil},
		{"refuses within another error", func(*http.Request, http.Header) error {
			return fmt.Errorf("%w: %w", secret, websocket.Refuse(http.StatusTooManyRequests, "later"))
		}, 429, "later\n", secret},
		{"fails", func(*http.Request, http.Header) error { return secret }, 403, "Forbidden\n", secret},
		{"refuses with a status that is no refusal", func(*http.Request, http.Header) error {
			return websocket.Refuse(http.StatusOK, "hm")
		}, 500, "hm\n", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			failed := make(chan error, 1)
			c := callHTTP(t, echoing(&websocket.AcceptOptions{
				OnRequest: func(r *http.Request, answer http.Header) error {
					answer.Set("X-Room", "7")
					answer["Set-Cookie"] = []string{"a=b", "c=d"}
					return row.hook(r, answer)
				},
			}, failed))
			resp, body := c.ask(exampleRequest + "\r\n")
			equal(t, "status", resp.StatusCode, row.status)
			equal(t, "body", body, row.body)
			equal(t, "X-Room", resp.Header.Get("X-Room"), "7")
			equal(t, "cookies", len(resp.Cookies()), 2)
			if row.status == 101 {
				return
			}
			err := <-failed
			var refused *websocket.HandshakeError
			if !errors.As(err, &refused) || refused.Status != row.status {
				t.Errorf("Upgrade returned %v", err)
			}
			if row.beyond != nil && !errors.Is(err, row.beyond) {
				t.Errorf("Upgrade returned %v, which does not wrap the hook's error", err)
			}
		})
	}
}

func TestOnRequestIsNotAskedAboutAHandshakeThatIsRefusedAnyway(t *testing.T) {
	c := callHTTP(t, echoing(&websocket.AcceptOptions{
		OnRequest: func(*http.Request, http.Header) error {
			t.Error("it is asked")
			return nil
		},
	}, nil))
	resp, _ := c.ask(strings.Replace(exampleRequest, "https://javascript.info", "https://evil.com", 1) + "\r\n")
	equal(t, "status", resp.StatusCode, 403)
}

func TestNothingCanBeInjectedIntoTheAnswersHeader(t *testing.T) {
	for _, refusal := range []error{nil, websocket.Refuse(403, "no\r\nInjected: body")} {
		t.Run(fmt.Sprintf("refused %v", refusal != nil), func(t *testing.T) {
			c := callHTTP(t, echoing(&websocket.AcceptOptions{
				OnRequest: func(r *http.Request, answer http.Header) error {
					answer["X-A"] = []string{"1\r\nInjected: value", "2\nInjected: value", "3\rInjected: value"}
					answer["X-B\r\nInjected"] = []string{"name"}
					answer["Sec-WebSocket-Accept"] = []string{"Injected"}
					answer["sec-websocket-protocol"] = []string{"Injected"}
					answer["Upgrade"] = []string{"Injected"}
					answer["Transfer-Encoding"] = []string{"Injected"}
					return refusal
				},
			}, nil))
			io.WriteString(c.nc, exampleRequest+"\r\n")
			header := c.header()
			for line := range strings.SplitSeq(strings.ReplaceAll(header, "\n", "\r"), "\r") {
				if strings.HasPrefix(line, "Injected") {
					t.Errorf("a line of its own in %q", header)
				}
			}
			if refusal == nil && strings.Count(header, "Injected") != 3 {
				t.Errorf("the handshake's own fields can be set: %q", header)
			}
		})
	}
}

// unwrapping is what a well-behaved middleware makes of a ResponseWriter.
type unwrapping struct{ http.ResponseWriter }

func (w unwrapping) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestItWorksBehindOtherHandlers(t *testing.T) {
	wrapped := func(wrap func(http.ResponseWriter) http.ResponseWriter) func(http.Handler) http.Handler {
		return func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(wrap(w), r) })
		}
	}
	for _, row := range []struct {
		name   string
		around func(http.Handler) http.Handler
		status int
	}{
		{"ServeMux", func(h http.Handler) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("GET /api/chat", h)
			return mux
		}, 101},
		{"StripPrefix", func(h http.Handler) http.Handler { return http.StripPrefix("/api", h) }, 101},
		{"middleware with Unwrap", wrapped(func(w http.ResponseWriter) http.ResponseWriter {
			return unwrapping{unwrapping{w}}
		}), 101},
		{"middleware without Unwrap", wrapped(func(w http.ResponseWriter) http.ResponseWriter {
			return struct{ http.ResponseWriter }{w}
		}), 500},
		{"TimeoutHandler", func(h http.Handler) http.Handler { return http.TimeoutHandler(h, time.Minute, "") }, 500},
	} {
		t.Run(row.name, func(t *testing.T) {
			urls, failed := make(chan string, 1), make(chan error, 1)
			c := callHTTP(t, row.around(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				s, err := websocket.Upgrade(w, r, nil, nil)
				if err != nil {
					failed <- err
					return
				}
				urls <- s.URL()
			})))
			resp, body := c.ask(strings.Replace(exampleRequest, "/chat", "/api/chat?room=1", 1) + "\r\n")
			equal(t, "status", resp.StatusCode, row.status)
			if row.status == 101 {
				equal(t, "URL", <-urls, "ws://javascript.info/api/chat?room=1")
				return
			}
			if !strings.Contains(body, "cannot be hijacked") {
				t.Errorf("the answer is %q", body)
			}
			if err := <-failed; !errors.Is(err, http.ErrNotSupported) {
				t.Errorf("Upgrade returned %v", err)
			}
		})
	}
}

func TestURLAtTheServersEndIsTheOneAskedFor(t *testing.T) {
	for _, row := range []struct{ name, target, want string }{
		{"a path", "/a/b", "ws://javascript.info/a/b"},
		{"a query", "/?q=1&r=//", "ws://javascript.info/?q=1&r=//"},
		{"a URL in the query", "/?to=http://other/x", "ws://javascript.info/?to=http://other/x"},
		{"escapes stay", "/a%2Fb%20c", "ws://javascript.info/a%2Fb%20c"},
		{"two slashes", "//a", "ws://javascript.info//a"},
		{"absolute-form", "http://other.com:81/a?b", "ws://other.com:81/a?b"},
		{"absolute-form without a path", "http://other.com", "ws://other.com/"},
		{"absolute-form with only a query", "http://other.com?b", "ws://other.com/?b"},
	} {
		t.Run(row.name, func(t *testing.T) {
			urls := make(chan string, 1)
			c := callHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				websocket.Upgrade(w, r, &websocket.AcceptOptions{Origins: []string{"*"}},
					func(s *websocket.Socket) { urls <- s.URL() })
			}))
			resp, _ := c.ask(strings.Replace(exampleRequest, "/chat", row.target, 1) + "\r\n")
			equal(t, "status", resp.StatusCode, 101)
			equal(t, "URL", <-urls, row.want)
		})
	}
}

func TestKeepHeaderKeepsWhatItNames(t *testing.T) {
	kept := make(chan string, 3)
	opts := &websocket.AcceptOptions{KeepHeader: []string{"user-agent", "X-Forwarded-For", "X-None"}}
	c := callHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		websocket.Upgrade(w, r, opts, func(s *websocket.Socket) {
			for _, name := range []string{"User-Agent", "x-forwarded-for", "Origin", "X-None"} {
				kept <- s.RequestHeader(name)
			}
		})
	}))
	c.ask(exampleRequest + "User-Agent: me\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n")
	for _, want := range []string{"me", "1.2.3.4", "", ""} {
		equal(t, "kept", <-kept, want)
	}
}

func TestUpgradeOverTLS(t *testing.T) {
	sockets := make(chan *websocket.Socket, 1)
	hs := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := websocket.Upgrade(w, r, nil, func(s *websocket.Socket) {
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
		})
		if err != nil {
			t.Error(err)
		}
		sockets <- s
	}))
	t.Cleanup(hs.Close)
	nc, err := tls.Dial("tcp", hs.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	must(t, err)
	c := rawOver(t, nc)
	io.WriteString(nc, exampleRequest+"\r\n"+maskedText("ahead"))
	equal(t, "answer", c.header(), exampleAnswer+"\r\n")
	equal(t, "echo", c.frames(7), "\x81\x05ahead")
	s := <-sockets
	equal(t, "URL", s.URL(), "wss://javascript.info/chat")
	if s.TLS() == nil || !s.TLS().HandshakeComplete {
		t.Error("there is no TLS state")
	}
}

func TestHTTP2IsRefusedClearly(t *testing.T) {
	hs := httptest.NewUnstartedServer(echoing(nil, nil))
	hs.EnableHTTP2 = true
	hs.StartTLS()
	t.Cleanup(hs.Close)
	resp, err := hs.Client().Get(hs.URL)
	must(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	if resp.ProtoMajor != 2 || resp.StatusCode != 400 || !bytes.Contains(body, []byte("HTTP/2.0 has no Upgrade")) {
		t.Errorf("%s answered %d: %s", resp.Proto, resp.StatusCode, body)
	}
}

func TestOptionsThatCannotWorkRefuseEveryHandshake(t *testing.T) {
	for _, row := range []struct {
		name string
		opts websocket.AcceptOptions
		says string
	}{
		{"a pattern with a path", websocket.AcceptOptions{Origins: []string{"ok.com", "https://site.com/"}}, "https://site.com/"},
		{"a subprotocol with a space", websocket.AcceptOptions{Subprotocols: []string{"v 1"}}, "v 1"},
	} {
		for _, accept := range []struct {
			name string
			call func(http.ResponseWriter, *http.Request) error
		}{
			{"Accept", func(w http.ResponseWriter, r *http.Request) error {
				_, err := websocket.Accept(w, r, &row.opts)
				return err
			}},
			{"Upgrade", func(w http.ResponseWriter, r *http.Request) error {
				_, err := websocket.Upgrade(w, r, &row.opts, nil)
				return err
			}},
		} {
			t.Run(row.name+"/"+accept.name, func(t *testing.T) {
				failed := make(chan error, 1)
				c := callHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { failed <- accept.call(w, r) }))
				resp, body := c.ask(exampleRequest + "\r\n")
				equal(t, "status", resp.StatusCode, 500)
				if strings.Contains(body, row.says) {
					t.Errorf("the client is told %q", body)
				}
				if err := <-failed; err == nil || !strings.Contains(err.Error(), row.says) {
					t.Errorf("the program is told %v", err)
				}
			})
		}
	}
}

func TestASetupThatPanicsEndsItsSocketInOrder(t *testing.T) {
	j := newJournal()
	failure := make(chan error, 1)
	panicked := make(chan any, 1)
	c := callHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { panicked <- recover() }()
		websocket.Upgrade(w, r, nil, func(s *websocket.Socket) {
			s.OnError(func(_ *websocket.Socket, err error) { failure <- err })
			j.listen(s)
			panic("oops")
		})
	}))
	c.ask(exampleRequest + "\r\n")
	equal(t, "the panic", <-panicked, any("oops"))
	equal(t, "frames", c.frames(4), "\x88\x02\x03\xf3")
	c.nc.Close()
	equal(t, "events", j.waitClose(t), []string{"open", "error", `close 1006 "" clean=false`})
	var p *websocket.PanicError
	if err := <-failure; !errors.As(err, &p) || p.Value != "oops" || !bytes.Contains(p.Stack, []byte("accept_test.go")) {
		t.Errorf("the error event has %v", err)
	}
}

func TestASetupThatEndsItsGoroutineLeavesAWorkingSocket(t *testing.T) {
	c := callHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			websocket.Upgrade(w, r, nil, func(s *websocket.Socket) {
				s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
				runtime.Goexit()
			})
		}()
		<-done
	}))
	c.ask(exampleRequest + "\r\n" + maskedText("still here"))
	equal(t, "echo", c.frames(12), "\x81\x0astill here")
}

func TestAClientThatDoesNotReadTheAnswerIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ln := wstest.Listen(wstest.PipeSize(32))
		failed := make(chan error, 1)
		hs := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, err := websocket.Accept(w, r, nil)
			failed <- err
		})}
		go hs.Serve(ln)
		defer hs.Close()
		nc, err := ln.Dial(context.Background(), "tcp", "")
		must(t, err)
		defer nc.Close()
		io.WriteString(nc, exampleRequest+"\r\n")
		began := time.Now()
		err = <-failed
		equal(t, "time", time.Since(began), 10*time.Second)
		var netErr net.Error
		if !errors.As(err, &netErr) || !netErr.Timeout() {
			t.Errorf("Accept returned %v", err)
		}
	})
}

func TestASocketWhoseClientDoesNotReadTheAnswerEndsByItsHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ln := wstest.Listen(wstest.PipeSize(32))
		ended := make(chan websocket.CloseEvent, 1)
		hs := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			websocket.Upgrade(w, r, nil, func(s *websocket.Socket) {
				s.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) { ended <- e })
			})
		})}
		go hs.Serve(ln)
		defer hs.Close()
		nc, err := ln.Dial(context.Background(), "tcp", "")
		must(t, err)
		defer nc.Close()
		io.WriteString(nc, exampleRequest+"\r\n")
		began := time.Now()
		equal(t, "close code", (<-ended).Code, websocket.CloseAbnormal)
		if took := time.Since(began); took > 55*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestTheHTTPServersDeadlinesEndWithTheHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ln := wstest.Listen()
		hs := &http.Server{Handler: echoing(nil, nil), ReadTimeout: time.Second, WriteTimeout: time.Second}
		go hs.Serve(ln)
		defer hs.Close()
		nc, err := ln.Dial(context.Background(), "tcp", "")
		must(t, err)
		c := rawOver(t, nc)
		c.ask(exampleRequest + "\r\n")
		time.Sleep(20 * time.Second)
		io.WriteString(nc, maskedText("late"))
		equal(t, "echo", c.frames(6), "\x81\x04late")
	})
}

// quiet is the log of servers whose clients' faults are the test.
var quiet = log.New(io.Discard, "", 0)
