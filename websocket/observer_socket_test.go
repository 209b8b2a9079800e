package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
	"github.com/everwire/everwire/websocket/wstest"
)

// A watch is an Observer that writes down what it is told, for each connection what comes in and what goes out.
type watch struct {
	mu      sync.Mutex
	seen    map[websocket.Connection]*sight
	shook   []string
	changed chan struct{}
}

type sight struct {
	in, out         []string
	inWire, outWire []int64
	over            bool
}

func newWatch() *watch {
	return &watch{seen: map[websocket.Connection]*sight{}, changed: make(chan struct{})}
}

// note writes down what is told of a connection.
func (w *watch) note(c websocket.Connection, f func(*sight)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen[c] == nil {
		w.seen[c] = &sight{}
	}
	f(w.seen[c])
	close(w.changed)
	w.changed = make(chan struct{})
}

func (w *watch) in(c websocket.Connection, format string, args ...any) {
	w.note(c, func(s *sight) { s.in = append(s.in, fmt.Sprintf(format, args...)) })
}

func (w *watch) out(c websocket.Connection, format string, args ...any) {
	w.note(c, func(s *sight) { s.out = append(s.out, fmt.Sprintf(format, args...)) })
}

func (w *watch) observer() *websocket.Observer {
	return &websocket.Observer{
		Handshake: func(r *http.Request, status int, err error, took time.Duration) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.shook = append(w.shook, fmt.Sprintf("%d %v %v", status, r != nil, err))
			if took < 0 {
				w.shook = append(w.shook, "it took "+took.String())
			}
			close(w.changed)
			w.changed = make(chan struct{})
		},
		Opened: func(c websocket.Connection) { w.in(c, "opened") },
		Closed: func(c websocket.Connection, e websocket.CloseEvent) {
			w.in(c, "closed %d %q %v", e.Code, e.Reason, e.WasClean)
			w.note(c, func(s *sight) { s.over = true })
		},
		Received: func(c websocket.Connection, t websocket.MessageType, octets, wire int64) {
			w.in(c, "received %v %d", t, octets)
			w.note(c, func(s *sight) { s.inWire = append(s.inWire, wire) })
		},
		Sent: func(c websocket.Connection, t websocket.MessageType, octets, wire int64) {
			w.out(c, "sent %v %d", t, octets)
			w.note(c, func(s *sight) { s.outWire = append(s.outWire, wire) })
		},
		Control: func(c websocket.Connection, op frame.Opcode, sent bool, octets int) {
			if sent {
				w.out(c, "%v %d", op, octets)
			} else {
				w.in(c, "%v %d", op, octets)
			}
		},
		Dropped: func(s *websocket.Socket, d websocket.Drop) { w.in(s, "dropped %s %v", d.Message.Text(), d.Reason) },
		RTT:     func(c websocket.Connection, d time.Duration) { w.in(c, "rtt %v", d > 0) },
		Handled: func(s *websocket.Socket, d time.Duration) { w.in(s, "handled %v", d >= 0) },
		Throttled: func(c websocket.Connection, d time.Duration) {
			w.in(c, "throttled %v", d > 0)
		},
	}
}

// wait returns what was seen of a connection once done says so.
func (w *watch) wait(t *testing.T, c websocket.Connection, done func(*sight) bool) sight {
	t.Helper()
	limit := time.NewTimer(2 * time.Minute)
	defer limit.Stop()
	for {
		w.mu.Lock()
		var now sight
		if s := w.seen[c]; s != nil {
			now = sight{slices.Clone(s.in), slices.Clone(s.out), slices.Clone(s.inWire), slices.Clone(s.outWire), s.over}
		}
		changed := w.changed
		w.mu.Unlock()
		if done(&now) {
			return now
		}
		select {
		case <-changed:
		case <-limit.C:
			t.Fatalf("still waiting after in: %q\nout: %q", now.in, now.out)
		}
	}
}

