package websocket_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

func silenceLog(t *testing.T) {
	log := slog.Default()
	t.Cleanup(func() { slog.SetDefault(log) })
	slog.SetDefault(slog.New(slog.DiscardHandler))
}

// A door is where a test knocks: it opens streams to a Server that listens.
type door struct {
	scheme string
	dial   func() net.Conn // TLS and all
}

// overDoors runs a test with a Server that listens on TCP, with and without TLS.
func overDoors(t *testing.T, test func(t *testing.T, listen func(*websocket.Server) *door)) {
	for _, scheme := range []string{"ws", "wss"} {
		t.Run(scheme, func(t *testing.T) {
			test(t, func(srv *websocket.Server) *door {
				ln, err := net.Listen("tcp", "127.0.0.1:0")
				must(t, err)
				srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate()}}
				served := inBackground(func() error {
					if scheme == "wss" {
						return srv.ServeTLS(ln, "", "")
					}
					return srv.Serve(ln)
				})
				t.Cleanup(func() {
					srv.Close()
					wantError(t, "Serve", <-served, websocket.ErrServerClosed)
				})
				return &door{scheme, func() net.Conn {
					nc, err := net.Dial("tcp", ln.Addr().String())
					must(t, err)
					if scheme == "wss" {
						nc = tls.Client(nc, &tls.Config{InsecureSkipVerify: true})
					}
					return nc
				}}
			})
		})
	}
}

// knock sends a handshake with more header fields, and returns the answer and the stream.
func (d *door) knock(t *testing.T, fields ...string) (*http.Response, *rawHTTP) {
	t.Helper()
	c := rawOver(t, d.dial())
	resp, _ := c.ask(exampleRequest + strings.Join(append(fields, "\r\n"), "\r\n"))
	return resp, c
}

func wantTurnedAway(t *testing.T, resp *http.Response, status int) {
	t.Helper()
	equal(t, "status", resp.StatusCode, status)
	equal(t, "Retry-After", resp.Header.Get("Retry-After"), "10")
	equal(t, "close", resp.Close, true)
}

func TestMaxConnections(t *testing.T) {
	overDoors(t, func(t *testing.T, listen func(*websocket.Server) *door) {
		srv := websocket.Server{MaxConnections: 2, Options: websocket.AcceptOptions{Origins: []string{"*"}}}
		d := listen(&srv)
		resp, _ := d.knock(t)
		equal(t, "status", resp.StatusCode, 101)
		resp, _ = d.knock(t)
		equal(t, "status", resp.StatusCode, 101)
		for range 3 {
			resp, _ = d.knock(t)
			wantTurnedAway(t, resp, 503)
		}
	})
}

func TestMaxPerAddress(t *testing.T) {
	overDoors(t, func(t *testing.T, listen func(*websocket.Server) *door) {
		srv := websocket.Server{
			MaxPerAddress: 1, TrustedProxies: prefixes("127.0.0.0/8"),
			Options: websocket.AcceptOptions{Origins: []string{"*"}},
		}
		d := listen(&srv)
		for _, row := range []struct {
			client string
			status int
		}{
			{"192.0.2.1", 101},
			{"192.0.2.1", 429},
			{"[::ffff:192.0.2.1]:80", 429},
			{"192.0.2.2", 101},
			{"2001:db8:0:1::1", 101},
			{"2001:db8:0:1:ffff:ffff:ffff:ffff", 429},
			{"2001:db8:0:2::1", 101},
		} {
			resp, _ := d.knock(t, "X-Forwarded-For: "+row.client)
			if row.status == 429 {
				wantTurnedAway(t, resp, 429)
				continue
			}
			equal(t, "status of "+row.client, resp.StatusCode, row.status)
		}
		equal(t, "addresses remembered", websocket.AddressesAtTheDoor(&srv), 4)
	})
}

