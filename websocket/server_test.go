package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// serveInMemory has srv listen in memory until the end of the test, and returns options that dial it. It
// works in a bubble.
func serveInMemory(t *testing.T, srv *websocket.Server, opts ...wstest.Option) *websocket.DialOptions {
	t.Helper()
	ln := wstest.Listen(opts...)
	served := inBackground(func() error { return srv.Serve(ln) })
	t.Cleanup(func() {
		srv.Close()
		wantError(t, "Serve", <-served, websocket.ErrServerClosed)
	})
	return &websocket.DialOptions{DialContext: ln.Dial}
}

// connect dials, and terminates the client at the end of the test.
func connect(t *testing.T, opts *websocket.DialOptions) *websocket.Conn {
	t.Helper()
	c, err := websocket.Dial(context.Background(), "ws://site.com/chat?room=1", opts)
	must(t, err)
	t.Cleanup(c.Terminate)
	return c
}

// members dials n clients, and returns them once the server has all of them.
func members(t *testing.T, srv *websocket.Server, opts *websocket.DialOptions, n int) []*websocket.Conn {
	t.Helper()
	connected := make(chan struct{}, n)
	srv.OnConnection(func(*websocket.Socket, *http.Request) { connected <- struct{}{} })
	var clients []*websocket.Conn
	for range n {
		clients = append(clients, connect(t, opts))
		<-connected
	}
	return clients
}

func TestOnConnectionGetsASocketThatIsOpen(t *testing.T) {
	var srv websocket.Server
	var calls []string
	messages := make(chan string, 1)
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		calls = append(calls, fmt.Sprint("first ", s.ReadyState(), r.URL.Query().Get("room"), srv.Clients().Has(s)))
		s.OnMessage(func(_ *websocket.Socket, m websocket.Message) { messages <- m.Text() })
	})
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) { calls = append(calls, "second") })
	c := connect(t, serveInMemory(t, &srv))
	send(t, c, websocket.Text, "hello")
	equal(t, "message", <-messages, "hello")
	equal(t, "calls", calls, []string{"first OPEN1true", "second"})
}

func TestOnHeadersSeesTheAnswerLast(t *testing.T) {
	srv := websocket.Server{Options: websocket.AcceptOptions{
		OnRequest: func(r *http.Request, answer http.Header) error {
			answer.Set("X-A", "hook")
			if r.URL.Path == "/no" {
				return errors.New("no")
			}
			return nil
		},
	}}
	srv.OnHeaders(func(r *http.Request, answer http.Header) {
		answer.Set("X-A", answer.Get("X-A")+" and headers of "+r.URL.Path)
		answer.Set("Sec-WebSocket-Accept", "x")
	})
	srv.OnHeaders(func(_ *http.Request, answer http.Header) { answer.Add("X-A", "and again") })
	c := callHTTP(t, &srv)
	t.Cleanup(func() { srv.Close() })
	resp, _ := c.ask(strings.Replace(exampleRequest, "/chat", "/no", 1) + "\r\n")
	equal(t, "status", resp.StatusCode, 403)
	equal(t, "header of a refusal", resp.Header["X-A"], []string{"hook"})
	resp, _ = c.ask(exampleRequest + "\r\n")
	equal(t, "status", resp.StatusCode, 101)
	equal(t, "header", resp.Header["X-A"], []string{"hook and headers of /chat", "and again"})
	equal(t, "Accept", resp.Header["Sec-Websocket-Accept"], []string{"hsBlbuDTkk24srzEOTBUlZAlC2g="})
}

