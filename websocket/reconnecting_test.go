package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

func TestReconnectingDialsAgainAfterEveryLoss(t *testing.T) {
	bubble(t, func(t *testing.T) {
		j := newJournal()
		p := newPlace(t, sockets(t, func(n int32, s *websocket.Socket) {
			s.OnOpen(func(s *websocket.Socket) {
				s.SendText(fmt.Sprint(n))
				time.AfterFunc(time.Minute, func() {
					switch n {
					case 1:
						s.Terminate()
					case 2:
						s.Close(websocket.CloseGoingAway, "")
					}
				})
			})
		}))
		p.wrap = func(_ int32, nc net.Conn) net.Conn {
			f := wstest.Faulty(nc)
			f.Writes().Delay(time.Millisecond) // so that closing is not over at once
			return f
		}
		rs := p.connect(t, func(rs *websocket.ReconnectingSocket) {
			j.follow(rs)
			rs.OnReconnecting(func(rs *websocket.ReconnectingSocket, _ websocket.Reconnect) {
				equal(t, "state between", rs.ReadyState(), websocket.Connecting)
				equal(t, "socket between", rs.Socket(), nil)
			})
			equal(t, "state before", rs.ReadyState(), websocket.Connecting)
			equal(t, "socket before", rs.Socket(), nil)
		})
		j.waitFor(t, "message 2")
		entries := j.waitFor(t, "message 3")
		equal(t, "events", strings.Join(entries, ", "), "open, message 1, error, close 1006 final=false, reconnecting 1, "+
			"open, message 2, close 1001 final=false, reconnecting 1, open, message 3")
		equal(t, "state", rs.ReadyState(), websocket.Open)
		must(t, rs.Socket().Ping(nil))
		must(t, rs.Close(websocket.CloseNormal, ""))
		equal(t, "state while closing", rs.ReadyState(), websocket.Closing)
		entries = j.waitFor(t, "end")
		equal(t, "last events", entries[len(entries)-2:], []string{"close 1000 final=true", "end <nil>"})
		equal(t, "state after", rs.ReadyState(), websocket.Closed)
		equal(t, "overlap", j.overlap.Load(), false)
	})
}

func TestReconnectingWaitsLongerAfterEachFailure(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPlace(t, nil)
		p.down.Store(true)
		p.opts.Backoff.Jitter = -1
		var waits, meant []time.Duration
		var attempts []int
		last := time.Now()
		enough := make(chan struct{})
		p.opts.Prepare = func(ctx context.Context, attempt int) (string, *websocket.DialOptions, error) {
			waits = append(waits, time.Since(last))
			attempts = append(attempts, attempt)
			last = time.Now()
			return "", nil, nil
		}
		p.connect(t, func(rs *websocket.ReconnectingSocket) {
			rs.OnReconnecting(func(rs *websocket.ReconnectingSocket, next websocket.Reconnect) {
				meant = append(meant, next.Delay)
				if !errors.Is(next.Cause, errDown) {
					t.Errorf("the cause is %v", next.Cause)
				}
				if next.Attempt == 8 {
					close(enough)
				}
			})
		})
		within(t, "attempt 8", allow(enough, 2*time.Minute))
		equal(t, "waits", waits, []time.Duration{0, 1e9, 2e9, 4e9, 8e9, 16e9, 30e9})
		equal(t, "announced", meant, []time.Duration{1e9, 2e9, 4e9, 8e9, 16e9, 30e9, 30e9})
		equal(t, "attempts", attempts, []int{1, 2, 3, 4, 5, 6, 7})
	})
}

// allow gives c up to d, on the fake clock.
func allow(c <-chan struct{}, d time.Duration) <-chan struct{} {
	select {
	case <-c:
	case <-time.After(d):
	}
	return c
}

