package wstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func dial(t *testing.T, l *Listener) net.Conn {
	t.Helper()
	c, err := l.Dial(t.Context(), "tcp", "example.com:80")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func accept(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestListenerAcceptsInOrderOfDials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Listen(PipeSize(3))
		defer l.Close()
		for i := range 5 {
			c := dial(t, l)
			defer c.Close()
			mustWrite(t, c, fmt.Sprint(i)) // before Accept
		}
		for i := range 5 {
			c := accept(t, l)
			defer c.Close()
			mustRead(t, c, fmt.Sprint(i))
			if c.LocalAddr() != l.Addr() {
				t.Errorf("local address %v, listening on %v", c.LocalAddr(), l.Addr())
			}
			c.SetWriteDeadline(time.Now().Add(time.Second))
			if n, _ := c.Write(make([]byte, 10)); n != 3 {
				t.Errorf("PipeSize(3) let %d bytes pass", n)
			}
		}
	})
}

func TestListenerBacklogIsBounded(t *testing.T) {
	for _, row := range []struct {
		name string
		opts []Option
		size int
	}{
		{"default", nil, 128},
		{"2", []Option{Backlog(2)}, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := Listen(row.opts...)
				defer l.Close()
				for range row.size {
					dial(t, l)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				began := time.Now()
				_, err := l.Dial(ctx, "tcp", "a")
				mustFailDial(t, err, context.DeadlineExceeded)
				if took := time.Since(began); took != time.Minute {
					t.Errorf("gave up after %v", took)
				}

				dialed := make(chan error)
				go func() {
					_, err := l.Dial(t.Context(), "tcp", "a")
					dialed <- err
				}()
				synctest.Wait()
				accept(t, l)
				if err := <-dialed; err != nil {
					t.Errorf("Dial that waited: %v", err)
				}
			})
		})
	}
}

func mustFailDial(t *testing.T, err, target error) {
	t.Helper()
	op, ok := err.(*net.OpError)
	if !ok || op.Op != "dial" || op.Net != "pipe" || !errors.Is(err, target) {
		t.Errorf("error %v (%T), want a *net.OpError of dial with %v", err, err, target)
	}
	if ok && op.Timeout() != (target == context.DeadlineExceeded) {
		t.Errorf("%v: Timeout() = %v", err, op.Timeout())
	}
}

func TestListenerDialWithAnEndedContext(t *testing.T) {
	l := Listen()
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 50 { // a select that could dial as well would choose at random
		_, err := l.Dial(ctx, "tcp", "a")
		mustFailDial(t, err, context.Canceled)
	}
	if n := len(l.backlog); n != 0 {
		t.Errorf("%d connections in the backlog", n)
	}
}

// doneHook is a context that calls a function when it is asked for Done.
type doneHook struct {
	context.Context
	hook func()
}

func (d doneHook) Done() <-chan struct{} {
	d.hook()
	return d.Context.Done()
}

// A listener that closes after a Dial has seen it open, and before it enters the backlog, refuses or resets
// the connection; it does not forget it.
func TestListenerClosedDuringDial(t *testing.T) {
	for range 50 { // both outcomes are possible
		synctest.Test(t, func(t *testing.T) {
			l := Listen()
			ctx := doneHook{t.Context(), func() { l.Close() }}
			c, err := l.Dial(ctx, "tcp", "a")
			if err != nil {
				mustFailDial(t, err, syscall.ECONNREFUSED)
				return
			}
			c.SetDeadline(time.Now().Add(time.Minute))
			mustFailRead(t, c, syscall.ECONNRESET)
		})
	}
}

func TestListenerClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Listen(Backlog(1))
		accepting := make(chan error, 1)
		go func() {
			if c, err := l.Accept(); err == nil {
				c.Write([]byte("y"))
			}
			_, err := l.Accept()
			accepting <- err
		}()
		accepted := dial(t, l)
		synctest.Wait()
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		mustFail(t, <-accepting, net.ErrClosed)
		mustRead(t, accepted, "y") // lives on
		mustWrite(t, accepted, "z")

		_, err := l.Dial(t.Context(), "tcp", "a")
		mustFailDial(t, err, syscall.ECONNREFUSED)
		_, err = l.Accept()
		mustFail(t, err, net.ErrClosed)
		mustFail(t, l.Close(), net.ErrClosed)
	})
}

func TestListenerCloseRefusesThoseThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Listen(Backlog(1))
		waiting := dial(t, l)
		dialed := make(chan error)
		go func() {
			_, err := l.Dial(t.Context(), "tcp", "a")
			dialed <- err
		}()
		synctest.Wait()
		l.Close()
		mustFailDial(t, <-dialed, syscall.ECONNREFUSED)
		mustFailRead(t, waiting, syscall.ECONNRESET)
	})
}

// Whatever the order in which they meet: no Dial, Accept or Close hangs, and a connection that nobody
// accepted is reset.
func TestListenerConcurrentMethods(t *testing.T) {
	for range 50 {
		l := Listen(Backlog(1))
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				c, err := l.Dial(context.Background(), "tcp", "a")
				if err != nil {
					return
				}
				if _, err := io.ReadAll(c); err != nil && !errors.Is(err, syscall.ECONNRESET) {
					t.Error(err)
				}
				c.Close()
			})
			wg.Go(func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					c.Close()
				}
			})
		}
		wg.Go(func() { l.Close() })
		wg.Wait()
	}
}

// A server and a client of net/http on the fake clock: requests, keep-alive, a server's timeout, shutdown.
func TestListenerServesHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Listen()
		srv := &http.Server{
			ReadHeaderTimeout: time.Minute,
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				w.Write(got)
			}),
		}
		served := make(chan error, 1)
		go func() { served <- srv.Serve(l) }()

		tr := &http.Transport{DialContext: l.Dial}
		client := &http.Client{Transport: tr}
		body := someBytes(1, 300_000)
		for range 3 {
			resp, err := client.Post("http://"+l.Addr().String()+"/", "", bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || string(got) != string(body) {
				t.Fatalf("%d bytes, %v; want %d", len(got), err, len(body))
			}
		}

		began := time.Now()
		silent := dial(t, l)
		mustFailRead(t, silent, io.EOF)
		if took := time.Since(began); took != time.Minute {
			t.Errorf("the server closed a silent connection after %v", took)
		}
		silent.Close()

		tr.CloseIdleConnections()
		if err := srv.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if err := <-served; err != http.ErrServerClosed {
			t.Error(err)
		}
	})
}