func TestHandlerAnswersWhatIsNoUpgrade(t *testing.T) {
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "a page") })
	for _, row := range []struct {
		name    string
		handler http.Handler
		request string
		status  int
		body    string
	}{
		{"a page", page, "GET /chat HTTP/1.1\r\nHost: site.com\r\n", 200, "a page"},
		{"a page by POST", page, "POST /chat HTTP/1.1\r\nHost: site.com\r\nContent-Length: 0\r\n", 200, "a page"},
		{"an upgrade to something else", page, "GET /chat HTTP/1.1\r\nHost: site.com\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n", 200, "a page"},
		{"a handshake", page, exampleRequest, 101, ""},
		{"a bad handshake", page, strings.Replace(exampleRequest, "13", "12", 1), 426, ""},
		{"no Handler", nil, "GET /chat HTTP/1.1\r\nHost: site.com\r\n", 426, ""},
		{"no Handler and POST", nil, "POST /chat HTTP/1.1\r\nHost: site.com\r\nContent-Length: 0\r\n", 405, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			srv := websocket.Server{Handler: row.handler}
			c := callHTTP(t, &srv)
			t.Cleanup(func() { srv.Close() })
			resp, body := c.ask(row.request + "\r\n")
			equal(t, "status", resp.StatusCode, row.status)
			if row.body != "" {
				equal(t, "body", body, row.body)
			}
		})
	}
}

func TestServersMountByPathAndByHost(t *testing.T) {
	naming := func(name string) *websocket.Server {
		srv := &websocket.Server{}
		srv.OnConnection(func(s *websocket.Socket, _ *http.Request) { s.SendText(name) })
		t.Cleanup(func() { srv.Close() })
		return srv
	}
	mux := http.NewServeMux()
	mux.Handle("/echo", naming("echo"))
	mux.Handle("/chat/", naming("chat"))
	mux.Handle("ws.site.com/", naming("subdomain"))
	mux.HandleFunc("site.com/", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "the site") })
	hs := httptest.NewServer(mux)
	t.Cleanup(hs.Close)
	for _, row := range []struct{ host, path, want string }{
		{"", "/echo", "echo"},
		{"", "/chat/room/1", "chat"},
		{"ws.site.com", "/", "subdomain"},
		{"ws.site.com", "/any/path", "subdomain"},
	} {
		c, err := websocket.Dial(context.Background(), hs.URL+row.path, &websocket.DialOptions{Header: http.Header{"Host": {row.host}}})
		must(t, err)
		wantMessage(t, c, websocket.Text, row.want)
		c.Terminate()
	}
	_, err := websocket.Dial(context.Background(), hs.URL+"/", &websocket.DialOptions{Header: http.Header{"Host": {"site.com"}}})
	var refused *websocket.HandshakeError
	if !errors.As(err, &refused) || refused.Status != 200 {
		t.Fatalf("Dial of the site returned %v", err)
	}
	body, _ := io.ReadAll(refused.Response.Body)
	equal(t, "body", string(body), "the site")
}

func TestClientsAreTrackedUntilTheyAreClosed(t *testing.T) {
	for _, untracked := range []bool{false, true} {
		t.Run(fmt.Sprintf("untracked %v", untracked), func(t *testing.T) {
			srv := websocket.Server{Untracked: untracked}
			gone := make(chan int, 1)
			srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
				s.OnClose(func(s *websocket.Socket, _ websocket.CloseEvent) { gone <- srv.Clients().Len() })
			})
			opts := serveInMemory(t, &srv)
			clients := members(t, &srv, opts, 2)
			tracked := 2
			if untracked {
				tracked = 0
			}
			equal(t, "clients", srv.Clients().Len(), tracked)
			n, err := srv.Broadcast(websocket.Text, []byte("all"))
			must(t, err)
			equal(t, "reached", n, tracked)
			must(t, clients[0].Close(websocket.CloseNormal, ""))
			equal(t, "clients in the close event", <-gone, max(tracked-1, 0))
			clients[1].Terminate()
			<-gone
		})
	}
}