// waitOver waits until a connection is Closed.
func (w *watch) waitOver(t *testing.T, c websocket.Connection) sight {
	t.Helper()
	return w.wait(t, c, func(s *sight) bool { return s.over })
}

// observed are the options of a pair that both have an Observer.
func observed(o *websocket.Observer) *wstest.PairOptions {
	opts := &wstest.PairOptions{}
	opts.Accept.Observer, opts.Dial.Observer = o, o
	return opts
}

func wantLines(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s:\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// The conversation has every way by which a message is sent and received.
func TestObserverIsToldOfAConversation(t *testing.T) {
	for _, compressed := range []bool{false, true} {
		t.Run(fmt.Sprintf("compressed=%v", compressed), func(t *testing.T) {
			promise(t, func(t *testing.T, a arrangement) { testConversation(t, a, compressed) })
		})
	}
}

func testConversation(t *testing.T, a arrangement, compressed bool) {
	w := newWatch()
	opts := observed(w.observer())
	opts.Compression = compressed
	setUp := false
	back := make(chan string, 1)
	s, p := a.connect(t, opts, func(s *websocket.Socket) {
		setUp = true
		w.in(s, "setup")
		s.OnOpen(func(s *websocket.Socket) { w.in(s, "open event") })
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			w.in(s, "message %d", m.Len())
			s.SendMessage(m)
		})
		s.OnPing(func(s *websocket.Socket, p []byte) { w.in(s, "ping event %d", len(p)) })
		s.OnClose(func(s *websocket.Socket, e websocket.CloseEvent) { w.in(s, "close event %d", e.Code) })
	}, func(p *websocket.Socket) {
		p.OnMessage(func(p *websocket.Socket, m websocket.Message) { back <- fmt.Sprint(m.Type(), " ", m.Len()) })
		p.OnPong(func(p *websocket.Socket, payload []byte) { back <- "pong " + string(payload) })
	})
	text := strings.Repeat("to be or not to be, ", 1000)
	prepared, err := websocket.Prepare(websocket.Text, []byte(text))
	must(t, err)
	for _, step := range []struct {
		send func() error
		back string
	}{
		{func() error { return p.SendText("hello") }, "text 5"},
		{func() error { return p.Send(nil) }, "binary 0"},
		{func() error { return p.SendText(text) }, "text 20000"},
		{func() error { return p.Send(make([]byte, 300<<10)) }, "binary 307200"},
		{func() error { return p.SendPrepared(prepared) }, "text 20000"},
		{func() error { return p.SendBlob(bytes.NewReader(make([]byte, 100_000)), 100_000) }, "binary 100000"},
		{func() error { return p.Ping([]byte("abc")) }, "pong abc"},
		{func() error { return p.SendText("bye") }, "text 3"},
	} {
		must(t, step.send())
		equal(t, "back", <-back, step.back)
	}
	must(t, p.Close(websocket.CloseNormal, "done"))
	subject, peer := w.waitOver(t, s), w.waitOver(t, p)
	w.wait(t, s, func(s *sight) bool { return count(s.in, "close event") == 1 })

	if !setUp {
		t.Fatal("there was no setup")
	}
	opened := []string{"opened", "setup", "open event"}
	if strings.HasSuffix(a.name, "/client") {
		opened = []string{"setup", "opened", "open event"}
	}
	message := func(typ string, n int) []string {
		return []string{fmt.Sprintf("received %s %d", typ, n), fmt.Sprintf("message %d", n), "handled true"}
	}
	wantLines(t, "in", w.waitOver(t, s).in, slices.Concat(opened,
		message("text", 5), message("binary", 0), message("text", 20000), message("binary", 300<<10), message("text", 20000),
		message("binary", 100_000), []string{"ping 3", "ping event 3"}, message("text", 3),
		[]string{"close 6", `closed 1000 "done" true`, "close event 1000"})...)
	wantLines(t, "out", subject.out, "sent text 5", "sent binary 0", "sent text 20000", "sent binary 307200", "sent text 20000",
		"sent binary 100000", "pong 3", "sent text 3", "close 2")
	wantLines(t, "the peer's out", peer.out, "sent text 5", "sent binary 0", "sent text 20000", "sent binary 307200", "sent text 20000",
		"sent binary 100000", "ping 3", "sent text 3", "close 6")
	equal(t, "octets of frames to the subject", subject.inWire, peer.outWire)
	equal(t, "octets of frames from the subject", peer.inWire, subject.outWire)
	if mask := peer.outWire[0] - subject.outWire[0]; subject.outWire[0]+peer.outWire[0] != 5+2+5+6 || mask != 4 && mask != -4 {
		t.Errorf("a text of 5 octets takes %d and %d octets", subject.outWire[0], peer.outWire[0])
	}
	if wire := subject.inWire[2]; compressed != (wire < 1000) {
		t.Errorf("20,000 octets of text came in %d", wire)
	}
	equal(t, "the peer's round trips", count(peer.in, "rtt true"), 1)
	equal(t, "handshakes", strings.Join(sorted(w.shook), ", "), "101 false <nil>, 101 true <nil>")
}

