package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

// byNetHTTP reports whether the caller serves a request of net/http's.
func byNetHTTP() bool { return bytes.Contains(debug.Stack(), []byte("net/http.(*conn).serve")) }

// serveTCP has srv listen by itself until the end of the test, and returns a function that calls it.
func serveTCP(t *testing.T, srv *websocket.Server) (call func() *rawHTTP) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	served := inBackground(func() error { return srv.Serve(ln) })
	t.Cleanup(func() {
		srv.Close()
		wantError(t, "Serve", <-served, websocket.ErrServerClosed)
	})
	return func() *rawHTTP {
		nc, err := net.Dial("tcp", ln.Addr().String())
		must(t, err)
		return rawOver(t, nc)
	}
}

// echoAll has each socket of a Server's send back what it gets.
func echoAll(srv *websocket.Server) {
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
	})
}

func (c *rawHTTP) say(what string) {
	c.t.Helper()
	_, err := io.WriteString(c.nc, what)
	must(c.t, err)
}

// wantEcho says something, and reads it back.
func (c *rawHTTP) wantEcho(word string) {
	c.t.Helper()
	c.say(maskedText(word))
	equal(c.t, "echo", c.frames(2+len(word)), fmt.Sprintf("\x81%c%s", len(word), word))
}

// wantEnd reads until the stream ends, and returns what comes before.
func (c *rawHTTP) wantEnd() string {
	c.t.Helper()
	all, err := io.ReadAll(c.br)
	if e := net.Error(nil); errors.As(err, &e) && e.Timeout() {
		c.t.Fatal("the stream does not end")
	}
	return string(all)
}

// sighting is what a Server's functions see of a handshake.
func sighting(r *http.Request) string {
	server, _ := r.Context().Value(http.ServerContextKey).(*http.Server)
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return fmt.Sprintln(r.Method, r.URL, r.RequestURI, r.Proto, r.ProtoMajor, r.ProtoMinor, r.Header, r.Host, r.ContentLength, r.Body == http.NoBody,
		r.Close, r.TransferEncoding, r.Trailer, r.TLS, server != nil, fmt.Sprintf("%T", local), strings.HasPrefix(r.RemoteAddr, "127.0.0.1:"))
}

// A Server that listens by itself answers every request as one that is mounted in an http.Server, and its functions are told the
// same.
func TestBothWaysToAServerAreTheSame(t *testing.T) {
	rows := append(requestRows(),
		requestRow{name: "of a stranger", request: exampleRequest + "Sec-WebSocket-Protocol: soap\r\nCookie: a=b\r\n"},
		requestRow{name: "that OnRequest refuses", request: strings.Replace(exampleRequest, "/chat", "/teapot", 1)},
		requestRow{name: "with Pragma", request: exampleRequest + "Pragma: no-cache\r\n"},
		requestRow{name: "that is to be the last", request: exampleRequest + "Connection: close\r\n"},
		requestRow{name: "with folded lines", request: exampleRequest + "X-A: a\r\n b\r\n"},
		requestRow{name: "with lines without CR", request: strings.ReplaceAll(exampleRequest, "\r", "") + "X-A: a\n"},
		requestRow{name: "from another page", request: strings.Replace(exampleRequest, "https://javascript.info", "https://example.com", 1)},
		requestRow{name: "garbage", request: "garbage\r\n"},
	)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			answers := func(serve func(*testing.T, *websocket.Server) *rawHTTP) string {
				seen := make(chan string, 10)
				srv := websocket.Server{Options: websocket.AcceptOptions{
					Subprotocols: []string{"soap"},
					KeepHeader:   []string{"Cookie", "Host"},
					OnRequest: func(r *http.Request, answer http.Header) error {
						seen <- "OnRequest " + sighting(r)
						answer.Set("X-A", "a")
						if r.URL.Path == "/teapot" {
							return websocket.Refuse(http.StatusTeapot, "short and stout")
						}
						return nil
					},
				}}
				srv.OnHeaders(func(r *http.Request, answer http.Header) {
					seen <- "OnHeaders " + sighting(r)
					answer.Set("X-B", "b")
				})
				srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
					seen <- fmt.Sprintln("OnConnection ", sighting(r), s.URL(), s.Subprotocol(), s.RequestHeader("Cookie"), s.RemoteAddr().Network(),
						s.RemoteAddr().String() == r.RemoteAddr, s.LocalAddr(), s.ClientAddr())
				})
				srv.OnRefused(func(r *http.Request, err error) { seen <- fmt.Sprintln("OnRefused ", sighting(r), err) })
				echoAll(&srv)
				c := serve(t, &srv)
				port := c.nc.RemoteAddr().(*net.TCPAddr).Port
				resp, body := c.ask(row.whole())
				resp.Header.Del("Date")
				got := fmt.Sprintln(resp.Status, resp.Proto, resp.Header, resp.ContentLength, resp.Close, body)
				if resp.StatusCode == 101 {
					c.wantEcho("hello")
					c.nc.Close()
				}
				must(t, srv.Shutdown(context.Background())) // OnRefused has been called
				for {
					select {
					case s := <-seen:
						got += s
						continue
					default:
					}
					return strings.ReplaceAll(got, fmt.Sprint(":", port), ":PORT")
				}
			}
			direct := answers(func(t *testing.T, srv *websocket.Server) *rawHTTP { return serveTCP(t, srv)() })
			mounted := answers(func(t *testing.T, srv *websocket.Server) *rawHTTP {
				ln, err := net.Listen("tcp", "127.0.0.1:0")
				must(t, err)
				hs := &http.Server{Handler: srv}
				done := inBackground(func() error { return hs.Serve(ln) })
				t.Cleanup(func() { hs.Close(); <-done; srv.Close() })
				nc, err := net.Dial("tcp", ln.Addr().String())
				must(t, err)
				return rawOver(t, nc)
			})
			if direct != mounted {
				t.Errorf("by itself:\n%s\nmounted:\n%s", direct, mounted)
			}
		})
	}
}