func TestReconnectingDoesNotHammerAServerThatClosesAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var delays []time.Duration
		var attempts []int
		p := newPlace(t, sockets(t, func(n int32, s *websocket.Socket) {
			s.OnOpen(func(s *websocket.Socket) {
				lasts := 9 * time.Second
				if n == 4 {
					lasts = 10 * time.Second // stable
				}
				time.AfterFunc(lasts, s.Terminate)
			})
		}))
		p.opts.Backoff.Jitter = -1
		enough := make(chan struct{})
		p.connect(t, func(rs *websocket.ReconnectingSocket) {
			rs.OnReconnecting(func(rs *websocket.ReconnectingSocket, next websocket.Reconnect) {
				delays, attempts = append(delays, next.Delay), append(attempts, next.Attempt)
				if len(delays) == 6 {
					close(enough)
				}
			})
		})
		within(t, "six losses", allow(enough, 5*time.Minute))
		equal(t, "delays", delays, []time.Duration{1e9, 2e9, 4e9, 1e9, 2e9, 4e9})
		equal(t, "attempts", attempts, []int{2, 3, 4, 1, 2, 3})
	})
}

func TestReconnectingWaitsAsTheServerAsks(t *testing.T) {
	closing := func(code websocket.CloseCode) func(*testing.T, http.ResponseWriter, *http.Request) {
		return func(t *testing.T, w http.ResponseWriter, r *http.Request) {
			sockets(t, func(_ int32, s *websocket.Socket) {
				s.OnOpen(func(s *websocket.Socket) { s.Close(code, "") })
			})(1, w, r)
		}
	}
	refusing := func(status int, retryAfter func() string) func(*testing.T, http.ResponseWriter, *http.Request) {
		return func(t *testing.T, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", retryAfter())
			w.WriteHeader(status)
		}
	}
	seconds := func(n int) func() string { return func() string { return fmt.Sprint(n) } }
	for _, test := range []struct {
		name     string
		serve    func(*testing.T, http.ResponseWriter, *http.Request)
		min, max time.Duration
	}{
		{"1012 service restart", closing(1012), 5 * time.Second, 30 * time.Second},
		{"1013 try again later", closing(1013), 30 * time.Second, time.Minute},
		{"1001 going away", closing(1001), 0, time.Second},
		{"503 and seconds", refusing(503, seconds(90)), 90 * time.Second, 91 * time.Second},
		{"429 and seconds", refusing(429, seconds(7)), 7 * time.Second, 8 * time.Second},
		{"503 and too many seconds", refusing(503, seconds(3600)), 5 * time.Minute, 301 * time.Second},
		{"503 and a date", refusing(503, func() string {
			return time.Now().Add(40 * time.Second).UTC().Format(http.TimeFormat)
		}), 39 * time.Second, 41 * time.Second},
		{"503 and a date in the past", refusing(503, func() string { return "Sun, 06 Nov 1994 08:49:37 GMT" }), 0, time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var lost, again time.Time
				served := make(chan struct{})
				p := newPlace(t, func(n int32, w http.ResponseWriter, r *http.Request) {
					switch n {
					case 1:
						test.serve(t, w, r)
					case 2:
						again = time.Now()
						close(served)
					}
				})
				p.connect(t, func(rs *websocket.ReconnectingSocket) {
					rs.OnReconnecting(func(_ *websocket.ReconnectingSocket, next websocket.Reconnect) {
						if lost.IsZero() {
							lost = time.Now()
						}
					})
				})
				within(t, "the second attempt", allow(served, 10*time.Minute))
				if d := again.Sub(lost); d < test.min || d > test.max {
					t.Errorf("it came after %v, want from %v to %v", d, test.min, test.max)
				}
			})
		})
	}
}

