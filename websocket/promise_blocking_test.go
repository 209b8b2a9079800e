package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// Listeners may block, compute for long, or end their goroutine: that is nobody's matter but their socket's.

// onDrivers runs a test with each driver on one processor and on two.
func onDrivers(t *testing.T, test func(t *testing.T, connect connector)) {
	for _, driver := range []struct {
		name string
		kind websocket.Driver
	}{{"loop", websocket.EventLoops}, {"goroutines", websocket.Goroutines}} {
		for _, n := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s/%d", driver.name, n), func(t *testing.T) {
				before := runtime.GOMAXPROCS(n)
				t.Cleanup(func() { runtime.GOMAXPROCS(before) })
				test(t, overNetwork(false, driver.kind))
			})
		}
	}
}

// A witness is a connection with an echo at its server's end. There are as many as it takes for one of them to share
// its loop with the socket under test.
type witness struct {
	s, c *websocket.Socket
	got  chan string
}

func newWitness(t *testing.T, connect connector, opts *wstest.PairOptions, setup ...func(s *websocket.Socket)) *witness {
	t.Helper()
	w := &witness{got: make(chan string, 1000)}
	w.s, w.c = connect(t, opts, func(s *websocket.Socket) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
		for _, f := range setup {
			f(s)
		}
	}, func(c *websocket.Socket) {
		c.OnMessage(func(_ *websocket.Socket, m websocket.Message) { w.got <- m.Text() })
	})
	return w
}

type witnesses []*witness

func newWitnesses(t *testing.T, connect connector) (all witnesses) {
	t.Helper()
	for range 3 {
		all = append(all, newWitness(t, connect, nil))
	}
	return all
}

// testify has each witness go on.
func (all witnesses) testify(t *testing.T) {
	t.Helper()
	for _, w := range all {
		for i := range 3 {
			word := fmt.Sprint("echo ", i)
			must(t, w.c.SendText(word))
			equal(t, "echo", received(t, w.got), word)
		}
	}
}

// received waits for something that a listener passes on.
func received[T any](t *testing.T, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(30 * time.Second):
		stacks := make([]byte, 1<<20)
		t.Fatalf("still waiting\n%s", stacks[:runtime.Stack(stacks, true)])
	}
	return v
}

// A hindrance is what keeps a listener from returning, until it is let go.
type hindrance struct {
	began  chan struct{}
	letGo  chan struct{}
	free   atomic.Bool
	ended  chan struct{}
	others []*websocket.Socket
	mute   *websocket.Socket // its peer does not read
}

func newHindrance(t *testing.T) *hindrance {
	h := &hindrance{began: make(chan struct{}), letGo: make(chan struct{}), ended: make(chan struct{})}
	t.Cleanup(h.end)
	return h
}

// end lets the listener go.
func (h *hindrance) end() {
	if !h.free.Swap(true) {
		close(h.letGo)
	}
}

var hindrances = []struct {
	name   string
	hinder func(h *hindrance)
}{
	{"waits", func(h *hindrance) { <-h.letGo }},
	{"sleeps", func(h *hindrance) {
		for !h.free.Load() {
			time.Sleep(5 * time.Millisecond)
		}
	}},
	{"computes", func(h *hindrance) {
		for !h.free.Load() {
		}
	}},
	{"asks others", func(h *hindrance) { // and needs the loop to go on for that
		for !h.free.Load() {
			for _, s := range h.others {
				sent := make(chan struct{})
				s.SendFunc([]byte("x"), func(error) { close(sent) })
				<-sent
			}
		}
	}},
	{"flushes", func(h *hindrance) {
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			<-h.letGo
			cancel()
		}()
		h.mute.Send(make([]byte, 16<<20))
		h.mute.Flush(ctx)
	}},
	{"closes another, and waits for that", func(h *hindrance) {
		h.mute.Terminate()
		<-h.mute.Context().Done()
		<-h.letGo
	}},
}

