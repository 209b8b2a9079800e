package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

// refusing returns a URL where nobody listens: the port is held by a connection that was made from it.
func refusing(t *testing.T, scheme string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_ = ln.Close()
	t.Cleanup(func() {
		_ = conn.Close()
		_ = accepted.Close()
	})
	return scheme + "://" + accepted.LocalAddr().String()
}

// hijacked does something to a connection that was made, and upgraded if it should be.
func hijacked(upgrade bool, f func(net.Conn)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if upgrade {
			c, err := websocket.Accept(w, r, nil)
			if err != nil {
				return
			}
			if _, _, err := c.Read(r.Context()); err != nil {
				return
			}
			f(c.Stream())
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		f(conn)
	})
}

func TestErrorKinds(t *testing.T) {
	reset := func(ctx context.Context, c *websocket.Conn) {
		_, _, _ = c.Read(ctx)
		c.Terminate()
	}
	closes := func(code websocket.CloseCode) http.Handler {
		return conversation(func(ctx context.Context, c *websocket.Conn) {
			_, _, _ = c.Read(ctx)
			_ = c.Close(code, "")
		})
	}
	tests := []struct {
		name string
		h    http.Handler
		kind ErrorKind
		code int
	}{
		{"no page", http.NotFoundHandler(), HandshakeError, 404},
		{"not an upgrade", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), HandshakeError, 200},
		{"Close frame", closes(websocket.CloseTryAgainLater), CloseError, 1013},
		{"Close frame without a code", closes(0), CloseError, 1005},
		{"reset", conversation(reset), ResetError, 0},
		{"wrong content", echo(func(k websocket.MessageType, b []byte) (websocket.MessageType, []byte) { b[3]++; return k, b }), ContentError, 0},
		{"silence", silence(), TimeoutError, 0},
	}
	for _, transport := range transports {
		for _, tt := range tests {
			t.Run(transport+"/"+tt.name, func(t *testing.T) {
				p := serve(t, transport, tt.h)
				p.Connections, p.Duration = 1, time.Minute
				if tt.kind == TimeoutError {
					p.AnswerTimeout = brief
				}
				_, err := Run(t.Context(), p)
				var e *Error
				if !errors.As(err, &e) || e.Kind != tt.kind || e.Code != tt.code || e.Connection != 0 {
					t.Fatalf("Run: %v: %+v; want kind %s and code %d", err, e, tt.kind, tt.code)
				}
			})
		}
	}
}

func TestRefused(t *testing.T) {
	for _, transport := range transports {
		_, err := Open(t.Context(), Plan{URL: refusing(t, transport), Connections: 3, Dialing: 1})
		var e *Error
		if !errors.As(err, &e) || e.Kind != ConnectError || e.Code != 0 || !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%s: Open: %v: %+v", transport, err, e)
		}
	}
}

// A server that ends the stream without a Close frame is not one that resets it.
func TestAbnormalClosure(t *testing.T) {
	for _, transport := range transports {
		closed := make(chan struct{})
		p := serve(t, transport, hijacked(true, func(conn net.Conn) {
			_ = conn.(interface{ CloseWrite() error }).CloseWrite()
			<-closed
			_ = conn.Close()
		}))
		p.Connections, p.Duration = 1, time.Minute
		_, err := Run(t.Context(), p)
		close(closed)
		var e *Error
		if !errors.As(err, &e) || e.Kind != CloseError || e.Code != 1006 {
			t.Errorf("%s: Run: %v: %+v", transport, err, e)
		}
	}
}

// Errors are counted by kind and code, with an example of each, the most frequent first.
func TestErrorsAreCounted(t *testing.T) {
	for _, transport := range transports {
		var asked atomic.Int64
		p := serve(t, transport, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch n := asked.Add(1); {
			case n <= 3:
				http.Error(w, "", http.StatusServiceUnavailable)
			case n == 4:
				http.Error(w, "", http.StatusTooManyRequests)
			default:
				c, err := websocket.Accept(w, r, nil)
				if err != nil {
					return
				}
				defer c.Terminate()
				for {
					mt, b, err := c.Read(r.Context())
					if err != nil || c.Write(r.Context(), mt, b) != nil {
						return
					}
				}
			}
		}))
		p.Connections, p.Dialing = 0, 1
		p.Stages = []Stage{{0, 6}, {time.Hour, 6}}
		// Those that are open at the end came last: the others have failed before.
		_, r, err := runUntil(t, p, nil, func(s Sample) bool { return s.Open == 2 })
		if err != nil {
			t.Fatalf("%s: Run: %v", transport, err)
		}
		got := ""
		for _, n := range r.ByKind {
			got += fmt.Sprintf("%s %d: %d, as %d; ", n.Kind, n.Code, n.Count, n.Example.Connection)
		}
		if want := "handshake 503: 3, as 0; handshake 429: 1, as 3; "; got != want || r.Errors != 4 {
			t.Errorf("%s: %d errors: %s; want 4: %s", transport, r.Errors, got, want)
		}
	}
}

// A server that makes up close codes costs no memory for each.
func TestErrorKindsAreBounded(t *testing.T) {
	var a, b failures
	for code := range 1000 {
		a.add(because(CloseError, 3000+code, "x"))
		b.add(because(HandshakeError, code, "x"))
	}
	list := b.appendTo(a.appendTo(nil))
	sum := int64(0)
	for _, n := range list {
		sum += n.Count
	}
	if len(list) > 2*maxKinds || sum != 2000 {
		t.Errorf("%d kinds for %d errors", len(list), sum)
	}
}

func TestErrorsOfTheSystem(t *testing.T) {
	call := func(errno syscall.Errno) error {
		return &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", errno)}
	}
	tests := []struct {
		name      string
		err       error
		otherwise ErrorKind
		want      ErrorKind
	}{
		{"refused", call(syscall.ECONNREFUSED), ConnectError, ConnectError},
		{"no port left", call(syscall.EADDRNOTAVAIL), ConnectError, ConnectError},
		{"reset while it is greeted", call(syscall.ECONNRESET), HandshakeError, ResetError},
		{"no descriptor left", call(syscall.EMFILE), ConnectError, SystemError},
		{"no answer from the network", call(syscall.ETIMEDOUT), ConnectError, TimeoutError},
		{"deadline", os.ErrDeadlineExceeded, ResetError, TimeoutError},
		{"something else", errors.New("x"), HandshakeError, HandshakeError},
		{"known already", fmt.Errorf("%w", because(ContentError, 0, "x")), HandshakeError, ContentError},
	}
	for _, tt := range tests {
		if got := ioError(tt.err, tt.otherwise); got.Kind != tt.want {
			t.Errorf("%s: kind %s, want %s", tt.name, got.Kind, tt.want)
		}
	}
}