func TestReconnectingEndsWhereRetryingIsOfNoUse(t *testing.T) {
	closing := func(code websocket.CloseCode) func(*testing.T, http.ResponseWriter, *http.Request) {
		return func(t *testing.T, w http.ResponseWriter, r *http.Request) {
			sockets(t, func(_ int32, s *websocket.Socket) {
				s.OnOpen(func(s *websocket.Socket) { s.Close(code, "") })
			})(1, w, r)
		}
	}
	for _, test := range []struct {
		name   string
		serve  func(*testing.T, http.ResponseWriter, *http.Request)
		events string
		reason error
	}{
		{"closed with 1000", closing(1000), "open, close 1000 final=true", &websocket.CloseError{}},
		{"closed without a code", closing(0), "open, close 1005 final=true", &websocket.CloseError{}},
		{"closed with 4001", closing(4001), "open, close 4001 final=true", &websocket.CloseError{}},
		{"answered with 401", func(t *testing.T, w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(401)
		}, "error", &websocket.HandshakeError{}},
		{"a message too big", func(t *testing.T, w http.ResponseWriter, r *http.Request) {
			sockets(t, func(_ int32, s *websocket.Socket) {
				s.OnOpen(func(s *websocket.Socket) { s.Send(make([]byte, 2<<20)) })
			})(1, w, r)
		}, "open, error, close 1006 final=true", &websocket.ProtocolError{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				j := newJournal()
				p := newPlace(t, func(_ int32, w http.ResponseWriter, r *http.Request) { test.serve(t, w, r) })
				var reason error
				p.connect(t, func(rs *websocket.ReconnectingSocket) {
					rs.OnEnd(func(_ *websocket.ReconnectingSocket, err error) { reason = err })
					j.follow(rs)
				})
				entries := j.waitFor(t, "end")
				equal(t, "events", strings.Join(entries[:len(entries)-1], ", "), test.events)
				if fmt.Sprintf("%T", reason) != fmt.Sprintf("%T", test.reason) {
					t.Errorf("the reason is %v, want a %T", reason, test.reason)
				}
				time.Sleep(time.Hour)
				equal(t, "attempts", p.dials.Load(), 1)
			})
		})
	}
}

func TestReconnectingAsksRetry(t *testing.T) {
	bubble(t, func(t *testing.T) {
		j := newJournal()
		p := newPlace(t, sockets(t, func(n int32, s *websocket.Socket) {
			s.OnOpen(func(s *websocket.Socket) { s.Close(4000+websocket.CloseCode(n), "") })
		}))
		p.opts.Retry = func(cause error) bool {
			j.note(fmt.Sprint("retry ", int(websocket.CloseCodeOf(cause))))
			return websocket.Retryable(cause) || websocket.CloseCodeOf(cause) == 4001
		}
		p.connect(t, j.follow)
		equal(t, "events", strings.Join(j.waitFor(t, "end"), ", "), "open, retry 4001, close 4001 final=false, reconnecting 2, "+
			"open, retry 4002, close 4002 final=true, end websocket: closed by peer: "+websocket.CloseCode(4002).String())
	})
}

func TestReconnectingGivesUpAfterMaxAttempts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		j := newJournal()
		p := newPlace(t, nil)
		p.down.Store(true)
		p.opts.MaxAttempts = 3
		var reason error
		p.connect(t, func(rs *websocket.ReconnectingSocket) {
			rs.OnEnd(func(_ *websocket.ReconnectingSocket, err error) { reason = err })
			j.follow(rs)
		})
		entries := j.waitFor(t, "end")
		equal(t, "events", entries[:5], []string{"error", "reconnecting 2", "error", "reconnecting 3", "error"})
		if !errors.Is(reason, errDown) || !strings.Contains(reason.Error(), "after 3 attempts") {
			t.Errorf("the reason is %v", reason)
		}
	})
}

func TestReconnectingPreparesEachAttempt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		j := newJournal()
		p := newPlace(t, func(n int32, w http.ResponseWriter, r *http.Request) {
			j.note("asked for " + r.URL.String() + " by " + r.Header.Get("Authorization"))
			w.WriteHeader(503)
		})
		p.opts.Prepare = func(ctx context.Context, attempt int) (string, *websocket.DialOptions, error) {
			switch attempt {
			case 1:
				return "", nil, nil
			case 2:
				return "", nil, errors.New("no token")
			case 3:
				opts := p.opts.Dial
				opts.Header = http.Header{"Authorization": {"token"}}
				return "ws://y/other", &opts, nil
			}
			return "gopher://z", nil, nil
		}
		p.connect(t, j.follow)
		entries := j.waitFor(t, "end")
		equal(t, "events", strings.Join(entries[:len(entries)-1], ", "), "asked for / by , error, reconnecting 2, error, reconnecting 3, "+
			"asked for /other by token, error, reconnecting 4, error")
		if end := entries[len(entries)-1]; !strings.Contains(end, "gopher") {
			t.Errorf("the last event is %q", end)
		}
	})
}

