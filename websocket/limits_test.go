package websocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
	"github.com/everwire/everwire/websocket/wstest"
)

// violated is an OnError listener that expects a ProtocolError with code 1008.
func violated(t *testing.T, says string) func(*websocket.Socket, error) {
	return func(_ *websocket.Socket, err error) {
		var e *websocket.ProtocolError
		if !errors.As(err, &e) || e.Code != websocket.ClosePolicyViolation || !strings.Contains(e.Detail, says) {
			t.Errorf("the error is %v", err)
		}
	}
}

// rawServed returns a raw client's stream to a Socket, with options, in a bubble.
func rawServed(t *testing.T, opts *websocket.AcceptOptions, setup func(*websocket.Socket)) net.Conn {
	ln := wstest.Listen()
	hs := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		websocket.Upgrade(w, r, opts, setup)
	})}
	go hs.Serve(ln)
	t.Cleanup(func() { hs.Close() })
	nc, err := ln.Dial(context.Background(), "tcp", "x:80")
	must(t, err)
	must(t, shakeHands(nc))
	return nc
}

// shakeHands does a client's opening handshake.
func shakeHands(nc net.Conn) error {
	_, err := io.WriteString(nc, "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: Iv8io/9s+lYFgZWcXczP8Q==\r\n\r\n")
	var head []byte
	for one := make([]byte, 1); err == nil && !strings.HasSuffix(string(head), "\r\n\r\n"); {
		if _, err = nc.Read(one); err == nil {
			head = append(head, one...)
		}
	}
	return err
}

// closeCode reads a server's frames up to its Close frame, and returns its code.
func closeCode(t *testing.T, nc net.Conn) websocket.CloseCode {
	t.Helper()
	for {
		h, payload := readFrame(t, nc)
		if h.Opcode == frame.Close {
			code, _, err := frame.ParseClose(payload)
			must(t, err)
			return code
		}
	}
}

func TestAMessageThatDoesNotGoOnEndsAfterProgressTimeout(t *testing.T) {
	for _, row := range []struct {
		name      string
		heartbeat time.Duration
		limit     time.Duration
		want      time.Duration
	}{
		{"by default", 0, 0, time.Minute},
		{"without a heartbeat", -1, 0, time.Minute},
		{"sooner than the heartbeat", time.Hour, 5 * time.Second, 5 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := newJournal()
				opts := &websocket.AcceptOptions{Heartbeat: websocket.Heartbeat{Interval: row.heartbeat},
					Limits: websocket.Limits{ProgressTimeout: row.limit}}
				nc := rawServed(t, opts, func(s *websocket.Socket) {
					j.listen(s)
					s.OnError(violated(t, "does not go on"))
				})
				var alive sync.WaitGroup
				defer alive.Wait()
				defer nc.Close()
				alive.Go(func() {
					for {
						if _, err := io.WriteString(nc, clientFrame(0x8A, "")); err != nil {
							return
						}
						time.Sleep(time.Second)
					}
				})
				time.Sleep(time.Second / 4)                // no tick of the clock while a frame is looked at
				io.WriteString(nc, clientFrame(0x01, "a")) // a fragment
				for range 10 {                             // goes on, slowly
					time.Sleep(row.want - time.Second/2)
					io.WriteString(nc, clientFrame(0x00, "a"))
				}
				start := time.Now()
				equal(t, "code", closeCode(t, nc), websocket.ClosePolicyViolation)
				if got := time.Since(start); got < row.want || got > row.want+time.Second {
					t.Errorf("it took %v, want %v", got, row.want)
				}
				nc.Close()
				j.waitClose(t)
			})
		})
	}
}

func TestAMessageThatIsWholeMayBeFollowedByNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal()
		nc := rawServed(t, &websocket.AcceptOptions{Heartbeat: websocket.Heartbeat{Interval: -1}}, j.listen)
		go io.Copy(io.Discard, nc)
		io.WriteString(nc, clientFrame(0x01, "a"))
		time.Sleep(59 * time.Second)
		io.WriteString(nc, clientFrame(0x80, "b"))
		time.Sleep(time.Hour)
		equal(t, "errors", count(j.now(), "error"), 0)
		nc.Close()
		j.waitClose(t)
	})
}

func TestConnEndsAMessageThatDoesNotGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := wstest.Conns(t, &wstest.PairOptions{})
		w, err := c.Writer(forever, websocket.Binary)
		must(t, err)
		w.Write(make([]byte, 40<<10))
		go c.CloseRead(forever)
		start := time.Now()
		_, _, err = s.Read(forever)
		var e *websocket.ProtocolError
		if !errors.As(err, &e) || e.Code != websocket.ClosePolicyViolation {
			t.Errorf("Read: %v", err)
		}
		equal(t, "after", time.Since(start), time.Minute)
	})
}