func TestBroadcast(t *testing.T) {
	for _, row := range []struct {
		name    string
		filters func(sockets []*websocket.Socket) []websocket.Filter
		want    []int
	}{
		{"to all", func([]*websocket.Socket) []websocket.Filter { return nil }, []int{0, 1, 2, 3}},
		{"to all but one", func(s []*websocket.Socket) []websocket.Filter {
			return []websocket.Filter{websocket.Except(s[1])}
		}, []int{0, 2, 3}},
		{"to all but two", func(s []*websocket.Socket) []websocket.Filter {
			return []websocket.Filter{websocket.Except(s[0], s[3])}
		}, []int{1, 2}},
		{"to those a function picks", func(s []*websocket.Socket) []websocket.Filter {
			return []websocket.Filter{func(x *websocket.Socket) bool { return x == s[2] }}
		}, []int{2}},
		{"to those all functions pick", func(s []*websocket.Socket) []websocket.Filter {
			return []websocket.Filter{websocket.Except(s[2]), func(x *websocket.Socket) bool { return x == s[2] || x == s[3] }}
		}, []int{3}},
		{"to none", func(s []*websocket.Socket) []websocket.Filter {
			return []websocket.Filter{func(*websocket.Socket) bool { return false }}
		}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			var srv websocket.Server
			var sockets []*websocket.Socket
			srv.OnConnection(func(s *websocket.Socket, _ *http.Request) { sockets = append(sockets, s) })
			clients := members(t, &srv, serveInMemory(t, &srv), 4)
			n, err := srv.Broadcast(websocket.Text, []byte("hello"), row.filters(sockets)...)
			must(t, err)
			equal(t, "reached", n, len(row.want))
			_, err = srv.Broadcast(websocket.Binary, []byte("last"))
			must(t, err)
			for i, c := range clients {
				if slices.Contains(row.want, i) {
					wantMessage(t, c, websocket.Text, "hello")
				}
				wantMessage(t, c, websocket.Binary, "last")
			}
		})
	}
	t.Run("of text that is not UTF-8", func(t *testing.T) {
		var srv websocket.Server
		_, err := srv.Broadcast(websocket.Text, []byte("\xff"))
		wantError(t, "Broadcast", err, websocket.ErrInvalidUTF8)
	})
}

func TestBroadcastsReachEveryClientInTheSameOrder(t *testing.T) {
	const clients, senders, each = 5, 4, 50
	var srv websocket.Server
	all := members(t, &srv, serveInMemory(t, &srv), clients)
	var sending sync.WaitGroup
	for i := range senders {
		sending.Go(func() {
			for j := range each {
				srv.Broadcast(websocket.Text, fmt.Appendf(nil, "%d:%d", i, j))
			}
		})
	}
	var orders [clients]string
	var reading sync.WaitGroup
	for i, c := range all {
		reading.Go(func() {
			for range senders * each {
				_, data, err := c.Read(context.Background())
				if err != nil {
					t.Error(err)
					return
				}
				orders[i] += string(data) + " "
			}
		})
	}
	sending.Wait()
	reading.Wait()
	for i := range orders {
		if orders[i] != orders[0] {
			t.Fatalf("client %d got\n%s, client 0\n%s", i, orders[i], orders[0])
		}
	}
}

func TestShutdownClosesClientsInOrder(t *testing.T) {
	var srv websocket.Server
	var closed, ended atomic.Int32
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		s.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) {
			if e.WasClean {
				closed.Add(1)
			}
		})
	})
	srv.OnClose(func() { ended.Add(1) })
	srv.OnClose(func() { ended.Add(1) })
	clients := members(t, &srv, serveInMemory(t, &srv), 3)
	var reading sync.WaitGroup
	for _, c := range clients {
		reading.Go(func() {
			_, _, err := c.Read(context.Background())
			var e *websocket.CloseError
			if !errors.As(err, &e) || e.Code != websocket.CloseGoingAway || e.Reason == "" {
				t.Errorf("Read: %v", err)
			}
		})
	}
	must(t, srv.Shutdown(context.Background()))
	equal(t, "clean close events before Shutdown has returned", closed.Load(), 3)
	equal(t, "clients", srv.Clients().Len(), 0)
	equal(t, "close functions called", ended.Load(), 2)
	reading.Wait()
	must(t, srv.Shutdown(context.Background()))
	must(t, srv.Close())
	equal(t, "close functions called", ended.Load(), 2)
}

func TestShutdownFlushesWhatWasSentBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 200
		srv := websocket.Server{Options: websocket.AcceptOptions{
			Heartbeat: websocket.Heartbeat{Interval: -1}, Compression: websocket.Compression{Disabled: true},
		}}
		c := members(t, &srv, serveInMemory(t, &srv, wstest.PipeSize(512)), 1)[0]
		for i := range n {
			srv.Broadcast(websocket.Text, fmt.Appendf(nil, "%10000d", i))
		}
		done := inBackground(func() error { return srv.Shutdown(context.Background()) })
		for i := range n {
			time.Sleep(time.Second / 2) // slow, and longer than any timeout in all
			wantMessage(t, c, websocket.Text, fmt.Sprintf("%10000d", i))
		}
		wantClosed(t, c, websocket.CloseGoingAway)
		must(t, <-done)
	})
}

func TestShutdownCutsWhoIsLeftWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := websocket.Server{Options: websocket.AcceptOptions{
			Heartbeat: websocket.Heartbeat{Interval: -1}, Limits: websocket.Limits{CloseTimeout: -1},
		}}
		events := make(chan websocket.CloseEvent, 1)
		srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
			s.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) { events <- e })
		})
		closed := false
		srv.OnClose(func() { closed = true })
		members(t, &srv, serveInMemory(t, &srv), 1) // it does not read, and so does not answer
		began := time.Now()
		wantError(t, "Shutdown", srv.Shutdown(expiring(time.Hour)), context.DeadlineExceeded)
		equal(t, "time", time.Since(began), time.Hour)
		equal(t, "close function called", closed, true)
		equal(t, "close event", <-events, websocket.CloseEvent{Code: websocket.CloseAbnormal})
	})
}

func TestAListenerThatBlocksHoldsNeitherShutdownNorClose(t *testing.T) {
	for _, row := range []struct {
		name string
		end  func(*websocket.Server) error
		want error
	}{
		{"Shutdown", func(srv *websocket.Server) error { return srv.Shutdown(expiring(time.Minute)) }, context.DeadlineExceeded},
		{"Close", (*websocket.Server).Close, nil},
	} {
		bubbles(t, row.name, func(t *testing.T) {
			var srv websocket.Server
			release, blocked := make(chan struct{}), make(chan struct{})
			j := newJournal()
			srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
				s.OnMessage(func(*websocket.Socket, websocket.Message) {
					close(blocked)
					<-release
				})
				j.listen(s)
			})
			c := members(t, &srv, serveInMemory(t, &srv), 1)[0]
			send(t, c, websocket.Text, "block")
			<-blocked
			wantError(t, row.name, row.end(&srv), row.want)
			close(release)
			events := j.waitClose(t)
			equal(t, "last event", events[len(events)-1], `close 1006 "" clean=false`)
		})
	}
}

func TestHandshakesDuringShutdownAreAnsweredWith503(t *testing.T) {
	for _, end := range []struct {
		name string
		call func(*websocket.Server) error
	}{
		{"Shutdown", func(srv *websocket.Server) error { return srv.Shutdown(context.Background()) }},
		{"Close", (*websocket.Server).Close},
	} {
		t.Run(end.name, func(t *testing.T) {
			srv := websocket.Server{Handler: http.NotFoundHandler()}
			hs := httptest.NewServer(&srv)
			t.Cleanup(hs.Close)
			must(t, end.call(&srv))
			_, err := websocket.Dial(context.Background(), hs.URL, nil)
			var refused *websocket.HandshakeError
			if !errors.As(err, &refused) || refused.Status != http.StatusServiceUnavailable || !refused.Response.Close {
				t.Errorf("Dial returned %v", err)
			}
			resp, err := http.Get(hs.URL)
			must(t, err)
			resp.Body.Close()
			equal(t, "status of another request", resp.StatusCode, 404)
		})
	}
}