func TestWhoLeavesMakesRoom(t *testing.T) {
	for _, row := range []struct {
		name string
		srv  *websocket.Server
	}{
		{"of all", &websocket.Server{MaxConnections: 3}},
		{"of one address", &websocket.Server{MaxPerAddress: 3, TrustedProxies: prefixes("127.0.0.0/8")}},
		{"of both", &websocket.Server{MaxConnections: 3, MaxPerAddress: 3}},
		{"untracked", &websocket.Server{MaxConnections: 3, MaxPerAddress: 3, Untracked: true}},
	} {
		bubbles(t, row.name, func(t *testing.T) {
			srv := row.srv
			ln := wstest.Listen()
			h := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.RemoteAddr = "127.0.0.1:1000" // a pipe has none
				srv.ServeHTTP(w, r)
			})}
			go h.Serve(ln)
			defer h.Close()
			defer srv.Close()
			opts := &websocket.DialOptions{DialContext: ln.Dial, Header: http.Header{"X-Forwarded-For": {"2001:db8::1"}}}
			dial := func() (*websocket.Conn, error) { return websocket.Dial(context.Background(), "ws://site.com/", opts) }
			var inside []*websocket.Conn
			for range 3 {
				c, err := dial()
				must(t, err)
				inside = append(inside, c)
			}
			for range 2 {
				if _, err := dial(); err == nil {
					t.Fatal("one more came in")
				}
				inside[0].Terminate()
				synctest.Wait() // its close event is over
				c, err := dial()
				must(t, err)
				inside = append(inside[1:], c)
			}
			for i, c := range inside {
				if srv.MaxPerAddress > 0 {
					equal(t, "addresses remembered", websocket.AddressesAtTheDoor(srv), 1)
				}
				if i%2 == 0 {
					c.Terminate()
				} else {
					must(t, c.Close(websocket.CloseNormal, ""))
				}
				synctest.Wait()
			}
			equal(t, "addresses remembered", websocket.AddressesAtTheDoor(srv), 0)
			equal(t, "connections", websocket.ActiveConnections(srv), 0)
		})
	}
}

func TestPeersWithoutAnAddressAreNotCountedByAddress(t *testing.T) {
	srv := websocket.Server{MaxPerAddress: 1}
	members(t, &srv, serveInMemory(t, &srv), 3)
	equal(t, "addresses remembered", websocket.AddressesAtTheDoor(&srv), 0)
}

func TestAHandshakeInProgressCounts(t *testing.T) {
	for _, row := range []struct {
		name   string
		srv    *websocket.Server
		status int
	}{
		{"of all", &websocket.Server{MaxConnections: 1}, 503},
		{"of one address", &websocket.Server{MaxPerAddress: 1}, 429},
	} {
		t.Run(row.name, func(t *testing.T) {
			entered, goOn := make(chan struct{}), make(chan struct{})
			row.srv.Options.Origins = []string{"*"}
			row.srv.Options.OnRequest = func(*http.Request, http.Header) error {
				close(entered)
				<-goOn
				return errors.New("no")
			}
			h := httptest.NewServer(row.srv)
			t.Cleanup(h.Close)
			d := &door{"ws", func() net.Conn {
				nc, err := net.Dial("tcp", h.Listener.Addr().String())
				must(t, err)
				return nc
			}}
			slow := inBackground(func() int {
				resp, _ := d.knock(t)
				return resp.StatusCode
			})
			<-entered
			resp, _ := d.knock(t)
			wantTurnedAway(t, resp, row.status)
			close(goOn)
			equal(t, "status of the slow one", <-slow, 403)
		})
	}
}