// hinderedIn are the listeners that may be hindered, and what has them called.
var hinderedIn = []struct {
	name   string
	listen func(s *websocket.Socket, f func())
	cause  func(s, c *websocket.Socket)
}{
	{"OnMessage",
		func(s *websocket.Socket, f func()) { s.OnMessage(func(*websocket.Socket, websocket.Message) { f() }) },
		func(s, c *websocket.Socket) { c.SendText("x") }},
	{"OnOpen",
		func(s *websocket.Socket, f func()) { s.OnOpen(func(*websocket.Socket) { f() }) },
		func(s, c *websocket.Socket) {}},
	{"OnPing",
		func(s *websocket.Socket, f func()) { s.OnPing(func(*websocket.Socket, []byte) { f() }) },
		func(s, c *websocket.Socket) { c.Ping(nil) }},
	{"OnPong",
		func(s *websocket.Socket, f func()) { s.OnPong(func(*websocket.Socket, []byte) { f() }) },
		func(s, c *websocket.Socket) { s.Ping(nil) }},
	{"Done",
		func(s *websocket.Socket, f func()) {
			s.OnOpen(func(s *websocket.Socket) { s.SendFunc(nil, func(error) { f() }) })
		},
		func(s, c *websocket.Socket) {}},
	{"OnDrain",
		func(s *websocket.Socket, f func()) { s.OnDrain(func(*websocket.Socket) { f() }) },
		func(s, c *websocket.Socket) { s.SendText("x") }},
	{"OnClose",
		func(s *websocket.Socket, f func()) { s.OnClose(func(*websocket.Socket, websocket.CloseEvent) { f() }) },
		func(s, c *websocket.Socket) { c.Close(1000, "") }},
}

func TestOthersGoOnWhileAListenerIsHindered(t *testing.T) {
	for _, how := range hindrances {
		t.Run(how.name, func(t *testing.T) {
			onDrivers(t, func(t *testing.T, connect connector) {
				for _, in := range hinderedIn {
					if in.name != "OnMessage" && how.name != "waits" {
						continue
					}
					t.Run(in.name, func(t *testing.T) {
						all := newWitnesses(t, connect)
						h := newHindrance(t)
						for range 3 {
							other, _ := connect(t, nil, nil, nil)
							h.others = append(h.others, other)
						}
						var deaf *websocket.Socket
						h.mute, deaf = connect(t, nil, nil, nil)
						deaf.Pause()
						once := sync.OnceFunc(func() {
							close(h.began)
							how.hinder(h)
							close(h.ended)
						})
						s, c := connect(t, nil, func(s *websocket.Socket) { in.listen(s, once) }, nil)
						in.cause(s, c)
						within(t, "the listener", h.began)
						all.testify(t)
						newWitnesses(t, connect).testify(t) // those who come now, too
						h.end()
						within(t, "the listener's return", h.ended)
						all.testify(t)
					})
				}
			})
		})
	}
}

func TestAHinderedSocketKeepsItsPromises(t *testing.T) {
	onDrivers(t, func(t *testing.T, connect connector) {
		h := newHindrance(t)
		j := newJournal()
		got := make(chan string, 100)
		onward := make(chan struct{})
		s, c := connect(t, nil, func(s *websocket.Socket) {
			j.listen(s)
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
				if m.Text() != "block" {
					return
				}
				s.SendText("sent before")
				close(h.began)
				<-onward
				s.SendText("sent within")
				<-h.letGo
				s.SendText("sent after")
			})
		}, func(c *websocket.Socket) {
			c.OnMessage(func(_ *websocket.Socket, m websocket.Message) { got <- m.Text() })
		})
		must(t, c.SendText("block"))
		for i := range 5 {
			must(t, c.SendText(fmt.Sprint("later ", i)))
		}
		within(t, "the listener", h.began)
		equal(t, "while it is blocked", received(t, got), "sent before")
		for i := range 5 {
			word := fmt.Sprint("from elsewhere ", i)
			must(t, s.SendText(word))
			equal(t, "while it is blocked", received(t, got), word)
		}
		must(t, s.Flush(t.Context()))
		equal(t, "BufferedAmount", s.BufferedAmount(), 0)
		close(onward)
		equal(t, "while it is blocked", received(t, got), "sent within")
		if n := count(j.now(), "message"); n > 1 {
			t.Errorf("%d messages were delivered while the first one's listener runs", n)
		}
		h.end()
		equal(t, "when it goes on", received(t, got), "sent after")
		e := j.waitFor(t, "message later 4")
		e = slices.DeleteFunc(e, func(e string) bool { return !strings.HasPrefix(e, "message") })
		equal(t, "messages", e, []string{"message block", "message later 0", "message later 1", "message later 2", "message later 3", "message later 4"})
		must(t, c.Close(1000, "bye"))
		e = j.waitClose(t)
		equal(t, "close", e[len(e)-1], `close 1000 "bye" clean=true`)
		if j.overlap.Load() {
			t.Error("two listeners ran at a time")
		}
	})
}

func TestTerminateOfAHinderedSocketResetsItsPeerAtOnce(t *testing.T) {
	onDrivers(t, func(t *testing.T, connect connector) {
		h := newHindrance(t)
		j, peers := newJournal(), newJournal()
		s, c := connect(t, nil, func(s *websocket.Socket) {
			j.listen(s)
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
				close(h.began)
				<-h.letGo
				s.SendText("into the void")
			})
		}, peers.listen)
		must(t, c.SendText("block"))
		within(t, "the listener", h.began)
		s.Terminate()
		within(t, "the context's end", s.Context().Done())
		e := peers.waitClose(t)
		equal(t, "the peer's close", e[len(e)-1], `close 1006 "" clean=false`)
		if n := count(j.now(), "close"); n != 0 {
			t.Error("the close event came while another listener ran")
		}
		h.end()
		e = j.waitClose(t)
		equal(t, "events", e[1:], []string{"message block", `close 1006 "" clean=false`})
	})
}