func TestHandshakesUnderWayWhenTheServerEnds(t *testing.T) {
	for _, row := range []struct {
		name string
		end  func(*websocket.Server) error
		want string // the client's close event
	}{
		{"Shutdown", func(srv *websocket.Server) error { return srv.Shutdown(context.Background()) },
			`close 1001 "server is shutting down" clean=true`},
		{"Close", (*websocket.Server).Close, `close 1006 "" clean=false`},
	} {
		bubbles(t, row.name, func(t *testing.T) {
			asked, answer := make(chan struct{}), make(chan struct{})
			srv := websocket.Server{Options: websocket.AcceptOptions{OnRequest: func(*http.Request, http.Header) error {
				close(asked)
				<-answer
				return nil
			}}}
			ln := wstest.Listen()
			hs := &http.Server{Handler: &srv} // the server is mounted: nobody closes the streams but itself
			go hs.Serve(ln)
			defer hs.Close()
			j := newJournal()
			_, err := websocket.New("ws://site.com", &websocket.DialOptions{DialContext: ln.Dial}, j.listen)
			must(t, err)
			<-asked
			done := inBackground(func() error { return row.end(&srv) })
			synctest.Wait()
			close(answer)
			events := j.waitClose(t)
			equal(t, "the client's last event", events[len(events)-1], row.want)
			must(t, <-done)
			synctest.Wait() // Close does not
			equal(t, "clients", srv.Clients().Len(), 0)
		})
	}
}

func TestCloseEndsAShutdownThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := websocket.Server{Options: websocket.AcceptOptions{Limits: websocket.Limits{CloseTimeout: -1}}}
		opts := serveInMemory(t, &srv)
		members(t, &srv, opts, 1)
		idle, err := opts.DialContext(context.Background(), "", "") // is not a request yet
		must(t, err)
		defer idle.Close()
		done := inBackground(func() error { return srv.Shutdown(context.Background()) })
		synctest.Wait()
		began := time.Now()
		must(t, srv.Close())
		must(t, <-done)
		if d := time.Since(began); d > time.Second { // net/http looks now and then
			t.Errorf("it took %v", d)
		}
	})
}

func TestShutdownOfAServerThatIsIdle(t *testing.T) {
	var srv websocket.Server
	must(t, srv.Shutdown(canceledContext()))
	wantError(t, "Serve", srv.Serve(wstest.Listen()), websocket.ErrServerClosed)
}

func TestShutdownOfUntrackedClientsWaitsForThem(t *testing.T) {
	srv := websocket.Server{Untracked: true}
	clients := members(t, &srv, serveInMemory(t, &srv), 2)
	done := inBackground(func() error { return srv.Shutdown(context.Background()) })
	for _, c := range clients {
		select {
		case <-done:
			t.Fatal("it did not wait")
		default:
		}
		must(t, c.Close(websocket.CloseNormal, ""))
	}
	must(t, <-done)
}