func TestNeverOneConnectionMoreThanTheLimit(t *testing.T) {
	for _, row := range []struct {
		name string
		srv  *websocket.Server
	}{
		{"of all", &websocket.Server{MaxConnections: 5}},
		{"of one address", &websocket.Server{MaxPerAddress: 5}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var now, most atomic.Int32
			row.srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
				n := now.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				s.OnClose(func(*websocket.Socket, websocket.CloseEvent) { now.Add(-1) })
			})
			h := httptest.NewServer(row.srv)
			t.Cleanup(func() {
				row.srv.Close()
				h.Close()
			})
			var refused atomic.Int32
			dialAll := func(wanted func(*websocket.Conn)) {
				var dialing sync.WaitGroup
				for range 30 {
					dialing.Go(func() {
						c, err := websocket.Dial(context.Background(), h.URL, nil)
						if err != nil {
							refused.Add(1)
							return
						}
						wanted(c)
					})
				}
				dialing.Wait()
			}
			var mu sync.Mutex
			var inside []*websocket.Conn
			dialAll(func(c *websocket.Conn) {
				mu.Lock()
				defer mu.Unlock()
				inside = append(inside, c)
			})
			equal(t, "connections", len(inside), 5)
			equal(t, "refused", refused.Load(), 25)
			for _, c := range inside {
				c.Terminate()
			}
			for range 3 { // coming and going
				dialAll((*websocket.Conn).Terminate)
			}
			if most.Load() > 5 {
				t.Errorf("there were %d at once", most.Load())
			}
		})
	}
}

func TestOnRefusedIsToldOfEveryRefusal(t *testing.T) {
	limited := func(srv *websocket.Server) { // as if somebody were inside
		srv.Options.OnRequest = func(r *http.Request, _ http.Header) error {
			if r.URL.Path == "/inside" {
				serveRecorded(srv, "/chat", nil)
			}
			return errors.New("no")
		}
	}
	for _, row := range []struct {
		name   string
		setup  func(*websocket.Server)
		path   string
		change func(*http.Request)
		status []int
		is     error
	}{
		{"not right", nil, "/", func(r *http.Request) { r.Header.Del("Sec-WebSocket-Key") }, []int{400}, nil},
		{"no upgrade", nil, "/", func(r *http.Request) { r.Header.Del("Upgrade") }, []int{426}, nil},
		{"a body", nil, "/", func(r *http.Request) { r.ContentLength = -1 }, []int{400}, nil},
		{"origin", nil, "/", func(r *http.Request) { r.Header.Set("Origin", "https://evil.com") }, []int{403}, nil},
		{"hook", limited, "/", nil, []int{403}, nil},
		{"hook with a status", func(srv *websocket.Server) {
			srv.Options.OnRequest = func(*http.Request, http.Header) error { return websocket.Refuse(401, "who are you?") }
		}, "/", nil, []int{401}, nil},
		{"too many", func(srv *websocket.Server) { srv.MaxConnections = 1; limited(srv) },
			"/inside", nil, []int{503, 403}, websocket.ErrTooManyConnections},
		{"too many of an address", func(srv *websocket.Server) { srv.MaxPerAddress = 1; limited(srv) },
			"/inside", nil, []int{429, 403}, websocket.ErrTooManyConnections},
		{"shutting down", func(srv *websocket.Server) { srv.Close() }, "/", nil, []int{503}, websocket.ErrServerClosed},
		{"wrong options", func(srv *websocket.Server) { srv.Options.Origins = []string{""} }, "/", nil, []int{500}, nil},
		{"cannot be hijacked", nil, "/", nil, []int{500}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			silenceLog(t)
			var srv websocket.Server
			if row.setup != nil {
				row.setup(&srv)
			}
			var told []int
			srv.OnRefused(func(r *http.Request, err error) {
				var e *websocket.HandshakeError
				if !errors.As(err, &e) || e.Reason == "" || r.Host != "example.com" {
					t.Fatalf("told %v", err)
				}
				if len(told) == 0 && row.is != nil && !errors.Is(err, row.is) {
					t.Errorf("%v is not %v", err, row.is)
				}
				if w := r.Context().Value(recorderKey{}).(*httptest.ResponseRecorder); w.Code != e.Status || w.Body.Len() == 0 {
					t.Errorf("told of %d before it was answered", e.Status)
				}
				told = append(told, e.Status)
			})
			again := 0
			srv.OnRefused(func(*http.Request, error) { again++ })
			w := serveRecorded(&srv, row.path, row.change)
			equal(t, "told", told, row.status)
			equal(t, "the second function's calls", again, len(told))
			equal(t, "status", w.Code, told[len(told)-1])
		})
	}
}