func TestReconnectingOptionsThatCannotWork(t *testing.T) {
	for _, test := range []struct {
		name string
		url  string
		opts *websocket.ReconnectOptions
	}{
		{"URL", "gopher://x", nil},
		{"no URL", "", nil},
		{"back-off", "ws://x", &websocket.ReconnectOptions{Backoff: websocket.Backoff{Factor: 0.1}}},
		{"dial options", "ws://x", &websocket.ReconnectOptions{Dial: websocket.DialOptions{Subprotocols: []string{"a b"}}}},
		{"policy", "ws://x", &websocket.ReconnectOptions{Queue: websocket.Queue{Full: websocket.CloseSlow}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			rs, err := websocket.Reconnecting(test.url, test.opts, func(*websocket.ReconnectingSocket) { t.Error("setup was called") })
			if rs != nil || err == nil {
				t.Errorf("got %v, %v", rs, err)
			}
		})
	}
}

func TestReconnectingClosesAnywhere(t *testing.T) {
	type rs = *websocket.ReconnectingSocket
	closeIt := func(rs rs) { rs.Close(4000, "bye") }
	for _, test := range []struct {
		name    string
		down    bool
		prepare func(ctx context.Context, dial chan<- struct{}) error
		setup   func(rs)
		then    func(rs) // after a while
		events  string
	}{
		{name: "in setup", setup: closeIt, events: "end <nil>"},
		{name: "open", then: closeIt, events: "open, close 4000 final=true, end <nil>"},
		{name: "while waiting", down: true, then: closeIt, events: "error, reconnecting 2, end <nil>"},
		{name: "in OnOpen", setup: func(r rs) {
			r.OnOpen(func(r rs, _ *websocket.Socket) { closeIt(r) })
		}, events: "open, close 4000 final=true, end <nil>"},
		{name: "in OnMessage", setup: func(r rs) {
			r.SendText("x")
			r.OnMessage(func(r rs, _ websocket.Message) { closeIt(r) })
		}, events: "open, message x, close 4000 final=true, end <nil>"},
		{name: "in OnError", down: true, setup: func(r rs) {
			r.OnError(func(r rs, _ error) { closeIt(r) })
		}, events: "error, end <nil>"},
		{name: "in OnClose", setup: func(r rs) {
			r.OnClose(func(r rs, _ websocket.CloseEvent, _ websocket.Reconnect) { closeIt(r) })
		}, then: func(r rs) { r.Socket().Terminate() }, events: "open, close 1006 final=false, end <nil>"},
		{name: "in OnReconnecting", down: true, setup: func(r rs) {
			r.OnReconnecting(func(r rs, _ websocket.Reconnect) { closeIt(r) })
		}, events: "error, reconnecting 2, end <nil>"},
		{name: "in OnEnd", setup: func(r rs) {
			r.OnEnd(func(r rs, _ error) { closeIt(r); r.Terminate() })
		}, then: closeIt, events: "open, close 4000 final=true, end <nil>"},
		{name: "in Done", setup: func(r rs) {
			r.SendFunc(nil, func(error) { closeIt(r) })
		}, events: "open, close 4000 final=true, end <nil>"},
		{name: "while Prepare runs", prepare: func(ctx context.Context, _ chan<- struct{}) error {
			<-ctx.Done()
			return ctx.Err()
		}, then: closeIt, events: "end <nil>"},
		{name: "while dialing", prepare: func(_ context.Context, dial chan<- struct{}) error {
			close(dial)
			return nil
		}, then: closeIt, events: "end <nil>"},
		{name: "terminated in setup", setup: rs.Terminate, events: "end websocket: closed"},
		{name: "terminated open", then: rs.Terminate, events: "open, close 1006 final=true, end websocket: closed"},
		{name: "terminated while waiting", down: true, then: rs.Terminate, events: "error, reconnecting 2, end websocket: closed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				j := newJournal()
				p := newPlace(t, sockets(t, func(n int32, s *websocket.Socket) {
					s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
						if m.Type() == websocket.Text {
							s.SendMessage(m)
						}
					})
				}))
				p.down.Store(test.down)
				p.opts.Backoff = websocket.Backoff{First: time.Minute, Jitter: -1}
				if test.prepare != nil {
					p.opts.Prepare = func(ctx context.Context, attempt int) (string, *websocket.DialOptions, error) {
						dial := make(chan struct{})
						err := test.prepare(ctx, dial)
						select {
						case <-dial:
							opts := p.opts.Dial
							opts.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
								<-ctx.Done()
								return nil, ctx.Err()
							}
							return "", &opts, err
						default:
						}
						return "", nil, err
					}
				}
				rs := p.connect(t, func(rs *websocket.ReconnectingSocket) {
					j.follow(rs)
					if test.setup != nil {
						test.setup(rs)
					}
				})
				if test.then != nil {
					time.Sleep(time.Second)
					test.then(rs)
				}
				<-rs.Context().Done()
				entries := j.waitFor(t, "end")
				equal(t, "events", strings.Join(entries, ", "), test.events)
				equal(t, "sending after the end", rs.SendText("x"), websocket.ErrClosed)
				equal(t, "closing after the end", rs.Close(1000, ""), nil)
				time.Sleep(time.Hour)
				equal(t, "events later", len(j.now()), len(entries))
			})
		})
	}
}

