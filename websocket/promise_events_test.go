package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

func TestNothingIsDeliveredBeforeSetupReturned(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		j := newJournal()
		var returned atomic.Bool
		early := func() {
			if !returned.Load() {
				t.Error("a listener ran before setup had returned")
			}
		}
		s, _ := a.connect(t, nil,
			func(s *websocket.Socket) {
				j.listen(s)
				s.OnOpen(func(*websocket.Socket) { early() })
				s.OnMessage(func(*websocket.Socket, websocket.Message) { early() })
				for range 100 {
					runtime.Gosched() // the peer's message may well be here by now
				}
				returned.Store(true)
			},
			func(p *websocket.Socket) {
				p.OnOpen(func(p *websocket.Socket) { p.SendText("first") })
			})
		j.waitFor(t, "message")
		equal(t, "events", j.now(), []string{"open", "message first"})
		equal(t, "state", s.ReadyState(), websocket.Open)
	})
}

func TestListenersOfOneSocketNeverRunAtTheSameTime(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		j := newJournal()
		s, p := a.connect(t, nil, j.listen, func(p *websocket.Socket) {
			p.OnMessage(func(p *websocket.Socket, m websocket.Message) { p.SendMessage(m) })
		})
		var senders sync.WaitGroup
		for i := range 8 {
			senders.Go(func() {
				for n := range 50 {
					s.SendFunc([]byte{byte(i)}, func(error) { j.note("done") })
					s.Ping([]byte{byte(n)})
					p.Ping(nil)
				}
			})
		}
		senders.Wait()
		j.wait(t, func(e []string) bool { return count(e, "message") == 400 && count(e, "done") == 400 })
		must(t, s.Close(1000, ""))
		j.waitClose(t)
		if j.overlap.Load() {
			t.Error("two listeners ran at the same time")
		}
	})
}

func TestEventsComeInOrderOpenMessagesErrorClose(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		j := newJournal()
		a.connect(t, nil, j.listen, func(p *websocket.Socket) {
			p.OnOpen(func(p *websocket.Socket) {
				for i := range 5 {
					p.SendText(fmt.Sprint(i))
				}
				p.Close(4000, "that was it")
			})
		})
		equal(t, "events", j.waitClose(t), []string{"open", "message 0", "message 1", "message 2", "message 3", "message 4",
			`close 4000 "that was it" clean=true`})
	})
}

func TestNoCallRunsAListenerBeforeItReturns(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		closed := make(chan struct{})
		var inside atomic.Bool
		a.connect(t, nil, func(s *websocket.Socket) {
			s.OnClose(func(*websocket.Socket, websocket.CloseEvent) {
				if inside.Load() {
					t.Error("the close event came inside the message listener")
				}
				close(closed)
			})
			s.OnDrain(func(*websocket.Socket) {
				if inside.Load() {
					t.Error("the drain event came inside the message listener")
				}
			})
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
				inside.Store(true)
				s.SendText("answer")
				s.Flush(context.Background())
				s.Close(1000, "")
				s.Terminate()
				runtime.Gosched()
				inside.Store(false)
			})
		}, func(p *websocket.Socket) {
			p.OnOpen(func(p *websocket.Socket) { p.SendText("go") })
		})
		within(t, "close", closed)
	})
}

func TestMessagesAreNotDeliveredOnceNotOpen(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		j := newJournal()
		a.connect(t, nil, func(s *websocket.Socket) {
			j.listen(s)
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.Close(1000, "enough") })
		}, func(p *websocket.Socket) {
			p.OnOpen(func(p *websocket.Socket) {
				for i := range 100 {
					p.SendText(fmt.Sprint(i))
				}
			})
		})
		equal(t, "events", j.waitClose(t), []string{"open", "message 0", `close 1000 "" clean=true`})
	})
}

func TestMessageBytesAreOverwrittenAfterTheListeners(t *testing.T) {
	if !websocket.PoisonBuffers {
		t.Skip("only race and wsdebug builds overwrite")
	}
	promise(t, func(t *testing.T, a arrangement) {
		var kept, text string
		var bytesKept, cloned []byte
		done := make(chan struct{})
		a.connect(t, nil, func(s *websocket.Socket) {
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
				switch {
				case bytesKept == nil:
					bytesKept, text, cloned = m.Bytes(), m.Text(), m.Clone().Bytes()
				default:
					kept = string(bytesKept)
					close(done)
				}
			})
		}, func(p *websocket.Socket) {
			// The second message is empty, so that it overwrites nothing of the first if it is read by itself.
			p.OnOpen(func(p *websocket.Socket) { p.SendText("precious"); p.SendText("") })
		})
		within(t, "messages", done)
		equal(t, "bytes kept against the rule", kept, strings.Repeat("\xDB", 8))
		equal(t, "text", text, "precious")
		equal(t, "clone", string(cloned), "precious")
	})
}

func TestPauseHoldsThePeerBackAndResumeLosesNothing(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		j := newJournal()
		s, p := a.connect(t, nil, func(s *websocket.Socket) {
			j.listen(s)
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
				if m.Text() == "3" {
					s.Pause()
				}
			})
		}, nil)
		for i := range 10 {
			must(t, p.SendText(fmt.Sprint(i)))
		}
		for range 14 {
			must(t, p.Send(make([]byte, 1<<20)))
		}
		e := j.waitFor(t, "message 3")
		// The window closes: not all of it can leave while nobody reads.
		short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		equal(t, "flush", p.Flush(short), context.DeadlineExceeded)
		equal(t, "messages while paused", count(j.now(), "message"), count(e, "message"))
		s.Resume()
		j.wait(t, func(e []string) bool { return count(e, "message") == 24 })
	})
}