func sorted(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return s
}

func TestObserverIsToldOfDrops(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		w := newWatch()
		opts := observed(w.observer())
		full := websocket.Queue{Messages: 2, Full: websocket.DropOldest}
		opts.Accept.Queue, opts.Dial.Queue = full, full
		s, _ := a.connect(t, opts, nil, nil)
		begun, gate := make(chan struct{}), make(chan struct{}) // as in TestQueueBoundsAndPolicies
		must(t, s.SendBlob(signalReader{gatedReader{pattern{}, 0, gate}, begun, new(sync.Once)}, 1000))
		within(t, "the blob to be taken for writing", begun)
		for _, text := range []string{"a", "b", "c", "d"} {
			must(t, s.SendText(text))
		}
		seen := w.wait(t, s, func(s *sight) bool { return count(s.in, "dropped") == 2 })
		wantLines(t, "drops", seen.in[len(seen.in)-2:],
			"dropped a websocket: send queue is full", "dropped b websocket: send queue is full")
		close(gate)
		s.Close(websocket.CloseNormal, "")
		seen = w.waitOver(t, s)
		wantLines(t, "what left", seen.out, "sent binary 1000", "sent text 1", "sent text 1", "close 2")
	})
}

func TestObserverIsToldOfABroadcastRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatch()
		opts := observed(w.observer())
		opts.Accept.Queue.Messages = 1
		opts.Pipe = []wstest.Option{wstest.PipeSize(16)}
		s, c := wstest.Sockets(t, opts, nil, func(c *websocket.Socket) { c.Pause() })
		var g websocket.Group
		g.Add(s)
		synctest.Wait()
		g.Publish(prepared(t, "first, larger than the pipe"))
		synctest.Wait()
		g.Publish(prepared(t, "second"))
		equal(t, "who took the third", g.Publish(prepared(t, "third")), 0)
		w.wait(t, s, func(s *sight) bool { return count(s.in, "dropped third") == 1 })
		c.Resume()
	})
}

func TestObserverIsToldOfThrottling(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		w := newWatch()
		opts := observed(w.observer())
		rates := websocket.Rates{Messages: 0.001} // one, and none more in the time that the test takes
		opts.Accept.Rates, opts.Dial.Rates = rates, rates
		s, p := a.connect(t, opts, nil, nil)
		for range 3 {
			must(t, p.SendText("x"))
		}
		w.wait(t, s, func(s *sight) bool { return count(s.in, "throttled true") > 0 })
	})
}