func TestReconnectingCloseTakesOnlyWhatMayBeSent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPlace(t, nil)
		p.down.Store(true)
		rs := p.connect(t, nil)
		equal(t, "1006", rs.Close(1006, ""), websocket.ErrInvalidClose)
		equal(t, "state", rs.ReadyState(), websocket.Connecting)
	})
}

func TestReconnectingRetryNowEndsTheWait(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPlace(t, nil)
		p.down.Store(true)
		p.opts.Backoff = websocket.Backoff{First: time.Hour, Jitter: -1}
		start := time.Now()
		rs := p.connect(t, func(rs *websocket.ReconnectingSocket) {
			rs.OnReconnecting(func(rs *websocket.ReconnectingSocket, next websocket.Reconnect) {
				if next.Attempt == 2 {
					rs.RetryNow()
				}
			})
		})
		synctest.Wait()
		equal(t, "attempts", p.dials.Load(), 2)
		rs.RetryNow()
		rs.RetryNow()
		synctest.Wait()
		equal(t, "attempts", p.dials.Load(), 3)
		equal(t, "time", time.Since(start), 0)
	})
}

func TestAPanicEndsAReconnectingSocket(t *testing.T) {
	type rs = *websocket.ReconnectingSocket
	boom := func() { panic(io.ErrShortWrite) }
	for _, test := range []struct {
		name    string
		down    bool
		options func(*websocket.ReconnectOptions)
		setup   func(rs)
		then    func(rs)
		code    websocket.CloseCode // that the server is told
	}{
		{name: "OnOpen", setup: func(r rs) { r.OnOpen(func(rs, *websocket.Socket) { boom() }) }, code: 1011},
		{name: "OnMessage", setup: func(r rs) {
			r.SendText("x")
			r.OnMessage(func(rs, websocket.Message) { boom() })
		}, code: 1011},
		{name: "OnError", down: true, setup: func(r rs) { r.OnError(func(rs, error) { boom() }) }},
		{name: "OnClose", setup: func(r rs) {
			r.OnClose(func(rs, websocket.CloseEvent, websocket.Reconnect) { boom() })
		}, then: func(r rs) { r.Socket().Terminate() }, code: 1006},
		{name: "OnReconnecting", down: true, setup: func(r rs) { r.OnReconnecting(func(rs, websocket.Reconnect) { boom() }) }},
		{name: "Done", setup: func(r rs) { r.SendFunc(nil, func(error) { boom() }) }, code: 1011},
		{name: "Retry", down: true, options: func(o *websocket.ReconnectOptions) { o.Retry = func(error) bool { boom(); return true } }},
		{name: "Prepare", options: func(o *websocket.ReconnectOptions) {
			o.Prepare = func(context.Context, int) (string, *websocket.DialOptions, error) { boom(); return "", nil, nil }
			o.Retry = func(error) bool { return true }
		}},
		{name: "DialContext", options: func(o *websocket.ReconnectOptions) {
			o.Dial.DialContext = func(context.Context, string, string) (net.Conn, error) { boom(); return nil, nil }
			o.Retry = func(error) bool { return true }
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				told := make(chan websocket.CloseCode, 1)
				p := newPlace(t, sockets(t, func(n int32, s *websocket.Socket) {
					s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
					s.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) { told <- e.Code })
				}))
				p.down.Store(test.down)
				if test.options != nil {
					test.options(&p.opts)
				}
				var reported, reason error
				ended := make(chan struct{})
				rs := p.connect(t, func(rs *websocket.ReconnectingSocket) {
					rs.OnError(func(_ *websocket.ReconnectingSocket, err error) { reported = err })
					rs.OnEnd(func(_ *websocket.ReconnectingSocket, err error) {
						reason = err
						close(ended)
					})
					if test.setup != nil {
						test.setup(rs)
					}
				})
				if test.then != nil {
					synctest.Wait()
					test.then(rs)
				}
				within(t, "the end", ended)
				var panicked *websocket.PanicError
				if !errors.As(reason, &panicked) || !errors.Is(reason, io.ErrShortWrite) || reported != reason {
					t.Errorf("the end's reason is %v, the error %v", reason, reported)
				}
				if test.code != 0 {
					equal(t, "the server is told", <-told, test.code)
				}
			})
		})
	}
}