func TestAPlainUpgradeGoesAroundNetHTTP(t *testing.T) {
	for _, row := range []struct {
		name    string
		network string
		srv     *websocket.Server
		request string
		netHTTP bool
	}{
		{"TCP", "tcp", &websocket.Server{}, exampleRequest, false},
		{"a Unix socket", "unix", &websocket.Server{}, exampleRequest, false},
		{"a folded line", "tcp", &websocket.Server{}, exampleRequest + "X: a\r\n b\r\n", true},
		{"sockets on goroutines", "tcp", &websocket.Server{Options: websocket.AcceptOptions{Driver: websocket.Goroutines}}, exampleRequest, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			addr := "127.0.0.1:0"
			if row.network == "unix" {
				addr = filepath.Join(t.TempDir(), "socket")
			}
			ln, err := net.Listen(row.network, addr)
			must(t, err)
			ways := make(chan bool, 1)
			requests := make(chan *http.Request, 1)
			row.srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
				ways <- byNetHTTP()
				requests <- r
			})
			echoAll(row.srv)
			served := inBackground(func() error { return row.srv.Serve(ln) })
			nc, err := net.Dial(row.network, ln.Addr().String())
			must(t, err)
			c := rawOver(t, nc)
			c.say(row.request + "\r\n")
			c.header()
			c.wantEcho("hello")
			equal(t, "by net/http", <-ways, row.netHTTP)
			r := <-requests
			equal(t, "local address", r.Context().Value(http.LocalAddrContextKey).(net.Addr).String(), ln.Addr().String())
			<-r.Context().Done() // the handler has returned
			c.nc.Close()
			must(t, row.srv.Shutdown(context.Background()))
			wantError(t, "Serve", <-served, websocket.ErrServerClosed)
		})
	}
}

func TestARequestInPieces(t *testing.T) {
	var srv websocket.Server
	srv.OnConnection(func(*websocket.Socket, *http.Request) {
		if byNetHTTP() {
			t.Error("net/http served it")
		}
	})
	echoAll(&srv)
	call := serveTCP(t, &srv)
	c := call()
	for _, octet := range []byte(exampleRequest + "\r\n" + maskedText("first")) {
		c.say(string([]byte{octet}))
		runtime.Gosched()
	}
	resp, _ := c.ask("")
	equal(t, "status", resp.StatusCode, 101)
	equal(t, "echo", c.frames(7), "\x81\x05first")
	c.wantEcho("second")
}

func TestWhatComesBehindADirectRequestIsDeliveredFirst(t *testing.T) {
	for _, row := range []struct{ name, more string }{
		{"direct", ""},
		{"passed on", "X: a\r\n b\r\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var srv websocket.Server
			echoAll(&srv)
			c := serveTCP(t, &srv)()
			var behind, want strings.Builder
			for i := range 100 { // more than net/http reads at once
				m := fmt.Sprintf("%03d%s", i, strings.Repeat(".", 100))
				behind.WriteString(maskedText(m))
				want.WriteString("\x81\x67" + m)
			}
			c.ask(exampleRequest + row.more + "\r\n" + behind.String())
			equal(t, "echo", c.frames(want.Len()), want.String())
			c.wantEcho("last")
		})
	}
}