func TestObserverIsToldOfTheHeartbeatsRoundTrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatch()
		opts := observed(w.observer())
		opts.Dial.Heartbeat.Interval = -1 // its Pings would be signs of life
		s, _ := wstest.Sockets(t, opts, nil, nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		seen := w.wait(t, s, func(*sight) bool { return true })
		if n := count(seen.out, "ping 8"); n == 0 || n != count(seen.in, "pong 8") || n != count(seen.in, "rtt true") {
			t.Errorf("in a minute of silence in: %q, out: %q", seen.in, seen.out)
		}
	})
}

// A function of the Observer's may call what it likes of the Socket's.
func TestObserverMayCallTheSocket(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		var asked atomic.Int32
		ask := func(c websocket.Connection) {
			s := c.(*websocket.Socket)
			s.BufferedAmount()
			s.RemoteAddr()
			s.URL()
			s.Subprotocol()
			s.Ping(nil)
			asked.Add(1)
		}
		var again sync.Once
		o := &websocket.Observer{
			Opened:   ask,
			Closed:   func(c websocket.Connection, _ websocket.CloseEvent) { ask(c) },
			Received: func(c websocket.Connection, _ websocket.MessageType, _, _ int64) { ask(c) },
			Sent: func(c websocket.Connection, _ websocket.MessageType, _, _ int64) {
				ask(c)
				again.Do(func() { c.(*websocket.Socket).SendText("again") })
				c.(*websocket.Socket).Flush(closedContext)
			},
			Handled: func(s *websocket.Socket, _ time.Duration) { ask(s) },
			RTT:     func(c websocket.Connection, _ time.Duration) { c.URL() },
		}
		opts := observed(o)
		back := make(chan string, 2)
		s, p := a.connect(t, opts, func(s *websocket.Socket) {
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
		}, func(p *websocket.Socket) {
			p.OnMessage(func(p *websocket.Socket, m websocket.Message) { back <- m.Text() })
		})
		must(t, p.SendText("once"))
		<-back
		<-back // of "again", whoever sent that: the subject echoes it, or sent it
		ended := make(chan struct{})
		s.OnClose(func(*websocket.Socket, websocket.CloseEvent) { close(ended) })
		p.Close(websocket.CloseNormal, "")
		within(t, "the end", ended)
		if asked.Load() < 6 {
			t.Errorf("only %d calls", asked.Load())
		}
	})
}

var closedContext = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

func TestAPanicOfAnObserverEndsItsSocket(t *testing.T) {
	boom := func(when *atomic.Pointer[websocket.Socket], c any) {
		if s := when.Load(); s != nil && c == any(s) {
			panic("boom")
		}
	}
	for _, row := range []struct {
		name string
		in   func(when *atomic.Pointer[websocket.Socket]) *websocket.Observer
	}{
		{"Received", func(when *atomic.Pointer[websocket.Socket]) *websocket.Observer {
			return &websocket.Observer{Received: func(c websocket.Connection, _ websocket.MessageType, _, _ int64) { boom(when, c) }}
		}},
		{"Sent", func(when *atomic.Pointer[websocket.Socket]) *websocket.Observer {
			return &websocket.Observer{Sent: func(c websocket.Connection, _ websocket.MessageType, _, _ int64) { boom(when, c) }}
		}},
		{"Control received", func(when *atomic.Pointer[websocket.Socket]) *websocket.Observer {
			return &websocket.Observer{Control: func(c websocket.Connection, _ frame.Opcode, sent bool, _ int) {
				if !sent {
					boom(when, c)
				}
			}}
		}},
		{"Control sent", func(when *atomic.Pointer[websocket.Socket]) *websocket.Observer {
			return &websocket.Observer{Control: func(c websocket.Connection, op frame.Opcode, sent bool, _ int) {
				if sent && op == frame.Pong {
					boom(when, c)
				}
			}}
		}},
		{"Handled", func(when *atomic.Pointer[websocket.Socket]) *websocket.Observer {
			return &websocket.Observer{Handled: func(s *websocket.Socket, _ time.Duration) { boom(when, s) }}
		}},
		{"Goexit in Sent", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			promise(t, func(t *testing.T, a arrangement) {
				var when atomic.Pointer[websocket.Socket]
				if row.in == nil {
					testGoexitInSent(t, a)
					return
				}
				j := newJournal()
				var code atomic.Value
				s, p := a.connect(t, observed(row.in(&when)), func(s *websocket.Socket) {
					j.listen(s)
					s.OnError(func(_ *websocket.Socket, err error) {
						var e *websocket.PanicError
						if !errors.As(err, &e) || e.Value != "boom" {
							t.Errorf("the error is %v", err)
						}
					})
					s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
				}, func(p *websocket.Socket) {
					p.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) { code.Store(e.Code) })
				})
				peer := newJournal()
				peer.listen(p)
				when.Store(s)
				p.Ping([]byte("x"))
				p.SendText("x")
				wantEnd := j.waitClose(t)
				equal(t, "errors", count(wantEnd, "error"), 1)
				equal(t, "the end", wantEnd[len(wantEnd)-1], `close 1006 "" clean=false`)
				peer.waitClose(t)
				equal(t, "the peer's code", fmt.Sprint(code.Load()), fmt.Sprint(websocket.CloseInternalError))
			})
		})
	}
}