func TestPanicsOfTheProgramDoNotKeepShutdownWaiting(t *testing.T) {
	for _, row := range []struct {
		name string
		set  func(*websocket.Server)
	}{
		{"OnRequest", func(srv *websocket.Server) {
			srv.Options.OnRequest = func(*http.Request, http.Header) error { panic(http.ErrAbortHandler) }
		}},
		{"OnHeaders", func(srv *websocket.Server) {
			srv.OnHeaders(func(*http.Request, http.Header) { panic(http.ErrAbortHandler) })
		}},
		{"OnConnection", func(srv *websocket.Server) {
			srv.OnConnection(func(*websocket.Socket, *http.Request) { panic(http.ErrAbortHandler) })
		}},
		{"OnClose of the socket", func(srv *websocket.Server) {
			srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
				s.OnClose(func(*websocket.Socket, websocket.CloseEvent) { panic("oops") })
				s.OnError(func(*websocket.Socket, error) {})
				s.Terminate()
			})
		}},
	} {
		bubbles(t, row.name, func(t *testing.T) {
			var srv websocket.Server
			row.set(&srv)
			opts := serveInMemory(t, &srv)
			c, err := websocket.Dial(context.Background(), "ws://site.com", opts)
			if err == nil {
				c.Read(context.Background())
				c.Terminate()
			}
			must(t, srv.Shutdown(expiring(time.Minute)))
		})
	}
}

func TestAServerWithWrongOptionsDoesNotServe(t *testing.T) {
	log := slog.Default()
	t.Cleanup(func() { slog.SetDefault(log) })
	slog.SetDefault(slog.New(slog.DiscardHandler))
	srv := websocket.Server{Options: websocket.AcceptOptions{Origins: []string{"https://site.com/"}}}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	if err := srv.Serve(ln); err == nil || !strings.Contains(err.Error(), "https://site.com/") {
		t.Errorf("Serve returned %v", err)
	}
	wantError(t, "Close of the listener", ln.Close(), net.ErrClosed)
	c := callHTTP(t, &srv)
	resp, body := c.ask(exampleRequest + "\r\n")
	if resp.StatusCode != 500 || strings.Contains(body, "site.com") {
		t.Errorf("answered %d %q", resp.StatusCode, body)
	}
}

// TestShutdownRacesWithClientsThatConnect checks that whoever got in is told 1001 or was refused, and that
// Shutdown leaves nobody.
func TestShutdownRacesWithClientsThatConnect(t *testing.T) {
	for round := range 10 {
		var srv websocket.Server
		var opened, closed atomic.Int32
		enough := make(chan struct{})
		srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
			if opened.Add(1) == 4 {
				close(enough)
			}
			s.OnClose(func(*websocket.Socket, websocket.CloseEvent) { closed.Add(1) })
		})
		hs := httptest.NewServer(&srv)
		var clients sync.WaitGroup
		for range 8 {
			clients.Go(func() {
				for {
					c, err := websocket.Dial(context.Background(), hs.URL, nil)
					var refused *websocket.HandshakeError
					if errors.As(err, &refused) && refused.Status == 503 {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
					if round%2 == 0 {
						c.Close(websocket.CloseNormal, "")
						continue
					}
					if _, _, err := c.Read(context.Background()); websocket.CloseCodeOf(err) != websocket.CloseGoingAway {
						t.Errorf("Read: %v", err)
					}
					c.Terminate()
				}
			})
		}
		within(t, "clients", enough)
		must(t, srv.Shutdown(context.Background()))
		equal(t, "close events", closed.Load(), opened.Load())
		equal(t, "clients", srv.Clients().Len(), 0)
		clients.Wait()
		equal(t, "connections after Shutdown", opened.Load(), closed.Load())
		hs.Close()
	}
}

func TestWhoHasTheAnswerIsReachedByBroadcasts(t *testing.T) {
	var srv websocket.Server
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		s.OnMessage(func(_ *websocket.Socket, m websocket.Message) { srv.Broadcast(m.Type(), m.Bytes()) })
	})
	opts := serveInMemory(t, &srv)
	for range 200 {
		a, err := websocket.Dial(t.Context(), "ws://site.com", opts)
		must(t, err)
		b, err := websocket.Dial(t.Context(), "ws://site.com", opts)
		must(t, err)
		must(t, a.Write(t.Context(), websocket.Text, []byte("x")))
		_, _, err = b.Read(t.Context())
		must(t, err)
		a.Terminate()
		b.Terminate()
	}
}