func TestCloseOfAHinderedSocket(t *testing.T) {
	for name, closeIt := range map[string]func(s, c *websocket.Socket){
		"from elsewhere": func(s, c *websocket.Socket) { s.Close(1000, "end") },
		"by the peer":    func(s, c *websocket.Socket) { c.Close(1000, "end") },
	} {
		t.Run(name, func(t *testing.T) {
			onDrivers(t, func(t *testing.T, connect connector) {
				h := newHindrance(t)
				j, peers := newJournal(), newJournal()
				s, c := connect(t, nil, func(s *websocket.Socket) {
					j.listen(s)
					s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
						s.SendText("ahead of it")
						close(h.began)
						<-h.letGo
					})
				}, peers.listen)
				must(t, c.SendText("block"))
				within(t, "the listener", h.began)
				peers.waitFor(t, "message ahead")
				closeIt(s, c)
				h.end()
				for _, j := range []*journal{j, peers} {
					e := j.waitClose(t)
					equal(t, "clean close events", count(e, `close 1000 "`), 1)
					equal(t, "errors and unclean ones", count(e, "error")+count(e, "close 1006"), 0)
				}
			})
		})
	}
}

func TestAListenerClosesItsOwnSocketAndIsHindered(t *testing.T) {
	for name, row := range map[string]struct {
		end  func(s *websocket.Socket)
		want string
	}{
		"Close":     {func(s *websocket.Socket) { s.Close(1000, "") }, `close 1000 "" clean=true`},
		"Terminate": {func(s *websocket.Socket) { s.Terminate() }, `close 1006 "" clean=false`},
	} {
		t.Run(name, func(t *testing.T) {
			onDrivers(t, func(t *testing.T, connect connector) {
				h := newHindrance(t)
				j, peers := newJournal(), newJournal()
				opts := &wstest.PairOptions{}
				opts.Dial.Limits.LingerTime = 20 * time.Millisecond // for which the peer waits for the end of the stream
				_, c := connect(t, opts, func(s *websocket.Socket) {
					j.listen(s)
					s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
						row.end(s)
						close(h.began)
						<-h.letGo
					})
				}, peers.listen)
				must(t, c.SendText("block"))
				within(t, "the listener", h.began)
				e := peers.waitClose(t) // while it is blocked
				if name == "Terminate" {
					equal(t, "the peer's close", e[len(e)-1], row.want)
				}
				h.end()
				e = j.waitClose(t)
				equal(t, "close", e[len(e)-1], row.want)
			})
		})
	}
}

func TestHeartbeatsOfOthersGoOnWhileAListenerIsHindered(t *testing.T) {
	onDrivers(t, func(t *testing.T, connect connector) {
		h := newHindrance(t)
		pongs := make(chan struct{}, 100)
		opts := &wstest.PairOptions{}
		opts.Accept.Heartbeat = websocket.Heartbeat{Interval: 20 * time.Millisecond, Timeout: 30 * time.Second}
		var all []*witness
		for range 3 {
			all = append(all, newWitness(t, connect, opts, func(s *websocket.Socket) {
				s.OnPong(func(*websocket.Socket, []byte) {
					select {
					case pongs <- struct{}{}:
					default:
					}
				})
			}))
		}
		_, c := connect(t, nil, func(s *websocket.Socket) {
			s.OnMessage(func(*websocket.Socket, websocket.Message) {
				close(h.began)
				<-h.letGo
			})
		}, nil)
		must(t, c.SendText("block"))
		within(t, "the listener", h.began)
		for range 3 * len(all) {
			received(t, pongs)
		}
	})
}

func TestOthersSurviveAListenerThatDoesNotReturn(t *testing.T) {
	for name, row := range map[string]struct {
		act  func()
		want []string // of the socket's events
	}{
		"panics": {func() { panic("at the listener") }, []string{"message x", "error", `close 1006 "" clean=false`}},
		"Goexit": {runtime.Goexit, []string{"message x", "message x", "message x", `close 1000 "" clean=true`}},
		"Goexit after a while": {func() {
			time.Sleep(5 * time.Millisecond) // so that it has lost its loop
			runtime.Goexit()
		}, []string{"message x", "message x", "message x", `close 1000 "" clean=true`}},
	} {
		t.Run(name, func(t *testing.T) {
			onDrivers(t, func(t *testing.T, connect connector) {
				all := newWitnesses(t, connect)
				for range 5 {
					j := newJournal()
					_, c := connect(t, nil, func(s *websocket.Socket) {
						j.listen(s)
						s.OnMessage(func(*websocket.Socket, websocket.Message) { row.act() })
					}, nil)
					for range 3 {
						c.SendText("x")
					}
					if name != "panics" { // which closes it
						c.Close(1000, "")
					}
					equal(t, "events", j.waitClose(t)[1:], row.want)
					all.testify(t)
				}
			})
		})
	}
}