// A function that ends its goroutine, as t.FailNow does, ends just itself.
func testGoexitInSent(t *testing.T, a arrangement) {
	var times atomic.Int32
	var subject atomic.Pointer[websocket.Socket]
	o := &websocket.Observer{Sent: func(c websocket.Connection, _ websocket.MessageType, _, _ int64) {
		if c == websocket.Connection(subject.Load()) && times.Add(1) == 1 {
			runtime.Goexit()
		}
	}}
	back := make(chan string, 1)
	s, p := a.connect(t, observed(o), func(s *websocket.Socket) {
		subject.Store(s)
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
	}, func(p *websocket.Socket) {
		p.OnMessage(func(p *websocket.Socket, m websocket.Message) { back <- m.Text() })
	})
	j := newJournal()
	j.listen(s)
	for range 3 {
		must(t, p.SendText("x"))
		<-back
	}
	p.Close(websocket.CloseNormal, "")
	j.waitClose(t)
	if times.Load() != 3 {
		t.Errorf("Sent was called %d times for 3 messages", times.Load())
	}
}

func TestAPanicInOpenedEndsTheSocket(t *testing.T) {
	silenceLog(t) // a server's setup, which adds the listener for errors, comes only after
	panics := &websocket.Observer{Opened: func(websocket.Connection) { panic("boom") }}
	closes := func(to chan websocket.CloseEvent) func(*websocket.Socket) {
		return func(s *websocket.Socket) {
			s.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) { to <- e })
		}
	}
	promise(t, func(t *testing.T, a arrangement) {
		if strings.HasSuffix(a.name, "/client") {
			t.Skip("the arrangement takes the error for one of connecting")
		}
		opts := &wstest.PairOptions{}
		opts.Accept.Observer = panics
		closed, peer := make(chan websocket.CloseEvent, 1), make(chan websocket.CloseEvent, 1)
		a.connect(t, opts, closes(closed), closes(peer))
		equal(t, "the end", (<-closed).Code, websocket.CloseAbnormal)
		equal(t, "the peer's code", (<-peer).Code, websocket.CloseInternalError)
	})
	t.Run("client", func(t *testing.T) {
		var srv websocket.Server
		closed, peer := make(chan websocket.CloseEvent, 1), make(chan websocket.CloseEvent, 1)
		srv.OnConnection(func(s *websocket.Socket, _ *http.Request) { closes(peer)(s) })
		opts := serveInMemory(t, &srv)
		opts.Observer = panics
		_, err := websocket.New("ws://x/", opts, closes(closed))
		must(t, err)
		equal(t, "the end", (<-closed).Code, websocket.CloseAbnormal)
		equal(t, "the peer's code", (<-peer).Code, websocket.CloseInternalError)
	})
}