func TestAFloodOfControlFramesEndsWith1008(t *testing.T) {
	for _, opcode := range []byte{0x89, 0x8A} {
		synctest.Test(t, func(t *testing.T) {
			j := newJournal()
			opts := &websocket.AcceptOptions{Limits: websocket.Limits{ControlFrames: 3}}
			nc := rawServed(t, opts, func(s *websocket.Socket) {
				j.listen(s)
				s.OnError(violated(t, "control frames"))
			})
			defer nc.Close()
			codes := make(chan websocket.CloseCode, 1)
			go func() { codes <- closeCode(t, nc) }()
			for range 5 { // 30 in ten seconds are allowed
				for range 30 {
					io.WriteString(nc, clientFrame(opcode, "x"))
				}
				time.Sleep(11 * time.Second)
			}
			equal(t, "errors", count(j.now(), "error"), 0)
			for range 31 {
				io.WriteString(nc, clientFrame(opcode, "x"))
			}
			equal(t, "code", <-codes, websocket.ClosePolicyViolation)
			nc.Close()
			j.waitClose(t)
		})
	}
}

func TestConnEndsAFloodOfControlFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := wstest.Conns(t, nil)
		go c.CloseRead(forever)
		go func() {
			for range 1001 {
				c.WriteControl(forever, frame.Pong, nil)
			}
		}()
		_, _, err := s.Read(forever)
		equal(t, "the code sent", errors.As(err, new(*websocket.ProtocolError)), true)
	})
}

func TestRatesThrottle(t *testing.T) {
	for _, row := range []struct {
		name  string
		rates websocket.Rates
	}{
		{"messages", websocket.Rates{Messages: 10}},
		{"bytes", websocket.Rates{Bytes: 64 << 10}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const n, size = 101, 6554 // ten seconds' worth, and a second's at once
				opts := &wstest.PairOptions{}
				opts.Accept.Rates = row.rates
				done := make(chan struct{})
				_, c := wstest.Sockets(t, opts, func(s *websocket.Socket) {
					got := 0
					s.OnMessage(func(*websocket.Socket, websocket.Message) {
						if got++; got == n {
							close(done)
						}
					})
				}, nil)
				start := time.Now()
				for range n {
					must(t, c.Send(make([]byte, size)))
				}
				<-done
				if got := time.Since(start); got < 8*time.Second || got > 11*time.Second {
					t.Errorf("%d messages took %v", n, got)
				}

				s, cc := wstest.Conns(t, opts)
				go func() {
					for range n {
						cc.Write(forever, websocket.Binary, make([]byte, size))
					}
				}()
				start = time.Now()
				for range n {
					_, _, err := s.Read(forever)
					must(t, err)
				}
				if got := time.Since(start); got < 8*time.Second || got > 11*time.Second {
					t.Errorf("a Conn took %v for %d messages", got, n)
				}
			})
		})
	}
}

// Who is held back by Rates is not taken for dead, and can still be closed.
func TestThrottledSocketsCloseAndLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := &wstest.PairOptions{}
		opts.Accept.Rates = websocket.Rates{Messages: 0.001}
		opts.Dial.Heartbeat.Interval = -1 // its Pings would go unanswered
		j := newJournal()
		s, c := wstest.Sockets(t, opts, j.listen, nil)
		for range 3 {
			must(t, c.SendText("x"))
		}
		time.Sleep(5 * time.Minute)
		equal(t, "messages", count(j.now(), "message"), 2) // the one that was too much, too
		equal(t, "errors", count(j.now(), "error"), 0)
		must(t, s.Close(1000, ""))
		e := j.waitClose(t)
		equal(t, "the end", e[len(e)-1], `close 1000 "" clean=true`)
	})
}

func TestRatesClose(t *testing.T) {
	for _, rates := range []websocket.Rates{{Messages: 10}, {Bytes: 100_000}} {
		rates.Exceeded = websocket.CloseExceeded
		synctest.Test(t, func(t *testing.T) {
			opts := &wstest.PairOptions{}
			opts.Accept.Rates = rates
			j, k := newJournal(), newJournal()
			_, c := wstest.Sockets(t, opts, func(s *websocket.Socket) {
				j.listen(s)
				s.OnError(violated(t, "a second were sent"))
			}, k.listen)
			for range 20 {
				c.Send(make([]byte, 10_000))
			}
			j.waitClose(t)
			k.waitFor(t, "close 1008")

			s, cc := wstest.Conns(t, opts)
			go func() {
				for range 20 {
					cc.Write(forever, websocket.Binary, make([]byte, 10_000))
				}
			}()
			var err error
			for err == nil {
				_, _, err = s.Read(forever)
			}
			var e *websocket.ProtocolError
			if !errors.As(err, &e) || e.Code != websocket.ClosePolicyViolation {
				t.Errorf("Read: %v", err)
			}
			time.Sleep(time.Minute) // of the bubble: the Conn lingers
		})
	}
}