func TestAPanicInAListenerEndsItsSocketWith1011(t *testing.T) {
	for _, where := range []string{"open", "message", "ping", "drain", "done"} {
		t.Run(where, func(t *testing.T) {
			promise(t, func(t *testing.T, a arrangement) {
				mine, theirs := newJournal(), newJournal()
				var got error
				boom := func(here string) {
					if here == where {
						panic("boom")
					}
				}
				s, p := a.connect(t, nil, func(s *websocket.Socket) {
					mine.listen(s)
					s.OnError(func(_ *websocket.Socket, err error) { got = err })
					s.OnOpen(func(*websocket.Socket) { boom("open") })
					s.OnMessage(func(*websocket.Socket, websocket.Message) { boom("message") })
					s.OnPing(func(*websocket.Socket, []byte) { boom("ping") })
					s.OnDrain(func(*websocket.Socket) { boom("drain") })
				}, theirs.listen)
				p.SendText("x")
				p.Ping(nil)
				s.SendFunc([]byte("y"), func(error) { boom("done") })
				e := theirs.waitClose(t)
				equal(t, "peer's close", e[len(e)-1], `close 1011 "" clean=true`)
				e = mine.waitClose(t)
				equal(t, "own close", e[len(e)-1], `close 1006 "" clean=false`)
				var panicked *websocket.PanicError
				if !errors.As(got, &panicked) || panicked.Value != "boom" {
					t.Errorf("error: %v", got)
				}
			})
		})
	}
}

func TestGoexitInAListenerEndsNothing(t *testing.T) {
	for _, where := range []string{"open", "message", "drain", "close"} {
		t.Run(where, func(t *testing.T) {
			promise(t, func(t *testing.T, a arrangement) {
				j := newJournal()
				exit := func(here string) {
					if here == where {
						runtime.Goexit()
					}
				}
				s, p := a.connect(t, nil, func(s *websocket.Socket) {
					j.listen(s)
					s.OnOpen(func(*websocket.Socket) { exit("open") })
					s.OnMessage(func(*websocket.Socket, websocket.Message) { exit("message") })
					s.OnDrain(func(*websocket.Socket) { exit("drain") })
					s.OnClose(func(*websocket.Socket, websocket.CloseEvent) { exit("close") })
				}, nil)
				for i := range 3 {
					must(t, p.SendText(fmt.Sprint(i)))
					must(t, s.SendText("x"))
				}
				j.wait(t, func(e []string) bool { return count(e, "message") == 3 && count(e, "drain") > 0 })
				must(t, p.Close(1000, ""))
				j.waitClose(t)
			})
		})
	}
}

func TestListenersCanBeRemoved(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		j := newJournal()
		a.connect(t, nil, func(s *websocket.Socket) {
			j.listen(s)
			var once, second websocket.Listener
			once = s.OnMessage(func(*websocket.Socket, websocket.Message) {
				j.note("once")
				once.Remove()
				once.Remove()
				second.Remove() // not called any more, not even for this message
			})
			second = s.OnMessage(func(*websocket.Socket, websocket.Message) { j.note("second") })
			s.OnMessage(func(*websocket.Socket, websocket.Message) { j.note("third") })
		}, func(p *websocket.Socket) {
			p.OnOpen(func(p *websocket.Socket) { p.SendText("1"); p.SendText("2"); p.Close(1000, "") })
		})
		equal(t, "events", j.waitClose(t), []string{"open", "message 1", "once", "third", "message 2", "third", `close 1000 "" clean=true`})
	})
}

func TestContextEndsWithTheSocket(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		ended := make(chan bool, 1)
		s, _ := a.connect(t, nil, func(s *websocket.Socket) {
			s.OnClose(func(s *websocket.Socket, _ websocket.CloseEvent) { ended <- s.Context().Err() != nil })
		}, nil)
		ctx := s.Context()
		must(t, ctx.Err())
		must(t, s.Close(1000, ""))
		within(t, "the context", ctx.Done())
		equal(t, "ended before the close event", <-ended, true)
	})
}

func TestContextEndsAtTerminateEvenWhileAListenerRuns(t *testing.T) {
	promise(t, func(t *testing.T, a arrangement) {
		inside, closed := make(chan struct{}), make(chan struct{})
		s, p := a.connect(t, nil, func(s *websocket.Socket) {
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
				ctx := s.Context()
				close(inside)
				<-ctx.Done()
			})
			s.OnClose(func(*websocket.Socket, websocket.CloseEvent) { close(closed) })
		}, nil)
		must(t, p.SendText("x"))
		within(t, "the message", inside)
		s.Terminate()
		within(t, "the close event", closed)
	})
}

func TestAPanicOfTheProgramsDialContextIsAnErrorEvent(t *testing.T) {
	j := newJournal()
	var cause error
	_, err := websocket.New("ws://x/", &websocket.DialOptions{
		DialContext: func(context.Context, string, string) (net.Conn, error) { panic("boom") },
	}, func(s *websocket.Socket) {
		j.listen(s)
		s.OnError(func(_ *websocket.Socket, err error) { cause = err })
	})
	must(t, err)
	equal(t, "events", j.waitClose(t), []string{"error", `close 1006 "" clean=false`})
	var panicked *websocket.PanicError
	if !errors.As(cause, &panicked) {
		t.Errorf("cause: %v", cause)
	}
}