// Who ends its goroutine in Opened ends just the function.
func TestGoexitInOpened(t *testing.T) {
	var srv websocket.Server
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) { s.SendText("hello") })
	opts := serveInMemory(t, &srv)
	opts.Observer = &websocket.Observer{Opened: func(websocket.Connection) { runtime.Goexit() }}
	heard, closed := make(chan string, 1), make(chan struct{})
	s, err := websocket.New("ws://x/", opts, func(s *websocket.Socket) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) { heard <- m.Text() })
		s.OnClose(func(*websocket.Socket, websocket.CloseEvent) { close(closed) })
	})
	must(t, err)
	equal(t, "heard", <-heard, "hello")
	must(t, s.Close(websocket.CloseNormal, ""))
	within(t, "the end", closed)
}

// TestObserverIsToldAllBeforeClosed has other goroutines send while the connection ends.
func TestObserverIsToldAllBeforeClosed(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		var late, overlap atomic.Bool
		var busy atomic.Int32
		var ended sync.Map
		o := &websocket.Observer{
			Sent: func(c websocket.Connection, _ websocket.MessageType, _, _ int64) {
				if busy.Add(1) > 1 {
					overlap.Store(true)
				}
				runtime.Gosched()
				if _, over := ended.Load(c); over {
					late.Store(true)
				}
				busy.Add(-1)
			},
			Closed: func(c websocket.Connection, _ websocket.CloseEvent) { ended.Store(c, true) },
		}
		opts := &wstest.PairOptions{}
		if strings.HasSuffix(a.name, "/server") {
			opts.Accept.Observer = o
		} else {
			opts.Dial.Observer = o
		}
		s, p := a.connect(t, opts, nil, nil)
		j := newJournal()
		j.listen(s)
		var senders sync.WaitGroup
		for range 4 {
			senders.Go(func() {
				for range 200 {
					s.SendText("x")
					runtime.Gosched()
				}
			})
		}
		must(t, s.Flush(t.Context()))
		p.Close(websocket.CloseNormal, "")
		j.waitClose(t)
		senders.Wait()
		if late.Load() {
			t.Error("Sent was called after Closed")
		}
		if overlap.Load() {
			t.Error("two calls of Sent at a time")
		}
	})
}

// What leaves while Opened runs is told of afterwards.
func TestNothingIsToldBeforeOpened(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		w := newWatch()
		o := w.observer()
		o.Opened = func(c websocket.Connection) {
			s := c.(*websocket.Socket)
			s.SendText("early")
			if err := s.Flush(t.Context()); err != nil {
				t.Error(err)
			}
			w.out(c, "opened")
		}
		s, p := a.connect(t, observed(o), nil, nil)
		for _, c := range []*websocket.Socket{s, p} {
			seen := w.wait(t, c, func(s *sight) bool { return len(s.out) == 2 })
			wantLines(t, "out", seen.out, "opened", "sent text 5")
		}
	})
}

// Closed waits for a Sent that is being called on the goroutine of a program's Send.
func TestClosedWaitsForSent(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		sending, closed := make(chan struct{}), make(chan struct{})
		var subject atomic.Pointer[websocket.Socket]
		o := &websocket.Observer{
			Sent: func(c websocket.Connection, _ websocket.MessageType, _, _ int64) {
				s := subject.Load()
				if c != websocket.Connection(s) {
					return
				}
				close(sending)
				<-s.Context().Done() // the close event is near
				select {
				case <-closed:
					t.Error("Closed was called while Sent was")
				case <-time.After(10 * time.Millisecond):
				}
			},
			Closed: func(c websocket.Connection, _ websocket.CloseEvent) {
				if c == websocket.Connection(subject.Load()) {
					close(closed)
				}
			},
		}
		s, p := a.connect(t, observed(o), nil, nil)
		subject.Store(s)
		sent := inBackground(func() error { return s.SendText("x") })
		within(t, "Sent", sending)
		s.Terminate()
		p.Terminate()
		within(t, "Closed", closed)
		must(t, <-sent)
	})
}

