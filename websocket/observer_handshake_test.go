package websocket_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// handshakes is an Observer's function that passes on what it is told, in short.
func handshakes() (told chan string, f func(r *http.Request, status int, err error, took time.Duration)) {
	told = make(chan string, 100)
	return told, func(r *http.Request, status int, err error, took time.Duration) {
		what := fmt.Sprint(status)
		if r != nil {
			what += " " + r.URL.Path
		}
		switch {
		case errors.Is(err, websocket.ErrNoRequest):
			what += " no request"
		case err != nil:
			what += " refused"
		}
		if took < 0 || took > time.Minute {
			what += " it took " + took.String()
		}
		told <- what
	}
}

func TestObserverIsToldOfEveryHandshake(t *testing.T) {
	plain := "GET /page HTTP/1.1\r\nHost: x\r\n\r\n"
	for _, row := range []struct {
		name    string
		server  func(*websocket.Server)
		request string
		cut     bool // the client ends it there
		want    string
	}{
		{name: "accepted", request: exampleRequest + "\r\n", want: "101 /chat"},
		{name: "of a stranger", request: strings.Replace(exampleRequest, "https://javascript.info", "https://evil.example", 1) + "\r\n", want: "403 /chat refused"},
		{name: "refused by the program", server: func(srv *websocket.Server) {
			srv.Options.OnRequest = func(*http.Request, http.Header) error { return websocket.Refuse(429, "") }
		}, request: exampleRequest + "\r\n", want: "429 /chat refused"},
		{name: "no upgrade", request: plain, want: "426 /page refused"},
		{name: "for the Handler", server: func(srv *websocket.Server) { srv.Handler = http.NotFoundHandler() }, request: plain, cut: true},
		{name: "nothing", cut: true, want: "0 no request"},
		{name: "a part", request: exampleRequest, cut: true, want: "0 no request"},
		{name: "garbage", request: "garbage\r\n\r\n", want: "0 no request"},
		{name: "too slow", server: func(srv *websocket.Server) { srv.HandshakeTimeout = 20 * time.Millisecond }, request: "GET", want: "0 no request"},
		{name: "too slow with garbage", server: func(srv *websocket.Server) { srv.HandshakeTimeout = 20 * time.Millisecond }, request: "garbage", want: "0 no request"},
	} {
		t.Run(row.name, func(t *testing.T) {
			overDoors(t, func(t *testing.T, listen func(*websocket.Server) *door) {
				told, f := handshakes()
				srv := &websocket.Server{Observer: &websocket.Observer{Handshake: f}}
				srv.ErrorLog = quiet
				if row.server != nil {
					row.server(srv)
				}
				nc := listen(srv).dial()
				defer nc.Close()
				_, err := io.WriteString(nc, row.request)
				if srv.HandshakeTimeout == 0 { // else the time may be over before the request, or TLS, is
					must(t, err)
				}
				if row.want == "" { // it is answered, and that was all
					resp, err := http.ReadResponse(bufio.NewReader(nc), nil)
					must(t, err)
					equal(t, "status", resp.StatusCode, 404)
					nc.Close()
					srv.Close()
					equal(t, "told", len(told), 0)
					return
				}
				if row.cut {
					nc.Close()
				}
				equal(t, "told", <-told, row.want)
				nc.Close()
				srv.Close()
				equal(t, "told besides", len(told), 0)
			})
		})
	}
}

func TestObserverIsToldOfTLSThatFails(t *testing.T) {
	overDoors(t, func(t *testing.T, listen func(*websocket.Server) *door) {
		told, f := handshakes()
		d := listen(&websocket.Server{Observer: &websocket.Observer{Handshake: f}, ErrorLog: quiet})
		if d.scheme == "ws" {
			t.Skip("there is no TLS")
		}
		nc := d.dial().(*tls.Conn).NetConn()
		defer nc.Close()
		_, err := io.WriteString(nc, exampleRequest+"\r\n")
		must(t, err)
		equal(t, "told", <-told, "0 no request")
	})
}

// What ends a Server ends the connections that have not asked yet.
func TestObserverIsToldOfConnectionsThatAServersEndCutsOff(t *testing.T) {
	overDoors(t, func(t *testing.T, listen func(*websocket.Server) *door) {
		told, f := handshakes()
		srv := &websocket.Server{Observer: &websocket.Observer{Handshake: f}, ErrorLog: quiet}
		d := listen(srv)
		first, second := rawOver(t, d.dial()), rawOver(t, d.dial())
		_, err := io.WriteString(first.nc, "GET /chat HT")
		must(t, err)
		second.ask(exampleRequest + "\r\n")
		equal(t, "the one that asked", <-told, "101 /chat")
		srv.Close()
		equal(t, "the one that did not", <-told, "0 no request")
	})
}