type recorderKey struct{}

// serveRecorded has srv answer a handshake, which cannot succeed, because a recorder cannot be hijacked.
func serveRecorded(srv *websocket.Server, path string, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	for name, value := range map[string]string{
		"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": exampleKey, "Sec-WebSocket-Version": "13",
	} {
		r.Header.Set(name, value)
	}
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	w.Code = 0
	srv.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), recorderKey{}, w)))
	return w
}

func TestOnRefusedIsNotToldOfWhatIsNoRefusal(t *testing.T) {
	srv := websocket.Server{Handler: http.NotFoundHandler()}
	srv.OnRefused(func(_ *http.Request, err error) { t.Errorf("told %v", err) })
	opts := serveInMemory(t, &srv)
	members(t, &srv, opts, 1)
	equal(t, "status of a page", serveRecorded(&srv, "/", func(r *http.Request) { r.Header.Del("Upgrade") }).Code, 404)
}

func TestARefusedHandshakeIsCountedOutBeforeOnRefused(t *testing.T) {
	srv := websocket.Server{MaxConnections: 1, MaxPerAddress: 1}
	var told []int
	srv.OnRefused(func(_ *http.Request, err error) {
		told = append(told, err.(*websocket.HandshakeError).Status)
		if len(told) == 1 {
			serveRecorded(&srv, "/", nil)
		}
	})
	serveRecorded(&srv, "/", nil)
	equal(t, "told", told, []int{500, 500})
}

func TestRefusalsHoldNoSecret(t *testing.T) {
	const secret = "S3CR3T"
	var srv websocket.Server
	var told []string
	srv.OnRefused(func(_ *http.Request, err error) { told = append(told, err.Error()+errors.Unwrap(err).Error()) })
	for _, change := range []func(*http.Request){
		func(r *http.Request) { r.RequestURI = "/chat?token=" + secret + "#" },
		func(r *http.Request) { r.Header.Set("Sec-WebSocket-Protocol", secret+", "+secret) },
		func(r *http.Request) { r.Header.Set("Sec-WebSocket-Protocol", secret+"=") },
	} {
		serveRecorded(&srv, "/chat?token="+secret, func(r *http.Request) {
			r.Header.Set("Authorization", secret)
			r.Header.Set("Cookie", secret)
			change(r)
		})
	}
	equal(t, "refusals", len(told), 3)
	if all := strings.Join(told, "\n"); strings.Contains(all, secret) {
		t.Error(all)
	}
}

// A loggedLine is a log for a test to wait on.
type loggedLine chan string

func (l loggedLine) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

func TestErrorLogGetsFailingTLSHandshakes(t *testing.T) {
	lines := make(loggedLine, 10)
	srv := websocket.Server{
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate()}},
		ErrorLog:  log.New(lines, "", 0),
	}
	ln := wstest.Listen()
	served := inBackground(func() error { return srv.ServeTLS(ln, "", "") })
	nc, err := ln.Dial(context.Background(), "", "")
	must(t, err)
	defer nc.Close()
	io.WriteString(nc, "this is not TLS at all")
	if line := <-lines; !strings.Contains(line, "TLS handshake error") {
		t.Errorf("logged %q", line)
	}
	must(t, srv.Close())
	<-served
}

// slowly writes a handshake octet by octet, until it cannot.
func slowly(nc net.Conn) (done <-chan error) {
	return inBackground(func() error {
		for _, b := range []byte(exampleRequest) {
			if _, err := nc.Write([]byte{b}); err != nil {
				return err
			}
			time.Sleep(time.Second)
		}
		return nil
	})
}