// Shutdown waits for a socket's close event, and so must not be called in a function about that socket.
func TestShutdownInAnObserver(t *testing.T) {
	var srv websocket.Server
	results := make(chan error, 100)
	shutdown := func() { results <- srv.Shutdown(closedContext) }
	srv.Observer = &websocket.Observer{
		Opened:   func(websocket.Connection) { shutdown() },
		Closed:   func(websocket.Connection, websocket.CloseEvent) { shutdown() },
		Received: func(websocket.Connection, websocket.MessageType, int64, int64) { shutdown() },
		Sent:     func(websocket.Connection, websocket.MessageType, int64, int64) { shutdown() },
		Control:  func(websocket.Connection, frame.Opcode, bool, int) { shutdown() },
		Handled:  func(*websocket.Socket, time.Duration) { shutdown() },
	}
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
	})
	c, err := websocket.Dial(t.Context(), "ws://x/", serveInMemory(t, &srv))
	must(t, err)
	must(t, c.Write(forever, websocket.Text, []byte("x")))
	_, _, err = c.Read(forever)
	must(t, err)
	must(t, c.Close(websocket.CloseNormal, ""))
	for range 7 { // two for the message, two Close frames
		wantError(t, "Shutdown", <-results, websocket.ErrInCallback)
	}
}

func TestNoAllocationWithAnObserverThatCounts(t *testing.T) {
	if websocket.PoisonBuffers {
		t.Skip("the race detector allocates")
	}
	for _, size := range []int{64, 10 << 10, 100 << 10} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			promise(t, func(t *testing.T, a arrangement) {
				if strings.HasPrefix(a.name, "tls") {
					t.Skip("crypto/tls allocates")
				}
				var messages, octets, nanoseconds atomic.Int64
				count := func(_ websocket.Connection, _ websocket.MessageType, n, wire int64) {
					messages.Add(1)
					octets.Add(n + wire)
				}
				o := &websocket.Observer{
					Received: count, Sent: count,
					Handled: func(_ *websocket.Socket, d time.Duration) { nanoseconds.Add(int64(d)) },
				}
				if n := socketAllocations(t, a, observed(o), size); n > 0 {
					t.Errorf("%v allocations per round trip", n)
				}
				if messages.Load() < 4*300 {
					t.Errorf("only %d messages were counted", messages.Load())
				}
			})
		})
	}
}

// Of a large message that leaves piece by piece Sent is told once, when all of it has left.
func TestSentIsToldWhenAllHasLeft(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		const messages, size = 60, 300 << 10 // far more than the stream holds
		w := newWatch()
		opts := withoutCompression(observed(w.observer()))
		opts.Accept.Queue.Bytes, opts.Dial.Queue.Bytes = messages*size, messages*size
		s, p := a.connect(t, opts, nil, nil)
		p.Pause()
		data := make([]byte, size)
		for range messages {
			must(t, s.Send(data))
		}
		told := int64(len(w.wait(t, s, func(*sight) bool { return true }).out))
		waiting := s.BufferedAmount()
		if waiting == 0 || told > messages-(waiting+size-1)/size {
			t.Errorf("%d messages are told of as sent, while %d octets of %d wait", told, waiting, messages*size)
		}
		must(t, s.Ping([]byte("behind")))
		p.Resume()
		seen := w.wait(t, s, func(s *sight) bool { return len(s.out) == messages+1 })
		pings := 0
		for _, line := range seen.out {
			if line == "ping 6" {
				pings++
			} else {
				equal(t, "out", line, fmt.Sprint("sent binary ", size))
			}
		}
		equal(t, "Pings", pings, 1)
		frame := seen.outWire[0]
		if header := frame - size; header != 10 && header != 14 {
			t.Errorf("a message of %d octets left in %d", size, frame)
		}
		for _, wire := range seen.outWire {
			equal(t, "octets of frames", wire, frame)
		}
	})
}