func TestAPanicInSetupEndsAReconnectingSocketAndGoesOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		j := newJournal()
		p := newPlace(t, nil)
		func() {
			defer func() { equal(t, "panic", recover(), any("boom")) }()
			websocket.Reconnecting("ws://x", &p.opts, func(rs *websocket.ReconnectingSocket) {
				j.follow(rs)
				panic("boom")
			})
		}()
		entries := j.waitFor(t, "end")
		if len(entries) != 2 || entries[0] != "error" || !strings.HasPrefix(entries[1], "end websocket: panic in a callback: boom") {
			t.Errorf("events: %q", entries)
		}
		equal(t, "attempts", p.dials.Load(), 0)
	})
}

func TestGoexitInAReconnectingSocketsListenerEndsNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		j := newJournal()
		p := newPlace(t, sockets(t, func(n int32, s *websocket.Socket) {
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
				s.SendMessage(m)
				s.Close(1001, "")
			})
		}))
		p.opts.Retry = func(cause error) bool {
			j.note("retry")
			runtime.Goexit()
			return false
		}
		goexit := func() { runtime.Goexit() }
		rs := p.connect(t, func(rs *websocket.ReconnectingSocket) {
			j.follow(rs)
			rs.OnOpen(func(*websocket.ReconnectingSocket, *websocket.Socket) { goexit() })
			rs.OnMessage(func(*websocket.ReconnectingSocket, websocket.Message) { goexit() })
			rs.OnClose(func(*websocket.ReconnectingSocket, websocket.CloseEvent, websocket.Reconnect) { goexit() })
			rs.OnReconnecting(func(*websocket.ReconnectingSocket, websocket.Reconnect) { goexit() })
			rs.SendFunc([]byte("x"), func(error) { j.note("done"); goexit() })
		})
		j.waitFor(t, "reconnecting")
		j.wait(t, func(e []string) bool { return count(e, "open") == 2 })
		equal(t, "done", count(j.now(), "done"), 1)
		equal(t, "retry", count(j.now(), "retry"), 1)
		equal(t, "message", count(j.now(), "message x"), 1)
		rs.Close(1000, "")
		j.waitFor(t, "end <nil>")
	})
}