func TestListenerSendsToOthersAndIsHindered(t *testing.T) {
	onDrivers(t, func(t *testing.T, connect connector) {
		all := newWitnesses(t, connect)
		h := newHindrance(t)
		group := &websocket.Group{}
		for _, w := range all {
			group.Add(w.s)
		}
		broadcast, err := websocket.Prepare(websocket.Text, []byte("to all"))
		must(t, err)
		_, c := connect(t, nil, func(s *websocket.Socket) {
			s.OnMessage(func(*websocket.Socket, websocket.Message) {
				for _, w := range all {
					w.s.SendText("to each")
				}
				group.Publish(broadcast)
				close(h.began)
				<-h.letGo
			})
		}, nil)
		must(t, c.SendText("x"))
		within(t, "the listener", h.began)
		for _, w := range all {
			equal(t, "the first", received(t, w.got), "to each")
			equal(t, "the second", received(t, w.got), "to all")
		}
		all.testify(t)
	})
}

// Blocked again and again, now and then for so long that a loop is lost, sockets go on in order.
func TestManyListenersAreHinderedAgainAndAgain(t *testing.T) {
	onDrivers(t, func(t *testing.T, connect connector) {
		all := newWitnesses(t, connect)
		const sockets, messages = 20, 30
		var done sync.WaitGroup
		for i := range sockets {
			got, next := make(chan string, messages), 0
			var running atomic.Int32
			_, c := connect(t, nil, func(s *websocket.Socket) {
				s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
					if running.Add(1) != 1 || m.Text() != fmt.Sprint(next) {
						t.Errorf("%d listeners, %q came when %d was expected", running.Load(), m.Text(), next)
					}
					next++
					s.SendMessage(m)
					if (next+i)%7 == 0 {
						time.Sleep(3 * time.Millisecond)
					}
					running.Add(-1)
				})
			}, func(c *websocket.Socket) {
				c.OnMessage(func(_ *websocket.Socket, m websocket.Message) { got <- m.Text() })
			})
			done.Go(func() {
				for k := range messages {
					c.SendText(fmt.Sprint(k))
				}
				for k := range messages {
					select {
					case text := <-got:
						if text != fmt.Sprint(k) {
							t.Errorf("%q came back, not %d", text, k)
						}
					case <-time.After(30 * time.Second):
						t.Errorf("message %d does not come back", k)
						return
					}
				}
			})
		}
		all.testify(t)
		done.Wait()
		all.testify(t)
	})
}

func TestASlowReaderDelaysNobody(t *testing.T) {
	onDrivers(t, func(t *testing.T, connect connector) {
		all := newWitnesses(t, connect)
		opts := &wstest.PairOptions{}
		opts.Accept.Queue = websocket.Queue{Bytes: -1, Messages: -1}
		group := &websocket.Group{}
		read := make(chan string, 1000)
		slow, reader := connect(t, opts, nil, func(c *websocket.Socket) {
			c.OnMessage(func(_ *websocket.Socket, m websocket.Message) { read <- m.Text()[:9] })
		})
		reader.Pause()
		group.Add(slow)
		for _, w := range all {
			group.Add(w.s)
		}
		const messages = 100 // 25 MiB are more than the system takes
		var want []string
		for i := range messages {
			text := fmt.Sprintf("number%03d", i) + strings.Repeat(".", 250<<10)
			want = append(want, text[:9])
			broadcast, err := websocket.Prepare(websocket.Text, []byte(text))
			must(t, err)
			equal(t, "members reached", group.Publish(broadcast), 1+len(all))
			for _, w := range all {
				equal(t, "a broadcast", received(t, w.got)[:9], text[:9])
			}
		}
		if slow.BufferedAmount() == 0 {
			t.Fatal("the system took it all: nothing was tested")
		}
		all.testify(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := slow.Flush(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("flushed: %v", err)
		}
		reader.Resume()
		var got []string
		for range messages {
			got = append(got, received(t, read))
		}
		if !slices.Equal(got, want) {
			t.Errorf("the slow reader got %q", got)
		}
		must(t, slow.Flush(t.Context()))
		equal(t, "BufferedAmount", slow.BufferedAmount(), 0)
	})
}