func TestAHandshakeOfAnOctetPerSecondIsCut(t *testing.T) {
	for _, row := range []struct {
		name   string
		option time.Duration
		want   time.Duration
	}{
		{"default", 0, 10 * time.Second},
		{"set", 25 * time.Second, 25 * time.Second},
	} {
		bubbles(t, row.name, func(t *testing.T) {
			srv := websocket.Server{HandshakeTimeout: row.option}
			nc, err := serveInMemory(t, &srv).DialContext(context.Background(), "", "")
			must(t, err)
			defer nc.Close()
			written := slowly(nc)
			began := time.Now()
			io.Copy(io.Discard, nc)
			equal(t, "time", time.Since(began), row.want)
			nc.Close()
			<-written
		})
	}
}

func TestAnOctetPerSecondOverTLSIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := websocket.Server{TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate()}}}
		ln := wstest.Listen()
		served := inBackground(func() error { return srv.ServeTLS(ln, "", "") })
		raw, err := ln.Dial(context.Background(), "", "")
		must(t, err)
		nc := tls.Client(raw, &tls.Config{InsecureSkipVerify: true})
		must(t, nc.Handshake())
		written := slowly(nc)
		began := time.Now()
		io.Copy(io.Discard, nc)
		equal(t, "time", time.Since(began), 10*time.Second)
		raw.Close()
		<-written
		must(t, srv.Close())
		<-served
	})
}

func TestWhatIsNoHandshakeIsAnswered(t *testing.T) {
	overDoors(t, func(t *testing.T, listen func(*websocket.Server) *door) {
		d := listen(&websocket.Server{})
		for _, row := range []struct {
			name, text string
			status     int
		}{
			{"a header of 1 MiB", exampleRequest + "X: " + strings.Repeat("x", 1<<20) + "\r\n\r\n", 431},
			{"many fields", exampleRequest + strings.Repeat("X: x\r\n", 1<<18) + "\r\n", 431},
			{"a target of 1 MiB", "GET /" + strings.Repeat("x", 1<<20) + " HTTP/1.1\r\n\r\n", 431},
			{"garbage", "garbage\r\n\r\n", 400},
			{"zeros", strings.Repeat("\x00", 100) + "\r\n\r\n", 400},
			{"a frame", maskedText("hello") + "\r\n\r\n", 400},
			{"two lengths", exampleRequest + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
			{"a PROXY protocol header nobody asked for", "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n" + exampleRequest + "\r\n", 400},
		} {
			t.Run(row.name, func(t *testing.T) {
				nc := d.dial()
				defer nc.Close()
				written := inBackground(func() error {
					_, err := io.WriteString(nc, row.text)
					return err
				})
				resp, err := http.ReadResponse(bufio.NewReader(nc), nil)
				must(t, err)
				equal(t, "status", resp.StatusCode, row.status)
				nc.Close()
				<-written
			})
		}
	})
}

func TestAHeaderWithoutEndIsNotTakenIn(t *testing.T) {
	bubbles(t, "", func(t *testing.T) {
		var srv websocket.Server
		nc, err := serveInMemory(t, &srv, wstest.PipeSize(1<<10)).DialContext(context.Background(), "", "")
		must(t, err)
		defer nc.Close()
		taken, _ := io.WriteString(nc, exampleRequest)
		for i := 0; ; i++ {
			n, err := fmt.Fprintf(nc, "X-%d: %s\r\n", i, strings.Repeat("x", 100))
			if taken += n; err != nil {
				break
			}
		}
		if limit := 16<<10 + 4<<10 + 4<<10 + 2<<10; taken > limit { // HeaderBytes, net/http's slack and buffer, the pipe
			t.Errorf("%d octets were taken, want at most %d", taken, limit)
		}
	})
}