func TestReconnectingDeliversNothingBeforeSetupReturned(t *testing.T) {
	bubble(t, func(t *testing.T) {
		j := newJournal()
		p := newPlace(t, nil)
		p.down.Store(true)
		p.opts.Queue = websocket.Queue{Messages: 1, Full: websocket.DropOldest}
		p.connect(t, func(rs *websocket.ReconnectingSocket) {
			j.follow(rs)
			rs.SendText("a")
			rs.SendText("b")
			time.Sleep(time.Minute)
			equal(t, "events in setup", j.now(), []string(nil))
		})
		j.waitFor(t, "reconnecting")
		equal(t, "events", j.now()[0], "drop a: websocket: send queue is full")
	})
}

// While listeners block, nothing else is delivered, of whatever source.
func TestListenersOfAReconnectingSocketNeverRunAtTheSameTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		j := newJournal()
		p := newPlace(t, sockets(t, func(n int32, s *websocket.Socket) {
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
				if s.SendMessage(m); m.Text() == "9" && n < 4 {
					s.Close(1001, "")
				}
			})
		}))
		p.opts.Queue = websocket.Queue{Messages: 5, Full: websocket.DropOldest}
		inside, overlap := false, false
		visit := func() {
			overlap = overlap || inside
			inside = true
			time.Sleep(time.Millisecond)
			inside = false
		}
		p.connect(t, func(rs *websocket.ReconnectingSocket) {
			j.follow(rs)
			rs.OnOpen(func(rs *websocket.ReconnectingSocket, _ *websocket.Socket) {
				visit()
				for i := range 10 {
					go rs.SendWith(websocket.Outgoing{Type: websocket.Text, Data: fmt.Append(nil, i), Done: func(error) { visit() }})
				}
			})
			rs.OnMessage(func(*websocket.ReconnectingSocket, websocket.Message) { visit() })
			rs.OnClose(func(*websocket.ReconnectingSocket, websocket.CloseEvent, websocket.Reconnect) { visit() })
			rs.OnReconnecting(func(rs *websocket.ReconnectingSocket, _ websocket.Reconnect) {
				visit()
				for range 10 {
					rs.SendText("offline")
				}
			})
			rs.OnDrop(func(*websocket.ReconnectingSocket, websocket.Drop) { visit() })
		})
		time.Sleep(time.Minute)
		synctest.Wait()
		if count(j.now(), "open") == 0 || count(j.now(), "message") == 0 || count(j.now(), "drop") == 0 || overlap || j.overlap.Load() {
			t.Errorf("overlap %v, %v; events %q", overlap, j.overlap.Load(), j.now())
		}
	})
}

func TestAReconnectingSocketsListenersCanBeRemoved(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPlace(t, nil)
		p.down.Store(true)
		calls, other := 0, 0
		p.connect(t, func(rs *websocket.ReconnectingSocket) {
			var l websocket.Listener
			l = rs.OnError(func(*websocket.ReconnectingSocket, error) {
				calls++
				l.Remove()
				l.Remove()
			})
			rs.OnError(func(*websocket.ReconnectingSocket, error) { other++ })
		})
		time.Sleep(time.Minute)
		synctest.Wait()
		if calls != 1 || other < 2 {
			t.Errorf("the one that was removed was called %d times, the other %d times", calls, other)
		}
	})
}

// Messages are delivered beside events that come as fast as they are delivered.
func TestReconnectingHearsBesideEventsThatCauseOthers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPlace(t, sockets(t, func(_ int32, s *websocket.Socket) {
			came := 0
			s.OnMessage(func(s *websocket.Socket, _ websocket.Message) {
				if came++; came == 200 {
					s.SendText("enough")
				}
			})
		}))
		heard := make(chan struct{})
		var stop atomic.Bool
		rs := p.connect(t, func(rs *websocket.ReconnectingSocket) {
			rs.OnMessage(func(*websocket.ReconnectingSocket, websocket.Message) { close(heard) })
		})
		var next func(error)
		next = func(err error) {
			time.Sleep(time.Millisecond)
			for range 2 {
				if err == nil && !stop.Load() {
					rs.SendFunc([]byte("x"), next)
				}
			}
		}
		next(nil)
		within(t, "the peer's message", heard)
		stop.Store(true)
	})
}