func TestNetHTTPGetsEverythingElse(t *testing.T) {
	srv := websocket.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		all, err := io.ReadAll(r.Body)
		fmt.Fprint(w, r.Method, " ", r.URL, " ", len(all), " ", err)
	})}
	echoAll(&srv)
	call := serveTCP(t, &srv)

	c := call()
	_, body := c.ask("GET /page HTTP/1.1\r\nHost: a\r\n\r\n")
	equal(t, "page", body, "GET /page 0 <nil>")
	_, body = c.ask("POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 100_000))
	equal(t, "form", body, "POST /form 100000 <nil>")
	resp, _ := c.ask(exampleRequest + "\r\n" + maskedText("first"))
	equal(t, "status of an upgrade on the same connection", resp.StatusCode, 101)
	equal(t, "echo", c.frames(7), "\x81\x05first")
	c.wantEcho("second")

	c = call()
	c.say("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
	equal(t, "answer to an expectation", c.header(), "HTTP/1.1 100 Continue\r\n\r\n")
	_, body = c.ask("form")
	equal(t, "form", body, "POST / 4 <nil>")

	c = call()
	c.say(exampleRequest)
	must(t, c.nc.(*net.TCPConn).CloseWrite())
	if answer := c.wantEnd(); !strings.HasPrefix(answer, "HTTP/1.1 400 Bad Request\r\n") {
		t.Errorf("half a request is answered %q", answer)
	}
}

func TestARefusedClientMayTryAgainAtAServer(t *testing.T) {
	var srv websocket.Server
	echoAll(&srv)
	c := serveTCP(t, &srv)()
	for range 2 {
		resp, _ := c.ask(strings.Replace(exampleRequest, "Origin: https://", "Origin: https://not.", 1) + "\r\n")
		equal(t, "status", resp.StatusCode, 403)
	}
	resp, _ := c.ask(exampleRequest + "\r\n")
	equal(t, "status", resp.StatusCode, 101)
	c.wantEcho("hello")
}

func TestADirectHandshakeHasItsTime(t *testing.T) {
	for _, says := range []string{"", "GET ", exampleRequest} {
		t.Run(fmt.Sprintf("%.4q", says), func(t *testing.T) {
			const limit = 50 * time.Millisecond
			srv := websocket.Server{HandshakeTimeout: limit}
			began := time.Now()
			c := serveTCP(t, &srv)()
			c.say(says)
			equal(t, "answer", c.wantEnd(), "")
			if took := time.Since(began); took < limit {
				t.Errorf("it took %v", took)
			}
		})
	}
	t.Run("ends with it", func(t *testing.T) {
		const limit = 200 * time.Millisecond
		entered := make(chan struct{})
		srv := websocket.Server{HandshakeTimeout: limit}
		srv.Options.OnRequest = func(*http.Request, http.Header) error {
			time.Sleep(limit + 40*time.Millisecond) // more than the limit and a tick
			close(entered)
			return nil
		}
		echoAll(&srv)
		ln := tcp4(t)
		nc, err := net.Dial("tcp", ln.Addr().String())
		must(t, err)
		c := rawOver(t, nc)
		c.say(exampleRequest + "\r\n") // before the time begins
		served := inBackground(func() error { return srv.Serve(ln) })
		t.Cleanup(func() {
			srv.Close()
			wantError(t, "Serve", <-served, websocket.ErrServerClosed)
		})
		resp, _ := c.ask("")
		<-entered
		equal(t, "status", resp.StatusCode, 101)
		c.wantEcho("hello")
	})
}

func TestHeaderBytesOfADirectHandshake(t *testing.T) {
	for _, row := range []struct{ limit, size, status int }{
		{0, 15 << 10, 101},
		{0, 21 << 10, 431},
		{1 << 10, 1 << 10, 101},
		{1 << 10, 6 << 10, 431},
		{-1, 900 << 10, 101},
	} {
		t.Run(fmt.Sprint(row.limit, " ", row.size), func(t *testing.T) {
			srv := websocket.Server{HeaderBytes: row.limit}
			c := serveTCP(t, &srv)()
			resp, _ := c.ask(exampleRequest + "X-Padding: " + strings.Repeat("x", row.size-len(exampleRequest)) + "\r\n\r\n")
			equal(t, "status", resp.StatusCode, row.status)
		})
	}
}

func TestFunctionsThatFailInADirectHandshake(t *testing.T) {
	fail := map[string]func(){
		"panics":                       func() { panic("at the door") },
		"panics quietly":               func() { panic(http.ErrAbortHandler) },
		"ends its goroutine":           runtime.Goexit,
		"blocks, and panics":           func() { time.Sleep(20 * time.Millisecond); panic("at the door") },
		"blocks, and ends with Goexit": func() { time.Sleep(20 * time.Millisecond); runtime.Goexit() },
	}
	for name, fail := range fail {
		for _, where := range []string{"OnRequest", "OnHeaders", "OnConnection"} {
			t.Run(where+" "+name, func(t *testing.T) {
				silenceLog(t)
				lines := make(loggedLine, 10)
				var failed atomic.Bool
				failing := make(chan struct{})
				at := func(here string) {
					if here == where && !failed.Swap(true) {
						close(failing)
						fail()
					}
				}
				srv := websocket.Server{ErrorLog: log.New(lines, "", 0)}
				srv.Options.OnRequest = func(*http.Request, http.Header) error { at("OnRequest"); return nil }
				srv.OnHeaders(func(*http.Request, http.Header) { at("OnHeaders") })
				srv.OnConnection(func(*websocket.Socket, *http.Request) { at("OnConnection") })
				echoAll(&srv)
				call := serveTCP(t, &srv)
				c := call()
				c.say(exampleRequest + "\r\n")
				if where == "OnConnection" {
					c.header() // is sent in any case
					within(t, "the function that fails", failing)
				}
				if where == "OnConnection" && !strings.Contains(name, "panics") {
					c.say(maskedText("not echoed")) // it is a Socket without a listener
				} else if end := c.wantEnd(); where != "OnConnection" && end != "" {
					t.Errorf("it was answered %q", end)
				}
				if strings.Contains(name, "panics") && name != "panics quietly" {
					if line := <-lines; !strings.Contains(line, "panic serving 127.0.0.1:") || !strings.Contains(line, "at the door") {
						t.Errorf("logged %q", line)
					}
				}
				c.nc.Close()
				c = call()
				resp, _ := c.ask(exampleRequest + "\r\n")
				equal(t, "status of the next", resp.StatusCode, 101)
				c.wantEcho("hello")
				c.nc.Close()
				must(t, srv.Shutdown(context.Background())) // nobody is counted in any more
				equal(t, "lines logged besides", len(lines), 0)
			})
		}
	}
}

func TestFunctionsThatBlockInADirectHandshake(t *testing.T) {
	for _, where := range []string{"OnRequest", "OnConnection"} {
		t.Run(where, func(t *testing.T) {
			const clients = 20
			goOn := make(chan struct{})
			block := func(here string, r *http.Request) {
				if here == where && r.URL.Path != "/free" {
					<-goOn
				}
			}
			var srv websocket.Server
			srv.Options.OnRequest = func(r *http.Request, _ http.Header) error { block("OnRequest", r); return nil }
			srv.OnConnection(func(_ *websocket.Socket, r *http.Request) { block("OnConnection", r) })
			echoAll(&srv)
			call := serveTCP(t, &srv)
			var blocked []*rawHTTP
			for range clients {
				c := call()
				c.say(exampleRequest + "\r\n" + maskedText("early"))
				blocked = append(blocked, c)
				free := call()
				resp, _ := free.ask(strings.Replace(exampleRequest, "/chat", "/free", 1) + "\r\n")
				equal(t, "status", resp.StatusCode, 101)
				free.wantEcho("hello")
			}
			close(goOn)
			for _, c := range blocked {
				c.header()
				equal(t, "echo", c.frames(7), "\x81\x05early")
				c.wantEcho("late")
			}
		})
	}
}

func TestTheServersEndEndsHandshakes(t *testing.T) {
	for _, end := range []struct {
		name string
		call func(*websocket.Server) error
	}{
		{"Shutdown", func(srv *websocket.Server) error { return srv.Shutdown(context.Background()) }},
		{"Close", (*websocket.Server).Close},
	} {
		t.Run(end.name, func(t *testing.T) {
			asked, goOn := make(chan struct{}), make(chan struct{})
			var srv websocket.Server
			srv.Options.OnRequest = func(*http.Request, http.Header) error {
				close(asked)
				<-goOn
				return nil
			}
			call := serveTCP(t, &srv)
			silent, half, judged := call(), call(), call()
			half.say(exampleRequest)
			judged.say(exampleRequest + "\r\n")
			<-asked
			ended := inBackground(func() error { return end.call(&srv) })
			equal(t, "answer to nothing", silent.wantEnd(), "")
			equal(t, "answer to half a request", half.wantEnd(), "")
			close(goOn)
			judged.br.ReadByte() // of the answer, or there is none any more
			judged.nc.Close()
			must(t, <-ended)
		})
	}
}

func TestServeEndsWithItsListener(t *testing.T) {
	var srv websocket.Server
	echoAll(&srv)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	served := inBackground(func() error { return srv.Serve(ln) })
	defer srv.Close()
	dial := func() *rawHTTP {
		nc, err := net.Dial("tcp", ln.Addr().String())
		must(t, err)
		return rawOver(t, nc)
	}
	open, waiting := dial(), dial()
	open.ask(exampleRequest + "\r\n")
	must(t, ln.Close())
	wantError(t, "Serve", <-served, net.ErrClosed)
	equal(t, "answer to nothing", waiting.wantEnd(), "")
	open.wantEcho("still here")
}