func TestObserverOfAServerThatIsMounted(t *testing.T) {
	told, f := handshakes()
	srv := &websocket.Server{Options: websocket.AcceptOptions{Observer: &websocket.Observer{Handshake: f}}}
	c := callHTTP(t, srv)
	c.ask(exampleRequest + "\r\n")
	equal(t, "told", <-told, "101 /chat")
	must(t, srv.Close())
	callHTTP(t, srv).ask(exampleRequest + "\r\n")
	equal(t, "told after Close", <-told, "503 /chat refused")

	wrong := &websocket.Server{Observer: &websocket.Observer{Handshake: f}}
	wrong.Options.Origins = []string{"[", "\x00://"}
	silenceLog(t)
	callHTTP(t, wrong).ask(exampleRequest + "\r\n")
	equal(t, "told of options that cannot work", <-told, "500 /chat refused")
}

func TestObserverOfAcceptAndUpgrade(t *testing.T) {
	told, f := handshakes()
	opts := &websocket.AcceptOptions{Observer: &websocket.Observer{Handshake: f}}
	for _, row := range []struct {
		name string
		h    http.HandlerFunc
	}{
		{"Accept", func(w http.ResponseWriter, r *http.Request) {
			if c, err := websocket.Accept(w, r, opts); err == nil {
				c.Terminate()
			}
		}},
		{"Upgrade", func(w http.ResponseWriter, r *http.Request) {
			if s, err := websocket.Upgrade(w, r, opts, nil); err == nil {
				s.Terminate()
			}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := io.WriteString(callHTTP(t, row.h).nc, exampleRequest+"\r\n")
			must(t, err)
			equal(t, "told", <-told, "101 /chat")
			callHTTP(t, row.h).ask("GET /page HTTP/1.1\r\nHost: x\r\n\r\n")
			equal(t, "told of what is no upgrade", <-told, "426 /page refused")
		})
	}
}

func TestObserverOfClients(t *testing.T) {
	told, f := handshakes()
	opened := make(chan websocket.Connection, 1)
	o := &websocket.Observer{
		Handshake: f,
		Opened:    func(c websocket.Connection) { opened <- c },
		Closed:    func(c websocket.Connection, _ websocket.CloseEvent) { t.Errorf("%T was never opened", c) },
	}
	teapot := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(418) })}
	ln := wstest.Listen()
	go teapot.Serve(ln)
	defer teapot.Close()
	for _, row := range []struct {
		name string
		dial func(ctx context.Context, network, address string) (net.Conn, error)
		want string
	}{
		{"refused", ln.Dial, "418 refused"},
		{"nobody there", func(context.Context, string, string) (net.Conn, error) { return nil, io.ErrClosedPipe }, "0 refused"},
	} {
		t.Run(row.name, func(t *testing.T) {
			opts := &websocket.DialOptions{DialContext: row.dial, Observer: o}
			if _, err := websocket.Dial(t.Context(), "ws://x/", opts); err == nil {
				t.Error("Dial succeeded")
			}
			equal(t, "told of Dial", <-told, row.want)
			closed := make(chan struct{})
			_, err := websocket.New("ws://x/", opts, func(s *websocket.Socket) {
				s.OnClose(func(*websocket.Socket, websocket.CloseEvent) { close(closed) })
			})
			must(t, err)
			within(t, "the end", closed)
			equal(t, "told of New", <-told, row.want)
		})
	}
	equal(t, "opened", len(opened), 0)
}

// Took is the time from the request on, or from when connecting began.
func TestObserverIsToldHowLongAHandshakeTook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took := make(chan time.Duration, 2)
		o := &websocket.Observer{Handshake: func(_ *http.Request, _ int, _ error, d time.Duration) { took <- d }}
		opts := &wstest.PairOptions{}
		opts.Accept.Observer = o
		opts.Accept.OnRequest = func(*http.Request, http.Header) error {
			time.Sleep(3 * time.Second)
			return nil
		}
		wstest.Sockets(t, opts, nil, nil)
		equal(t, "at the server's end", <-took, 3*time.Second)
		opts.Accept.Observer, opts.Dial.Observer = nil, o
		wstest.Sockets(t, opts, nil, nil)
		equal(t, "at the client's end", <-took, 3*time.Second)
	})
}

// A panic of the function ends the connection that was made, and nothing else.
func TestAPanicInHandshake(t *testing.T) {
	silenceLog(t)
	overDoors(t, func(t *testing.T, listen func(*websocket.Server) *door) {
		srv := &websocket.Server{Observer: &websocket.Observer{
			Handshake: func(*http.Request, int, error, time.Duration) { panic("boom") },
		}, ErrorLog: quiet}
		d := listen(srv)
		accepted := rawOver(t, d.dial())
		_, err := io.WriteString(accepted.nc, exampleRequest+"\r\n")
		must(t, err)
		got, err := io.ReadAll(accepted.br)
		if err != nil || !strings.HasSuffix(string(got), "\x88\x02\x03\xf3") {
			t.Errorf("an accepted client gets %q, not 1011: %v", got, err)
		}
		refused := rawOver(t, d.dial())
		resp, _ := refused.ask("GET /page HTTP/1.1\r\nHost: x\r\n\r\n")
		equal(t, "the status of one that is refused", resp.StatusCode, 426)
		_, err = io.WriteString(d.dial(), "garbage\r\n\r\n")
		must(t, err)
		must(t, srv.Shutdown(t.Context()))
	})
}
